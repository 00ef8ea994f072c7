import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { askForLate, askOnEach, LateUpstream, openConnections } from './connections.js';

const late = new LateUpstream();
let server: Server | undefined;
afterEach(() => {
  late.stop();
  server?.closeAllConnections();
  server?.close();
});

describe('connections that only wait', () => {
  it('are answered once each, then ask for what does not come, and are let go together', async () => {
    const port = await late.start();
    const sockets = await openConnections(port, 120);
    const answers: string[] = [];
    const all = Promise.all(
      sockets.map(async (socket) => {
        const [data]: Buffer[] = await once(socket, 'data');
        answers.push(String(data));
      }),
    );
    await askForLate(sockets, '/late', late);
    expect(answers).toEqual([]);
    late.answerAll();
    await all;
    expect(answers).toHaveLength(120);
    expect(answers.every((answer) => answer.includes('late'))).toBe(true);
    for (const socket of sockets) socket.destroy();
  });

  it('tell what a client got in place of a request that did not arrive', async () => {
    await late.start();
    server = createServer((_request, response) => response.writeHead(504).end('too late')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sockets = await openConnections((server.address() as AddressInfo).port, 3);
    await expect(askForLate(sockets, '/late', late)).rejects.toThrow(/0 of 3 .* HTTP\/1.1 504[\s\S]*too late/);
    for (const socket of sockets) socket.destroy();
  });

  it('are nothing to go by where a proxy refuses them', async () => {
    server = createServer((_request, response) => response.writeHead(503).end()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server?.once('listening', resolve));
    const [socket] = await openConnections((server.address() as AddressInfo).port, 1);
    await expect(askOnEach(socket === undefined ? [] : [socket], '/')).rejects.toThrow('HTTP/1.1 503');
    socket?.destroy();
  });
});
