/** One point of a chart: what the calls of a second, a minute or an hour came to. Pure. */
import { DURATION_SLOTS, quantileMs, slotOf } from '@weir/proto/cluster/durations.js';
import type { CallRow } from '@weir/proto/events/calls.js';

export const steps = ['1s', '1m', '1h'] as const;
export type Step = (typeof steps)[number];

export const stepMs: Readonly<Record<Step, number>> = { '1s': 1_000, '1m': 60_000, '1h': 3_600_000 };
/** How many points are kept: ten minutes, a day, a month. */
export const keptPoints: Readonly<Record<Step, number>> = { '1s': 600, '1m': 1_440, '1h': 744 };

export interface Point {
  /** Begin of its time, a multiple of the step. */
  readonly t: number;
  readonly requests: number;
  /** Answered with 5xx, or broken off. */
  readonly errors: number;
  /** Answered with 4xx. */
  readonly refused: number;
  readonly timeouts: number;
  readonly saved: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Milliseconds to the head of the answer. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** A point that is still being counted. */
export class OpenPoint {
  readonly t: number;
  #requests = 0;
  #errors = 0;
  #refused = 0;
  #timeouts = 0;
  #saved = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  readonly #slots = new Array<number>(DURATION_SLOTS).fill(0);

  constructor(t: number) {
    this.t = t;
  }

  add([, , requests, errors, refused, timeouts, saved, bytesIn, bytesOut, slots]: CallRow): void {
    this.#requests += requests;
    this.#errors += errors;
    this.#refused += refused;
    this.#timeouts += timeouts;
    this.#saved += saved;
    this.#bytesIn += bytesIn;
    this.#bytesOut += bytesOut;
    for (const [slot, count] of slots.entries()) this.#slots[slot] = (this.#slots[slot] ?? 0) + count;
  }

  /** A smaller step that was closed: its durations are known by three of their quantiles only. */
  addPoint({ requests, errors, refused, timeouts, saved, bytesIn, bytesOut, p50, p95, p99 }: Point): void {
    const slots = new Array<number>(DURATION_SLOTS).fill(0);
    const [upper, most] = [Math.floor(requests * 0.45), Math.floor(requests * 0.05)];
    for (const [ms, count] of [[p50, requests - upper - most] as const, [p95, upper] as const, [p99, most] as const]) {
      const slot = slotOf(ms);
      slots[slot] = (slots[slot] ?? 0) + count;
    }
    this.add(['route', '', requests, errors, refused, timeouts, saved, bytesIn, bytesOut, slots]);
  }

  point(): Point {
    const [slots, t] = [this.#slots, this.t];
    return {
      ...{ t, requests: this.#requests, errors: this.#errors, refused: this.#refused, timeouts: this.#timeouts },
      ...{ saved: this.#saved, bytesIn: this.#bytesIn, bytesOut: this.#bytesOut },
      p50: rounded(quantileMs(slots, 0.5)),
      p95: rounded(quantileMs(slots, 0.95)),
      p99: rounded(quantileMs(slots, 0.99)),
    };
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
