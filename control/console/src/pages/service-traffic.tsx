/** The calls of one service in the last hours, where control keeps them. */
import { SimpleGrid, Text } from '@mantine/core';
import { useGet } from '../api/queries.js';
import { type Series, sumOf } from '../api/series.js';
import { Panel } from '../ui/page.js';
import { showCount, showDuration } from '../ui/words.js';

const EVERY_MS = 10_000;

export function ServiceTraffic({ id }: { id: string }) {
  const series = useGet<Series>(`/v1/insight/series?of=service:${id}&step=1m`, { everyMs: EVERY_MS });
  const points = series.data?.points ?? [];
  if (points.length === 0) return null;
  const p95 = points.reduce((most, point) => Math.max(most, point.p95), 0);
  const figures = [
    ['calls', showCount(sumOf(points, ({ requests }) => requests))],
    ['errors', showCount(sumOf(points, ({ errors }) => errors))],
    ['timeouts, and saved', `${sumOf(points, ({ timeouts }) => timeouts)}, ${sumOf(points, ({ saved }) => saved)}`],
    ['slowest p95', showDuration(p95)],
  ] as const;
  return (
    <Panel title="In the last day">
      <SimpleGrid cols={{ base: 2, sm: 4 }}>
        {figures.map(([name, value]) => (
          <div key={name}>
            <Text size="sm" c="dimmed">
              {name}
            </Text>
            <div className="figure">{value}</div>
          </div>
        ))}
      </SimpleGrid>
    </Panel>
  );
}
