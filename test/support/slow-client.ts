/** A client that takes, or gives, a large body no faster than it says; everything is hashed on the way. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { patternBlocks } from './pattern.js';
import { passed } from './stage.js';

export interface Taken {
  readonly status: number;
  readonly bytes: number;
  readonly digest: string;
  readonly tookMs: number;
}

export interface Pace {
  readonly bytesPerSecond: number;
  /** The client does nothing at all for so long once the answer has begun, so that every buffer on the way fills. */
  readonly stallMs: number;
}

export async function download(port: number, path: string, { bytesPerSecond, stallMs }: Pace): Promise<Taken> {
  const startedAtMs = performance.now();
  const asked = request({ host: '127.0.0.1', port, path });
  asked.end();
  // An error after the head arrives as an error of the body, which the loop below throws.
  const [response] = await once(asked, 'response');
  const hash = createHash('sha256');
  let bytes = 0;
  await passed(stallMs);
  const readingSinceMs = performance.now();
  for await (const chunk of response) {
    hash.update(chunk);
    bytes += chunk.length;
    const aheadMs = (bytes / bytesPerSecond) * 1_000 - (performance.now() - readingSinceMs);
    if (aheadMs > 1) await passed(aheadMs);
  }
  const { statusCode: status } = response;
  return { status, bytes, digest: hash.digest('hex'), tookMs: performance.now() - startedAtMs };
}

/** Sends as fast as the socket takes it; the text of the answer. */
export async function upload(port: number, path: string, totalBytes: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  const over = once(socket, 'close');
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: weir.test\r\nConnection: close\r\nContent-Length: ${totalBytes}\r\n\r\n`,
  );
  for (const block of patternBlocks(totalBytes)) {
    if (socket.destroyed) break;
    if (!socket.write(block)) await Promise.race([once(socket, 'drain'), over]);
  }
  await over;
  return received;
}
