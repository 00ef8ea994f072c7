/**
 * The gauntlet as a table: what goes wrong, what is asked, and what could be answered at best. A scenario is data;
 * whoever wants another adds an entry here and nothing else. Pure.
 */
import { everywhere, type FaultPlan, flapping, one, rollingRestart } from './faults.js';

/**
 * Which of the requests somebody could have answered:
 * - `all`: at least one replica was well at any time.
 * - `outside`: all that were due outside of a window in which no replica could answer in time.
 * - `capacity`: as many as the replicas can serve.
 * - `unswallowed`: all but those that the bad replica has read, because repeating them is not safe.
 * - `later`: none within the client's patience, all if the gateway hands over to a job (RFC 7240, respond-async).
 */
export type Answerable =
  | { readonly kind: 'all' }
  | { readonly kind: 'outside'; readonly fromMs: number; readonly untilMs: number }
  | { readonly kind: 'capacity'; readonly perSecond: number }
  | { readonly kind: 'unswallowed' }
  | { readonly kind: 'later' };

export interface Asked {
  readonly method: 'GET' | 'POST';
  /** `orders` is a path for each request, `catalog` one of twenty that may be cached for a second. */
  readonly kind: 'orders' | 'catalog' | 'report';
  /** Request fields beyond Host, the same to every proxy. */
  readonly headers: Readonly<Record<string, string>>;
  /** The client gives up so long after the planned start; nobody is told of it. */
  readonly patienceMs: number;
  /** Share of the usual rate. */
  readonly rateShare: number;
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** One sentence for the report. */
  readonly what: string;
  readonly asked: Asked;
  /** Times the usual length: some troubles take longer to show. */
  readonly lengthFactor: number;
  readonly plan: (lengthMs: number, ratePerS: number) => FaultPlan;
  readonly answerable: (lengthMs: number, ratePerS: number) => Answerable;
  /** Part of `--quick`. */
  readonly isQuick: boolean;
}

export const CLIENT_DEADLINE_MS = 2_000;
export const REPLICAS = 3;

/** Workers of each replica where its capacity is limited; the peers' configurations know this number. */
export const WORKERS = 4;

const get: Asked = { method: 'GET', kind: 'orders', headers: {}, patienceMs: CLIENT_DEADLINE_MS, rateShare: 1 };
const post: Asked = { ...get, method: 'POST' };

const BROWN_OUT_MS = 6_000;

/** How long one request takes a worker when `factor` times as much is offered as all workers can do. */
export const serviceMsFor = (factor: number, ratePerS: number): number =>
  (1_000 * WORKERS * REPLICAS * factor) / ratePerS;

type Row = Pick<Scenario, 'id' | 'title' | 'what' | 'plan'> & Partial<Scenario>;

const scenario = (row: Row): Scenario => ({
  asked: get,
  lengthFactor: 1,
  answerable: () => ({ kind: 'all' }),
  isQuick: false,
  ...row,
});

const overload = (id: string, factor: number, isQuick: boolean): Scenario =>
  scenario({
    id,
    title: `Offered load ${factor} × capacity`,
    what: `Each replica has ${WORKERS} workers and an endless queue; together they can serve ${(100 / factor).toFixed(0)} % of what comes.`,
    plan: (_, ratePerS) =>
      everywhere({ kind: 'capacity', workers: WORKERS, serviceMs: serviceMsFor(factor, ratePerS) }),
    answerable: (_, ratePerS) => ({ kind: 'capacity', perSecond: ratePerS / factor }),
    // A queue must first grow longer than the client's patience; at 1.3 times that takes nine seconds.
    lengthFactor: 2.5,
    isQuick,
  });

/** A request due so long before the end of the window may still wait for its end, one before its start may not reach it. */
function brownOut(id: string, kind: 'orders' | 'catalog', title: string): Scenario {
  return scenario({
    id,
    title,
    what: 'Every replica answers 4 s late for 6 s, which is beyond what clients wait.',
    asked: { ...get, kind },
    plan: (lengthMs) => {
      const fromMs = lengthMs * 0.1;
      return everywhere({ kind: 'slow', ms: 4_000 }, fromMs, fromMs + Math.min(BROWN_OUT_MS, lengthMs * 0.6));
    },
    answerable: (lengthMs) => {
      const fromMs = lengthMs * 0.1;
      return { kind: 'outside', fromMs: fromMs - 20, untilMs: fromMs + Math.min(BROWN_OUT_MS, lengthMs * 0.6) };
    },
    lengthFactor: 1.25,
  });
}

