/**
 * Where the examples of all properties begin. Every day it is the same seed, so that a red run is the change's doing and
 * not the day's luck; `WEIR_SEED=random` looks elsewhere, and whatever it finds is replayed by its number. A property that
 * names a seed of its own keeps it. Pure.
 */

/** Of no meaning; changing it is as good as one random run. */
export const DAILY_SEED = 20_260_101;

export type Seed = number | 'random';

/** Null when it is neither; what is not given, or empty, is the seed of every day. fast-check takes 32 bits, with a sign. */
export function readSeed(text: string | undefined): Seed | null {
  if (text === undefined || text === '') return DAILY_SEED;
  if (text === 'random') return 'random';
  const seed = Number(text);
  return /^-?\d{1,10}$/.test(text) && seed === (seed | 0) ? seed : null;
}
