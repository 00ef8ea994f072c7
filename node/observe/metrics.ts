/**
 * What a node shows to Prometheus: name, unit and help of every metric, read from its owner when it is asked for.
 *
 * Names and units follow Prometheus' conventions (base units, `_total` for counters). What traffic moves lives in
 * cells.ts; gauges come from callbacks, so that whoever owns a number is asked for it and nothing is copied on the way
 * of a request. Metrics of the process and its runtime are prom-client's.
 */
import type { NodeStatus, TargetStatus } from '@weir/proto/events/node-status.js';
import { timerNames } from '@weir/proto/http/failures.js';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { contractVerdicts } from '../contract/verdicts.js';
import type { ServedCertificate } from '../listener/listener.js';
import { attemptPhases } from '../pipeline/dispatch.js';
import { giveWay } from '../time/give-way.js';
import { type AiSources, aiFamilies } from './ai-families.js';
import { type CacheSources, cacheFamilies } from './cache-families.js';
import { happened, label, routesOf } from './cell-samples.js';
import { type Cells, failureCodes, outcomeLabels, statusLabels } from './cells.js';
import { type ClusterSources, clusterFamilies } from './cluster-families.js';
import { decisions } from './decisions.js';
import type { EventLoopWindow } from './event-loop.js';
import { type Family, family, histogramFamily, writeFamilies } from './exposition.js';
import { type GateSources, gateFamilies } from './gate-families.js';
import { type HealthSources, healthFamilies } from './health-families.js';
import { type JobSources, jobFamilies } from './job-families.js';
import { joinings } from './joinings.js';
import { l2Families } from './l2-families.js';
import { type LimitSources, limitFamilies } from './limit-families.js';
import { mcpFamilies } from './mcp-families.js';
import { type PurgeSources, purgeFamilies } from './purge-families.js';
import { type SightSources, sightFamilies } from './sight-families.js';
import { smaller } from './smaller.js';

/** Who is asked at a scrape. */
export interface MetricSources
  extends HealthSources,
    GateSources,
    JobSources,
    CacheSources,
    ClusterSources,
    PurgeSources,
    SightSources,
    LimitSources,
    AiSources {
  readonly cells: Cells;
  eventLoop(): EventLoopWindow;
  /** For how long the process has stood still so far. */
  stalledMs(): number;
  log(): { readonly written: number; readonly dropped: number };
  spans(): { readonly exported: number; readonly dropped: number };
  bugs(): number;
  /** Those that clients are shown; none without TLS. */
  certificates(): readonly ServedCertificate[];
  /** Request bodies that are gathered or kept. */
  bodies(): { readonly bytes: number; readonly refusals: number };
  /** Answers that are held until they are whole. */
  heldAnswers(): { readonly bytes: number; readonly refusals: number };
  /** Answers in their compressed form. */
  keptForms(): { readonly bytes: number; readonly count: number; readonly evictions: number };
}

export interface Metrics {
  readonly contentType: string;
  /** The text of a scrape, in pieces. */
  render(): Promise<readonly string[]>;
}

const MS_PER_S = 1_000;

export function createMetrics(asked: MetricSources): Metrics {
  const { cells } = asked;
  let status: NodeStatus | null = null;
  /** Made once for a scrape, however many families look at it: it has all targets of the node. */
  const sources: MetricSources = {
    ...asked,
    status() {
      status ??= asked.status();
      return status;
    },
  };
  const families = [
    ...requestFamilies(cells),
    ...failureFamilies(cells),
    ...attemptFamilies(cells),
    ...targetFamilies(sources),
    ...healthFamilies(sources),
    ...gateFamilies(sources),
    ...jobFamilies(sources),
    ...cacheFamilies(sources),
    ...l2Families(sources),
    ...purgeFamilies(sources),
    ...sightFamilies(sources),
    ...limitFamilies(sources),
    ...aiFamilies(sources),
    ...mcpFamilies(sources),
    ...nodeFamilies(sources),
    ...clusterFamilies(sources),
    ...eventLoopFamilies(sources),
  ];
  const runtime = new Registry();
  collectDefaultMetrics({ register: runtime });
  return {
    contentType: runtime.contentType,
    async render() {
      status = null;
      const own = await writeFamilies(families, giveWay);
      status = null;
      return [...own, await runtime.metrics()];
    },
  };
}

