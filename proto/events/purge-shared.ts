/**
 * A node's answer to control that has asked it to tell the Redis which nodes share of a purge: once for all of them, before the purge is
 * in the log. The question is the entry of the log as it will be appended. Two bytes: version, answer.
 */

/** `none`: this node shares nothing. `untold`: Redis has not confirmed it. `refused`: it was not control's word. */
export const sharedAnswers = ['none', 'told', 'untold', 'refused'] as const;
export type SharedAnswer = (typeof sharedAnswers)[number];

const VERSION = 1;

export function encodeShared(answer: SharedAnswer): Uint8Array {
  return Uint8Array.of(VERSION, sharedAnswers.indexOf(answer));
}

/** Null for what is none. */
export function readShared(bytes: Uint8Array): SharedAnswer | null {
  const [version, code = -1] = bytes;
  return version === VERSION && bytes.length === 2 ? (sharedAnswers[code] ?? null) : null;
}
