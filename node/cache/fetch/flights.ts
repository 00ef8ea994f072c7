/**
 * Fetches that others may wait for, at most one for each key: what collapses identical requests into one. Owns which they
 * are, how many fetches go on without a client, and which keys are not to be waited for.
 *
 *   nothing ── first request ──▶ flight ── stored ──▶ nothing: the next one is a hit
 *                                  │  ├─ confirmed ─▶ nothing
 *                                  │  ├─ not for all ──▶ hit-for-miss for a while ──▶ nothing
 *                                  └── purged meanwhile: who comes now begins another, those who waited wait on
 */
import type { Fingerprint } from '../purge/fingerprint.js';
import type { PurgeMarks, PurgeSubject } from '../purge/marks.js';
import type { Fetch } from './fetch.js';
import { Recent } from './recent.js';

/** Flights at once; beyond it each request asks by itself. */
export const FLIGHTS_MAX = 10_000;
/** Fetches without a client at once: refreshes, and refills whose client got a stale copy. */
export const REFRESHES_MAX = 256;
/** Keys that are remembered: some 1 MiB, since they are known by fingerprints. */
const RECENT_MAX = 10_000;

/** How long it is believed that the answer to a key is for one client alone. */
export const NOT_SHARED_MS = 10_000;
/** How long after a failure a refresh is not tried again. */
export const FAILED_MS = 1_000;

export class Flights {
  /** Fetches that have begun and not ended, with a flight or without. */
  fetches = 0;
  /** Refreshes that were not begun, because there were as many as may be. */
  refreshRefusals = 0;
  readonly #flights = new Map<string, Fetch>();
  /** Flight keys of the fetches that go on for nobody: there is one for each at most. */
  readonly #refreshed = new Set<string>();
  readonly #notShared: Recent;
  readonly #notRefreshed: Recent;
  readonly #notStored: Recent;
  readonly #marks: PurgeMarks;

  constructor(marks: PurgeMarks, print: Fingerprint) {
    this.#marks = marks;
    this.#notShared = new Recent(RECENT_MAX, print);
    this.#notRefreshed = new Recent(RECENT_MAX, print);
    this.#notStored = new Recent(RECENT_MAX, print);
  }

  get size(): number {
    return this.#flights.size;
  }

  get refreshes(): number {
    return this.#refreshed.size;
  }

  /** The one that a request that comes now may wait for. */
  joinable(flightKey: string, subject: PurgeSubject): Fetch | null {
    const fetch = this.#flights.get(flightKey);
    return fetch !== undefined && this.#marks.mayJoin(subject, fetch.began) ? fetch : null;
  }

  /** Whether a new fetch may be waited for. */
  mayBegin(flightKey: string, nowMs: number): boolean {
    return this.#flights.size < FLIGHTS_MAX && !this.#notShared.has(flightKey, nowMs);
  }

  /** What came of it lately may not be stored, so no other node has it either. */
  isNotStored(flightKey: string, nowMs: number): boolean {
    return this.#notStored.has(flightKey, nowMs);
  }

  isNotShared(flightKey: string, nowMs: number): boolean {
    return this.#notShared.has(flightKey, nowMs);
  }

  /** Whether a refresh is worth a fetch now: none is under way, and the last one did not come to nothing a moment ago. */
  mayRefresh(flightKey: string, subject: PurgeSubject, nowMs: number): boolean {
    return this.joinable(flightKey, subject) === null && !this.#notRefreshed.has(flightKey, nowMs);
  }

  /** A fetch goes on for nobody from here; false when another one of this key does, or as many do as may. */
  goOn(key: string): boolean {
    if (this.#refreshed.has(key)) return false;
    if (this.#refreshed.size >= REFRESHES_MAX) {
      this.refreshRefusals += 1;
      return false;
    }
    this.#refreshed.add(key);
    return true;
  }

  /** It has ended, or somebody waits for it after all. */
  goOnNoMore(key: string): void {
    this.#refreshed.delete(key);
  }

  /** It takes the place of one that a purge has overtaken. */
  begin(flightKey: string, fetch: Fetch): void {
    this.#flights.set(flightKey, fetch);
  }

  /** No longer to be waited for. */
  end(flightKey: string, fetch: Fetch): void {
    if (this.#flights.get(flightKey) === fetch) this.#flights.delete(flightKey);
  }

  /** What came was for one client, or nothing came: until then nobody waits for such an answer. */
  notShared(flightKey: string, untilMs: number): void {
    this.#notShared.remember(flightKey, untilMs);
  }

  /** Nothing came that could be stored: until then no refresh is tried. `isNowhere`: no other node stores it either. */
  notRefreshed(flightKey: string, untilMs: number, isNowhere: boolean): void {
    this.#notRefreshed.remember(flightKey, untilMs);
    if (isNowhere) this.#notStored.remember(flightKey, untilMs);
  }

  stored(flightKey: string): void {
    this.#notStored.forget(flightKey);
    this.#notShared.forget(flightKey);
    this.#notRefreshed.forget(flightKey);
  }
}
