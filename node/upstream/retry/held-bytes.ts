/**
 * How much memory a node spends on answers that are held back. One count for all routes; it is only a count, the
 * answers themselves are with their exchanges.
 */

export interface HeldBytes {
  /** Sets this much aside; false: there is not so much left, and nothing was set aside. */
  take(bytes: number): boolean;
  /** Gives back what `take` has set aside. */
  giveBack(bytes: number): void;
  /** Set aside now. */
  readonly bytes: number;
}

/** At the default of 64 KiB for an answer that is a thousand answers at once, as many as a busy node has under way. */
const HELD_BYTES_MAX = 64 * 1024 * 1024;

export function createHeldBytes(bytesMax = HELD_BYTES_MAX): HeldBytes {
  let held = 0;
  return {
    take(bytes) {
      if (held + bytes > bytesMax) return false;
      held += bytes;
      return true;
    },
    giveBack(bytes) {
      held -= bytes;
    },
    get bytes() {
      return held;
    },
  };
}
