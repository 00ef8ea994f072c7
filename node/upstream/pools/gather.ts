/**
 * Gathers a request body of known, small length into one piece before a connection is used: a slow client then holds
 * no connection, the request goes out in one write, and it can be sent again should the connection prove stale.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { RequestBody } from '../../pipeline/dispatch.js';

const NOTHING = new Uint8Array(0);

/** Calls exactly one of the two, possibly at once. The length must be known, and small enough to be held. */
export function gatherBody(
  body: RequestBody,
  lengthBytes: number,
  onGathered: (bytes: Uint8Array) => void,
  onFailed: (failed: Failure) => void,
): void {
  let gathered: Uint8Array = NOTHING;
  let filledBytes = 0;
  let ended = false;
  const fail = (failed: Failure): void => {
    if (ended) return;
    ended = true;
    onFailed(failed);
  };
  body.read({
    onChunk(chunk) {
      if (ended) return;
      if (filledBytes + chunk.length > lengthBytes) {
        fail(failure('bad_request', `the request body is longer than its length of ${lengthBytes} bytes`));
        return;
      }
      if (filledBytes === 0 && chunk.length === lengthBytes) {
        gathered = chunk; // The usual case: the whole body in one piece, which is ours to keep.
      } else {
        if (gathered.length === 0) gathered = new Uint8Array(lengthBytes);
        gathered.set(chunk, filledBytes);
      }
      filledBytes += chunk.length;
    },
    onEnd() {
      if (ended) return;
      if (filledBytes < lengthBytes) {
        fail(failure('bad_request', `the request body ended after ${filledBytes} of ${lengthBytes} bytes`));
        return;
      }
      ended = true;
      onGathered(gathered);
    },
    onError: fail,
  });
}
