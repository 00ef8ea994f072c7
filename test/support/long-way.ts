/** A TCP proxy on loopback that makes the way to a server long, or loses what is more than a few packets. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface LongWay {
  readonly port: number;
  close(): Promise<void>;
}

export interface WayOptions {
  /** In each direction, for each piece. */
  readonly delayMs?: number;
  /** Bytes towards the client after which nothing passes any more, on each connection. */
  readonly bytesMax?: number;
}

export async function longWay(
  toPort: number,
  { delayMs = 0, bytesMax = Number.POSITIVE_INFINITY }: WayOptions,
): Promise<LongWay> {
  const sockets = new Set<Socket>();
  const carry = (from: Socket, to: Socket, max: number): void => {
    let passed = 0;
    from.on('data', (bytes) => {
      const part = bytes.subarray(0, Math.max(0, max - passed));
      passed += bytes.byteLength;
      if (part.byteLength > 0) setTimeout(() => to.write(part), delayMs);
    });
    from.on('end', () => setTimeout(() => to.end(), delayMs));
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      setTimeout(() => to.destroy(), delayMs);
    });
  };
  const server = createServer((near) => {
    const far = connect(toPort, '127.0.0.1');
    for (const socket of [near, far]) sockets.add(socket.setNoDelay(true));
    carry(near, far, Number.POSITIVE_INFINITY);
    carry(far, near, bytesMax);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return {
    port: address.port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
