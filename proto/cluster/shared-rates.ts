/**
 * Shared limits of one node: which keys it counts, what it tells the others of them, and what they have told. A machine
 * without clock or I/O; the driver has one for each limit, and sends what `tell` returns, while the bus is there, and not otherwise.
 *
 * A request passes when both allow it:
 *
 *   count   the window, shared out among the nodes (shared-count.ts)
 *   debt    GCRA of what this node has admitted, to whose debt that of the others is added, as they told it
 *
 * The count bounds what is admitted in a window, and leaves a seam: all of a window at its end, and all of the next at its
 * beginning. Debt has no seam, and honours a burst that is smaller than the limit. Debts are told as they are, and fade with time
 * like one's own: a node that joins knows them with the first telling, and a lost one is made good by the next. Each node pays
 * off its own at the full rate, so in a steady flow all debts are next to none, and the count alone decides; a burst that comes
 * to n nodes within the time of a telling is admitted by each, so n times, and within the count.
 * A node by itself goes by its own debt only, which is what a local limit does.
 *
 * The bound on keys forgets the one that was used least recently: it begins again, which errs on the side of serving.
 */
import { type RateCount, type RateCounts, rateCountsMax } from '../events/rate-counts.js';
import type { RateLimitSpec } from '../snapshot/snapshot.js';
import { type Gcra, gcraOf, type LimitVerdict, NEVER, takeOne } from './gcra.js';
import { membersMax } from './pace.js';
import { SharedCount } from './shared-count.js';

export const TELL_EVERY_MS = 100;
const KEYS_MAX = 100_000;
/** A key that is used all the time is moved to the end of the line no more often. */
const TOUCH_EVERY_MS = 1_000;

export interface SharedLimit {
  readonly limit: number;
  readonly windowMs: number;
  readonly gcra: Gcra;
}

export function sharedLimitOf(spec: Pick<RateLimitSpec, 'requests' | 'periodMs' | 'burst'>): SharedLimit {
  return { limit: spec.requests, windowMs: spec.periodMs, gcra: gcraOf(spec) };
}

/** How long the next telling is put off: the others hear n − 1 of them in that time, and each count costs them a microsecond. */
export function tellAgainInMs(members: number, told: number): number {
  const byMembersMs = Math.max(MS_PER_MEMBER * members, 2 * MS_PER_MEMBER * (members - MANY_MEMBERS / 2));
  return Math.min(Math.max(TELL_EVERY_MS, byMembersMs, MS_PER_COUNT * members * told), TELL_SELDOM_MS);
}
/** 250 messages a second to be heard at most, twice as many as heartbeats come to (pace.ts); 100 ms up to 25 members. */
const MS_PER_MEMBER = 4;
/** From here on pauses grow twice as fast: they are longer than a second anyway, and 1,000 members tell 143 times a second. */
const MANY_MEMBERS = 250;
/** A twentieth of a core for counts. */
const MS_PER_COUNT = 0.02;
const TELL_SELDOM_MS = 10_000;

interface Keyed {
  readonly limit: SharedLimit;
  count: SharedCount;
  /** Of this node's GCRA. */
  arrivalMs: number;
  /** Until when others are in debt; null until somebody is. */
  debts: Map<string, number> | null;
  /** Until when anybody of them is. */
  debtsUntilMs: number;
  isUntold: boolean;
  touchedMs: number;
}

export class SharedRates {
  /** The least recently used first. */
  readonly #keys = new Map<string, Keyed>();
  readonly #limitOf: (key: string) => SharedLimit | null;
  readonly #keysMax: number;
  /** Keys whose counts have changed since they were told. */
  #untold: string[] = [];
  forgotten = 0;

