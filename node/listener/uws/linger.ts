/**
 * A client that is still sending when its answer is complete: closing now could take the answer away from it, for what
 * comes after a close is met with a reset, and that discards what the client has not read (RFC 9112 §9.6). So the rest is
 * read and dropped until it ends, the client closes, or the time is up. What stops moving meets the library's limits
 * earlier (10 s of silence, or less than 16 KB a second).
 *
 * The library takes a response object back with the last byte of its message. What lingers is therefore an object that,
 * to the library, still owes its end (response-writer.ts).
 */
import type { HttpResponse } from 'uWebSockets.js';
import type { Timers } from '../../time/clock.js';

/** `end` pays what is owed, once the request has come whole; the client, who was told to, closes then. */
export function linger(
  res: HttpResponse,
  timers: Timers,
  limitMs: number,
  told: { end(): void; expired(): void },
): void {
  const timer = timers.create(() => {
    told.expired();
    res.close();
  });
  // Every close comes by here, also ours.
  res.onAborted(() => timer.cancel());
  res.onData((_chunk, isLast) => {
    if (!isLast) return;
    timer.cancel();
    told.end();
  });
  // What the socket has not taken of the answer goes out with any cork, and with none otherwise.
  res.onWritable(() => {
    res.cork(() => {});
    return true;
  });
  timer.arm(limitMs);
}
