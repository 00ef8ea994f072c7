/**
 * How often members tell of themselves, so that a large cluster costs no more than a small one. Pure.
 *
 * Each member hears all others, so with n members and an interval T each hears (n − 1) / T heartbeats a second. The
 * interval grows with n so that this stays below 1000 / MS_PER_MEMBER = 125 a second up to 1,250 members. A heartbeat is 150 bytes and takes 23 µs
 * of CPU to be heard over NATS where several are read at once (`proto/bus/read-pace.ts`): socket and parser of the bus, decoding (4 µs), the machine.
 * What it costs is that one of very many is called dead later; each of them matters the less.
 *
 *        n      T      heard     in        CPU           suspected after   dead after
 *        4     1 s      3/s    0.5 kB/s   0.007 %              3 s            6 s
 *       16     1 s     15/s      2 kB/s   0.035 %               3 s            6 s
 *       64     1 s     63/s      9 kB/s   0.15 %               3 s            6 s
 *      125     1 s    124/s     19 kB/s   0.29 %               3 s            6 s
 *      250     2 s    125/s     19 kB/s   0.29 %               6 s           12 s
 *      500     4 s    125/s     19 kB/s   0.29 %              12 s           24 s
 *    1,000     8 s    125/s     19 kB/s   0.29 %              24 s           48 s
 *    2,500    10 s    250/s     38 kB/s   0.58 %               30 s           60 s
 *    5,000    10 s    500/s     75 kB/s   1.15 %               30 s           60 s
 */
export const INTERVAL_MIN_MS = 1_000;
export const INTERVAL_MAX_MS = 10_000;
const MS_PER_MEMBER = 8;

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

const LATENCY_MIN_MS = 10_000;
const LATENCY_MAX_MS = 120_000;
const LATENCY_MS_PER_NODE = 100;
/** What a node hears of others in a second, at most: some 25 µs each, bus, decoding and keeping. */
const SKETCHES_HEARD_PER_S = 100;

/**
 * How often a node tells what it has learnt of latency, and of how many waits. What is told is the last minute, so seldom is
 * often enough, and whoever is new asks; with `n` nodes each hears (n − 1) / T messages a second, and fewer where there is less to tell: of a
 * wait that sixteen others have told within T nobody tells (node/cluster/latency-gossip.ts).
 *
 *        n       T     sketches in each    heard, at most    of 50 waits that all learn
 *        4     10 s         200                60/s                  15/s
 *       16     10 s          62                93/s                  75/s
 *       64     10 s          15                95/s                  80/s
 *    1,000    100 s          10               100/s                   8/s
 *    1,200    120 s          10               100/s                   7/s     from here on fewer in each
 */
export function latencyIntervalMs(nodes: number): number {
  return Math.min(Math.max(nodes * LATENCY_MS_PER_NODE, LATENCY_MIN_MS), LATENCY_MAX_MS);
}

export function sketchesPerMessage(nodes: number, most: number): number {
  const heardMax = (SKETCHES_HEARD_PER_S * latencyIntervalMs(nodes)) / 1_000;
  return Math.max(1, Math.min(most, Math.floor(heardMax / Math.max(1, nodes))));
}
