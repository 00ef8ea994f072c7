import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { boundConnections } from './bounded-connections.js';

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

/** Two connections at most; what is asked is answered when `answer` is called. */
async function start() {
  const held: ServerResponse[] = [];
  server = createServer((request, response) => {
    request.resume();
    held.push(response);
  });
  boundConnections(server, 2);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.resume();
    await expect.poll(() => socket.readyState).not.toBe('opening');
    return socket;
  };
  const ask = async (socket: Socket, text = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'): Promise<void> => {
    const before = held.length;
    socket.write(text);
    await expect.poll(() => held.length).toBe(before + 1);
  };
  const answer = async (which: number, socket: Socket): Promise<void> => {
    const { bytesRead } = socket;
    held[which]?.end('ok');
    await expect.poll(() => socket.bytesRead).toBeGreaterThan(bytesRead);
  };
  return { open, ask, answer };
}

describe('who goes when all connections are taken', () => {
  it('is who has waited longest without a whole request, be it the head or the body that is missing', async () => {
    const { open, ask } = await start();
    const [first, second] = [await open(), await open()];
    await ask(first, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab');
    const third = await open();
    await expect.poll(() => first.closed).toBe(true);
    await ask(third);
    const fourth = await open();
    await expect.poll(() => second.closed).toBe(true);
    await ask(fourth);
    expect([third.closed, fourth.closed]).toEqual([false, false]);
  });

  it('is not who was answered last, but who waits since before', async () => {
    const { open, ask, answer } = await start();
    const [first, second] = [await open(), await open()];
    await ask(first);
    await answer(0, first);
    await open();
    await expect.poll(() => second.closed).toBe(true);
    expect(first.closed).toBe(false);
  });

  it('is who comes, where all are being answered', async () => {
    const { open, ask, answer } = await start();
    const [first, second] = [await open(), await open()];
    await ask(first);
    await ask(second);
    const third = await open();
    await expect.poll(() => third.closed).toBe(true);
    await answer(0, first);
    await answer(1, second);
    expect([first.closed, second.closed]).toEqual([false, false]);
  });
});