function requestFamilies(cells: Cells): Family[] {
  return [
    family('counter', 'weir_requests_total', 'Exchanges that ended, by status.', function* () {
      for (const [route, { statuses }] of routesOf(cells)) yield* happened([route], 'code', statusLabels, statuses);
    }),
    histogramFamily(
      'weir_request_duration_seconds',
      'Time from accepting a request to the end of its answer. Not told for routes to which there were none.',
      function* () {
        // Of ten thousand routes most stand still, and seventeen lines of zeros for each were most of a scrape.
        for (const [route, { durations }] of routesOf(cells))
          yield durations.count > 0 ? [[route], durations] : undefined;
      },
    ),
    family('gauge', 'weir_requests_in_flight', 'Exchanges that have begun and not ended.', function* () {
      for (const [route, { inFlight }] of routesOf(cells)) yield [[route], inFlight];
    }),
    family('counter', 'weir_request_body_bytes_total', 'Bytes of request bodies taken from clients.', function* () {
      for (const [route, { requestBytes }] of routesOf(cells)) yield [[route], requestBytes];
    }),
    family('counter', 'weir_response_body_bytes_total', 'Bytes of response bodies given to clients.', function* () {
      for (const [route, { responseBytes }] of routesOf(cells)) yield [[route], responseBytes];
    }),
  ];
}

function failureFamilies(cells: Cells): Family[] {
  const gone = failureCodes.indexOf('client_gone');
  const joined = 'Parts of compositions, items of batches and requests that were put together, by what became of them.';
  const made = 'Pages of lists, and answers that were complete though what they were made of failed.';
  return [
    family('counter', 'weir_failures_total', 'Exchanges that failed, by failure code.', function* () {
      for (const [route, { failures }] of routesOf(cells)) yield* happened([route], 'code', failureCodes, failures);
    }),
    family('counter', 'weir_client_aborts_total', 'Exchanges whose client left before the end.', function* () {
      for (const [route, { failures }] of routesOf(cells)) yield [[route], failures[gone] ?? 0];
    }),
    family('counter', 'weir_contract_requests_total', 'Requests held to a contract, by verdict.', function* () {
      for (const [route, { contract: counts }] of routesOf(cells))
        yield* happened([route], 'verdict', contractVerdicts, counts);
    }),
    family('counter', 'weir_decisions_total', 'What was done about bad upstreams, by decision.', function* () {
      for (const [route, { decisions: counts }] of routesOf(cells))
        yield* happened([route], 'decision', decisions, counts);
    }),
    family('counter', 'weir_joinings_total', joined, function* () {
      for (const [route, { joinings: counts }] of routesOf(cells))
        yield* happened([route], 'joining', joinings, counts);
    }),
    family('counter', 'weir_smaller_answers_total', made, function* () {
      for (const [route, { smaller: counts }] of routesOf(cells)) yield* happened([route], 'what', smaller, counts);
    }),
    family('counter', 'weir_timers_fired_total', 'Timers that fired, by name.', function* () {
      for (const [route, { timers }] of routesOf(cells)) yield* happened([route], 'timer', timerNames, timers);
    }),
  ];
}

function attemptFamilies(cells: Cells): Family[] {
  const ended = 'Attempts that ended, by outcome: class of the answer, failure code, or cancelled.';
  return [
    family('counter', 'weir_attempts_total', ended, function* () {
      for (const [upstream, { targets }] of cells.upstreams) {
        for (const [target, { outcomes }] of targets) {
          yield* happened([label('upstream', upstream), label('target', target)], 'outcome', outcomeLabels, outcomes);
        }
      }
    }),
    histogramFamily(
      'weir_phase_seconds',
      'Time that attempts spent in each phase that they went through.',
      function* () {
        for (const [upstream, { phases }] of cells.upstreams) {
          for (const phase of attemptPhases) {
            yield phases[phase].count > 0
              ? [[label('upstream', upstream), label('phase', phase)], phases[phase]]
              : undefined;
          }
        }
      },
    ),
  ];
}

function targetFamilies(sources: MetricSources): Family[] {
  const perTarget = (name: string, help: string, read: (status: TargetStatus) => number): Family =>
    family('gauge', name, help, function* () {
      for (const status of sources.status().targets) {
        yield [[label('upstream', status.upstream), label('target', status.target)], read(status)];
      }
    });
  return [
    perTarget('weir_target_connections_open', 'Connections of the pool, busy and idle.', (status) => status.open),
    perTarget('weir_target_connections_idle', 'Connections of the pool without a request.', (status) => status.idle),
    perTarget('weir_target_requests_waiting', 'Requests that wait for a connection.', (status) => status.waiting),
    perTarget('weir_target_attempts_in_flight', 'Attempts that have not ended.', (status) => status.inFlight),
  ];
}

