/** What became of a request, from what the client saw. Pure. */
import type { Ending } from '../messages.js';

export type Seen =
  /** A whole message, whatever it says. */
  | { readonly kind: 'answer'; readonly status: number; readonly body: string; readonly location: string | null }
  /** The client gave up. */
  | { readonly kind: 'timeout' }
  /** The connection failed, or the message ended too soon. */
  | { readonly kind: 'broken'; readonly status: number };

export function endingOf(seen: Seen, expectedBody: string): Ending {
  if (seen.kind !== 'answer') return seen.kind;
  if (seen.status !== 200) return 'error';
  return seen.body === expectedBody ? 'good' : 'broken';
}

/** Where the answer may be collected later, when this one says so. */
export const collectFrom = (seen: Seen): string | null =>
  seen.kind === 'answer' && seen.status === 202 ? seen.location : null;

/** What to do with an answer of the status resource: ask again, ask elsewhere, or take it as the answer. */
export function collected(seen: Seen, expectedBody: string): 'pending' | { readonly location: string } | Ending {
  if (seen.kind !== 'answer') return seen.kind;
  if (seen.status === 202) return 'pending';
  if (seen.status === 303 && seen.location !== null) return { location: seen.location };
  return endingOf(seen, expectedBody) === 'good' ? 'later' : endingOf(seen, expectedBody);
}
