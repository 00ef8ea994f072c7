/**
 * The open loop: requests are due at fixed moments, whether or not those before them were answered, and their time counts
 * from the moment at which they were due. A client that waits for an answer before it asks again would ask nothing while
 * the proxy hangs, and miss just the requests that suffer (coordinated omission). Pure.
 */

/** When request `index` is due, since the first one. */
export const dueAtMs = (index: number, ratePerS: number): number => (index * 1_000) / ratePerS;

/** How many are due before `lengthMs` is over. */
export const countWithin = (lengthMs: number, ratePerS: number): number => Math.ceil((lengthMs * ratePerS) / 1_000);

/** A timer may be late by more than a millisecond, so the last stretch is waited out by turning the event loop. */
const SPIN_MS = 1.5;

/** How to wait for the next one: not at all, by turns of the event loop, or by a timer of so many milliseconds. */
export function waitFor(dueInMs: number): 'now' | 'spin' | number {
  if (dueInMs <= 0) return 'now';
  return dueInMs <= SPIN_MS ? 'spin' : Math.floor(dueInMs - SPIN_MS);
}
