/**
 * Answers that are read as they come, piece by piece: whoever waits for the end of one waits for ever, and whoever compresses it makes its
 * pieces late. Events always are; lines and sequences of JSON where nobody says how long they are. Pure.
 */
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import { mediaTypeOf } from '@weir/proto/http/media-type.js';

/** NDJSON, JSON Lines and RFC 7464, by their several names, and a picture that is replaced by the next one. */
const PIECES = /(?:^application\/|[+-])(?:ndjson|jsonl|jsonlines|json-seq)$|^multipart\/x-mixed-replace$/;

export function isStream(headers: HeaderList, lengthBytes: number | null): boolean {
  const type = mediaTypeOf(headerValue(headers, 'content-type'));
  return type === 'text/event-stream' || (lengthBytes === null && PIECES.test(type));
}
