/**
 * What the clients of the demo saw, counted by side and by the behaviour of the upstream that was asked.
 *
 * Latencies go into a histogram whose buckets grow by a twentieth, so a percentile is at most 5 % too high and the memory
 * does not grow with the length of the demo. The state is plain numbers and passes between processes as it is.
 */
import type { Side } from './messages.js';
import { behaviours } from './schedule.js';

/** `unknown`: a client timeout through Weir, where nobody can say which upstream it was. */
export const rowKeys = [...behaviours, 'unknown'] as const;
export type RowKey = (typeof rowKeys)[number];

export interface RowState {
  requests: number;
  /** Answered with 2xx within the client's deadline. */
  good: number;
  /** The client gave up at its deadline. */
  timeouts: number;
  /** Answered with a failure, or broken off, before the deadline. */
  errors: number;
  /** Counts by bucket of latency; a timeout counts with the deadline. */
  readonly latencies: number[];
}

export interface TallyState {
  readonly rows: Readonly<Record<Side, Readonly<Record<RowKey, RowState>>>>;
  /** Errors by the name that the client could read, for each side. */
  readonly errors: Readonly<Record<Side, Record<string, number>>>;
}

export interface Outcome {
  readonly side: Side;
  readonly row: RowKey;
  readonly result: 'good' | 'timeout' | 'error';
  /** Name of an error; empty for the others. */
  readonly name: string;
  /** From the moment at which the request was due, so that a late start counts against whoever caused it. */
  readonly latencyMs: number;
}

const GROWTH = 1.05;
/** The last one begins at 9.6 s; everything above lies in it. */
const BUCKETS = 190;
/** Names of errors that are kept apart; there are about thirty in all. */
const NAMES_MAX = 64;

const bucketOf = (latencyMs: number): number =>
  Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log(Math.max(latencyMs, 1)) / Math.log(GROWTH))));

const emptyRow = (): RowState => ({
  requests: 0,
  good: 0,
  timeouts: 0,
  errors: 0,
  latencies: Array.from({ length: BUCKETS }, () => 0),
});

const emptyRows = (): Record<RowKey, RowState> => ({
  steady: emptyRow(),
  slow: emptyRow(),
  stalling: emptyRow(),
  failing: emptyRow(),
  overloaded: emptyRow(),
  unknown: emptyRow(),
});

/** Without a prototype, because the names come from outside: one of them might be `toString`. */
const noErrors = (): Record<string, number> => Object.create(null);

export function emptyTally(): TallyState {
  return { rows: { without: emptyRows(), with: emptyRows() }, errors: { without: noErrors(), with: noErrors() } };
}

export function record(tally: TallyState, outcome: Outcome): void {
  const row = tally.rows[outcome.side][outcome.row];
  row.requests += 1;
  if (outcome.result === 'good') row.good += 1;
  else if (outcome.result === 'timeout') row.timeouts += 1;
  else {
    row.errors += 1;
    const names = tally.errors[outcome.side];
    const name = outcome.name in names || Object.keys(names).length < NAMES_MAX ? outcome.name : 'other';
    names[name] = (names[name] ?? 0) + 1;
  }
  const bucket = bucketOf(outcome.latencyMs);
  row.latencies[bucket] = (row.latencies[bucket] ?? 0) + 1;
}

/** The upper bound of the bucket in which the percentile lies; NaN when there was no request. */
export function latencyPercentile(row: RowState, share: number): number {
  const rank = Math.max(1, Math.ceil(share * row.requests));
  let seen = 0;
  for (const [bucket, count] of row.latencies.entries()) {
    seen += count;
    if (count > 0 && seen >= rank) return GROWTH ** bucket;
  }
  return Number.NaN;
}

/** All behaviours of one side together. */
export function totalOf(rows: Readonly<Record<RowKey, RowState>>): RowState {
  const total = emptyRow();
  for (const key of rowKeys) {
    const row = rows[key];
    total.requests += row.requests;
    total.good += row.good;
    total.timeouts += row.timeouts;
    total.errors += row.errors;
    row.latencies.forEach((count, bucket) => {
      total.latencies[bucket] = (total.latencies[bucket] ?? 0) + count;
    });
  }
  return total;
}
