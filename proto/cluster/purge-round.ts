/**
 * Control's part of purges: whom a purge must reach, when it is done, and who is missing. Pure.
 *
 * Who serves stored answers has joined in the same log that has the purges, so the log up to a purge names exactly those
 * whom it must reach; no view of who is alive decides about that. A member is done with when it has acknowledged, or when the last lease
 * that it can have has run out, which it has SAFE_MS after the purge was appended: a dead node delays one purge, is then put
 * out in the log, and delays none after that.
 */
import type { PurgeEntry } from '../events/purge-log.js';
import { CLOCK_ERROR, LEASE_MS } from './purge-follower.js';

/** A lease, by the slowest clock of a node, as the fastest one of a control measures it. */
export const SAFE_MS = LEASE_MS * (1 + 2 * CLOCK_ERROR);

interface Registered {
  readonly id: string;
  readonly incarnation: number;
  /** Number of its latest joining. */
  joined: number;
  isIn: boolean;
  /** Until when a lease from before it was put out may last. Stays when it joins again: that may be an old request. */
  lingersUntilMs: number;
}

/** Who has joined, by the log. Owns nothing else; the lives of one id are apart. */
export class PurgeRegistry {
  readonly #lives = new Map<string, Registered>();
  /** All entries up to here are counted in. */
  epoch: number;
  /**
   * Nothing is complete before: what the log has given up before this control began to read, or held before it was begun anew, may have
   * named members whose lease lasts until then.
   */
  readonly completeFromMs: number;

  /** `epoch`: the log has nothing up to there any more. `beganMs`: after the log was asked for that; left out: there was no log before. */
  constructor(epoch = 0, beganMs = Number.NEGATIVE_INFINITY) {
    this.epoch = epoch;
    this.completeFromMs = beganMs + SAFE_MS;
  }

  /** In the order of numbers; `nowMs` is when this control learnt of it, which is never before it was so. */
  learn(number: number, content: PurgeEntry, nowMs: number): void {
    if (number !== this.epoch + 1) throw new Error(`entry ${number} does not follow ${this.epoch}`);
    this.epoch = number;
    for (const [key, life] of this.#lives) if (!life.isIn && life.lingersUntilMs <= nowMs) this.#lives.delete(key);
    if (content.entry === 'purge' || content.entry === 'change') return;
    const { id, incarnation } = content;
    const key = keyOf(id, incarnation);
    const known = this.#lives.get(key);
    if (content.entry === 'join') {
      for (const life of this.#lives.values())
        if (life.id === id && life.incarnation < incarnation) putOut(life, nowMs);
      if (known === undefined) {
        const life = { id, incarnation, joined: number, isIn: true, lingersUntilMs: Number.NEGATIVE_INFINITY };
        this.#lives.set(key, life);
      } else if (!known.isIn) Object.assign(known, { joined: number, isIn: true });
    } else if (content.isOwn) this.#lives.delete(key);
    else if (known !== undefined) putOut(known, nowMs);
  }

  /** Those that a purge may have to reach now. */
  lives(): readonly { readonly id: string; readonly incarnation: number }[] {
    return [...this.#lives.values()].map(({ id, incarnation }) => ({ id, incarnation }));
  }

  /** It has joined, and was not put out since. */
  takesPart(id: string, incarnation: number): boolean {
    return this.#lives.get(keyOf(id, incarnation))?.isIn === true;
  }

  /** Those whom a purge of that number must reach, and until when they may be waited for. */
  concerned(number: number, appendedMs: number, nowMs: number): readonly Concerned[] {
    const found: Concerned[] = [];
    for (const { id, incarnation, joined, isIn, lingersUntilMs } of this.#lives.values()) {
      const isMember = isIn && joined < number;
      if (!isMember && lingersUntilMs <= nowMs) continue;
      const untilMs = isMember ? Math.max(appendedMs + SAFE_MS, lingersUntilMs) : lingersUntilMs;
      found.push({ id, incarnation, safeAtMs: untilMs });
    }
    return found;
  }
}

function putOut(life: Registered, nowMs: number): void {
  if (!life.isIn) return;
  life.isIn = false;
  life.lingersUntilMs = nowMs + SAFE_MS;
}

function keyOf(id: string, incarnation: number): string {
  return `${id} ${incarnation}`;
}

export interface Concerned {
  readonly id: string;
  readonly incarnation: number;
  /** From then on it serves nothing from before the purge, whether it has heard of it or not. */
  readonly safeAtMs: number;
}

export interface RoundVerdict {
  /** Nothing from before the purge is served any more. */
  readonly isComplete: boolean;
  readonly acknowledged: readonly { readonly id: string; readonly tookMs: number }[];
  /** Those who have not acknowledged. Once it is complete they are to be put out in the log. */
  readonly missing: readonly Concerned[];
}

/** One purge, from the moment in which its number is known. */
export class PurgeRound {
  readonly number: number;
  /** At the latest. */
  readonly appendedMs: number;
  readonly #registry: PurgeRegistry;
  readonly #tookMs = new Map<string, { readonly id: string; readonly tookMs: number }>();
  /**
   * Those whom it must reach and who have not acknowledged, as soon as the registry knows; to be asked for once, for the log goes on.
   * Kept, and not counted anew: a control hears each of a thousand nodes for each of many purges.
   */
  #missing: Map<string, Concerned> | null = null;

  constructor(number: number, appendedMs: number, registry: PurgeRegistry) {
    this.number = number;
    this.appendedMs = appendedMs;
    this.#registry = registry;
  }

  /** Whether that is what it knows of the log. */
  isOf(registry: PurgeRegistry | null): boolean {
    return this.#registry === registry;
  }

  acknowledge(id: string, incarnation: number, epoch: number, nowMs: number): void {
    const key = keyOf(id, incarnation);
    if (epoch < this.number || this.#tookMs.has(key)) return;
    this.#tookMs.set(key, { id, tookMs: nowMs - this.appendedMs });
    this.#missing?.delete(key);
  }

  /** The same as its verdict says, for little: asked after each acknowledgement. */
  isComplete(nowMs: number): boolean {
    const missing = this.#missingFrom(nowMs);
    if (missing === null || nowMs < this.#registry.completeFromMs) return false;
    for (const { safeAtMs } of missing.values()) if (safeAtMs > nowMs) return false;
    return true;
  }

  verdict(nowMs: number): RoundVerdict {
    const isComplete = this.isComplete(nowMs);
    return { isComplete, acknowledged: [...this.#tookMs.values()], missing: [...(this.#missing?.values() ?? [])] };
  }

  #missingFrom(nowMs: number): Map<string, Concerned> | null {
    if (this.#missing !== null || this.#registry.epoch < this.number) return this.#missing;
    this.#missing = new Map();
    for (const one of this.#registry.concerned(this.number, this.appendedMs, nowMs)) {
      const key = keyOf(one.id, one.incarnation);
      if (!this.#tookMs.has(key)) this.#missing.set(key, one);
    }
    return this.#missing;
  }
}
