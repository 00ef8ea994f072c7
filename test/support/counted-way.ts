/** A way to a server of the same machine that counts what is sent to it, and takes it also when the server does not. */
import { connect, createServer } from 'node:net';
import type { Stage } from './stage.js';

export interface CountedWay {
  readonly port: number;
  /** Bytes that clients have sent, whether or not the server has read them. */
  sentBytes(): number;
}

export async function countedWay(stage: Stage, to: number): Promise<CountedWay> {
  let sent = 0;
  const server = createServer((client) => {
    const onward = connect(to, '127.0.0.1');
    client.on('data', (chunk) => {
      sent += chunk.length;
      onward.write(chunk);
    });
    onward.on('data', (chunk) => client.write(chunk));
    client.on('close', () => onward.end());
    onward.on('close', () => client.destroy());
    for (const socket of [client, onward]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stage.onEnd(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return { port: address.port, sentBytes: () => sent };
}
