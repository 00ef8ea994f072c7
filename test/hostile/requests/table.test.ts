import { createUwsListener } from '@weir/node/listener/uws/server.js';
import { makeGateway } from '@weir/node/pipeline/testing/specs.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWorld, respond, type Seen, type World } from '../../conformance/listener/world.js';
import { type Row, table } from './table.js';

let world: World;
const seen: string[] = [];

/** Reads what came, notes it, and answers; a body that broke off is noted as such. */
function record(entry: Seen): void {
  const { method, path, query, body } = entry.request;
  const target = query === '' ? path : `${path}?${query}`;
  if (body === null) {
    seen.push(`${method} ${target} []`);
    respond(entry, 200, 'ok');
    return;
  }
  const chunks: Uint8Array[] = [];
  body.read({
    onChunk: (chunk) => chunks.push(chunk),
    onEnd() {
      seen.push(`${method} ${target} [${Buffer.concat(chunks).toString('latin1')}]`);
      respond(entry, 200, 'ok');
    },
    onError: () => seen.push(`${method} ${target} broken`),
  });
}

beforeAll(async () => {
  const { clientTimers } = makeGateway();
  world = await openWorld(
    createUwsListener,
    { clientTimers: { ...clientTimers, clientHeadersMs: 200, clientBodyMs: 200 } },
    record,
  );
});
afterAll(() => world.close());

async function send(row: Row): Promise<{ answers: number[]; closed: boolean }> {
  const client = await world.connect();
  for (const packet of row.send) {
    client.send(packet);
    // Each packet is its own: the listener's loop turns before the next one is written.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const answers: number[] = [];
  const statuses = (): number[] =>
    [...client.unread.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  await client.until(
    () => client.isClosed || (row.connection === 'open' && statuses().length >= row.answers.length),
    'outcome',
  );
  answers.push(...statuses().filter((status) => status !== 100));
  const closed = client.isClosed;
  client.close();
  return { answers, closed };
}

test('the table is long enough to mean something, and has no row twice', () => {
  expect(table.length).toBeGreaterThanOrEqual(60);
  expect(new Set(table.map((row) => row.name)).size).toBe(table.length);
});

test.each(table.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
  seen.length = 0;
  const { answers, closed } = await send(row);
  await world.until(() => seen.length >= row.seen.length, 'what the dispatch sees');
  expect({ answers, seen: [...seen], closed }).toEqual({
    answers: row.answers,
    seen: row.seen,
    closed: row.connection === 'closed',
  });
  expect(seen.filter((each) => each.includes(' /smuggled'))).toEqual(
    row.seen.filter((each) => each.includes(' /smuggled')),
  );
  // The listener is alive, and nothing of the row has got into another connection.
  const sentinel = await world.connect();
  sentinel.send('GET /sentinel HTTP/1.1\r\nHost: a.test\r\n\r\n');
  expect((await sentinel.answer()).status).toBe(200);
  sentinel.close();
  expect(seen.at(-1)).toBe('GET /sentinel []');
  expect([world.listener.exchanges, world.bugs]).toEqual([0, []]);
});

test('a request behind one that is not answered yet closes the connection, and is never seen', async () => {
  const own = await openWorld(createUwsListener);
  try {
    const client = await own.connect();
    client.send('GET /first HTTP/1.1\r\nHost: a.test\r\n\r\nGET /second HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.closed();
    expect(own.seen.map(({ request, cancelled }) => [request.path, cancelled])).toEqual([['/first', true]]);
  } finally {
    own.close();
  }
});

test('a client that closes its half of the connection counts as gone', async () => {
  const own = await openWorld(createUwsListener);
  try {
    const client = await own.connect();
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    const entry = await own.request(1);
    client.socket.end();
    await own.until(() => entry.cancelled, 'cancel');
    await client.closed();
  } finally {
    own.close();
  }
});

test('bytes beyond ASCII at the end of a field are cut off by the library before anyone sees them', async () => {
  const own = await openWorld(createUwsListener, {}, (entry) => respond(entry, 200));
  try {
    const client = await own.connect();
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\nA: Jos\xc3\xa9\r\n\r\n');
    await client.answer();
    expect((await own.request(1)).request.headers).toEqual(['host', 'a.test', 'a', 'Jos']);
  } finally {
    own.close();
  }
});

test('the head of an answer of unknown length waits for its first byte', async () => {
  const own = await openWorld(createUwsListener);
  try {
    const client = await own.connect();
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    const { handler } = await own.request(1);
    handler.onHeaders({ status: 200, headers: [], lengthBytes: null, resume() {} });
    // A whole exchange of somebody else: whatever were on its way would have come.
    const other = await own.connect();
    other.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    respond(await own.request(2), 200);
    await other.answer();
    expect(client.receivedBytes).toBe(0);
    handler.onData(Buffer.from('x'));
    await client.until(() => client.unread.includes('x'), 'head and byte');
  } finally {
    own.close();
  }
});
