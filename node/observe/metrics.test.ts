import { failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import { createAttempt } from '../pipeline/exchange.js';
import { makeExchange } from '../pipeline/testing/harness.js';
import { makeTarget, makeUpstream } from '../pipeline/testing/specs.js';
import { Cells } from './cells.js';
import { SLICE_CHARACTERS, writeFamilies } from './exposition.js';
import { createMetrics, type MetricSources } from './metrics.js';
import { cacheCounts } from './testing/cache-counts.js';
import { jobCounts } from './testing/job-counts.js';
import { nodeStatus } from './testing/node-status.js';
import { textOf } from './testing/text-of.js';

const well = { standing: 'well', reason: '' } as const;

function sources(cells: Cells): MetricSources {
  return {
    cells,
    status: () =>
      nodeStatus({
        connections: 11,
        armedTimers: 12,
        snapshot: { version: 7, hash: '', appliedWallMs: 1_500, routes: 1, upstreams: 1 },
        targets: [{ upstream: 'up', target: 'a:1', open: 3, idle: 1, waiting: 2, inFlight: 4, ...well }],
      }),
    healthChanges: () => [],
    sight: () => null,
    purges: () => null,
    gates: () => [],
    jobs: () => jobCounts(),
    cache: () => cacheCounts(),
    bodies: () => ({ bytes: 21, refusals: 22 }),
    heldAnswers: () => ({ bytes: 23, refusals: 24 }),
    keptForms: () => ({ bytes: 25, count: 26, evictions: 27 }),
    stalledMs: () => 1_500,
    eventLoop: () => ({ delayP50Ms: 1, delayP99Ms: 2, delayMaxMs: 3, utilization: 0.5 }),
    log: () => ({ written: 5, dropped: 6 }),
    spans: () => ({ exported: 8, dropped: 9 }),
    bus: () => null,
    loadPermille: () => 350,
    bugs: () => 4,
    certificates: () => [{ file: '/etc/weir/"a".pem', notAfterWallMs: 1_790_000_000_500 }],
  };
}

/** One exchange of route `orders` that failed after one attempt. */
function used(): Cells {
  const cells = new Cells();
  cells.retainUpstreams([makeUpstream([makeTarget({ id: 'a:1' })], { id: 'up' }).spec]);
  const exchange = makeExchange();
  Object.assign(exchange, { status: 504, endedAtMs: 1_030, failure: failure('connect_timeout', '') });
  const attempt = createAttempt('a:1', 1_000);
  attempt.phaseStartMs.connect = 1_000;
  attempt.endedAtMs = 1_030;
  attempt.failure = exchange.failure;
  const route = cells.route('orders');
  route.inFlight = 3;
  route.ended(exchange);
  route.timerFired('connect');
  cells.upstreams.get('up')?.ended(attempt, 1_030);
  return cells;
}

describe('the metrics of a node', () => {
  it('show what its cells and its callbacks hold', async () => {
    const text = await textOf(createMetrics(sources(used())).render());
    for (const line of [
      'weir_requests_total{route="orders",code="504"} 1',
      'weir_bugs_total 4',
      'weir_certificate_expiry_timestamp_seconds{file="/etc/weir/\\"a\\".pem"} 1790000000.5',
      'weir_request_duration_seconds_bucket{route="orders",le="0.025"} 0',
      'weir_request_duration_seconds_bucket{route="orders",le="0.05"} 1',
      'weir_request_duration_seconds_bucket{route="orders",le="+Inf"} 1',
      'weir_request_duration_seconds_sum{route="orders"} 0.03',
      'weir_request_duration_seconds_count{route="orders"} 1',
      'weir_requests_in_flight{route="orders"} 2',
      'weir_failures_total{route="orders",code="connect_timeout"} 1',
      'weir_client_aborts_total{route="orders"} 0',
      'weir_timers_fired_total{route="orders",timer="connect"} 1',
      'weir_attempts_total{upstream="up",target="a:1",outcome="connect_timeout"} 1',
      'weir_phase_seconds_sum{upstream="up",phase="connect"} 0.03',
      'weir_target_connections_open{upstream="up",target="a:1"} 3',
      'weir_target_connections_idle{upstream="up",target="a:1"} 1',
      'weir_target_requests_waiting{upstream="up",target="a:1"} 2',
      'weir_target_attempts_in_flight{upstream="up",target="a:1"} 4',
      'weir_client_connections 11',
      'weir_timers_armed 12',
      'weir_config_version 7',
      'weir_config_applied_timestamp_seconds 1.5',
      'weir_event_loop_delay_seconds{quantile="0.99"} 0.002',
      'weir_event_loop_utilization_ratio 0.5',
      'weir_access_log_lines_total 5',
      'weir_access_log_lines_dropped_total 6',
      'weir_spans_exported_total 8',
      'weir_spans_dropped_total 9',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('ask for the status of the node once a scrape, and anew at the next', async () => {
    let asked = 0;
    const given = sources(used());
    const status = () => {
      asked += 1;
      return { ...given.status(), connections: asked };
    };
    const metrics = createMetrics({ ...given, status });
    expect(await textOf(metrics.render())).toContain('weir_client_connections 1\n');
    expect(await textOf(metrics.render())).toContain('weir_client_connections 2\n');
    expect(asked).toBe(2);
  });

  it('are well-formed: each family is announced once, above its lines, and every line is a sample', async () => {
    const text = await textOf(createMetrics(sources(used())).render());
    expect(text.endsWith('\n')).toBe(true);
    const announced = [...text.matchAll(/^# TYPE (\S+) (?:counter|gauge|histogram|summary)$/gm)].map(
      ([, name]) => name,
    );
    expect(new Set(announced).size).toBe(announced.length);
    let family = '';
    for (const line of text.split('\n').filter((each) => each !== '')) {
      const help = /^# HELP (\S+) \S/.exec(line);
      if (help !== null) family = help[1] ?? '';
      else if (!line.startsWith('#')) {
        expect(line).toMatch(
          /^[a-z_0-9]+(\{[a-zA-Z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-zA-Z_]+="(?:[^"\\\n]|\\.)*")*\})? (?:[-+0-9.e]+|Nan)$/,
        );
        expect(line.startsWith(family)).toBe(true);
      }
    }
  });

  it('tell how long purges took by what they named, and how many Redis did not confirm', async () => {
    const cells = new Cells();
    cells.purges.ended('tag', 2, true);
    cells.purges.ended('tag', 500, false);
    const lines = (await textOf(createMetrics(sources(cells)).render())).split('\n');
    expect(lines).toContain('weir_cache_purge_duration_seconds_bucket{kind="tag",le="0.0025"} 1');
    expect(lines).toContain('weir_cache_purge_duration_seconds_count{kind="tag"} 2');
    expect(lines).toContain('weir_cache_purge_duration_seconds_sum{kind="tag"} 0.502');
    expect(lines).toContain('weir_cache_purges_unconfirmed_total 1');
    expect(lines.some((line) => line.includes('kind="url"'))).toBe(false);
  });

  it('call a request that no route took "(none)", and escape what a label cannot hold', async () => {
    const cells = new Cells();
    cells.route('').requestBytes = 1;
    cells.route('a"b\\c\nd').requestBytes = 2;
    const text = await textOf(createMetrics(sources(cells)).render());
    expect(text).toContain('weir_request_body_bytes_total{route="(none)"} 1\n');
    expect(text).toContain('weir_request_body_bytes_total{route="a\\"b\\\\c\\nd"} 2\n');
  });

  it('forget a route that the snapshot has dropped', async () => {
    const cells = used();
    cells.retainRoutes(new Set());
    expect(await textOf(createMetrics(sources(cells)).render())).not.toContain('orders');
  });

  it('let others have the event loop between two slices', async () => {
    let breaths = 0;
    const line = `${'x'.repeat(99)}\n`;
    const lines = (10 * SLICE_CHARACTERS) / line.length;
    const pieces = await writeFamilies(
      [{ name: 'x', help: 'x', type: 'gauge', lines: () => Array.from({ length: lines }, () => line) }],
      async () => {
        breaths += 1;
      },
    );
    expect(breaths).toBeGreaterThanOrEqual(9);
    expect(pieces).toHaveLength(breaths + 1);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(SLICE_CHARACTERS + 1_000);
    expect(pieces.join('').split('\n')).toHaveLength(Math.ceil(lines) + 2);
  });

  it('let others have the event loop also where thousands of series are looked at and none is told', async () => {
    let breaths = 0;
    const pieces = await writeFamilies(
      [{ name: 'x', help: 'x', type: 'gauge', lines: () => Array.from({ length: 10_000 }, () => '') }],
      async () => {
        breaths += 1;
      },
    );
    expect(breaths).toBeGreaterThanOrEqual(9);
    expect(pieces.join('')).toBe('# HELP x x\n# TYPE x gauge\n');
  });

  it('say nothing of how long requests of a route took to which there were none', async () => {
    const cells = used();
    cells.route('idle').inFlight = 1;
    const text = await textOf(createMetrics(sources(cells)).render());
    expect(text).toContain('weir_requests_in_flight{route="idle"} 1\n');
    expect(text).not.toContain('weir_request_duration_seconds_count{route="idle"}');
  });
});
