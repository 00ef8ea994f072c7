/**
 * The latest calls that nodes have told of one by one, and the search through them. A ring in memory: what is older is in the access logs of the
 * nodes, which are shipped to wherever such things are kept. Pure.
 */
import type { CallRecord } from '@weir/proto/events/calls.js';

export const callsKeptMax = 20_000;

export interface KeptCall extends CallRecord {
  /** Rises; the cursor of pages. */
  readonly number: number;
  readonly node: string;
}

export interface CallFilter {
  readonly route?: string;
  readonly service?: string;
  readonly consumer?: string;
  /** `504`, or a class: `5xx`. */
  readonly status?: string;
  /** A name of a timer, or `any`. */
  readonly timer?: string;
  readonly trace?: string;
  /** Request id. */
  readonly id?: string;
  readonly saved?: boolean;
  readonly slowerThanMs?: number;
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface CallPage {
  /** Newest first. */
  readonly items: readonly KeptCall[];
  /** Where the next page begins; null: this was the last. */
  readonly next: string | null;
}

export class CallLog {
  readonly #ring: KeptCall[] = [];
  #number = 0;
  /** Calls that nodes had no room to tell of. */
  untold = 0;

  add(node: string, records: readonly CallRecord[], untold: number): void {
    this.untold += untold;
    for (const record of records) {
      this.#number += 1;
      const kept = { ...picked(record), number: this.#number, node };
      this.#ring[this.#number % callsKeptMax] = kept;
    }
  }

  /** `before`: the cursor of the page before it; 0: from the newest on. */
  find(filter: CallFilter, before: number, max: number): CallPage {
    const items: KeptCall[] = [];
    const first = Math.max(1, this.#number - callsKeptMax + 1);
    const last = before === 0 ? this.#number : Math.min(before - 1, this.#number);
    for (let number = last; number >= first; number -= 1) {
      const call = this.#ring[number % callsKeptMax];
      if (call === undefined || !fits(call, filter)) continue;
      if (items.length === max) return { items, next: String(number + 1) };
      items.push(call);
    }
    return { items, next: null };
  }

  get size(): number {
    return Math.min(this.#number, callsKeptMax);
  }
}

function fits(call: KeptCall, filter: CallFilter): boolean {
  const { route, service, consumer, status, timer, trace, id, saved, slowerThanMs, fromMs, toMs } = filter;
  return (
    (route === undefined || call.route === route) &&
    (service === undefined || call.route.startsWith(`${service}@`)) &&
    (consumer === undefined || call.consumer === consumer) &&
    (status === undefined || isOfStatus(call.status, status)) &&
    (timer === undefined || (timer === 'any' ? call.timer !== '' : call.timer === timer)) &&
    (trace === undefined || call.traceId === trace) &&
    (id === undefined || call.id === id) &&
    (saved === undefined || call.isSaved === saved) &&
    (slowerThanMs === undefined || call.tookMs >= slowerThanMs) &&
    (fromMs === undefined || call.atWallMs >= fromMs) &&
    (toMs === undefined || call.atWallMs < toMs)
  );
}

function isOfStatus(status: number, asked: string): boolean {
  return asked.endsWith('xx') ? String(status)[0] === asked[0] : String(status) === asked;
}

/** What a later release has added to a record would be kept without anybody who reads it. */
function picked(record: CallRecord): CallRecord {
  const { id, atWallMs, route, consumer, method, path, client, status, tookMs, headMs, failure, timer } = record;
  const { upstream, target, attempts, traceId, cache, isSaved, bytesIn, bytesOut } = record;
  return {
    ...{ id, atWallMs, route, consumer, method, path, client, status, tookMs, headMs, failure, timer },
    ...{ upstream, target, attempts, traceId, cache, isSaved, bytesIn, bytesOut },
  };
}
