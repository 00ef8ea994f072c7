/** Bodies in another form, and queries of GraphQL by name, through a whole gateway. */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.js';

let stage: { readonly gateway: Gateway; readonly origin: Server } | null = null;
afterEach(async () => {
  const { gateway, origin } = stage ?? {};
  stage = null;
  await gateway?.close();
  origin?.closeAllConnections();
  origin?.close();
  expect(gateway?.bugs ?? []).toEqual([]);
});

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly type: string;
  readonly body: string;
}

async function open(route: string, answer: (seen: Seen) => { type: string; body: string; status?: number }) {
  const seen: Seen[] = [];
  const origin = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, type: headers['content-type'] ?? '', body: Buffer.concat(chunks).toString() };
      seen.push(one);
      const { type, body, status = 200 } = answer(one);
      response.writeHead(status, { 'content-type': type }).end(body);
    });
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const { port } = origin.address() as AddressInfo; // It listens at an address.
  const gateway = await startGateway(
    `upstreams: [{ id: u, targets: ["http://127.0.0.1:${port}"] }]\nroutes: [{ id: r, match: /*, ${route} }]`,
  );
  stage = { gateway, origin };
  return { seen, gateway, ask: (path: string, init: RequestInit = {}) => fetch(`${gateway.url}${path}`, init) };
}

const post = (type: string, body: string): RequestInit => ({ method: 'POST', headers: { 'content-type': type }, body });

describe('an upstream that speaks XML', () => {
  it('is asked and answers in JSON', async () => {
    const { ask, seen } = await open('convert: { request: xml, response: json, root: order }', () => ({
      ...{ type: 'application/xml', body: '<answer code="7"><name>Ann &amp; Bob</name></answer>' },
    }));
    const answer = await ask('/orders', post('application/json', '{"item":["a","b"],"n":1}'));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await answer.json()).toEqual({ answer: { name: 'Ann & Bob', '@code': '7' } });
    expect(seen[0]).toMatchObject({ type: 'application/xml; charset=utf-8' });
    expect(seen[0]?.body).toContain('<order><item>a</item><item>b</item><n>1</n></order>');
  });

  it('that answers nonsense, or too much, is a 502; what the client sends so, a 400 or a 413', async () => {
    const { ask, gateway } = await open('convert: { request: xml, response: json, upTo: 1KiB }', ({ url }) => ({
      ...{ type: 'text/xml', body: url === '/long' ? `<a>${'x'.repeat(2_000)}</a>` : '<a><b></a>' },
    }));
    for (const [path, init, status] of [
      ['/bad', {}, 502],
      ['/long', {}, 502],
      ['/', post('application/json', '{'), 400],
      ['/', post('application/json', JSON.stringify('x'.repeat(2_000))), 413],
    ] as const)
      expect([path, (await ask(path, init)).status]).toEqual([path, status]);
    expect(await gateway.metric('weir_bodies_bytes')).toBe(0);
  });

  it('passes what is of no such form, or of the right one, as it came', async () => {
    const { ask, seen } = await open('convert: { request: form, response: json }', () => ({
      type: 'text/html',
      body: '<p>',
    }));
    expect(await (await ask('/', post('text/plain', '<a'))).text()).toBe('<p>');
    await ask('/', post('application/x-www-form-urlencoded', 'a=%31'));
    await ask('/', post('application/json', '{"a":[1,2]}'));
    expect(seen.map(({ body }) => body)).toEqual(['<a', 'a=%31', 'a=1&a=2']);
  });
});

describe('a GraphQL server', () => {
  const TOP = 'query Top($n: Int) { products(first: $n) { name } }';
  const graphql = `graphql: { queries: { top: "${TOP}" } }`;
  const byName = `/graphql?id=top&variables=${encodeURIComponent('{"n":3}')}`;
  const answer = () => ({ type: 'application/json', body: '{"data":{}}' });

  it('is asked by name, by GET, and its answer is cached; by the hash of the text as well', async () => {
    const { ask, seen } = await open(`${graphql}, cache: { ttl: 1m }`, answer);
    for (let i = 0; i < 3; i += 1) expect(await (await ask(byName)).json()).toEqual({ data: {} });
    const hash = createHash('sha256').update(TOP).digest('hex');
    const extensions = encodeURIComponent(JSON.stringify({ persistedQuery: { version: 1, sha256Hash: hash } }));
    expect((await ask(`/graphql?extensions=${extensions}`)).status).toBe(200);
    expect(seen.map(({ method, url, body }) => [method, url, JSON.parse(body)])).toEqual([
      ['POST', '/graphql', { query: TOP, variables: { n: 3 } }],
      ['POST', '/graphql', { query: TOP }],
    ]);
  });

  it('with `only` is asked nothing else', async () => {
    const { ask, seen } = await open(`graphql: { queries: { top: "${TOP}" }, only: true }`, answer);
    const unknown = await ask('/graphql?id=other');
    expect([unknown.status, await unknown.json()]).toMatchObject([
      404,
      { errors: [{ message: 'PersistedQueryNotFound' }] },
    ]);
    expect((await ask('/graphql', post('application/json', `{"query":"${'{ all }'}"}`))).status).toBe(403);
    expect((await ask('/graphql?query={all}')).status).toBe(403);
    expect((await ask('/graphql?id=top&variables=[1]')).status).toBe(400);
    expect(seen).toEqual([]);
    expect((await ask(byName)).status).toBe(200);
  });

  it('is never asked to change something by GET: such a config is refused', async () => {
    for (const text of ['mutation { a }', 'query A { a } mutation B { b }', 'subscription { a }', 'no query'])
      await expect(
        startGateway(
          `upstreams: [{ id: u, targets: ["http://127.0.0.1:1"] }]\nroutes: [{ match: /*, graphql: { queries: { a: "${text}" } } }]`,
        ),
      ).rejects.toThrow('quer');
  });
});
