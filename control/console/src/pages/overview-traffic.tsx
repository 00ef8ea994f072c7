/** Traffic of the last two minutes: requests, what failed, and timeouts that were saved or were not. */
import { Button, SimpleGrid, Text } from '@mantine/core';
import { useMemo } from 'react';
import { Link } from 'wouter';
import type { Live } from '../api/live.js';
import { type Point, sumOf } from '../api/series.js';
import type { ChartProps } from '../ui/chart.js';
import { Code } from '../ui/code.js';
import { onDemand } from '../ui/on-demand.js';
import { Empty, Panel, Waiting } from '../ui/page.js';
import { showCount, showDuration } from '../ui/words.js';

const Chart = onDemand<ChartProps>(async () => ({ default: (await import('../ui/chart.js')).Chart }));

const BLUE = ['#0b7285', '#45bccf'] as const;
const RED = ['#b02525', '#ff9c9c'] as const;
const GREEN = ['#1f7a35', '#6fd08c'] as const;

/** `url`: where this control's gateway listens; empty: not known. */
export function Traffic({ live: { points }, url }: { live: Live; url: string }) {
  if (points === null) {
    return (
      <Panel title="Live traffic">
        <Empty title="No series here">
          This control keeps no traffic over time. The metrics of each node have it (docs/metrics.md); below is what the
          nodes say now.
        </Empty>
      </Panel>
    );
  }
  if (points === undefined) {
    return (
      <Panel title="Live traffic">
        <Waiting what="Listening" />
      </Panel>
    );
  }
  const isQuiet = points.every(({ requests }) => requests === 0);
  const count = (of: (point: Point) => number) => showCount(sumOf(points, of));
  const late = points.reduce((most, { p99 }) => Math.max(most, p99), 0);
  return (
    <Panel title="Live traffic">
      <SimpleGrid cols={{ base: 2, sm: 4 }} mb="sm">
        <Told name="requests" value={count(({ requests }) => requests)} />
        <Told name="timeouts saved" value={count(({ saved }) => saved)} mood="good" />
        <Told name="timeouts not saved" value={count(({ timeouts }) => timeouts)} mood="bad" />
        <Told name="slowest p99" value={isQuiet ? '–' : showDuration(late)} />
      </SimpleGrid>
      {isQuiet ? <NoTraffic url={url} /> : <TrafficChart points={points} />}
    </Panel>
  );
}

/** What will be seen here, and how to see it. */
function NoTraffic({ url }: { url: string }) {
  return (
    <>
      <Empty title="No request in the last two minutes">
        Traffic is drawn here as it passes, second by second: requests, errors, and timeouts that were saved.
        {url !== '' && ' A first request, from a terminal of this machine:'}
      </Empty>
      {url !== '' && <Code label="A first request" text={`curl ${url}/`} />}
      <Button component={Link} href="/services/new" variant="default" size="xs" mt="sm">
        New service
      </Button>
    </>
  );
}

function Told({ name, value, mood = '' }: { name: string; value: string; mood?: string }) {
  return (
    <div>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <div className={`figure ${value === '0' ? '' : mood}`}>{value}</div>
      <Text size="xs" c="dimmed">
        in the last two minutes
      </Text>
    </div>
  );
}

function TrafficChart({ points }: { points: readonly Point[] }) {
  const times = useMemo(() => points.map(({ t }) => t / 1_000), [points]);
  const lines = useMemo(
    () => [
      { label: 'requests', stroke: BLUE, values: points.map(({ requests }) => requests) },
      { label: 'errors', stroke: RED, dash: [6, 4], values: points.map(({ errors }) => errors) },
      { label: 'timeouts saved', stroke: GREEN, dash: [2, 3], values: points.map(({ saved }) => saved) },
    ],
    [points],
  );
  return <Chart label="Requests of each second" times={times} lines={lines} unit="in a second" />;
}
