/** Clients that take their time over a small body: they hold nothing that anybody else waits for. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.js';

let upstream: Server;
let bodies: string[] = [];
let gateway: Gateway | null = null;
let clients: Socket[] = [];

beforeEach(async () => {
  bodies = [];
  clients = [];
  upstream = createServer((request, answer) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
    });
    request.on('end', () => {
      if (request.method === 'POST') bodies.push(body);
      answer.end('done');
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const client of clients) client.destroy();
  await gateway?.close();
  upstream.closeAllConnections();
  upstream.close();
});

const config = (concurrency: string, rest = '') => `
upstreams:
  - { id: orders, targets: ["http://127.0.0.1:${(upstream.address() as AddressInfo).port}"], concurrency: ${concurrency} }
routes:
  - { id: all, match: /*, upstream: orders, timeouts: { queue: 500ms }${rest} }
`;

/** Sends its head and a first piece; the answer is what comes until the connection closes. */
async function trickle(port: number, first: string, lengthBytes: number) {
  const socket = connect(port, '127.0.0.1');
  clients.push(socket);
  let answer = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    answer += piece;
  });
  await once(socket, 'connect');
  const head = `POST /upload HTTP/1.1\r\nHost: weir.test\r\nConnection: close\r\nContent-Length: ${lengthBytes}\r\n\r\n`;
  socket.write(head + first);
  return { socket, answer: () => answer };
}

async function fourTrickle(started: Gateway) {
  const uploads = await Promise.all([0, 1, 2, 3].map((number) => trickle(started.port, `part ${number}`, 10)));
  await vi.waitFor(async () => expect(await started.metric('weir_request_bodies_kept_bytes')).toBe(24));
  return uploads;
}

async function finish(uploads: Awaited<ReturnType<typeof fourTrickle>>): Promise<void> {
  for (const { socket } of uploads) socket.write('.end');
  await vi.waitFor(() => expect(uploads.map(({ answer }) => answer().slice(9, 12))).toEqual(Array(4).fill('200')));
  expect(bodies.toSorted()).toEqual([0, 1, 2, 3].map((number) => `part ${number}.end`));
}

it.each(['', ', retry: false', ', fallback: [{ respond: { status: 503, body: busy } }]'])(
  'four of them leave all four places of an upstream to others%s',
  async (rest) => {
    const started = await startGateway(config('4', rest));
    gateway = started;
    const uploads = await fourTrickle(started);
    expect(await started.metric('weir_concurrency_in_flight{upstream="orders"}')).toBe(0);
    // As many as there are places, so that none of them waits.
    const statuses = await Promise.all(Array.from({ length: 4 }, async () => (await fetch(started.url)).status));
    expect(statuses).toEqual(Array(4).fill(200));
    await finish(uploads);
    expect([await started.metric('weir_request_bodies_kept_bytes'), started.bugs]).toEqual([0, []]);
  },
);

it('one that leaves before its end reaches no upstream', async () => {
  const started = await startGateway(config('4'));
  gateway = started;
  const uploads = await fourTrickle(started);
  for (const { socket } of uploads) socket.destroy();
  await vi.waitFor(async () => expect(await started.metric('weir_request_bodies_kept_bytes')).toBe(0));
  expect([bodies, started.bugs]).toEqual([[], []]);
});
