/**
 * Which failure of a model leads where. A pure machine for one request: it is told what an attempt met, and says what is tried next.
 *
 *   failed ── another key may help, and there is one ──▶ the same model, by that key
 *      ├───── another model may help ──────────────────▶ the next candidate whose condition was met
 *      ├───── the same may help a little later ─────────▶ a pause, and once more
 *      └───── nothing helps, or fits into what is left ─▶ end
 *
 * There is one budget for all: what is left of the deadline. Nothing is begun that can't fit: a candidate needs at least the time
 * that its first token was ever seen to take of late. What helps is read from providerErrorTable, and never guessed.
 */
import type { AiCondition } from '@weir/proto/snapshot/ai.js';
import type { AttemptCause } from '../../pipeline/dispatch.js';
import type { Random } from '../../time/clock.js';
import { type ProviderError, type ProviderErrorKind, providerErrorTable } from '../chat/provider-error.js';
import type { Candidate } from './candidates.js';

export type Step =
  | { readonly kind: 'ask'; readonly candidate: number; readonly afterMs: number; readonly how: Move }
  | { readonly kind: 'end' };

/** For metrics: why one more attempt was made. */
export type Move = 'first' | 'key' | 'model' | 'repeat' | 'hedge';

/** What an attempt is to those below, who count retries and fallbacks of any kind of route. */
export const causes: Readonly<Record<Move, AttemptCause | undefined>> = {
  first: undefined,
  key: 'retry',
  repeat: 'retry',
  model: 'fallback',
  hedge: 'hedge',
};

export interface Met {
  readonly candidate: number;
  readonly error: ProviderErrorKind;
  readonly retryAfterMs: number | null;
  /** Another key of its provider can be used now, and was not asked for this request. */
  readonly hasOtherKey: boolean;
}

export function metBy({ kind, retryAfterMs }: ProviderError): Pick<Met, 'error' | 'retryAfterMs'> {
  return { error: kind, retryAfterMs };
}

export interface Left {
  /** Until the deadline. */
  readonly leftMs: number;
  /** The shortest time to a first token that the candidate was seen to need; 0: nobody knows. */
  leastMs(candidate: number): number;
}

/** An attempt with less time than this could only add load. */
export const ATTEMPT_LEAST_MS = 50;
/** Whoever is to come back later than this is left alone, and the caller is told when to come instead. */
export const PAUSE_MAX_MS = 5_000;
const PAUSE_FIRST_MS = 250;

/** Of a whole answer, where another model can still be asked and nothing else is stated: as long as nearly all answers take. */
export const WHOLE_MAX_MS = 120_000;

/**
 * How long one attempt at a whole answer may take, of which nothing is heard before it is done. Where another can be asked behind it, it
 * takes no more than half of what is left, so that what comes behind has its turn; and no more than two minutes, for half of ten
 * minutes is a wait that no client of a model that stalls has.
 */
export function wholeLimitMs(leftMs: number, attemptMs: number, hasOthers: boolean): number {
  const shareMs = hasOthers ? Math.max(ATTEMPT_LEAST_MS, leftMs / 2) : Number.POSITIVE_INFINITY;
  if (attemptMs > 0) return Math.min(attemptMs, shareMs);
  return hasOthers ? Math.min(WHOLE_MAX_MS, shareMs) : shareMs;
}

/** Null: no fallback is meant for it. */
export function conditionOf(error: ProviderErrorKind): AiCondition | null {
  switch (error) {
    case 'timeout':
    case 'overloaded':
    case 'rateLimited':
    case 'contextExceeded':
    case 'contentFiltered':
      return error;
    case 'quotaExhausted':
      return 'rateLimited';
    default:
      return providerErrorTable[error].otherModel ? 'error' : null;
  }
}

export class Attempts {
  readonly #candidates: readonly Candidate[];
  readonly #attemptsMax: number;
  readonly #random: Random;
  // What most requests have nothing of is made when there is something: three maps took as long as the rest of this.
  #met: Set<AiCondition> | null = null;
  #done: Set<number> | null = null;
  /** Candidates that may be asked once more, with the pause that they want. */
  #later: Map<number, number> | null = null;
  #begun = 0;
  #pauses = 0;

  /** `met`: failures that are known before anybody is asked. */
  constructor(candidates: readonly Candidate[], attemptsMax: number, random: Random, met: readonly AiCondition[] = []) {
    this.#candidates = candidates;
    this.#attemptsMax = attemptsMax;
    this.#random = random;
    if (met.length > 0) this.#met = new Set(met);
  }

  /** Attempts that were begun. */
  get begun(): number {
    return this.#begun;
  }

  first(left: Left): Step {
    return this.#next(left, 'first') ?? END;
  }

  /** An attempt has begun: what ends before (for want of a key, or of a field that the provider has) is none. */
  begin(): void {
    this.#begun += 1;
  }

