/**
 * The calls of one client, as bursts: calls between which nobody thinks. A page, a list with its items, a start of an app is one burst; what
 * comes after a pause is another. Pure; owns the burst that is under way.
 *
 *   call ─▶ [ burst … ] ─ nothing for GAP_MS ─▶ the burst is told
 *                └─ CALLS_MAX of them: that is a stream of calls, and no burst; there is nothing to follow
 *
 * The first one may have begun before anybody looked, so it is not told.
 */

/** A call that was answered well. */
export interface Call {
  readonly routeId: string;
  readonly shape: string;
  readonly values: readonly string[];
  /** Parameters of the query, decoded. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly startMs: number;
  readonly endMs: number;
  readonly bytes: number;
  /** It reached an upstream. */
  readonly wasAsked: boolean;
}

/** A program goes on within a few milliseconds, and a person does not within a quarter of a second. */
export const GAP_MS = 250;
export const CALLS_MAX = 64;
/** After this long, or so many bursts, another client is followed. */
const LIFE_MS = 60_000;
const BURSTS_MAX = 64;

export class Trail {
  readonly #session: number;
  readonly #beganAtMs: number;
  #burst: Call[] = [];
  #untilMs: number;
  #isWhole = false;
  #bursts = 0;

  /** `session` tells clients of one address apart. */
  constructor(session: number, nowMs: number) {
    this.#session = session;
    this.#beganAtMs = nowMs;
    this.#untilMs = nowMs;
  }

  get session(): number {
    return this.#session;
  }

  /** A call that was not read: what is told of this burst would not be all of it. */
  miss(endMs: number): void {
    this.#isWhole = false;
    this.#untilMs = Math.max(this.#untilMs, endMs);
  }

  /** Returns the burst that was over before this call began, if there was one. */
  add(call: Call): readonly Call[] | null {
    const told = this.rested(call.startMs);
    // What began before the burst did and ends only now belongs to what was told already.
    const isLate = this.#burst.length === 0 && call.startMs < this.#untilMs;
    if (isLate) this.#isWhole = false;
    this.#burst.push(call);
    this.#untilMs = Math.max(this.#untilMs, call.endMs);
    return told;
  }

  /** The burst, where it is over by now. */
  rested(nowMs: number): readonly Call[] | null {
    if (nowMs <= this.#untilMs + GAP_MS) return null;
    const burst = this.#burst;
    const isTold = this.#isWhole && burst.length > 0;
    this.#burst = [];
    this.#isWhole = true;
    if (burst.length > 0) this.#bursts += 1;
    return isTold ? burst : null;
  }

  isOver(nowMs: number): boolean {
    const isStream = this.#burst.length >= CALLS_MAX;
    return isStream || nowMs >= this.#beganAtMs + LIFE_MS || this.#bursts >= BURSTS_MAX;
  }
}
