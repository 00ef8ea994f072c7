/**
 * A clock for leases: it must go on while the machine is suspended, when purges are made that this process can't hear of. Node's
 * monotonic clock stands still then (CLOCK_MONOTONIC; CLOCK_BOOTTIME can't be read), and the wall clock goes on but is set now and then. So
 * the monotonic one is used, and where the wall clock has gone further since the last reading, that is added:
 *
 *     suspended for an hour           wall + 1 h, monotonic + 0   →  + 1 h
 *     wall set forward by an hour     the same                    →  + 1 h: a lease ends too early, and is renewed at once
 *     wall set back by an hour        wall − 1 h                  →  the monotonic clock alone
 *
 * Not seen: a suspension during which the wall clock is set back by as much, and a virtual machine that is paused without being told, until
 * its wall clock is set right. Pure: both clocks are passed in.
 */

/** The wall clock has a resolution of a millisecond, and is slewed: less than this is no suspension. */
const NOTICED_MS = 50;

export function leaseClock(nowMs: () => number, wallMs: () => number): () => number {
  let [monotonicMs, wall, aheadMs] = [nowMs(), wallMs(), 0];
  return () => {
    const [monotonicNowMs, wallNowMs] = [nowMs(), wallMs()];
    const more = wallNowMs - wall - (monotonicNowMs - monotonicMs);
    if (more > NOTICED_MS) aheadMs += more;
    if (Math.abs(more) > NOTICED_MS || monotonicNowMs - monotonicMs > NOTICED_MS) {
      monotonicMs = monotonicNowMs;
      wall = wallNowMs;
    }
    return monotonicNowMs + aheadMs;
  };
}
