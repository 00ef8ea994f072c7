/**
 * Which sample upstream is in which kind of trouble, and when: a pure function of a seed and the time since the start.
 *
 * Time is cut into turns of ten seconds. In each turn two upstreams are in trouble, each in another kind, and the rest
 * are steady; two turns in a row show all four kinds. Nobody needs to be told of a change: the upstreams, the traffic
 * and the table all compute it from the same seed, so what is counted under a behaviour is what was scheduled.
 *
 *   seconds    0         10        20        30
 *   orders/1   steady    stalling  steady    …
 *   orders/2   slow      steady    steady
 *   orders/3   steady    failing   …
 */

/**
 * - `steady`: answers within a few milliseconds.
 * - `slow`: answers well, but takes a good part of a second.
 * - `stalling`: takes requests and answers none of them until the turn is over.
 * - `failing`: answers 500, or drops the connection, at once.
 * - `overloaded`: serves one request after the other, far slower than they come, and never refuses one.
 */
export const behaviours = ['steady', 'slow', 'stalling', 'failing', 'overloaded'] as const;
export type Behaviour = (typeof behaviours)[number];

const troubles: readonly Behaviour[] = ['stalling', 'overloaded', 'slow', 'failing'];

export const TURN_MS = 10_000;
const TROUBLED_PER_TURN = 2;
const TURNS_PER_CYCLE = troubles.length / TROUBLED_PER_TURN;

/** Mulberry32: small, seeded, and good enough to shuffle four things. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const list = [...items];
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const held = list[last];
    const moved = list[other];
    if (held === undefined || moved === undefined) continue;
    list[last] = moved;
    list[other] = held;
  }
  return list;
}

/** A seed for each (seed, number) that does not lie next to its neighbour's. */
const derived = (seed: number, salt: number): number => Math.imul(seed ^ Math.imul(salt + 1, 0x9e3779b1), 0x85ebca6b);

/** The behaviour of every upstream at a time, in their order. Before the start all are steady. */
export function behavioursAt(seed: number, upstreams: number, elapsedMs: number): Behaviour[] {
  const plan: Behaviour[] = Array.from({ length: upstreams }, () => 'steady');
  if (elapsedMs < 0) return plan;
  const turn = Math.floor(elapsedMs / TURN_MS);
  const cycle = Math.floor(turn / TURNS_PER_CYCLE);
  const order = shuffled(troubles, seededRandom(derived(seed, cycle)));
  const first = (turn % TURNS_PER_CYCLE) * TROUBLED_PER_TURN;
  const indices = Array.from({ length: upstreams }, (_, index) => index);
  const chosen = shuffled(indices, seededRandom(derived(seed ^ 0x5bd1e995, turn)));
  order.slice(first, first + TROUBLED_PER_TURN).forEach((trouble, position) => {
    const index = chosen[position];
    if (index !== undefined) plan[index] = trouble;
  });
  return plan;
}

export function behaviourAt(seed: number, upstreams: number, index: number, elapsedMs: number): Behaviour {
  return behavioursAt(seed, upstreams, elapsedMs)[index] ?? 'steady';
}

/** When the turn that is on at this time ends, in milliseconds since the start. */
export function turnEndMs(elapsedMs: number): number {
  return (Math.floor(Math.max(0, elapsedMs) / TURN_MS) + 1) * TURN_MS;
}
