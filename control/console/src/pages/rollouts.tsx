/** How what is in force came to all nodes, step by step: the one under way, what may be done about it, and those before it. */
import { Group, Progress, Stack, Text } from '@mantine/core';
import type { ControlStatus } from '../../../api/control-status.js';
import { useGet, useSend } from '../api/queries.js';
import type { PageProps } from '../pages.js';
import { AskButton } from '../ui/ask.js';
import { useNow } from '../ui/clock.js';
import { useNews } from '../ui/news.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { Rows } from '../ui/rows.js';
import { type Mood, State } from '../ui/state.js';
import { several, showAge, showTime } from '../ui/words.js';
import { authorOf } from './author.js';

type RolloutView = NonNullable<NonNullable<ControlStatus['fleet']>['rollout']>;
type RolloutRecord = RolloutView['record'];

const EVERY_MS = 2_000;

const stages: Readonly<Record<RolloutRecord['stage'], [Mood, string]>> = {
  canary: ['warn', 'tried out by a few'],
  paused: ['warn', 'paused'],
  everywhere: ['warn', 'going everywhere'],
  done: ['good', 'done'],
  rolledBack: ['bad', 'rolled back'],
};

const nodeMoods: Readonly<Record<string, Mood>> = {
  ...{ applied: 'good', refused: 'bad', late: 'bad', gone: 'bad', fetching: 'warn', waiting: 'warn' },
};

export default function Rollouts({ session }: PageProps) {
  const history = useGet<{ rollouts: readonly RolloutRecord[] }>('/rollouts?max=20', { everyMs: EVERY_MS });
  const status = useGet<ControlStatus>('/status?brief', { everyMs: EVERY_MS });
  const current = status.data?.fleet?.rollout ?? null;
  return (
    <Page title="Rollouts" about="How a change comes to all nodes, a few of them first where that is wanted.">
      <Answer of={history} what="rollouts" notOffered={<Alone status={status.data} />}>
        {({ rollouts }) => (
          <Stack gap="lg">
            {current !== null && <Current view={current} by={authorOf(session)} />}
            <History rollouts={rollouts} />
          </Stack>
        )}
      </Answer>
    </Page>
  );
}

/** `weir up`: nothing is rolled out, what is published is in force. */
function Alone({ status }: { status: ControlStatus | undefined }) {
  const now = useNow();
  const publish = status?.publish ?? null;
  return (
    <Panel title="One machine">
      <Empty title="This control runs its nodes itself">
        A change is in force on all of them within a moment of being accepted, or on none. Rollouts step by step are for
        clusters (weir control).
      </Empty>
      {publish !== null && (
        <Text size="sm">
          The latest change was <strong>{publish.state}</strong> {showAge(publish.atWallMs, now)}.
        </Text>
      )}
    </Panel>
  );
}

function Current({ view, by }: { view: RolloutView; by: string }) {
  const { record, nodes, waitsFor, isOver } = view;
  const [mood, word] = stages[record.stage];
  const applied = nodes.filter(({ state }) => state === 'applied').length;
  const share = nodes.length === 0 ? 100 : (applied / nodes.length) * 100;
  return (
    <Panel
      title={`Version ${record.target.version}, of revision ${record.target.revision}`}
      actions={<Orders record={record} isOver={isOver} by={by} />}
    >
      <Stack gap="sm">
        <div role="status">
          <State mood={mood}>{word}</State>
          <Text size="sm">{record.why}</Text>
          {waitsFor !== '' && <Text size="sm">It waits for {waitsFor}.</Text>}
        </div>
        <Progress value={share} aria-label={`${applied} of ${several(nodes.length, 'node')} run it`} />
        <Text size="sm">
          {applied} of {several(nodes.length, 'node')} run what they are to run.
        </Text>
        <Rows
          label="Nodes of this rollout"
          rows={nodes}
          idOf={({ id }) => id}
          columns={[
            { label: 'Node', show: ({ id, isCanary }) => `${id}${isCanary ? ' (tries it out)' : ''}` },
            { label: 'State', show: ({ state }) => <State mood={nodeMoods[state] ?? 'plain'}>{state}</State> },
            {
              label: 'Runs',
              show: ({ version, wanted }) => (version === wanted ? version : `${version}, not ${wanted}`),
            },
            { label: 'Why', show: ({ why }) => why || '–' },
          ]}
        />
      </Stack>
    </Panel>
  );
}

const orders: readonly { order: string; label: string; text: string; isFor: readonly RolloutRecord['stage'][] }[] = [
  {
    order: 'promote',
    label: 'Promote',
    text: 'All nodes get it now, without waiting for the end of the trial.',
    isFor: ['canary', 'paused'],
  },
  {
    order: 'pause',
    label: 'Pause',
    text: 'The nodes that try it out go on doing so, until somebody decides.',
    isFor: ['canary'],
  },
  { order: 'resume', label: 'Resume', text: 'The trial goes on.', isFor: ['paused'] },
  {
    order: 'abort',
    label: 'Roll back',
    text: 'All nodes go back to what they ran before.',
    isFor: ['canary', 'paused', 'everywhere'],
  },
  {
    order: 'retry',
    label: 'Try again',
    text: 'The same revision is rolled out once more, as a new version.',
    isFor: ['rolledBack'],
  },
];

function Orders({ record, by }: { record: RolloutRecord; isOver: boolean; by: string }) {
  const send = useSend();
  const tell = useNews();
  const give = async (order: string, label: string) => {
    await send.mutateAsync({ method: 'POST', path: `/rollouts/${order}`, body: { by } });
    tell(`${label}: the order is given.`);
  };
  return (
    <Group gap="xs">
      {orders
        .filter(({ isFor }) => isFor.includes(record.stage))
        .map(({ order, label, text }) => (
          <AskButton
            key={order}
            label={label}
            title={`${label}?`}
            verb={label}
            isGrave={order === 'abort'}
            onDo={() => give(order, label)}
          >
            <Text size="sm">{text}</Text>
          </AskButton>
        ))}
    </Group>
  );
}

function History({ rollouts }: { rollouts: readonly RolloutRecord[] }) {
  return (
    <Panel title="What was done, newest first">
      {rollouts.length === 0 ? (
        <Empty title="Nothing was rolled out yet">Publish a service, or change the configuration.</Empty>
      ) : (
        <Rows
          label="Records of rollouts"
          rows={rollouts.map((record, index) => ({
            ...record,
            key: `${record.target.version} ${record.stage} ${index}`,
          }))}
          idOf={({ key }) => key}
          columns={[
            { label: 'Version', show: ({ target }) => target.version },
            { label: 'Stage', show: ({ stage }) => <State mood={stages[stage][0]}>{stages[stage][1]}</State> },
            { label: 'When', show: ({ atWallMs }) => showTime(atWallMs) },
            { label: 'Who', show: ({ by }) => by },
            { label: 'Why', show: ({ why }) => why },
          ]}
        />
      )}
    </Panel>
  );
}
