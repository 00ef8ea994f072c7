/** Upstream servers for transport suites: raw sockets that say exactly what a test wants, on free loopback ports. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface RawServer {
  readonly port: number;
  /** Sockets that were ever accepted, in order. */
  readonly sockets: Socket[];
  /** Requests seen so far, as the heads that came in. */
  readonly heads: string[];
  close(): Promise<void>;
}

/** What a server does with a request whose head, and body of known length, have come. `count` is of this socket, from 1. */
export type Answer = (socket: Socket, head: string, count: number) => void;

/** Accepts connections and calls `answer` for each complete request. */
export async function rawServer(answer: Answer, host = '127.0.0.1'): Promise<RawServer> {
  const sockets: Socket[] = [];
  const heads: string[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    let pending = '';
    let count = 0;
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      for (let end = endOfRequest(pending); end !== -1; end = endOfRequest(pending)) {
        const head = pending.slice(0, pending.indexOf('\r\n\r\n') + 4);
        pending = pending.slice(end);
        heads.push(head);
        count += 1;
        answer(socket, head, count);
      }
    });
  });
  const port = await listen(server, host);
  return { port, sockets, heads, close: () => closeServer(server, sockets) };
}

function endOfRequest(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return -1;
  const head = text.slice(0, headEnd).toLowerCase();
  if (/\r\ntransfer-encoding: chunked/.test(head)) {
    const end = text.indexOf('0\r\n\r\n', headEnd + 4);
    return end === -1 ? -1 : end + 5;
  }
  const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
  return text.length >= headEnd + 4 + length ? headEnd + 4 + length : -1;
}

export function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => {
      // A server that listens on a TCP port has an AddressInfo.
      resolve((server.address() as AddressInfo).port);
    });
  });
}

export function closeServer(server: Server, sockets: Iterable<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