  failed(met: Met, left: Left): Step {
    const { candidate, error, hasOtherKey } = met;
    const row = providerErrorTable[error];
    this.#meets(error);
    if (this.#begun >= this.#attemptsMax) return END;
    if (row.otherKey && hasOtherKey && this.#fits(candidate, 0, left)) return ask(candidate, 0, 'key');
    this.#leave(met);
    if (!row.otherModel) return END;
    return this.#next(left, 'model') ?? this.#repeat(left) ?? END;
  }

  /** It has failed beside another one that goes on, which decides what is next. */
  failedBeside(met: Met): void {
    this.#meets(met.error);
    this.#leave(met);
  }

  /**
   * Who is asked beside the one that is slow: another of the first targets, another key of its own, or a fallback that is for models that
   * say nothing in time. Null: nobody.
   */
  hedge(slow: number, hasOtherKey: boolean, left: Left): (Step & { kind: 'ask' }) | null {
    if (this.#begun >= this.#attemptsMax) return null;
    const find = (isMeant: (when: Candidate['when']) => boolean): number =>
      this.#candidates.findIndex(
        ({ when }, index) => index !== slow && !this.#isDone(index) && isMeant(when) && this.#fits(index, 0, left),
      );
    const another = find((when) => when === null);
    if (another !== -1) return ask(another, 0, 'hedge');
    if (hasOtherKey && this.#fits(slow, 0, left)) return ask(slow, 0, 'hedge');
    const later = find((when) => when?.some((one) => one === 'timeout' || this.#hasMet(one)) === true);
    return later === -1 ? null : ask(later, 0, 'hedge');
  }

  /** Another could be asked if this one said nothing in time. */
  hasBehind(candidate: number): boolean {
    if (this.#begun >= this.#attemptsMax) return false;
    const isMeant = (when: Candidate['when']): boolean =>
      when === null || when.some((one) => one === 'timeout' || this.#hasMet(one));
    return this.#candidates.some(({ when }, index) => index !== candidate && !this.#isDone(index) && isMeant(when));
  }

  /** It can't be asked for what this request wants; others may be. */
  unable(candidate: number, left: Left): Step {
    this.passOver(candidate);
    return this.#next(left, 'model') ?? this.#repeat(left) ?? END;
  }

  /** It is not asked for this request any more. */
  passOver(candidate: number): void {
    this.#leaveOut(candidate);
    this.#later?.delete(candidate);
  }

  #isDone(candidate: number): boolean {
    return this.#done?.has(candidate) ?? false;
  }

  #hasMet(condition: AiCondition): boolean {
    return this.#met?.has(condition) ?? false;
  }

  #leaveOut(candidate: number): void {
    this.#done ??= new Set();
    this.#done.add(candidate);
  }

  #meets(error: ProviderErrorKind): void {
    const condition = conditionOf(error);
    if (condition === null) return;
    this.#met ??= new Set();
    this.#met.add(condition);
  }

  #leave({ candidate, error, retryAfterMs }: Met): void {
    this.#leaveOut(candidate);
    if (!providerErrorTable[error].mayRepeat) {
      this.#later?.delete(candidate);
      return;
    }
    this.#later ??= new Map();
    this.#later.set(candidate, retryAfterMs ?? 0);
  }

  #next(left: Left, how: Move): Step | null {
    const next = this.#candidates.findIndex(
      ({ when }, index) =>
        !this.#isDone(index) &&
        (when === null || when.some((condition) => this.#hasMet(condition))) &&
        this.#fits(index, 0, left),
    );
    return next === -1 ? null : ask(next, 0, how);
  }

  /** The one that may be asked soonest; each pause of a request is twice as long as the one before, half of it by chance. */
  #repeat(left: Left): Step | null {
    if (this.#later === null || this.#pauses >= this.#attemptsMax) return null;
    const backoffMs = PAUSE_FIRST_MS * 2 ** this.#pauses * (0.5 + this.#random() / 2);
    let soonest: { candidate: number; afterMs: number } | null = null;
    for (const [candidate, wantedMs] of this.#later) {
      const afterMs = Math.max(backoffMs, wantedMs);
      if (afterMs > PAUSE_MAX_MS || !this.#fits(candidate, afterMs, left)) continue;
      if (soonest === null || afterMs < soonest.afterMs) soonest = { candidate, afterMs };
    }
    if (soonest === null) return null;
    this.#pauses += 1;
    return ask(soonest.candidate, soonest.afterMs, 'repeat');
  }

  #fits(candidate: number, afterMs: number, { leftMs, leastMs }: Left): boolean {
    return afterMs + Math.max(ATTEMPT_LEAST_MS, leastMs(candidate)) <= leftMs;
  }
}

const END: Step = { kind: 'end' };

function ask(candidate: number, afterMs: number, how: Move): Step & { kind: 'ask' } {
  return { kind: 'ask', candidate, afterMs, how };
}
