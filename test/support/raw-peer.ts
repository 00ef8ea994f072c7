/** Raw sockets for tests: upstreams and clients that misbehave exactly as told. Everything is on loopback. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface RawServer {
  readonly port: number;
  readonly server: Server;
  /** Sockets that were accepted and are open. */
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/** A TCP server on a free port; `onSocket` does what the upstream does. */
export async function rawServer(onSocket: (socket: Socket) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return {
    port: address.port,
    server,
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface RawClient {
  readonly socket: Socket;
  /** Everything received so far, latin-1. */
  text(): string;
  /** Resolves with all that was received when the text matches; rejects when the connection ends without. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves with all that was received when the connection is closed. */
  closed(): Promise<string>;
}

export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  let ended = false;
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const look of [...waiting]) look();
  };
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
    tell();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
    tell();
  });
  await once(socket, 'connect');
  const wait = (isDone: () => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!isDone() && !ended) return;
        waiting.delete(look);
        if (isDone()) resolve(received);
        else reject(new Error(`the connection closed after ${JSON.stringify(received.slice(0, 400))}`));
      };
      waiting.add(look);
      look();
    });
  return {
    socket,
    text: () => received,
    until: (pattern) => wait(() => pattern.test(received)),
    closed: () => wait(() => ended),
  };
}
