/**
 * An answer that everybody gets who asks for the same in plain words: byte for byte, but for the request id and the date. The cache
 * offers it (cache/reuse.ts), and the listener gives it without the way through the chain (listener/ready-answers.ts).
 */
import { type HeaderList, hasField } from '@weir/proto/http/headers.js';
import type { NamesSpec } from '@weir/proto/snapshot/gateway.js';

export interface Reusable {
  /** Monotonic; from then on its head says something that is no longer true. */
  readonly untilMs: number;
  readonly body: Uint8Array;
  /** Whether it still may be given. To be asked before each use, for a purge or a new copy ends it at once. */
  isGood(): boolean;
  /** It was given once more. */
  used(): void;
}

/**
 * Fields that nothing on the way to a stored answer looks at, where routes, keys and answers don't depend on fields; and so does nothing
 * at those whose name begins with `x-`, but for the gateway's own. A request with any other goes the whole way: what a field means that
 * is not here is not decided here.
 */
const PLAIN_FIELDS: ReadonlySet<string> = new Set([
  ...['host', 'user-agent', 'referer', 'origin', 'cookie', 'dnt', 'priority', 'save-data', 'upgrade-insecure-requests'],
  ...['accept', 'accept-encoding', 'accept-language', 'accept-charset'],
  ...['sec-fetch-dest', 'sec-fetch-mode', 'sec-fetch-site', 'sec-fetch-user', 'sec-gpc'],
  ...['sec-ch-ua', 'sec-ch-ua-mobile', 'sec-ch-ua-platform'],
  ...['forwarded', 'via'],
]);

export const isPlainField = (name: string): boolean => name.startsWith('x-') || PLAIN_FIELDS.has(name);

/** Of the names of the gateway, those of its own fields in requests: a deadline, and an id that a trusted proxy may give. */
export type OwnNames = Pick<NamesSpec, 'deadlineHeader' | 'requestIdHeader'>;

export const holdsOwnField = (headers: HeaderList, { deadlineHeader, requestIdHeader }: OwnNames): boolean =>
  hasField(headers, deadlineHeader) || hasField(headers, requestIdHeader);

/** Whether a request asks in plain words. Pure. */
export function asksPlainly(headers: HeaderList, own: OwnNames): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!isPlainField(name) && !(name === 'connection' && headers[i + 1] === 'keep-alive')) return false;
  }
  return !holdsOwnField(headers, own);
}
