/**
 * What clients have changed by this node and others have not been told yet (RFC 9111 §4.4), in the order in which it came. Pure.
 *
 *   pending ── take ──▶ under way ──┬─ told ────▶ gone
 *      ▲                            ├─ refused ─▶ dropped
 *      └──────── failed ────────────┘
 *
 * A URL that is changed again while it is under way is pending again: what others store between may be older than the second change. Owns what
 * is dropped.
 */
import type { ChangedUrl } from '@weir/proto/events/purge-log.js';
import { changedUrlsMax, urlTextMax } from '@weir/proto/events/purge-log.js';

/** Of one node. At the bound the new one is dropped: others then serve what they have for as long as it is fresh. */
export const PENDING_URLS_MAX = 10_000;
export const PENDING_CHARS_MAX = 4 * 1024 * 1024;
/** Of one entry: below what an entry may have, however it is encoded. */
export const BATCH_CHARS_MAX = 256 * 1024;

interface Pending {
  readonly url: ChangedUrl;
  readonly sinceMs: number;
}

export interface ChangeCounts {
  /** URLs that others have yet to be told of. */
  readonly pending: number;
  readonly told: number;
  readonly dropped: number;
  /** How long the oldest of those has waited. */
  readonly waitedMs: number;
}

export class ChangeBatches {
  #pending = new Map<string, Pending>();
  #underWay: ReadonlyMap<string, Pending> = new Map();
  #chars = 0;
  #told = 0;
  #dropped = 0;

  add(url: ChangedUrl, nowMs: number): void {
    const key = keyOf(url);
    if (this.#pending.has(key)) return;
    const isTooLong = [url.authority, url.path, url.query].some((text) => text.length > urlTextMax);
    const isFull = this.#held >= PENDING_URLS_MAX || this.#chars + key.length > PENDING_CHARS_MAX;
    if (isTooLong || isFull) {
      this.#dropped += 1;
      return;
    }
    this.#pending.set(key, { url, sinceMs: nowMs });
    this.#chars += key.length;
  }

  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  /** The next that are to be told; nothing while others are under way. */
  take(): readonly ChangedUrl[] {
    if (this.#underWay.size > 0) return [];
    const taken = new Map<string, Pending>();
    let chars = 0;
    for (const [key, one] of this.#pending) {
      chars += key.length;
      if (taken.size === changedUrlsMax || (taken.size > 0 && chars > BATCH_CHARS_MAX)) break;
      taken.set(key, one);
    }
    for (const key of taken.keys()) this.#pending.delete(key);
    this.#underWay = taken;
    return [...taken.values()].map(({ url }) => url);
  }

  told(): void {
    this.#told += this.#underWay.size;
    this.#forget();
  }

  refused(): void {
    this.#dropped += this.#underWay.size;
    this.#forget();
  }

  /** They are the first to be told again, as long ago as they came. */
  failed(): void {
    const again = new Map(this.#underWay);
    for (const [key, one] of this.#pending) {
      if (again.has(key)) this.#chars -= key.length;
      else again.set(key, one);
    }
    this.#pending = again;
    this.#underWay = new Map();
  }

  counts(nowMs: number): ChangeCounts {
    let oldestMs = nowMs;
    for (const held of [this.#underWay, this.#pending])
      for (const { sinceMs } of held.values()) {
        oldestMs = Math.min(oldestMs, sinceMs);
        break;
      }
    return { pending: this.#held, told: this.#told, dropped: this.#dropped, waitedMs: nowMs - oldestMs };
  }

  get #held(): number {
    return this.#pending.size + this.#underWay.size;
  }

  #forget(): void {
    for (const key of this.#underWay.keys()) this.#chars -= key.length;
    this.#underWay = new Map();
  }
}

function keyOf({ authority, path, query }: ChangedUrl): string {
  return `${authority} ${path}?${query}`;
}
