import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { writeHead } from './direct-write.js';

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A connected pair; what the server reads is gathered as it was sent. */
async function pair(): Promise<{ client: Socket; server: Socket; heard: () => string }> {
  const listening = createServer();
  servers.push(listening);
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  const accepted = new Promise<Socket>((resolve) => listening.once('connection', resolve));
  const client = connect({ host: '127.0.0.1', port: address.port, noDelay: true });
  await new Promise<void>((resolve) => client.once('connect', resolve));
  const server = await accepted;
  sockets.push(client, server);
  let text = '';
  server.pause();
  server.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  server.pause();
  return { client, server, heard: () => text };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

/** What the stream of a socket has been told to write, past which the direct way goes. */
function watchStream(socket: Socket): () => number {
  let writes = 0;
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean; // One of its overloads, handed on as it is.
  socket.write = (...args: unknown[]): boolean => {
    writes += 1;
    return write(...args);
  };
  return () => writes;
}

describe('the direct way to write a head', () => {
  it('writes each byte as it is, past the stream, one text behind the other', async () => {
    const { client, server, heard } = await pair();
    const written = watchStream(client);
    const every = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
    server.resume();
    for (const text of ['first', every, 'last']) writeHead(client, text);
    await until(() => heard().length === every.length + 9);
    expect(heard()).toBe(`first${every}last`);
    expect(written()).toBe(0);
    expect(client.bytesWritten).toBe(every.length + 9);
  });

  it('keeps the order where the kernel takes no more, and what waits in the stream goes first', async () => {
    const { client, server, heard } = await pair();
    const texts = Array.from({ length: 200 }, (_, i) => `${i}:`.padEnd(100_000, String.fromCharCode(97 + (i % 26))));
    for (const text of texts) writeHead(client, text);
    client.write('of the stream ', 'latin1');
    writeHead(client, 'behind it ');
    writeHead(client, 'last');
    server.resume();
    const all = `${texts.join('')}of the stream behind it last`;
    await until(() => heard().length >= all.length);
    expect(heard() === all).toBe(true);
  });

  it('leaves a socket that is still connecting to its stream', async () => {
    const listening = createServer((socket) => socket.pipe(socket));
    servers.push(listening);
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const address = listening.address() as { port: number }; // A TCP server's.
    const client = connect({ host: '127.0.0.1', port: address.port });
    sockets.push(client);
    let echoed = '';
    client.on('data', (chunk) => {
      echoed += chunk.toString('latin1');
    });
    writeHead(client, 'early');
    await until(() => echoed === 'early');
  });

  it('tells of a peer that is gone by error and close, also with texts on their way', async () => {
    const { client, server } = await pair();
    const seen: string[] = [];
    client.on('error', ({ code }: NodeJS.ErrnoException) => seen.push(code ?? ''));
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    for (let i = 0; i < 100; i += 1) writeHead(client, 'x'.repeat(100_000));
    server.resetAndDestroy();
    const more = setInterval(() => writeHead(client, 'more'), 1);
    await closed;
    clearInterval(more);
    expect(seen).toHaveLength(1);
    expect(['EPIPE', 'ECONNRESET']).toContain(seen[0]);
    // A socket without a handle has only its stream, which says that it is destroyed.
    writeHead(client, 'too late');
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('survives a socket that is destroyed while its texts wait', async () => {
    const { client } = await pair();
    for (let i = 0; i < 100; i += 1) writeHead(client, 'x'.repeat(100_000));
    client.destroy();
    await new Promise<void>((resolve) => client.once('close', () => resolve()));
    const other = await pair();
    other.server.resume();
    writeHead(other.client, 'well');
    await until(() => other.heard() === 'well');
  });
});
