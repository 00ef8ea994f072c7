/** The latest calls one by one, by route, service, consumer, status, timer and trace; and who has the most of what. */
import { Group, NativeSelect, SimpleGrid, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useGet, usePages, withQuery } from '../api/queries.js';
import { mayOperate } from '../api/session.js';
import type { PageProps } from '../pages.js';
import { useNow, useSettled } from '../ui/clock.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { type Column, More, Rows } from '../ui/rows.js';
import { State } from '../ui/state.js';
import { showAge, showCount, showDuration } from '../ui/words.js';

interface Call {
  readonly number: number;
  readonly id: string;
  readonly atWallMs: number;
  readonly route: string;
  readonly consumer: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly tookMs: number;
  readonly timer: string;
  readonly failure: string;
  readonly attempts: number;
  readonly target: string;
}

const TYPED_MS = 300;
const EVERY_MS = 5_000;

const FIELDS = ['service', 'route', 'consumer', 'status', 'trace'] as const;

export default function Calls({ session }: PageProps) {
  const [filter, setFilter] = useState<Readonly<Record<string, string>>>({});
  const settled = useSettled(filter, TYPED_MS);
  const isEnough = mayOperate(session) || ['service', 'route', 'consumer'].some((name) => (settled[name] ?? '') !== '');
  const list = usePages<Call>(withQuery('/v1/insight/calls', settled), isEnough, EVERY_MS);
  const set = (name: string, value: string) => setFilter((before) => ({ ...before, [name]: value }));
  return (
    <Page
      title="Calls"
      about="The latest calls, newest first. Where there are more than nodes can tell of, they leave out what went well. Older ones are in the access logs. No bodies are kept."
    >
      <Top />
      <Panel title="Latest calls">
        <Group align="flex-end" gap="sm" mb="sm">
          {FIELDS.map((name) => (
            <TextInput
              key={name}
              label={name}
              placeholder={name === 'status' ? '504, 5xx' : ''}
              w={140}
              value={filter[name] ?? ''}
              onChange={(event) => set(name, event.currentTarget.value)}
            />
          ))}
          <NativeSelect
            label="timer"
            value={filter['timer'] ?? ''}
            onChange={(event) => set('timer', event.currentTarget.value)}
            data={[
              { value: '', label: 'whatever' },
              { value: 'any', label: 'one fired' },
              'total',
              'firstByte',
              'connect',
              'queue',
              'idle',
            ]}
          />
        </Group>
        {isEnough ? (
          <Answer of={list} what="calls">
            {() =>
              list.items.length === 0 ? (
                <Empty title="No such call">None of the latest fits, or there was no traffic yet.</Empty>
              ) : (
                <>
                  <CallRows calls={list.items} />
                  <More of={list} />
                </>
              )
            }
          </Answer>
        ) : (
          <Empty title="Whose calls?">Name one of your services, one of its routes, or an application of yours.</Empty>
        )}
      </Panel>
    </Page>
  );
}

function CallRows({ calls }: { calls: readonly Call[] }) {
  const now = useNow();
  const columns: readonly Column<Call>[] = [
    { label: 'When', show: ({ atWallMs }) => showAge(atWallMs, now) },
    {
      label: 'Status',
      show: ({ status, failure }) => (
        <State mood={status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'good'}>
          {status} {failure}
        </State>
      ),
    },
    {
      label: 'Request',
      show: ({ method, path }) => (
        <code>
          {method} {path}
        </code>
      ),
    },
    { label: 'Route', show: ({ route }) => route || '–' },
    { label: 'Consumer', show: ({ consumer }) => consumer || '–' },
    { label: 'Took', show: ({ tookMs }) => showDuration(tookMs) },
    { label: 'Attempts', show: ({ attempts, timer }) => `${attempts}${timer === '' ? '' : `, ${timer} fired`}` },
  ];
  return <Rows label="Latest calls" rows={calls} columns={columns} idOf={({ number }) => String(number)} />;
}

const MEASURES = ['requests', 'errors', 'timeouts', 'latency'] as const;
type Measure = (typeof MEASURES)[number];

interface TopAnswer {
  readonly lists: Readonly<Record<Measure, readonly { readonly name: string; readonly value: number }[]>>;
}

function Top() {
  const [by, setBy] = useState('route');
  const [window, setWindow] = useState('1h');
  const asked = useGet<TopAnswer>(withQuery('/v1/insight/top', { by, of: 'each', window, max: '5' }), {
    everyMs: 10_000,
  });
  return (
    <Panel
      title="Most of all"
      actions={
        <Group gap="sm">
          <NativeSelect
            aria-label="Of what"
            value={by}
            onChange={(e) => setBy(e.currentTarget.value)}
            data={['route', 'service', 'consumer']}
          />
          <NativeSelect
            aria-label="In the last"
            value={window}
            onChange={(e) => setWindow(e.currentTarget.value)}
            data={['5m', '15m', '1h', '6h', '24h']}
          />
        </Group>
      }
    >
      <Answer of={asked} what="who has most">
        {({ lists }) => (
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }}>
            {MEASURES.map((of) => (
              <TopList key={of} of={of} items={lists[of]} />
            ))}
          </SimpleGrid>
        )}
      </Answer>
    </Panel>
  );
}

function TopList({ of, items }: { of: Measure; items: TopAnswer['lists'][Measure] }) {
  return (
    <div>
      <Text size="sm" fw={600}>
        {of}
      </Text>
      {items.length === 0 ? (
        <Text size="sm" c="dimmed">
          none
        </Text>
      ) : (
        <ol className="top">
          {items.map(({ name, value }) => (
            <li key={name}>
              <span>{name || 'no route'}</span>{' '}
              <strong>{of === 'latency' ? showDuration(value) : showCount(value)}</strong>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
