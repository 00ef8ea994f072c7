import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { lookUpOutside, sendToOneOf, sendTry } from './send-try.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function gatewayWith(answer: RequestListener) {
  const server = createServer(answer);
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo; // It listens on a port.
  return { host: '0.0.0.0', port, tls: false };
}

const asked = {
  method: 'POST',
  path: '/shop/a?b=1',
  headers: { host: 'shop.example.com', 'x-api-key': 'k' },
  body: '{}',
};

describe('a name that a gateway is told by', () => {
  const looked = (name: string, all: boolean): Promise<unknown> =>
    new Promise((resolve) => {
      lookUpOutside(name, { all }, (error, addresses) => resolve(error === null ? addresses : error.message));
    });

  it('leads to no address of the machine or its cloud', async () => {
    for (const address of ['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1'])
      expect(await looked(address, true)).toContain('leads to the machine or its cloud alone');
    expect(await looked('127.0.0.1', false)).toBe('127.0.0.1');
    expect(await looked('127.0.0.1', true)).toEqual([{ address: '127.0.0.1', family: 4 }]);
  });
});

describe('a request that is tried', () => {
  it('comes as it was written, and its answer is told whole', async () => {
    const gateway = await gatewayWith(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { host, 'x-api-key': key } = request.headers;
      response.writeHead(201, { 'x-twice': ['a', 'b'] }).end(`${request.method} ${request.url} ${host} ${key} ${body}`);
    });
    expect(await sendTry(gateway, asked)).toMatchObject({
      ...{ status: 201, isCut: false, body: 'POST /shop/a?b=1 shop.example.com k {}' },
      headers: { 'x-twice': 'a, b' },
    });
  });

  it('follows no redirect', async () => {
    const gateway = await gatewayWith((_request, response) =>
      response.writeHead(302, { location: 'http://10.0.0.1/' }).end(),
    );
    expect(await sendTry(gateway, asked)).toMatchObject({ status: 302, headers: { location: 'http://10.0.0.1/' } });
  });

  it('is cut where its answer does not end', async () => {
    const gateway = await gatewayWith((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
        response.once('drain', more);
      };
      more();
    });
    const answer = await sendTry(gateway, asked);
    expect(answer).toMatchObject({ status: 200, isCut: true });
    expect(typeof answer === 'string' ? 0 : answer.body.length).toBe(512 * 1024);
  });

  it('goes to the next gateway where nobody listens, and to no other once one was reached', async () => {
    const [gone, broken, good] = [
      await gatewayWith(() => {}),
      await gatewayWith((_request, response) => void response.destroy()),
      await gatewayWith((_request, response) => void response.end('hello')),
    ];
    servers.splice(0, 1).forEach((server) => void server.close());
    expect(await sendTry(gone, asked)).toBe('unreached');
    expect(await sendToOneOf([gone, good], asked)).toMatchObject({
      kind: 'answer',
      gateway: `127.0.0.1:${good.port}`,
      answer: { status: 200, body: 'hello' },
    });
    expect(await sendToOneOf([broken, good], asked)).toEqual({ kind: 'silent', gateway: `127.0.0.1:${broken.port}` });
    for (const none of [[], [gone]])
      expect(await sendToOneOf(none, asked)).toMatchObject({ kind: 'nowhere', why: expect.stringMatching(/^No node/) });
  });
});
