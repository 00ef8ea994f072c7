/**
 * Cases: records that were filed the same way, counted together. Owns them. Bounded: of too many cases the one that was
 * met longest ago is forgotten, and each case keeps only its worst examples.
 */
import type { DoctorCase, TimeoutRecord, Verdict } from '@weir/proto/events/doctor.js';
import { LRUCache } from 'lru-cache';
import type { Filed } from './classify.js';

export const CASES_MAX = 512;
export const EXAMPLES_MAX = 5;

/** A case while it grows. */
export interface OpenCase {
  readonly first: TimeoutRecord;
  readonly target: string;
  count: number;
  lastWallMs: number;
  verdict: Verdict;
  examples: readonly TimeoutRecord[];
}

export class CaseStore {
  readonly #cases = new LRUCache<string, OpenCase>({ max: CASES_MAX });
  #forgotten = 0;

  add(record: TimeoutRecord, { verdict, isAboutTarget }: Filed): OpenCase {
    const target = isAboutTarget ? record.target : '';
    const { route, upstream, timer, kind } = record;
    const key = JSON.stringify([route, upstream, target, timer, kind, verdict.rule]);
    const known = this.#cases.get(key);
    const filed = known ?? { first: record, target, count: 0, lastWallMs: 0, verdict, examples: [] };
    filed.count += 1;
    filed.lastWallMs = record.atWallMs;
    filed.verdict = verdict;
    filed.examples = worstOf([...filed.examples, record]);
    if (known === undefined) {
      if (this.#cases.size >= CASES_MAX) this.#forgotten += 1;
      this.#cases.set(key, filed);
    }
    return filed;
  }

  get forgotten(): number {
    return this.#forgotten;
  }

  /** Cases of routes that are not named are of no use any more. */
  retainRoutes(routeIds: ReadonlySet<string>): void {
    for (const [key, { first }] of [...this.#cases.entries()]) if (!routeIds.has(first.route)) this.#cases.delete(key);
  }

  /** Worst first: what fired before what nearly did, and then the most frequent. */
  list(): DoctorCase[] {
    const cases = [...this.#cases.values()].map(({ first, target, count, lastWallMs, verdict, examples }) => ({
      route: first.route,
      upstream: first.upstream,
      target,
      timer: first.timer,
      kind: first.kind,
      count,
      firstWallMs: first.atWallMs,
      lastWallMs,
      verdict,
      examples,
    }));
    return cases.sort(
      (a, b) =>
        Number(a.kind === 'near') - Number(b.kind === 'near') || b.count - a.count || b.lastWallMs - a.lastWallMs,
    );
  }
}

/** By the share of the limit that was used; where there is none, by time. The earlier one stays where two are equal. */
function worstOf(records: readonly TimeoutRecord[]): readonly TimeoutRecord[] {
  const badness = ({ limitMs, elapsedMs }: TimeoutRecord): number => (limitMs > 0 ? elapsedMs / limitMs : elapsedMs);
  return [...records].sort((a, b) => badness(b) - badness(a)).slice(0, EXAMPLES_MAX);
}
