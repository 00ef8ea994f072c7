/**
 * Node → controls, once a second while there is traffic: what the calls of that second came to, by route and by consumer, and some of them
 * one by one, those first that went wrong. Not repeated: what is lost is missing from a chart and from nothing else.
 * At most 300 KiB; a second with five routes has some 600 bytes. What models cost is kept until it could be told (spends.ts).
 */

import { DURATION_SLOTS } from '../cluster/durations.js';
import { type TimerName, timerNames } from '../http/failures.js';
import { isCount, isFields, isListOf, isName, isText } from './guards.js';
import { type BudgetRow, budgetRowsMax, isBudgetRow, isSpendRow, type SpendRow, spendRowsMax } from './spends.js';

export interface Calls {
  readonly kind: 'calls';
  readonly id: string;
  readonly session: number;
  readonly rows: readonly CallRow[];
  readonly records: readonly CallRecord[];
  /** Calls of the second that no record tells of. */
  readonly untold: number;
  /** What requests to models took, and what is left of budgets: in a message of their own. Left out: none, or an earlier release. */
  readonly spends?: readonly SpendRow[];
  readonly budgets?: readonly BudgetRow[];
}

/** As a list, since there may be hundreds in a message. Slots are those of proto/cluster/durations.ts, trailing zeros left out. */
export type CallRow = readonly [
  of: 'route' | 'consumer',
  /** Empty: no route, or those for whom there was no room. */
  name: string,
  requests: number,
  /** Answered with 5xx, or broken off. */
  failed: number,
  /** Answered with 4xx. */
  refused: number,
  /** Of the failed ones: by a timer. */
  timeouts: number,
  /** Answered well, though an attempt had run into a timer, was overtaken by a hedge, or a stand-in took its place. */
  saved: number,
  bytesIn: number,
  bytesOut: number,
  slots: readonly number[],
];

export interface CallRecord {
  /** Request id. */
  readonly id: string;
  readonly atWallMs: number;
  readonly route: string;
  /** Empty: nobody that is known. */
  readonly consumer: string;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly client: string;
  readonly status: number;
  readonly tookMs: number;
  /** To the head of the answer; as long as the whole where none came. */
  readonly headMs: number;
  /** Code of the failure; empty: none. */
  readonly failure: string;
  readonly timer: TimerName | '';
  readonly upstream: string;
  readonly target: string;
  readonly attempts: number;
  readonly traceId: string;
  /** What the cache did; empty: it was not asked. */
  readonly cache: string;
  readonly isSaved: boolean;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Rows of one message: of routes, and of consumers. */
export const callRowsMax = 700;
export const callRecordsMax = 100;
export const callNameMax = 256;
export const callPathMax = 512;
const timers: ReadonlySet<string> = new Set(timerNames);

export function readCalls(value: unknown): Calls | null {
  if (!isFields(value)) return null;
  const { id, session, rows, records, untold, spends, budgets } = value;
  if (!isName(id) || !isCount(session) || !isCount(untold)) return null;
  if (!isListOf(rows, callRowsMax, isCallRow) || !isListOf(records, callRecordsMax, isCallRecord)) return null;
  if (spends !== undefined && !isListOf(spends, spendRowsMax, isSpendRow)) return null;
  if (budgets !== undefined && !isListOf(budgets, budgetRowsMax, isBudgetRow)) return null;
  return {
    ...{ kind: 'calls', id, session, rows, records, untold },
    ...(spends === undefined ? {} : { spends }),
    ...(budgets === undefined ? {} : { budgets }),
  };
}

function isCallRow(value: unknown): value is CallRow {
  if (!Array.isArray(value) || value.length < 10) return false;
  const [of, name, ...counts]: unknown[] = value;
  if ((of !== 'route' && of !== 'consumer') || !isText(name, callNameMax)) return false;
  return counts.slice(0, 7).every(isCount) && isListOf(counts[7], DURATION_SLOTS, isCount);
}

function isCallRecord(value: unknown): value is CallRecord {
  if (!isFields(value)) return false;
  const { timer, path, isSaved, tookMs, headMs } = value;
  const texts = ['id', 'route', 'consumer', 'method', 'client', 'failure', 'upstream', 'target', 'traceId', 'cache'];
  const counts = ['atWallMs', 'status', 'attempts', 'bytesIn', 'bytesOut'];
  return (
    texts.every((name) => isText(value[name], callNameMax)) &&
    counts.every((name) => isCount(value[name])) &&
    isText(path, callPathMax) &&
    isTime(tookMs) &&
    isTime(headMs) &&
    typeof isSaved === 'boolean' &&
    (timer === '' || (typeof timer === 'string' && timers.has(timer)))
  );
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
