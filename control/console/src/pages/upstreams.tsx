/** Which routes are in force, and how the servers behind them are. */
import { Text } from '@mantine/core';
import { useState } from 'react';
import type { ControlStatus } from '../../../api/control-status.js';
import { useGet } from '../api/queries.js';
import { useNow } from '../ui/clock.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { type Column, LongRows, More, Rows } from '../ui/rows.js';
import { type Mood, State } from '../ui/state.js';
import { showAge, showCount } from '../ui/words.js';
import { countTargets } from './target-counts.js';

const EVERY_MS = 2_000;

type NodeStatus = NonNullable<ControlStatus['nodes'][number]['status']>;
type Target = NodeStatus['targets'][number] & { readonly node: string };
type HealthChange = NodeStatus['healthChanges'][number];

const moods: Readonly<Record<string, [Mood, string]>> = {
  well: ['good', 'well'],
  trial: ['warn', 'on trial'],
  out: ['bad', 'out'],
};

export default function Upstreams() {
  const status = useGet<ControlStatus>('/status', { everyMs: EVERY_MS });
  return (
    <Page
      title="Routes and upstreams"
      about="What is in force now, with the standing of each target as the nodes believe it."
    >
      <Answer of={status} what="status">
        {(told) => (
          <>
            <Targets status={told} />
            <Changes changes={told.nodes.flatMap(({ status: node }) => node?.healthChanges ?? [])} />
            <Routes routes={told.routes} count={told.routeCount ?? told.routes.length} />
          </>
        )}
      </Answer>
    </Page>
  );
}

const columns: readonly Column<Target>[] = [
  { label: 'Upstream', show: ({ upstream }) => upstream },
  { label: 'Target', show: ({ target }) => target },
  {
    label: 'Standing',
    show: ({ standing, reason }) => {
      const [mood, word] = moods[standing] ?? ['plain', standing];
      return (
        <>
          <State mood={mood}>{word}</State>
          {reason !== '' && <Text size="sm">{reason}</Text>}
        </>
      );
    },
  },
  { label: 'In flight', show: ({ inFlight }) => inFlight },
  { label: 'Waiting', show: ({ waiting }) => waiting },
  { label: 'Connections', show: ({ open, idle }) => `${open}, ${idle} idle` },
  { label: 'Node', show: ({ node }) => node },
];

function Targets({ status }: { status: ControlStatus }) {
  const targets = status.nodes.flatMap(({ status: node }, index) =>
    (node?.targets ?? []).map((target): Target => ({ ...target, node: `node-${index + 1}` })),
  );
  return (
    <Panel title="Targets">
      {targets.length === 0 ? (
        <Empty title="No target is in use">
          {status.fleet === undefined
            ? 'No route in force has an upstream. Publish a service, or put a configuration in force.'
            : 'Nodes of a cluster tell of their targets themselves: weir status --metrics NODE, or /status of their metrics port.'}
        </Empty>
      ) : (
        <>
          <Untold targets={targets.length} of={countTargets(status).all} />
          <LongRows
            label="Targets"
            rows={targets}
            columns={columns}
            idOf={({ node, upstream, target }) => `${node} ${upstream} ${target}`}
          />
        </>
      )}
    </Panel>
  );
}

function Untold({ targets, of }: { targets: number; of: number }) {
  if (of <= targets) return null;
  return (
    <Text size="sm" c="dimmed" mb="sm">
      {targets} of {of}: those that are not well, and those with connections first. The metrics of the nodes have all.
    </Text>
  );
}

const KIND_WORDS: Readonly<Record<string, string>> = { well: 'well again', trial: 'on trial', out: 'out' };

function Changes({ changes }: { changes: readonly HealthChange[] }) {
  const now = useNow();
  if (changes.length === 0) return null;
  const rows = [...changes].reverse().map((change, index) => ({ ...change, key: String(index) }));
  return (
    <Panel title="Latest changes of opinion">
      <Rows
        label="Latest changes of opinion"
        rows={rows}
        columns={[
          { label: 'When', show: ({ atWallMs }) => showAge(atWallMs, now) },
          { label: 'What', show: ({ upstream, target }) => (target === null ? upstream : `${upstream}: ${target}`) },
          { label: 'Now', show: ({ to }) => KIND_WORDS[to] ?? to },
          { label: 'Why', show: ({ reason }) => reason },
        ]}
        idOf={({ key }) => key}
      />
    </Panel>
  );
}

const ROUTES_FIRST = 50;

function Routes({ routes, count }: { routes: readonly string[]; count: number }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? routes : routes.slice(0, ROUTES_FIRST);
  const more = { hasNextPage: routes.length > shown.length, isFetchingNextPage: false };
  return (
    <Panel title={`Routes in force (${count})`}>
      {routes.length === 0 ? (
        <Empty title="No route yet">Every request is answered by the welcome page until a route is in force.</Empty>
      ) : (
        <>
          <ul className="words">
            {shown.map((route) => (
              <li key={route}>
                <code>{route}</code>
              </li>
            ))}
          </ul>
          {count > shown.length && (
            <Text size="sm" mt="xs">
              and {showCount(count - shown.length)} more
            </Text>
          )}
          <More of={{ ...more, fetchNextPage: () => setWhole(true) }} />
        </>
      )}
    </Panel>
  );
}
