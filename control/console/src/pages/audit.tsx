/** Who did what, when and from where, with what was before and after. Newest first; never changed. */
import { Button, Group, TextInput } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from '../api/client.js';
import type { AuditView } from '../api/people.js';
import { rowsAsked, withQuery } from '../api/queries.js';
import { lineDiff } from '../design/line-diff.js';
import { useSettled } from '../ui/clock.js';
import { DiffLines } from '../ui/code.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { type Column, More, Rows } from '../ui/rows.js';
import { showTime } from '../ui/words.js';

const TYPED_MS = 300;
const FIELDS = [
  { name: 'who', label: 'Who (login)', example: 'ada' },
  { name: 'what', label: 'What', example: 'service.publish, or service' },
  { name: 'on', label: 'On what', example: 'service shop' },
] as const;

interface AuditPage {
  readonly items: readonly AuditView[];
  readonly next: number | null;
}

export default function Audit() {
  const [filter, setFilter] = useState<Readonly<Record<string, string>>>({});
  const [open, setOpen] = useState<number | null>(null);
  const list = useAudit(useSettled(filter, TYPED_MS));
  const entry = list.items.find(({ number }) => number === open);
  return (
    <Page
      title="Audit"
      about="Everything that was changed here, by whoever it was. Nobody can change it."
      actions={
        <Button component="a" href="/v1/audit/export" download="audit.ndjson" variant="default">
          Export
        </Button>
      }
    >
      <Panel label="Entries">
        <Group align="flex-end" gap="sm" mb="sm">
          {FIELDS.map(({ name, label, example }) => (
            <TextInput
              key={name}
              label={label}
              placeholder={example}
              value={filter[name] ?? ''}
              onChange={(event) => {
                const { value } = event.currentTarget;
                setFilter((before) => ({ ...before, [name]: value }));
              }}
            />
          ))}
        </Group>
        <Answer of={list} what="audit">
          {() =>
            list.items.length === 0 ? (
              <Empty title="Nothing fits">Take a filter away: what, such as service, also finds service.publish.</Empty>
            ) : (
              <>
                <Rows
                  label="Entries"
                  rows={list.items}
                  columns={columnsOf(setOpen)}
                  idOf={({ number }) => String(number)}
                />
                <More of={list} />
              </>
            )
          }
        </Answer>
      </Panel>
      {entry !== undefined && <Changes entry={entry} />}
    </Page>
  );
}

function useAudit(filter: Readonly<Record<string, string>>) {
  const path = withQuery('/v1/audit', filter);
  const asked = useInfiniteQuery({
    queryKey: [path],
    queryFn: ({ pageParam }) =>
      get<AuditPage>(withQuery(path, { before: String(pageParam), max: rowsAsked(pageParam === 0) })),
    initialPageParam: 0,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  return { ...asked, items: asked.data?.pages.flatMap(({ items }) => items) ?? [] };
}

function columnsOf(open: (number: number) => void): readonly Column<AuditView>[] {
  return [
    { label: 'Number', show: ({ number }) => number },
    { label: 'When', show: ({ atWallMs }) => showTime(atWallMs) },
    { label: 'Who', show: ({ actor }) => `${actor.login || 'nobody'} (${actor.via})` },
    { label: 'From', show: ({ actor }) => <span className="whole">{actor.from || '–'}</span> },
    { label: 'What', show: ({ what }) => <code className="whole">{what}</code> },
    { label: 'On', show: ({ on }) => on },
    {
      label: '',
      show: ({ number }) => (
        <button type="button" className="to" onClick={() => open(number)}>
          Before and after<span className="hidden"> of entry {number}</span>
        </button>
      ),
    },
  ];
}

function Changes({ entry }: { entry: AuditView }) {
  return (
    <Panel title={`Entry ${entry.number}: ${entry.what}`}>
      {entry.changes.map(({ kind, id, before, after }) => (
        <DiffLines
          key={`${kind} ${id}`}
          label={`${kind} ${id}`}
          lines={[`${kind} ${id}`, ...lineDiff(text(before), text(after))]}
        />
      ))}
    </Panel>
  );
}

const text = (value: unknown): string => (value === null || value === undefined ? '' : JSON.stringify(value, null, 2));