  /** `limitOf`: null for keys of limits that this node does not have, of which others may tell. */
  constructor(limitOf: (key: string) => SharedLimit | null, keysMax = KEYS_MAX) {
    this.#limitOf = limitOf;
    this.#keysMax = keysMax;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** `wallMs` names the window, `nowMs` measures how long something was told. */
  take(key: string, members: number, wallMs: number, nowMs: number): LimitVerdict {
    const keyed = this.#keyed(key, nowMs);
    if (keyed === null) return unlimited;
    this.#reach(keyed, Math.floor(wallMs / keyed.limit.windowMs));
    const verdict = judge(keyed, members, wallMs, nowMs);
    keyed.count.add(verdict.allowed);
    this.#mark(key, keyed);
    if (verdict.allowed) keyed.arrivalMs = Math.max(keyed.arrivalMs, nowMs) + keyed.limit.gcra.intervalMs;
    return verdict;
  }

  /** What `take` would say now, with nothing taken. */
  peek(key: string, members: number, wallMs: number, nowMs: number): LimitVerdict {
    const keyed = this.#keyed(key, nowMs);
    if (keyed === null) return unlimited;
    this.#reach(keyed, Math.floor(wallMs / keyed.limit.windowMs));
    return judge(keyed, members, wallMs, nowMs);
  }

  /** The window that this node counts a key in; null: it counts none. */
  windowOf(key: string): number | null {
    return this.#keys.get(key)?.count.window ?? null;
  }

  /** Admitted in that window, and perhaps not known to all. */
  unsettled(key: string, nowMs: number): number {
    return this.#keys.get(key)?.count.unsettled(nowMs) ?? 0;
  }

  /** What others must know; as much as fits into a message, the rest the next time. */
  tell(nowMs: number, most = rateCountsMax): readonly RateCount[] {
    if (this.#untold.length === 0) return nothing;
    const told: RateCount[] = [];
    let done = 0;
    for (const key of this.#untold) {
      // Two of one key where a window has ended.
      if (told.length + 2 > most) break;
      done += 1;
      const keyed = this.#keys.get(key);
      if (keyed === undefined) continue;
      keyed.isUntold = false;
      const { count } = keyed;
      const debtMs = Math.ceil(Math.max(0, keyed.arrivalMs - nowMs));
      const last = count.tellLast(nowMs);
      if (last !== null) told.push([key, count.window - 1, last.admitted, last.asked, debtMs]);
      const { admitted, asked } = count.tell(nowMs);
      told.push([key, count.window, admitted, asked, debtMs]);
    }
    this.#untold = this.#untold.slice(done);
    return told;
  }

  /** What `tell` returned last was not sent: nobody has heard it. */
  untell(told: readonly RateCount[]): void {
    for (const [key, window] of told) {
      const keyed = this.#keys.get(key);
      if (keyed === undefined) continue;
      if (keyed.count.window === window) keyed.count.untell();
      else if (keyed.count.window === window + 1) keyed.count.untellLast();
      this.#mark(key, keyed);
    }
  }

  /** Of the window that it is, and the one behind it; a clock that is further off than that leads nobody. */
  hear(message: RateCounts, wallMs: number, nowMs: number): void {
    const life = lifeOf(message);
    for (const count of message.counts) this.hearOne(life, count, wallMs, nowMs);
  }

  hearOne(life: string, [key, window, admitted, asked, debtMs = 0]: RateCount, wallMs: number, nowMs: number): void {
    const limit = this.#keys.get(key)?.limit ?? this.#limitOf(key);
    if (limit === null) return;
    const current = Math.floor(wallMs / limit.windowMs);
    if (window < current - 1 || window > current + 1) return;
    const keyed = this.#keyed(key, nowMs);
    if (keyed === null) return;
    owe(keyed, life, debtMs, nowMs);
    if (window >= current) this.#reach(keyed, window);
    if (window === keyed.count.window) keyed.count.hear(life, { admitted, asked });
    else if (window === keyed.count.window - 1) keyed.count.hearLast(life, { admitted, asked });
  }

  #keyed(key: string, nowMs: number): Keyed | null {
    const known = this.#keys.get(key);
    if (known !== undefined) {
      if (nowMs - known.touchedMs < TOUCH_EVERY_MS) return known;
      known.touchedMs = nowMs;
      this.#keys.delete(key);
      this.#keys.set(key, known);
      return known;
    }
    const limit = this.#limitOf(key);
    if (limit === null) return null;
    // Of a window that is over for long: the first request or telling reaches another.
    const count = new SharedCount(limit.limit, Number.NEGATIVE_INFINITY, null);
    const debts = { arrivalMs: NEVER, debts: null, debtsUntilMs: NEVER };
    const keyed: Keyed = { limit, count, ...debts, isUntold: false, touchedMs: nowMs };
    this.#keys.set(key, keyed);
    if (this.#keys.size > this.#keysMax) {
      const [oldest] = this.#keys.keys();
      if (oldest !== undefined) this.#keys.delete(oldest);
      this.forgotten += 1;
    }
    return keyed;
  }

  /** A window that another node has reached is not left again: of clocks that differ, the one that is ahead leads. */
  #reach(keyed: Keyed, window: number): void {
    const { count } = keyed;
    if (window > count.window) keyed.count = new SharedCount(count.limit, window, count);
  }

