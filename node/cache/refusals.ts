/**
 * Why answers were not stored: the latest of each URL, for whoever asks what became of it. The memory has a bound, the
 * oldest gives way. Sole owner of it.
 */

import { type Fingerprint, fingerprints } from './purge/fingerprint.js';

/** What a decision says, and what befalls an answer that may be stored. The names are public: labels of a metric. */
export const refusalReasons = [
  // The decision (storability.ts).
  'method',
  'status',
  'broken',
  'request-no-store',
  'no-store',
  'private',
  'authorization',
  'not-said',
  'vary',
  'set-cookie',
  'partial',
  'useless',
  /** More tags than can be kept, so that a purge might miss it. */
  'tags',
  /** The body is longer than the route stores. */
  'too-large',
  /** As many bodies are being written as may be. */
  'no-room',
  /** The answer broke off, or was not what its head says. */
  'incomplete',
  /** Purged while it was on its way, or older than what is stored. */
  'overtaken',
  /** What is kept spares upstreams more, and there was no room for both. */
  'not-admitted',
] as const satisfies readonly string[];
export type Refusal = (typeof refusalReasons)[number];

export interface NotedRefusal {
  readonly why: Refusal;
  /** Of the answer. */
  readonly status: number;
  readonly atWallMs: number;
}

/** Some 2 MiB, since URLs are known by fingerprints. */
export const NOTED_MAX = 10_000;

export class Refusals {
  readonly #latest = new Map<string, NotedRefusal>();
  readonly #max: number;

  readonly #print: Fingerprint;

  constructor(max = NOTED_MAX, print: Fingerprint = fingerprints(0)) {
    this.#max = max;
    this.#print = print;
  }

  /** `url` in the form of `markedUrl`. */
  note(url: string, why: Refusal, status: number, atWallMs: number): void {
    const known = this.#print(url);
    this.#latest.delete(known);
    this.#latest.set(known, { why, status, atWallMs });
    if (this.#latest.size <= this.#max) return;
    for (const oldest of this.#latest.keys()) {
      this.#latest.delete(oldest);
      return;
    }
  }

  /** It was stored after all. */
  stored(url: string): void {
    if (this.#latest.size > 0) this.#latest.delete(this.#print(url));
  }

  latest(url: string): NotedRefusal | null {
    return this.#latest.get(this.#print(url)) ?? null;
  }
}
