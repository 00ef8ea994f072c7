/**
 * Follows a rollout by the lines of the admin API, and tells each step once, until it is over. Used by `weir rollout status` and by
 * whatever appends a revision.
 */
import type { RolloutLine } from '../api/rollouts-api.js';
import type { RevisionName } from '../rollout/publishing.js';
import { baseOf } from './ask.js';
import { credentialFor } from './credential.js';
import { showStep } from './show-rollout.js';
import type { Paint } from './terminal.js';

export interface FollowOptions {
  readonly admin: string;
  /** Null: whatever is under way, or was last. */
  readonly revision: RevisionName | null;
  /** The lines as they came. */
  readonly json: boolean;
  readonly paint: Paint;
  readonly write: (text: string) => void;
}

/** `silence`: nobody answers, or the answer broke off; the rollout goes on by itself. */
export type Followed =
  | { readonly kind: 'over'; readonly line: RolloutLine }
  | { readonly kind: 'silence'; readonly reason: string }
  | { readonly kind: 'stranger'; readonly status: number };

/** A line each five seconds is told; after so many none comes any more. */
const SILENCE_MS = 20_000;
const LINE_CHARS_MAX = 4 * 1024 * 1024;

export async function followRollout(options: FollowOptions): Promise<Followed> {
  const { admin, revision, json, paint, write } = options;
  const asked = revision === null ? '' : `?revision=${revision.number}&id=${revision.id}`;
  const url = new URL(`/rollouts/current${asked}`, baseOf(admin));
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  let told = '';
  try {
    const answer = await fetch(url, { headers: credentialFor(url.origin), signal: silence.signal });
    if (!answer.ok || answer.body === null) return { kind: 'stranger', status: answer.status };
    for await (const text of linesOf(answer.body)) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      if (json) write(`${text}\n`);
      const line = JSON.parse(text) as RolloutLine; // Our own API of the same release.
      const step = showStep(line, paint);
      if (!json && step !== told && step !== '') write(`${step}\n`);
      told = step;
      if (line.isLast) return { kind: 'over', line };
    }
    return { kind: 'silence', reason: 'the answer ended before the rollout did' };
  } catch (error) {
    const reason = silence.signal.aborted
      ? 'no word within 20 s'
      : String(error instanceof Error ? (error.cause ?? error.message) : error);
    return { kind: 'silence', reason };
  } finally {
    clearTimeout(timer);
  }
}

/** What was followed, or a later one, is in force on all nodes that are there. */
export function isInForce({ rollout, isRejected }: RolloutLine): boolean {
  if (isRejected || rollout?.record.stage !== 'done') return false;
  // Who was missing when it ended may have come by itself since.
  const { record, nodes } = rollout;
  return record.missing.length === 0 || (nodes.length > 0 && nodes.every(({ state }) => state === 'applied'));
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    if (rest.length > LINE_CHARS_MAX) throw new Error('a line without an end');
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      yield rest.slice(0, end);
      rest = rest.slice(end + 1);
    }
  }
}
