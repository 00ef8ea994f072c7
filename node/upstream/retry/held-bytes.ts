/**
 * How much memory a node spends on what it holds: one count for answers that are held back, one for request bodies that
 * are gathered or kept for another attempt. For all routes together; it is only a count, the bytes themselves are with
 * their exchanges.
 */

export interface HeldBytes {
  /** Sets this much aside; false: there is not so much left, and nothing was set aside. */
  take(bytes: number): boolean;
  /** Gives back what `take` has set aside. */
  giveBack(bytes: number): void;
  /** Set aside now. */
  readonly bytes: number;
  /** How often there was not so much left. */
  readonly refusals: number;
  /** From now on there is this much; what was set aside stays. */
  limit(bytesMax: number): void;
}

/** At the default of 64 KiB for an answer that is a thousand answers at once, as many as a busy node has under way. */
const HELD_BYTES_MAX = 64 * 1024 * 1024;

export function createHeldBytes(bytesMax = HELD_BYTES_MAX): HeldBytes {
  let held = 0;
  let refusals = 0;
  let max = bytesMax;
  return {
    take(bytes) {
      if (held + bytes > max) {
        refusals += 1;
        return false;
      }
      held += bytes;
      return true;
    },
    giveBack(bytes) {
      held -= bytes;
    },
    get bytes() {
      return held;
    },
    get refusals() {
      return refusals;
    },
    limit(bytes) {
      max = bytes;
    },
  };
}
