/**
 * What a node process says on standard error, passed on line by line but for one remark of the server library, which is
 * made at every WebSocket upgrade and untrue there (node/listener/uws/websocket.ts says why).
 */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const UNTRUE = 'Warning: uWS.HttpResponse writes must be made from within a corked callback.';

/** Null, as Node's types have it for a child whose standard error is not a pipe, is nothing to pass on. */
export function passOnStderr(
  from: Readable | null,
  say: (line: string) => void = (line) => void process.stderr.write(`${line}\n`),
): void {
  if (from === null) return;
  createInterface({ input: from, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
    if (!line.startsWith(UNTRUE)) say(line);
  });
}
