/** Time as a capability. Decisions take milliseconds as arguments; only adapters and composition roots own a Clock. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary start; differences are durations. */
  nowMs(): number;
  /** Wall-clock milliseconds since 1970-01-01T00:00Z, for logs, certificates and dates on the wire. */
  wallMs(): number;
  /**
   * An event from outside begins: until `release`, `nowMs` stays what it is now. What one event sets off happens at one
   * moment, and a dozen readings on the way of a request cost a tenth of what the whole chain costs. Whoever holds the
   * clock releases it in a `finally`, within the same call. Clocks that somebody else turns need neither.
   */
  hold?(): void;
  release?(): void;
  /**
   * For how long this process has stood still so far, in milliseconds: it was not given the processor, collected garbage, or had one thing
   * to do for long. What passes meanwhile is nobody else's time. Left out: it never does.
   */
  stalledMs?(): number;
}

/** Uniform number in [0, 1). Passed in, so that a simulation can replay it. */
export type Random = () => number;

/** One armed or idle timer. The owner keeps it and re-arms it; arming allocates nothing. */
export interface Timer {
  /** Fires `delayMs` from now, at most one tick late; re-arms when already armed. `nowMs` spares a reading of the clock to who has just read it. */
  arm(delayMs: number, nowMs?: number): void;
  /** Never fires before it is armed again; cancelling an idle timer is nothing. */
  cancel(): void;
}

export interface Timers {
  /** A new idle timer. `fire` runs at most once for each arming. */
  create(fire: () => void): Timer;
}

/** For how long the process has stood still so far, and the time in which it did not: what others are held to. */
export const stalledMs = (clock: Clock): number => clock.stalledMs?.() ?? 0;

export const awakeMs = (clock: Clock, nowMs: number): number => nowMs - stalledMs(clock);
