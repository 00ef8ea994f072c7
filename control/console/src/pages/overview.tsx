/** What goes on now: traffic, timeouts, nodes, and what is being rolled out. */
import { Anchor, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { Link } from 'wouter';
import type { ControlStatus } from '../../../api/control-status.js';
import { type LiveState, useLive } from '../api/live.js';
import { useGet } from '../api/queries.js';
import { mayOperate } from '../api/session.js';
import type { PageProps } from '../pages.js';
import { useNow } from '../ui/clock.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { State } from '../ui/state.js';
import { several, showAge, showDuration } from '../ui/words.js';
import { Nodes } from './overview-nodes.js';
import { Traffic } from './overview-traffic.js';
import { countTargets } from './target-counts.js';

const EVERY_MS = 2_000;

export default function Overview({ session }: PageProps) {
  const isOperator = mayOperate(session);
  const live = useLive(isOperator);
  const status = useGet<ControlStatus>('/status?brief', { everyMs: EVERY_MS, isOn: isOperator });
  if (!isOperator) return <Welcome />;
  return (
    <Page
      title="Overview"
      about="Traffic as it passes, what became of it, and who serves it."
      actions={<LiveWord state={live.state} />}
    >
      <Troubles of={status.data?.troubles ?? []} />
      <Traffic live={live} url={gatewayOf(status.data)} />
      <Answer of={status} what="status">
        {(told) => (
          <Stack gap="lg">
            <Figures status={told} />
            <Nodes status={told} />
            <InForce status={told} />
          </Stack>
        )}
      </Answer>
    </Page>
  );
}

/** What control itself lacks, each with its reason: nothing else on the page would tell. */
function Troubles({ of }: { of: readonly string[] }) {
  if (of.length === 0) return null;
  return (
    <Panel title="Control lacks something">
      <Stack gap={4}>
        {of.map((text) => (
          <State key={text} mood="bad">
            {text}
          </State>
        ))}
      </Stack>
    </Panel>
  );
}

/** Of the first node that serves. A gateway that listens at all addresses is found at this machine's own. */
function gatewayOf(status: ControlStatus | undefined): string {
  const listening = status?.nodes.map((node) => node.status?.listening ?? null).find((at) => at !== null);
  if (listening == null) return '';
  const host = ['0.0.0.0', '::'].includes(listening.host) ? '127.0.0.1' : listening.host;
  return `${listening.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${listening.port}`;
}

/** For members of teams, who don't see the whole gateway. */
function Welcome() {
  return (
    <Page title="Overview" about="What your teams offer and use.">
      <Panel>
        <Empty title="Where to go from here">
          <Anchor component={Link} href="/services">
            Services
          </Anchor>{' '}
          are what your team offers.{' '}
          <Anchor component={Link} href="/catalogue">
            Catalogue
          </Anchor>{' '}
          has all that you may subscribe to;{' '}
          <Anchor component={Link} href="/applications">
            Applications
          </Anchor>{' '}
          hold the keys to call it with.
        </Empty>
      </Panel>
    </Page>
  );
}

function LiveWord({ state }: { state: LiveState }) {
  if (state === 'live') return <State mood="good">live</State>;
  return <State mood="plain">{state === 'connecting' ? 'connecting' : `asked every ${showDuration(EVERY_MS)}`}</State>;
}

function Figures({ status }: { status: ControlStatus }) {
  const told = status.nodes.flatMap((node) => (node.status === null ? [] : [node.status]));
  const sum = (of: (node: (typeof told)[number]) => number) => told.reduce((whole, node) => whole + of(node), 0);
  const targets = countTargets(status);
  const fleet = status.fleet?.members ?? [];
  return (
    <SimpleGrid cols={{ base: 2, sm: 4 }}>
      <Figure name="requests in flight" value={String(sum(({ exchanges }) => exchanges))} />
      <Figure name="client connections" value={String(sum(({ connections }) => connections))} />
      <Figure name="routes in force" value={String(status.routeCount ?? status.routes.length)} />
      {status.fleet === undefined ? (
        <Figure name="targets well" value={`${targets.all - targets.out} of ${targets.all}`} isBad={targets.out > 0} />
      ) : (
        <Figure name="members" value={String(fleet.length)} />
      )}
    </SimpleGrid>
  );
}

export function Figure({ name, value, isBad = false }: { name: string; value: string; isBad?: boolean }) {
  return (
    <Panel label={name}>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <div className={`figure ${isBad ? 'bad' : ''}`}>{value}</div>
    </Panel>
  );
}

function InForce({ status }: { status: ControlStatus }) {
  const now = useNow();
  const { publish, snapshot, revision, configFile } = status;
  return (
    <Panel title="Configuration in force">
      <Stack gap={6}>
        <Text size="sm">
          {snapshot === null
            ? 'Nothing has been put in force yet.'
            : `Snapshot ${snapshot.version} (${snapshot.hash.slice(0, 12)}), accepted ${showAge(snapshot.acceptedWallMs, now)}.`}
        </Text>
        {revision != null && (
          <Text size="sm">
            It is{' '}
            <Anchor component={Link} href={`/revisions/${revision.number}`}>
              revision {revision.number}
            </Anchor>{' '}
            of {revision.author}.
          </Text>
        )}
        <Text size="sm" c="dimmed">
          {configFile === null
            ? 'Changes are made here, or with weir apply.'
            : `Weir follows the file ${configFile}: changes of the gateway's own configuration are made there.`}
        </Text>
        {publish !== null && publish.state !== 'accepted' && (
          <Group gap="xs">
            <State mood="bad">the latest change was {publish.state}</State>
            <Text size="sm">
              {publish.state === 'refused' ? publish.reason : several(publish.faults.length, 'fault')}
            </Text>
          </Group>
        )}
        {publish !== null && publish.restartNeeded.length > 0 && (
          <State mood="warn">takes effect after a restart: {publish.restartNeeded.join(', ')}</State>
        )}
      </Stack>
    </Panel>
  );
}
