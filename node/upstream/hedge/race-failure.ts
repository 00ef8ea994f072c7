/**
 * Which failure stands for a race in which both attempts have failed. It is what the client is told, and what decides
 * whether the request is tried again.
 */
import { type Failure, failureTable } from '@weir/proto/http/failures.js';

/**
 * The first one's: it is the failure that there would have been without a hedge. Unless it says "never again" and the
 * other does not: a failure that can be cured must not be hidden behind one that can't.
 */
export function failureOfRace(first: Failure, second: Failure): Failure {
  return !isRetryable(first) && isRetryable(second) ? second : first;
}

function isRetryable({ code }: Failure): boolean {
  return failureTable[code].retry !== 'never';
}
