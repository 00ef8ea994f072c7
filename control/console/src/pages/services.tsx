/** The services of one's teams (of all, for operators): found by words, stage and kind. */
import { Anchor, Badge, Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import { kindWords, type ServiceSummary, stageMoods } from '../api/managed.js';
import { usePages, withQuery } from '../api/queries.js';
import { useSettled } from '../ui/clock.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { type Column, More, Rows } from '../ui/rows.js';
import { State } from '../ui/state.js';

const TYPED_MS = 250;

export default function Services() {
  const [q, setQ] = useState('');
  const [stage, setStage] = useState('');
  const [kind, setKind] = useState('');
  const settled = useSettled(q, TYPED_MS);
  const list = usePages<ServiceSummary>(withQuery('/v1/services', { q: settled, stage, kind }));
  const isFiltered = settled !== '' || stage !== '' || kind !== '';
  return (
    <Page
      title="Services"
      about="What your teams offer: each with its releases, its plans, and who uses it."
      actions={
        <Button component={Link} href="/services/new">
          New service
        </Button>
      }
    >
      <Panel label="Services">
        <Group mb="sm" align="flex-end" gap="sm">
          <TextInput
            label="Search"
            placeholder="name, tag, path"
            type="search"
            style={{ flex: '1 1 220px' }}
            value={q}
            onChange={(event) => setQ(event.currentTarget.value)}
          />
          <NativeSelect
            label="Stage"
            value={stage}
            onChange={(event) => setStage(event.currentTarget.value)}
            data={[{ value: '', label: 'any' }, 'draft', 'published', 'deprecated', 'retired']}
          />
          <NativeSelect
            label="Kind"
            value={kind}
            onChange={(event) => setKind(event.currentTarget.value)}
            data={[
              { value: '', label: 'any' },
              { value: 'rest', label: 'REST' },
              { value: 'ai', label: 'AI' },
              'prompt',
            ]}
          />
        </Group>
        <Answer of={list} what="services">
          {() =>
            list.items.length === 0 ? (
              <None isFiltered={isFiltered} />
            ) : (
              <>
                <Rows label="Services" rows={list.items} columns={columns} idOf={({ id }) => id} />
                <More of={list} />
              </>
            )
          }
        </Answer>
      </Panel>
    </Page>
  );
}

function None({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title="Nothing fits">Take a word away, or look at any stage and kind.</Empty>;
  return (
    <Empty
      title="No service yet"
      action={
        <Button component={Link} href="/services/new">
          Make the first one
        </Button>
      }
    >
      An OpenAPI document is the quickest way: it gives routes, validation and documentation in one step.
    </Empty>
  );
}

const columns: readonly Column<ServiceSummary>[] = [
  {
    label: 'Service',
    show: ({ id, name }) => (
      <Anchor component={Link} href={`/services/${id}`} fw={600}>
        {name || id}
      </Anchor>
    ),
  },
  { label: 'Stage', show: ({ stage }) => <State mood={stageMoods[stage]}>{stage}</State> },
  { label: 'Kind', show: ({ kind }) => kindWords[kind] },
  { label: 'Path', show: ({ basePath }) => <code>{basePath}</code> },
  { label: 'Team', show: ({ teamId }) => teamId },
  {
    label: 'Live',
    show: ({ live }) => live.map(({ release, share }) => `${release} (${share} %)`).join(', ') || 'none',
  },
  {
    label: 'Tags',
    show: ({ tags }) => (
      <Group gap={4}>
        {tags.map((tag) => (
          <Badge key={tag} variant="default" size="sm" tt="none">
            {tag}
          </Badge>
        ))}
      </Group>
    ),
  },
];
