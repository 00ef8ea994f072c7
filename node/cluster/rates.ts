/**
 * Drives what the nodes of a cluster count together, in a worker: tells what this node has counted while there is somebody to hear
 * it, hears the others, and knows how many share. The machines are proto/cluster/shared-rates.ts and shared-holds.ts; what
 * follows for a request is decided there. Owns which limits are shared, and the pauses between tellings.
 *
 * Nothing waits here. Where the bus is away nothing is told, so nothing settles, and each node goes on with its share.
 */
import type { Presence } from '@weir/proto/cluster/presence.js';
import { REFRESH_MS, SharedHolds } from '@weir/proto/cluster/shared-holds.js';
import {
  lifeOf,
  type SharedLimit,
  SharedRates,
  TELL_EVERY_MS,
  tellAgainInMs,
} from '@weir/proto/cluster/shared-rates.js';
import { type RateCount, type RateCounts, rateCountsMax } from '@weir/proto/events/rate-counts.js';
import { boundedKeys } from '../limit/local-limiter.js';
import { LIMIT_ID_LENGTH, type SharedCounters } from '../limit/shared-limiter.js';
import type { Clock, Timer, Timers } from '../time/clock.js';

export interface ClusterRatesParts {
  readonly presence: Pick<Presence, 'bus' | 'hear' | 'life' | 'next' | 'nodes' | 'onChange' | 'tell'>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** In letters of base64url. */
  readonly digest: (text: string) => string;
}

export interface ClusterRatesCounts {
  readonly members: number;
  /** The bus is there, so what is told is heard. */
  readonly isConnected: boolean;
  readonly keys: number;
  readonly heldKeys: number;
  /** Messages, and counts in them. */
  readonly told: number;
  readonly toldCounts: number;
  readonly heard: number;
  readonly heardCounts: number;
  /** Messages that the bus did not take; they were told again. */
  readonly unsent: number;
  /** Keys that began again since there were more than may be, or were not heard for that. */
  readonly forgotten: number;
}

/** Limits of all snapshots since the node began. */
const LIMITS_MAX = 20_000;

export class ClusterRates implements SharedCounters {
  readonly holds: SharedHolds;
  readonly digest: (text: string) => string;
  members = 1;
  readonly #parts: ClusterRatesParts;
  /** By limit: a flood of callers of one forgets none of another. */
  readonly #rates = boundedKeys<SharedRates>(LIMITS_MAX);
  readonly #holdLimits = boundedKeys<{ readonly limit: number }>(LIMITS_MAX);
  readonly #timer: Timer;
  readonly #ends: (() => void)[];
  readonly #counted = { told: 0, toldCounts: 0, heard: 0, heardCounts: 0, unsent: 0 };
  /** How soon all that is held is told again, as the others know it. */
  #promisedMs = 0;
  /** When the bus was seen to be away last. */
  #cutOffMs = Number.NEGATIVE_INFINITY;
  /** From the clock of durations to the wall clock; read anew with each tick, for either may be set. */
  #wallOffsetMs = 0;
  #isOver = false;

