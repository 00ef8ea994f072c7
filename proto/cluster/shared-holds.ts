/**
 * Requests in flight that several nodes count together: so many of one key at once, whichever nodes they come to. Each node
 * tells what it holds; nobody is asked before a request is admitted. A machine without clock or I/O.
 *
 * A node admits one more only when both hold, as with shared rates (shared-count.ts):
 *
 *   (1)  own + heard + 1 ≤ limit
 *   (2)  own − told + 1 ≤ max(1, share × (limit − told − heard))
 *
 * `told` is the least that another node may believe of this one: of what was told and is perhaps not heard yet, and of what was
 * told last before that. `share` follows what each holds, as it was told. So where all tellings arrive within SETTLE_MS,
 *
 *        overshoot ≤ Σ over j ≠ i of max(1, share_j × left_j)
 *
 * n nodes that are surprised by full demand while nothing is held admit limit + n at most: the shares add up to one. A node
 * that is cut off goes by what it has heard last, and tells nothing, so it adds no more than its share of what was left.
 *
 * Who has a place gives it to his own next request, and others hear of a free one later than he does: places that are always
 * asked for everywhere may stay for long where they are.
 */
import { type HoldCount, type HoldCounts, holdCountsMax } from '../events/hold-counts.js';
import { SETTLE_MS } from './shared-count.js';

/** What does not change is told again as often, so that whoever joins, or missed it, knows it then. */
export const REFRESH_MS = 1_000;
/** Missed that often, at the pace of the sender, it holds nothing any more: it is dead, or a lost message said so. */
const REFRESHES_MISSED = 3;
export const heldKeysMax = 100_000;
/** Ten times as many as a cluster has; those beyond are taken for as fast as this node. */
const SENDERS_MAX = 10_000;
/** Nobody's share is less than this part of an equal one, so that who was idle can begin. */
const IDLE_PART = 0.2;

interface Heard {
  held: number;
  atMs: number;
}

/** Of another node: when it was heard last, and how soon it says everything again; null: it does not say that. */
interface Sender {
  atMs: number;
  everyMs: number | null;
}

interface Key {
  own: number;
  /** Told and settled, and then those that may not be heard yet, oldest first. */
  settled: number;
  readonly tellings: { readonly held: number; readonly atMs: number }[];
  toldAtMs: number;
  toldHeld: number;
  others: Map<string, Heard> | null;
  heard: number;
}

export interface HoldVerdict {
  readonly allowed: boolean;
  /** Places that are left, as far as is known here. */
  readonly left: number;
}

export class SharedHolds {
  readonly #keys = new Map<string, Key>();
  readonly #limitOf: (key: string) => number | null;
  readonly #keysMax: number;
  readonly #senders = new Map<string, Sender>();
  /** Keys that others told of and found no room. */
  unheard = 0;

  constructor(limitOf: (key: string) => number | null, keysMax = heldKeysMax) {
    this.#limitOf = limitOf;
    this.#keysMax = keysMax;
  }

  get size(): number {
    return this.#keys.size;
  }