function nodeFamilies(sources: MetricSources): Family[] {
  const one = (type: 'counter' | 'gauge', name: string, help: string, read: () => number): Family =>
    family(type, name, help, () => [[[], read()]]);
  const lines = 'Lines of the access log that were written.';
  const linesLost = 'Lines of the access log that were lost, because it could not be written fast enough or at all.';
  const spansLost = 'Spans that were lost, because the queue was full or the collector did not take them.';
  const bugs =
    'What threw where nothing may throw. Each failed one exchange at most; the log of the process tells more.';
  const kept = 'Bytes of request bodies that are gathered, or kept for another attempt.';
  const notKept = 'How often a request body, or more of one, was not kept because limits.bodies was reached.';
  const held = 'Bytes of answers that are held back until they are whole, or until a page of them is.';
  const notHeld = 'How often an answer was not held, because as many bytes were as may be.';
  const forms = 'Bytes of answers that are kept in their compressed form.';
  const formsLeft = 'Answers in their compressed form that made room for others.';
  const applied = 'When the revision in force was applied, in seconds since the epoch.';
  const expiry =
    'When a certificate that clients are shown, or one of its issuers in that file, expires, in seconds since the epoch.';
  return [
    one('gauge', 'weir_client_connections', 'Open connections of clients.', () => sources.status().connections),
    one('gauge', 'weir_timers_armed', 'Timers that are armed.', () => sources.status().armedTimers),
    one(
      'gauge',
      'weir_config_version',
      'Revision in force, 0 before the first.',
      () => sources.status().snapshot?.version ?? 0,
    ),
    one('gauge', 'weir_config_applied_timestamp_seconds', applied, () => {
      return (sources.status().snapshot?.appliedWallMs ?? 0) / MS_PER_S;
    }),
    one('gauge', 'weir_request_bodies_kept_bytes', kept, () => sources.bodies().bytes),
    one('counter', 'weir_request_bodies_not_kept_total', notKept, () => sources.bodies().refusals),
    one('gauge', 'weir_held_answers_bytes', held, () => sources.heldAnswers().bytes),
    one('counter', 'weir_held_answers_refused_total', notHeld, () => sources.heldAnswers().refusals),
    one('gauge', 'weir_kept_forms_bytes', forms, () => sources.keptForms().bytes),
    one('gauge', 'weir_kept_forms', 'Answers that are kept in their compressed form.', () => sources.keptForms().count),
    one('counter', 'weir_kept_forms_evicted_total', formsLeft, () => sources.keptForms().evictions),
    family('gauge', 'weir_certificate_expiry_timestamp_seconds', expiry, function* () {
      for (const { file, notAfterWallMs } of sources.certificates())
        yield [[label('file', file)], notAfterWallMs / MS_PER_S];
    }),
    one('counter', 'weir_bugs_total', bugs, () => sources.bugs()),
    one('counter', 'weir_access_log_lines_total', lines, () => sources.log().written),
    one('counter', 'weir_access_log_lines_dropped_total', linesLost, () => sources.log().dropped),
    one('counter', 'weir_spans_exported_total', 'Spans that the collector took.', () => sources.spans().exported),
    one('counter', 'weir_spans_dropped_total', spansLost, () => sources.spans().dropped),
  ];
}

function eventLoopFamilies(sources: MetricSources): Family[] {
  const delay = 'Delay of the event loop over the last ten seconds; quantile 1 is the longest.';
  const busy = 'Share of the last ten seconds in which the event loop was busy.';
  const stalls = 'Time in which this process stood still; upstreams are not judged by it.';
  return [
    family('gauge', 'weir_event_loop_delay_seconds', delay, () => {
      const { delayP50Ms, delayP99Ms, delayMaxMs } = sources.eventLoop();
      return [
        [[label('quantile', '0.5')], delayP50Ms / MS_PER_S],
        [[label('quantile', '0.99')], delayP99Ms / MS_PER_S],
        [[label('quantile', '1')], delayMaxMs / MS_PER_S],
      ];
    }),
    family('gauge', 'weir_event_loop_utilization_ratio', busy, () => [[[], sources.eventLoop().utilization]]),
    family('counter', 'weir_event_loop_stalled_seconds_total', stalls, () => [[[], sources.stalledMs() / MS_PER_S]]),
  ];
}
