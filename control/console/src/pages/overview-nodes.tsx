/** The processes that serve: those that this control runs itself, and those of its cluster. */
import { Stack, Text } from '@mantine/core';
import type { ControlStatus, SupervisedNode } from '../../../api/control-status.js';
import { useNow } from '../ui/clock.js';
import { Panel } from '../ui/page.js';
import { type Column, Rows } from '../ui/rows.js';
import { type Mood, State } from '../ui/state.js';
import { showAge, showBytes } from '../ui/words.js';

type Member = NonNullable<ControlStatus['fleet']>['members'][number];

const moods: Readonly<Record<string, Mood>> = {
  ...{ running: 'good', serving: 'good', starting: 'warn', restarting: 'warn', draining: 'warn' },
  ...{ stopping: 'warn', stopped: 'bad' },
};

export function Nodes({ status }: { status: ControlStatus }) {
  return (
    <>
      {status.nodes.length > 0 && (
        <Panel title="Nodes">
          <Rows
            label="Nodes of this control"
            rows={status.nodes}
            columns={ownColumns}
            idOf={({ pid }) => String(pid)}
          />
          <Warnings of={status.nodes.flatMap((node) => node.status?.warnings ?? [])} />
        </Panel>
      )}
      {status.fleet !== undefined && (
        <Panel title="Members of the cluster">
          <Members members={status.fleet.members} />
          {status.fleet.silent.length > 0 && <State mood="bad">do not answer: {status.fleet.silent.join(', ')}</State>}
          <Warnings of={status.fleet.members.flatMap(({ id, warnings }) => warnings.map((text) => `${id}: ${text}`))} />
        </Panel>
      )}
    </>
  );
}

const ownColumns: readonly Column<SupervisedNode>[] = [
  {
    label: 'State',
    show: ({ state, status, trouble }) => (
      <>
        <State mood={trouble === null ? (moods[status?.state ?? state] ?? 'plain') : 'bad'}>
          {status?.state ?? state}
        </State>
        {trouble !== null && <Text size="sm">{trouble}</Text>}
      </>
    ),
  },
  { label: 'Process', show: ({ pid }) => pid ?? 'none' },
  {
    label: 'Traffic',
    show: ({ status }) =>
      status?.listening == null
        ? 'not yet'
        : `${status.listening.tls ? 'https' : 'http'}://${status.listening.host}:${status.listening.port}`,
  },
  { label: 'Snapshot', show: ({ status }) => status?.snapshot?.version ?? 'none' },
  { label: 'In flight', show: ({ status }) => status?.exchanges ?? '' },
  { label: 'Memory', show: ({ status }) => (status === null ? '' : showBytes(status.rssBytes)) },
  {
    label: 'Restarts',
    show: ({ restarts, lastExit }) => (lastExit === null ? restarts : `${restarts}, last: ${lastExit.reason}`),
  },
];

function Members({ members }: { members: readonly Member[] }) {
  const now = useNow(5_000);
  const columns: readonly Column<Member>[] = [
    { label: 'Member', show: ({ id, role }) => `${id} (${role})` },
    { label: 'State', show: ({ state }) => <State mood={moods[state] ?? 'plain'}>{state}</State> },
    { label: 'Traffic', show: ({ traffic }) => traffic || '–' },
    { label: 'Snapshot', show: ({ snapshotVersion }) => snapshotVersion || '–' },
    { label: 'Load', show: ({ loadPermille }) => `${Math.round(loadPermille / 10)} %` },
    { label: 'In flight', show: ({ exchanges }) => exchanges },
    { label: 'Memory', show: ({ rssBytes }) => showBytes(rssBytes) },
    { label: 'Started', show: ({ startedWallMs }) => showAge(startedWallMs, now) },
  ];
  return <Rows label="Members of the cluster" rows={members} columns={columns} idOf={({ id }) => id} />;
}

function Warnings({ of }: { of: readonly string[] }) {
  if (of.length === 0) return null;
  return (
    <Stack gap={4} mt="sm">
      {of.map((text) => (
        <State key={text} mood="warn">
          {text}
        </State>
      ))}
    </Stack>
  );
}