  peek(key: string, members: number, nowMs: number): HoldVerdict {
    const limit = this.#limitOf(key) ?? Number.POSITIVE_INFINITY;
    return judge(this.#keys.get(key) ?? nothing, limit, members, nowMs);
  }

  take(key: string, members: number, nowMs: number): HoldVerdict {
    const verdict = this.peek(key, members, nowMs);
    if (!verdict.allowed) return verdict;
    this.#of(key).own += 1;
    return verdict;
  }

  giveBack(key: string): void {
    const held = this.#keys.get(key);
    if (held === undefined || held.own === 0) return;
    held.own -= 1;
    this.#drop(key, held);
  }

  held(key: string): number {
    return this.#keys.get(key)?.own ?? 0;
  }

  heard(key: string): number {
    return this.#keys.get(key)?.heard ?? 0;
  }

  /** What has changed since it was told, and what was told long ago; as much as fits into a message, the rest the next time. */
  tell(nowMs: number): readonly HoldCount[] {
    const told: HoldCount[] = [];
    for (const [key, held] of this.#keys) {
      if (told.length === holdCountsMax) break;
      const isChanged = held.own !== held.toldHeld;
      if (!isChanged && (held.own === 0 || nowMs - held.toldAtMs < REFRESH_MS)) continue;
      settle(held, nowMs);
      held.tellings.push({ held: held.own, atMs: nowMs });
      held.toldHeld = held.own;
      held.toldAtMs = nowMs;
      told.push([key, held.own]);
    }
    // To the end of the line: those that had no room this time come first the next.
    for (const [key] of told) {
      const held = this.#keys.get(key);
      if (held === undefined) continue;
      this.#keys.delete(key);
      this.#keys.set(key, held);
    }
    return told;
  }

  /** What `tell` returned last was not sent. */
  untell(told: readonly HoldCount[]): void {
    for (const [key] of told) {
      const held = this.#keys.get(key);
      held?.tellings.pop();
      if (held !== undefined) held.toldHeld = Number.NaN;
    }
  }

  /** Within which time all is told again that is held now, if tellings are that far apart from now on. */
  everyMs(pauseMs: number): number {
    return Math.max(REFRESH_MS, pauseMs * Math.ceil(this.#keys.size / holdCountsMax));
  }

  hear({ id, counts, everyMs }: HoldCounts, nowMs: number): void {
    if (this.#senders.has(id) || this.#senders.size < SENDERS_MAX)
      this.#senders.set(id, { atMs: nowMs, everyMs: everyMs ?? null });
    for (const [key, held] of counts) {
      if (this.#limitOf(key) === null || (held === 0 && !this.#keys.has(key))) continue;
      if (!this.#keys.has(key) && this.#keys.size >= this.#keysMax) {
        this.unheard += 1;
        continue;
      }
      const known = this.#of(key);
      known.others ??= new Map();
      known.heard += held - (known.others.get(id)?.held ?? 0);
      if (held === 0) known.others.delete(id);
      else known.others.set(id, { held, atMs: nowMs });
      this.#drop(key, known);
    }
  }

  /**
   * Forgets what nobody has said again since `sinceMs`, when this node was cut off last: before that nobody could.
   * `refreshMs` is for those who don't say how soon they would.
   */
  expire(nowMs: number, refreshMs = REFRESH_MS, sinceMs = Number.NEGATIVE_INFINITY): void {
    const keptMs = (id: string): number => REFRESHES_MISSED * (this.#senders.get(id)?.everyMs ?? refreshMs);
    const isOver = (id: string, atMs: number): boolean => nowMs - Math.max(atMs, sinceMs) >= keptMs(id);
    for (const [key, held] of this.#keys) {
      for (const [id, { atMs, held: count }] of held.others ?? []) {
        if (!isOver(id, atMs)) continue;
        held.others?.delete(id);
        held.heard -= count;
      }
      settle(held, nowMs);
      this.#drop(key, held);
    }
    for (const [id, { atMs }] of this.#senders) if (isOver(id, atMs)) this.#senders.delete(id);
  }

  #of(key: string): Key {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    const told = { settled: 0, tellings: [], toldAtMs: Number.NEGATIVE_INFINITY, toldHeld: 0 };
    const made: Key = { own: 0, ...told, others: null, heard: 0 };
    this.#keys.set(key, made);
    return made;
  }

  /** A key of which nothing is held, and all have heard that. */
  #drop(key: string, { own, toldHeld, tellings, others }: Key): void {
    if (own === 0 && toldHeld === 0 && tellings.length === 0 && (others?.size ?? 0) === 0) this.#keys.delete(key);
  }
}

const nothing: Key = {
  ...{ own: 0, settled: 0, tellings: [], toldAtMs: 0, toldHeld: 0, others: null, heard: 0 },
};

function judge(held: Key, limit: number, members: number, nowMs: number): HoldVerdict {
  const left = Math.max(0, limit - held.own - held.heard);
  if (members <= 1 && held.heard === 0) return { allowed: left >= 1, left };
  settle(held, nowMs);
  const told = held.tellings.reduce((least, telling) => Math.min(least, telling.held), held.settled);
  const allowance = Math.max(1, shareOf(held, told, members) * (limit - told - held.heard));
  return { allowed: left >= 1 && held.own - told + 1 <= allowance, left };
}

function shareOf({ heard }: Key, told: number, members: number): number {
  const all = told + heard;
  if (all === 0) return 1 / Math.max(1, members);
  const idle = (IDLE_PART * all) / members;
  return (told + idle) / (all + idle * members);
}

function settle(held: Key, nowMs: number): void {
  for (let first = held.tellings[0]; first !== undefined && nowMs - first.atMs >= SETTLE_MS; first = held.tellings[0]) {
    held.settled = first.held;
    held.tellings.shift();
  }
}