  #mark(key: string, keyed: Keyed): void {
    if (keyed.isUntold) return;
    keyed.isUntold = true;
    this.#untold.push(key);
    // While nobody is there to be told, keys that were forgotten would stay in it.
    if (this.#untold.length >= 2 * this.#keysMax)
      this.#untold = [...this.#keys].flatMap(([each, { isUntold }]) => (isUntold ? [each] : []));
  }
}

/** Counts of a life only grow; the next one begins anew, and both were admitted. */
export function lifeOf({ id, incarnation }: Pick<RateCounts, 'id' | 'incarnation'>): string {
  const known = lives.get(id);
  if (known?.incarnation === incarnation) return known.life;
  if (lives.size >= membersMax) lives.clear();
  const life = `${id} ${incarnation}`;
  lives.set(id, { incarnation, life });
  return life;
}

/** The latest of each member, and the same text each time: it is looked up in a map for each count that is heard. */
const lives = new Map<string, { readonly incarnation: number; readonly life: string }>();

const nothing: readonly RateCount[] = [];

const unlimited: LimitVerdict = { allowed: true, remaining: 0, resetMs: 0, retryAfterMs: 0 };

/** What is left is what is left for all, as far as is known: a share that is used up is there again with the next telling. */
function judge(keyed: Keyed, members: number, wallMs: number, nowMs: number): LimitVerdict {
  const { limit, count } = keyed;
  if (members <= 1) return takeOne(limit.gcra, keyed.arrivalMs, nowMs).verdict;
  const owedMs = nowMs < keyed.debtsUntilMs ? owed(keyed, nowMs) : 0;
  const { verdict } = takeOne(limit.gcra, Math.max(keyed.arrivalMs, nowMs) + owedMs, nowMs);
  const endsInMs = (count.window + 1) * limit.windowMs - wallMs;
  const { left } = count;
  const resetMs = Math.max(verdict.resetMs, endsInMs);
  if (verdict.allowed && count.admits(members, nowMs)) {
    const retryAfterMs = left < 2 ? endsInMs : verdict.retryAfterMs;
    return { allowed: true, remaining: Math.min(verdict.remaining, left - 1), resetMs, retryAfterMs };
  }
  const windowMs = left < 1 ? endsInMs : TELL_EVERY_MS;
  const retryAfterMs = verdict.allowed ? windowMs : Math.max(verdict.retryAfterMs, left < 1 ? endsInMs : 0);
  return { allowed: false, remaining: 0, resetMs, retryAfterMs };
}

function owe(keyed: Keyed, id: string, debtMs: number, nowMs: number): void {
  if (debtMs === 0 && keyed.debts === null) return;
  keyed.debts ??= new Map();
  // A life may end, or fall silent, in debt: with each new one, those go whose debt is over.
  if (!keyed.debts.has(id)) for (const [each, untilMs] of keyed.debts) if (untilMs <= nowMs) keyed.debts.delete(each);
  if (debtMs === 0) keyed.debts.delete(id);
  else keyed.debts.set(id, nowMs + debtMs);
  keyed.debtsUntilMs = Math.max(keyed.debtsUntilMs, nowMs + debtMs);
}

function owed({ debts }: Keyed, nowMs: number): number {
  let owedMs = 0;
  for (const untilMs of debts?.values() ?? []) owedMs += Math.max(0, untilMs - nowMs);
  return owedMs;
}
