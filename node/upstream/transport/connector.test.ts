import { createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { Resolver } from '../dns/resolver.js';
import { createConnector } from './connector.js';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

it('begins with another address when the attempt before was given up in silence, and returns to it', async () => {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '0.0.0.0', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  let addresses = ['127.0.0.2', '127.0.0.1'];
  const resolver: Resolver = { resolve: (done) => done(addresses, null), onChanged: () => {}, close: () => {} };
  const target = { id: 't', scheme: 'http', host: 'api.test', port, weight: 1, zone: null, priority: 0 } as const;
  const connector = createConnector({ target, resolver, tls: null });
  const sockets: Socket[] = [];
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const connected = (): Promise<string> =>
    new Promise((resolve, reject) => {
      connector(['http/1.1'], {
        onTls: () => {},
        onOpened: ({ socket, address }) => {
          sockets.push(socket);
          resolve(address);
        },
        onFailed: reject,
      });
    });
  const given = connector(['http/1.1'], { onTls: () => {}, onOpened: () => {}, onFailed: () => {} });
  // The address is known, so the connection was asked for in the microtask before this.
  await Promise.resolve();
  given();
  expect(await connected()).toBe('127.0.0.1');
  addresses = ['127.0.0.2'];
  expect(await connected()).toBe('127.0.0.2');
  addresses = ['127.0.0.2', '127.0.0.1'];
  expect(await connected()).toBe('127.0.0.2');
});
