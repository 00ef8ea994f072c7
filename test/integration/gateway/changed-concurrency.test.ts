/** A reload that changes the concurrency of an upstream: what runs there goes on counting, and who waits is let in. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.js';

let upstream: Server;
let held: ServerResponse[] = [];
let gateway: Gateway | null = null;

beforeEach(async () => {
  held = [];
  upstream = createServer((_request, answer) => held.push(answer));
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await gateway?.close();
  upstream.closeAllConnections();
  upstream.close();
});

const config = (concurrency: number) => `
upstreams:
  - { id: orders, targets: ["http://127.0.0.1:${(upstream.address() as AddressInfo).port}"], concurrency: ${concurrency} }
routes:
  - { id: all, match: /*, upstream: orders, timeouts: { queue: 30s, total: 60s } }
`;

it('counts those under way, and admits those who wait when the limit rises', async () => {
  const started = await startGateway(config(1));
  gateway = started;
  const ask = () => fetch(started.url).then((answer) => answer.status);
  const queued = () => started.metric('weir_concurrency_queued{upstream="orders"}');
  const answers = [ask(), ask(), ask()];
  await vi.waitFor(async () => expect(await queued()).toBe(2));
  await vi.waitFor(() => expect(held).toHaveLength(1));
  await started.reload(config(2));
  await vi.waitFor(() => expect(held).toHaveLength(2));
  answers.push(ask());
  await vi.waitFor(async () => expect(await queued()).toBe(2));
  for (let answered = 0; answered < 4; answered += 1) {
    await vi.waitFor(() => expect(held.length).toBeGreaterThan(answered));
    expect(held.length - answered).toBeLessThanOrEqual(2);
    held[answered]?.end();
  }
  expect(await Promise.all(answers)).toEqual([200, 200, 200, 200]);
  expect(started.bugs).toEqual([]);
});
