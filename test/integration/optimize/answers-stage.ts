/** A whole gateway with one route that has `optimize`, and an origin behind it that answers as a test says. Only tests import this file. */
import { createServer, get, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.js';

export const items = Array.from({ length: 5_000 }, (_, id) => ({
  ...{ id, sku: `sku-${id}`, price: { amount: id * 100, currency: 'EUR' } },
  description: `The ${id}th of many things, described at some length and in words that come again and again. `.repeat(
    2,
  ),
}));
export const list = JSON.stringify({ total: items.length, items }, null, 2);

export interface Told {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

export type Answer = (response: ServerResponse, url: string, headers: IncomingHttpHeaders) => void;

let stage: { readonly gateway: Gateway; readonly origin: Server } | null = null;
afterEach(async () => {
  const { gateway, origin } = stage ?? {};
  stage = null;
  await gateway?.close();
  origin?.closeAllConnections();
  origin?.close();
  expect(gateway?.bugs).toEqual([]);
});

export async function open(optimize: string, answer: Answer, more = '') {
  const asked: string[] = [];
  const origin = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(response, request.url ?? '', request.headers);
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const { port } = origin.address() as AddressInfo; // It listens at an address.
  const gateway = await startGateway(`
upstreams: [{ id: u, targets: ["http://127.0.0.1:${port}"] }]
routes: [{ id: r, match: /*, optimize: ${optimize}, ${more} }]
`);
  stage = { gateway, origin };
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Told> =>
    new Promise((resolve, reject) => {
      const request = get({ port: gateway.port, host: '127.0.0.1', path, headers, method }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
        );
      });
      request.on('error', reject);
    });
  return { ask, asked, gateway };
}

export const json: Answer = (response) => {
  response
    .writeHead(200, { 'content-type': 'application/json', etag: '"v1"', 'cache-control': 'max-age=60' })
    .end(list);
};