  constructor(parts: ClusterRatesParts) {
    this.#parts = parts;
    this.digest = parts.digest;
    this.holds = new SharedHolds((key) => this.#holdLimits.get(limitIdOf(key))?.limit ?? null);
    const { presence, timers } = parts;
    this.#ends = [
      presence.hear('rate', (message) => {
        this.#noteHeard(message.counts.length);
        this.#hear(message);
      }),
      presence.hear('holds', (message) => {
        this.#noteHeard(message.counts.length);
        this.holds.hear(message, this.#readClocks());
      }),
      // At once, and not with the next tick: whoever has left shares no more.
      presence.onChange(() => {
        this.members = presence.nodes();
      }),
    ];
    this.#readClocks();
    this.members = presence.nodes();
    this.#timer = timers.create(() => this.#tick());
    this.#timer.arm(TELL_EVERY_MS);
  }

  wallMs(nowMs: number): number {
    return nowMs + this.#wallOffsetMs;
  }

  ratesOf(limitId: string, limit: SharedLimit, keys: number): SharedRates {
    const known = this.#rates.get(limitId);
    if (known !== undefined) return known;
    const made = new SharedRates(() => limit, keys);
    this.#rates.set(limitId, made);
    return made;
  }

  useHolds(limitId: string, limit: number): void {
    this.#holdLimits.set(limitId, { limit });
  }

  counts(): ClusterRatesCounts {
    let [keys, forgotten] = [0, this.holds.unheard];
    for (const rates of this.#rates.values()) {
      keys += rates.size;
      forgotten += rates.forgotten;
    }
    return {
      ...this.#counted,
      members: this.members,
      isConnected: this.#isConnected,
      keys,
      heldKeys: this.holds.size,
      forgotten,
    };
  }

  /** Tells and hears nothing more. What it held expires at the others. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.cancel();
    for (const end of this.#ends) end();
  }

  get #isConnected(): boolean {
    return this.#parts.presence.bus.state().isConnected;
  }

  #readClocks(): number {
    const { clock } = this.#parts;
    const nowMs = clock.nowMs();
    this.#wallOffsetMs = clock.wallMs() - nowMs;
    return nowMs;
  }

  #tick(): void {
    const nowMs = this.#readClocks();
    this.members = this.#parts.presence.nodes();
    const isConnected = this.#isConnected;
    const pauseMs = this.members > 1 && isConnected ? this.#tell(nowMs) : tellAgainInMs(this.members, 0);
    if (isConnected) this.holds.expire(nowMs, Math.max(pauseMs, REFRESH_MS), this.#cutOffMs);
    else this.#cutOffMs = nowMs;
    this.#timer.arm(pauseMs);
  }

  #hear(message: RateCounts): void {
    const nowMs = this.#readClocks();
    const [life, wallMs] = [lifeOf(message), this.wallMs(nowMs)];
    for (const count of message.counts) this.#rates.get(limitIdOf(count[0]))?.hearOne(life, count, wallMs, nowMs);
  }

  /** Of all limits, as much as fits into a message. */
  #untold(nowMs: number): { readonly counts: readonly RateCount[]; untell(): void } {
    const told: { readonly rates: SharedRates; readonly counts: readonly RateCount[] }[] = [];
    let room = rateCountsMax;
    const ids = new Set<string>();
    for (const [id, rates] of this.#rates.entries()) {
      if (room < 2) break;
      const counts = rates.tell(nowMs, room);
      if (counts.length === 0) continue;
      room -= counts.length;
      ids.add(id);
      told.push({ rates, counts });
    }
    // The latest used come first: those that had no room this time do so the next.
    if (room < 2) for (const [id] of [...this.#rates.entries()]) if (!ids.has(id)) this.#rates.get(id);
    return {
      counts: told.flatMap(({ counts }) => counts),
      untell: () => {
        for (const { rates, counts } of told) rates.untell(counts);
      },
    };
  }

  /** The pause until the next time. */
  #tell(nowMs: number): number {
    const { presence } = this.#parts;
    const { id, incarnation } = presence.life;
    const { counts, untell } = this.#untold(nowMs);
    if (counts.length > 0) {
      const message = { kind: 'rate', id, incarnation, seq: presence.next('rate'), counts } as const;
      if (!this.#noteTold(presence.tell(message), counts.length)) untell();
    }
    const holds = this.holds.tell(nowMs);
    const pauseMs = tellAgainInMs(this.members, counts.length + holds.length);
    const everyMs = Math.ceil(this.holds.everyMs(pauseMs));
    // Who is slower than it said says so even where nothing else is to be told, or the others would take it for dead.
    if (holds.length > 0 || (everyMs > this.#promisedMs && this.holds.size > 0)) {
      const message = { kind: 'holds', id, incarnation, counts: holds, everyMs } as const;
      if (this.#noteTold(presence.tell(message), holds.length)) this.#promisedMs = everyMs;
      else this.holds.untell(holds);
    }
    return pauseMs;
  }

  #noteTold(fate: string, counts: number): boolean {
    if (fate !== 'sent') {
      this.#counted.unsent += 1;
      return false;
    }
    this.#counted.told += 1;
    this.#counted.toldCounts += counts;
    return true;
  }

  #noteHeard(counts: number): void {
    this.#counted.heard += 1;
    this.#counted.heardCounts += counts;
  }
}

const limitIdOf = (key: string): string => key.slice(0, LIMIT_ID_LENGTH);
