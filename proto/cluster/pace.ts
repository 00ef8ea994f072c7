/**
 * How often members tell of themselves, so that a large cluster costs no more than a small one. Pure.
 *
 * Each member hears all others, so with n members and an interval T each hears (n − 1) / T heartbeats a second. The
 * interval grows with n so that this stays below 1000 / MS_PER_MEMBER = 500 a second. A heartbeat is 190 bytes and takes 23 µs
 * of CPU to be heard over NATS (measured at 495 a second): socket and parser of the bus, decoding (4 µs), the machine.
 *
 *        n      T      heard     in        CPU           suspected after   dead after
 *        4     1 s      3/s    0.6 kB/s   0.007 %              3 s            6 s
 *       16     1 s     15/s      3 kB/s   0.035 %               3 s            6 s
 *       64     1 s     63/s     12 kB/s   0.15 %               3 s            6 s
 *      500     1 s    499/s     95 kB/s   1.15 %                3 s            6 s
 *    1,000     2 s    500/s     95 kB/s   1.15 %                6 s           12 s
 *    5,000    10 s    500/s     95 kB/s   1.15 %               30 s           60 s
 */
export const INTERVAL_MIN_MS = 1_000;
export const INTERVAL_MAX_MS = 10_000;
const MS_PER_MEMBER = 2;

/** More than a bus of this kind is made for: what comes beyond is told, and not counted in. */
export const membersMax = 5_000;

export function heartbeatIntervalMs(members: number): number {
  return Math.min(Math.max(members * MS_PER_MEMBER, INTERVAL_MIN_MS), INTERVAL_MAX_MS);
}

/** Nobody is believed to speak more seldom, or more often, than anybody does. */
export function believedIntervalMs(statedMs: number): number {
  return Math.min(Math.max(statedMs, INTERVAL_MIN_MS), INTERVAL_MAX_MS);
}

/** Opinions are told at once, as many a second from one node; what is beyond is asked for by those who miss it. */
export const OPINIONS_PER_S = 50;