export const scenarios: readonly Scenario[] = [
  scenario({
    id: 'healthy',
    title: 'Nothing is wrong',
    what: 'All three replicas answer at once.',
    plan: () => [],
    isQuick: true,
  }),
  scenario({
    id: 'stalled',
    title: 'One replica stalled',
    what: 'It takes connections and requests and answers none of them.',
    plan: () => one({ kind: 'stalled' }),
    isQuick: true,
  }),
  scenario({
    id: 'dead',
    title: 'One replica dead',
    what: 'Its port is closed, its connections are gone.',
    plan: () => one({ kind: 'dead' }),
    isQuick: true,
  }),
  scenario({
    id: 'black-holed',
    title: 'One replica black-holed',
    what: 'Its packets are lost in silence, on open connections and on new ones.',
    plan: () => one({ kind: 'silent' }),
    isQuick: true,
  }),
  scenario({
    id: 'resetting',
    title: 'One replica resetting',
    what: 'It reads each request and resets the connection.',
    plan: () => one({ kind: 'resetting' }),
  }),
  scenario({
    id: 'fast-503',
    title: 'One replica answering 503',
    what: 'At once, so that it looks like the least loaded one.',
    plan: () => one({ kind: 'failing', status: 503 }),
    isQuick: true,
  }),
  scenario({
    id: 'slow',
    title: 'One replica slow by 1.5 s',
    what: 'It answers right, but uses up three quarters of the deadline.',
    plan: () => one({ kind: 'slow', ms: 1_500 }),
  }),
  scenario({
    id: 'trickling',
    title: 'One replica trickling its body',
    what: 'The head comes at once, the body in 40 pieces over 10 s; no pause is long.',
    plan: () => one({ kind: 'trickling', pieces: 40, everyMs: 250 }),
  }),
  scenario({
    id: 'mid-body',
    title: 'One replica stalling in mid-body',
    what: 'Head and half of the body come at once, the rest never.',
    plan: () => one({ kind: 'stalling-body' }),
    isQuick: true,
  }),
  scenario({
    id: 'closing-idle',
    title: 'One replica closing idle connections',
    what: 'A connection that was idle for 10 ms is closed just when a request arrives on it.',
    plan: () => one({ kind: 'closing-idle', idleMs: 10 }),
  }),
  scenario({
    id: 'random-stalls',
    title: '2 % random stalls everywhere',
    what: 'Every replica takes 5 s for 2 % of the requests.',
    plan: () => everywhere({ kind: 'random-stalls', share: 0.02, ms: 5_000 }),
    lengthFactor: 1.5,
    isQuick: true,
  }),
  brownOut('brown-out', 'orders', 'All slow for 6 s'),
  brownOut('brown-out-cacheable', 'catalog', 'All slow for 6 s, cacheable'),
  overload('overload-1.3', 1.3, false),
  overload('overload-3', 3, true),
  scenario({
    id: 'rolling-restart',
    title: 'Rolling restart',
    what: 'Each replica in turn stops in good order and comes back.',
    plan: (lengthMs) => rollingRestart(lengthMs),
  }),
  scenario({
    id: 'flapping',
    title: 'One replica flapping',
    what: 'Dead and alive in turns of 400 ms.',
    plan: (lengthMs) => flapping(lengthMs, 400),
  }),
  scenario({
    id: 'post-dead',
    title: 'POST only, one replica dead',
    what: 'Nothing was sent to it, so another may be asked.',
    asked: post,
    plan: () => one({ kind: 'dead' }),
  }),
  scenario({
    id: 'post-resetting',
    title: 'POST only, one replica resetting',
    what: 'What it has read must not be repeated; what matters is how soon it is left alone, and that nothing is.',
    asked: post,
    plan: () => one({ kind: 'resetting' }),
    answerable: () => ({ kind: 'unswallowed' }),
  }),
  scenario({
    id: 'report-40s',
    title: 'A report of 40 s, a client of 10 s',
    what: 'The client asks with Prefer: respond-async and collects the answer where a 202 says.',
    asked: {
      ...{ method: 'GET', kind: 'report', patienceMs: 10_000, rateShare: 0.01 },
      headers: { prefer: 'respond-async, wait=5' },
    },
    plan: () => everywhere({ kind: 'slow', ms: 40_000 }),
    answerable: () => ({ kind: 'later' }),
  }),
];
