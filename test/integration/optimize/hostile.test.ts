/**
 * What is meant to hurt a gateway that makes something of bodies: deep JSON, huge keys, names of the prototype, decompression bombs, expression
 * bombs, batches of batches; each by every way that it could come in. It is refused with a reason, or passes as it came; the node holds nothing of
 * it afterwards, has no bug, and answers the next one. How long a test may take is the bound in time: none waits for anything.
 */
import { get } from 'node:http';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.js';
import { type PartRequest, type Parts, startParts } from '../../support/parts.js';
import { Stage } from '../../support/stage.js';

const DOUBLING = ' | [get(), get()] | flatten()'.repeat(25);
const configOf = (url: string): string => `
gateway: { accessLog: false }
upstreams: [{ id: shop, targets: "${url}" }]
routes:
  - { id: fields, match: "/fields/*", upstream: shop, optimize: { fields: true } }
  - { id: minify, match: "/minify/*", upstream: shop, optimize: { minify: true } }
  - { id: list, match: "/list/*", upstream: shop, optimize: { list: { at: items, wrap: true, upTo: 64KiB } } }
  - { id: shaped, match: "/shaped/*", upstream: shop, optimize: { list: { at: items, upTo: 64KiB } } }
  - { id: convert, match: "/convert/*", upstream: shop, convert: { request: xml, response: json } }
  - { id: plain, match: "/plain/*", upstream: shop }
  - { id: composed, match: "/composed/{id}", compose: { parts: { a: { route: plain, path: "/plain/{id}" }, b: { route: plain, path: "/plain/b", body: "{.request.body}", method: POST } } } }
  - { id: merged, match: "/merged/{id}", compose: { parts: { a: { route: plain, path: "/plain/{id}" } }, merge: ".a${DOUBLING}" } }
  - { id: item, match: "/item/{id}", upstream: shop, coalesce: { url: /items, window: 50ms } }
  - { id: graphql, match: /graphql, upstream: shop, graphql: { queries: { top: "{ top { name } }" } } }
  - { id: batch, match: /batch, batch: { prefix: /plain } }
  - { id: other, match: /plain/batch, batch: { prefix: /plain } }`;

const stage = new Stage();
let gateway: Gateway;
let shop: Parts;
/** What the upstream answers, whatever is asked. */
let answered: { readonly body: string | Buffer; readonly headers: Record<string, string> } = { body: '', headers: {} };

const usual = (request: PartRequest): void => {
  request.response.writeHead(200, { 'content-type': 'application/json', ...answered.headers }).end(answered.body);
};

beforeAll(async () => {
  shop = await startParts(stage, usual);
  gateway = await startGateway(configOf(shop.url));
  stage.onEnd(() => gateway.close());
});
afterAll(() => stage.clear());
afterEach(async () => {
  expect(gateway.bugs).toEqual([]);
  for (const held of ['weir_held_answers_bytes', 'weir_request_bodies_kept_bytes'])
    await vi.waitFor(async () => expect([held, await gateway.metric(held)]).toEqual([held, 0]));
  expect(await ask('/plain/1', '{"ok":1}')).toMatchObject({ status: 200, text: '{"ok":1}' });
  expect(Object.keys(Object.prototype)).toEqual([]);
});

interface Told {
  readonly status: number;
  readonly text: string;
  readonly bytes: Buffer;
  /** It broke off. */
  readonly isBroken: boolean;
}

async function ask(path: string, body: string | Buffer, init: RequestInit = {}, headers = {}): Promise<Told> {
  answered = { body, headers };
  // Where its head was on its way already, the connection ends with it.
  const answer = await fetch(`${gateway.url}${path}`, init).catch(() => null);
  const bytes = (await answer?.arrayBuffer().then(Buffer.from, () => null)) ?? null;
  return {
    ...{ status: answer?.status ?? 0, bytes: bytes ?? Buffer.alloc(0), isBroken: bytes === null },
    text: bytes?.toString() ?? '',
  };
}

const posted = (body: string | Buffer, type = 'application/json', headers = {}): RequestInit => ({
  ...{ method: 'POST', body: typeof body === 'string' ? body : new Uint8Array(body) },
  headers: { 'content-type': type, ...headers },
});

/** Of an answer of which nothing was sent before the fault, a 502; else it ends visibly broken. */
function expectRefused({ status, text, isBroken }: Told, why: string): void {
  if (isBroken) return;
  expect([status, text.includes(why) ? why : text]).toEqual([502, why]);
}

const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
const deepObject = `{"items":[1],"a":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;

describe('deep JSON', () => {
  it.each([
    ['/fields/1?fields=b', deep],
    ['/fields/1?fields=a', deepObject],
    ['/minify/1', deep],
    ['/list/1', `{"items":[${deep}]}`],
    ['/list/1', `{"a":${deep},"items":[]}`],
    ['/shaped/1', deepObject],
  ])('in an answer that is read as it comes: %s', async (path, body) => {
    expectRefused(await ask(path, body), 'deeper than 128 levels');
  });

  it('in an answer that is a part, an item, or in another form', async () => {
    const composed = await ask('/composed/1', deep);
    expect([composed.status, JSON.parse(composed.text).a]).toEqual([200, null]);
    expect(composed.text).toContain('no JSON');
    const inBatch = await ask('/batch', deep, posted('{"requests":[{"path":"/plain/1"}]}'));
    expect(inBatch.status).toBe(200);
    const items = await Promise.all([ask('/item/1', deep), ask('/item/2', deep)]);
    expect(items.map(({ status }) => status)).toEqual([200, 200]);
    const xml = `${'<a>'.repeat(50_000)}${'</a>'.repeat(50_000)}`;
    expectRefused(await ask('/convert/1', xml, {}, { 'content-type': 'text/xml' }), "can't be read");
  });

  it.each([
    ['/composed/1', 400],
    ['/batch', 400],
    ['/convert/1', 400],
  ])('in a request to %s', async (path, status) => {
    const before = shop.requests.length;
    const told = await ask(path, '{}', posted(deep));
    expect([told.status, told.text.includes('deep')]).toEqual([status, true]);
    expect(shop.requests.length).toBe(before);
  });

  it('in variables of a query, and in what fields are named', async () => {
    const variables = `${'['.repeat(3_000)}${']'.repeat(3_000)}`;
    expect((await ask(`/graphql?id=top&variables=${variables}`, '{}')).status).toBe(400);
    expect((await ask(`/fields/1?fields=${'a('.repeat(900)}`, '{}')).status).toBe(400);
  });
});

describe('huge keys', () => {
  const key = 'k'.repeat(1_000_000);
  const body = `{"${key}":1,"items":[{"${key}":2}],"id":7}`;

  it('in an answer of which fields are named, or that holds a list, are no keys that anybody compares', async () => {
    expectRefused(await ask('/fields/1?fields=id', body), 'longer than 4096 bytes');
    expectRefused(await ask('/shaped/1', body), 'longer than 4096 bytes');
    expectRefused(await ask('/list/1', body), 'longer than 4096 bytes');
    expectRefused(await ask('/list/1', `{"items":[{"${key}":2}]}`), 'more than the 65536 bytes');
  });

  it('pass where nobody reads them', async () => {
    expect((await ask('/minify/1', body)).text).toBe(body);
  });

  it('in an answer in another form are a form that is too long, or pass', async () => {
    const told = await ask('/convert/1', `<${key}>1</${key}>`, {}, { 'content-type': 'text/xml' });
    expectRefused(told, 'more than the 1048576 bytes');
    expect((await ask('/convert/1', '{}', posted(`{"${key.slice(0, 100_000)}x y":1}`))).status).toBe(400);
  });
});

describe('__proto__', () => {
  const body = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"items":[{"__proto__":1}]}';

  it('is a member like any other, wherever something is made of an answer', async () => {
    expect((await ask('/fields/1?fields=__proto__(admin)', body)).text).toBe('{"__proto__":{"admin":true}}');
    expect((await ask('/fields/1?fields=constructor', body)).text).toBe('{"constructor":{"prototype":{"admin":true}}}');
    expect((await ask('/fields/1?fields=toString', body)).text).toBe('{}');
    expect((await ask('/list/1', body)).text).toBe('{"items":[{"__proto__":1}],"next":null}');
    expect((await ask('/minify/1', body)).text).toBe(body);
    const composed = JSON.parse((await ask('/composed/1', body)).text);
    expect([composed.admin, composed.a.admin]).toEqual([undefined, undefined]);
    const batch = await ask('/batch', body, posted('{"requests":[{"path":"/plain/1","__proto__":{"method":"PUT"}}]}'));
    expect(batch.status === 400 || batch.text.includes('"status":200')).toBe(true);
    expect(({} as Record<string, unknown>)['admin']).toBe(undefined);
  });

  it('in what a client sends changes nothing but its own', async () => {
    for (const path of ['/composed/1', '/convert/1', '/batch'])
      expect((await ask(path, '{}', posted(body))).status).toBeLessThan(500);
    for (const query of [
      'fields=__proto__',
      'cursor=__proto__',
      'limit=__proto__',
      'id=__proto__&variables={"__proto__":1}',
    ])
      for (const path of ['/fields/1', '/list/1', '/graphql'])
        expect((await ask(`${path}?${query}`, '{"items":[]}')).status).toBeLessThan(500);
    expect((await ask('/graphql?id=constructor', '{}')).status).toBe(404);
    expect(({} as Record<string, unknown>)['admin']).toBe(undefined);
  });
});

describe('decompression bombs', () => {
  // 16 MiB of JSON that is valid, in some kilobytes.
  const plain = Buffer.from(`{"items":[${'0,'.repeat(8 * 1024 * 1024)}0]}`);
  const bombs = [
    ['gzip', gzipSync(plain)],
    ['br', brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } })],
  ] as const;

  it.each(bombs)(
    'of %s in an answer are never opened: they pass as they came, or are no answer of a part',
    async (coding, bomb) => {
      const coded = { 'content-encoding': coding, 'content-length': String(bomb.length) };
      for (const path of ['/fields/1?fields=items', '/minify/1', '/list/1', '/convert/1']) {
        answered = { body: bomb, headers: coded };
        // By hand: fetch would open it.
        const { status, headers, length } = await rawLength(`${gateway.url}${path}`);
        expect([path, status, headers['content-encoding'], length]).toEqual([path, 200, coding, bomb.length]);
        expect(shop.requests.at(-1)?.headers['accept-encoding']).toBe(undefined);
      }
      const composed = await ask('/composed/1', bomb, {}, coded);
      expect([composed.status, JSON.parse(composed.text).a]).toEqual([200, null]);
      const batch = await ask('/batch', bomb, posted('{"requests":[{"path":"/plain/1"}]}'), coded);
      expect([batch.status, batch.text.includes('compressed')]).toEqual([200, true]);
    },
  );

  it.each(bombs)(
    'of %s in a request are never opened: they are no JSON, or pass as they came',
    async (coding, bomb) => {
      const coded = { 'content-encoding': coding };
      for (const path of ['/batch', '/composed/1'])
        expect((await ask(path, '{}', posted(bomb, 'application/json', coded))).status).toBe(400);
      const told = await ask('/convert/1', '{}', posted(bomb, 'application/json', coded));
      expect([told.status, shop.requests.at(-1)?.headers['content-encoding']]).toEqual([200, coding]);
    },
  );

  it('of XML, by entities that grow or are fetched, are refused', async () => {
    const laughs = `<!DOCTYPE a [<!ENTITY b "${'x'.repeat(1_000)}"><!ENTITY c "${'&b;'.repeat(1_000)}">]><a>${'&c;'.repeat(1_000)}</a>`;
    expectRefused(await ask('/convert/1', laughs, {}, { 'content-type': 'text/xml' }), 'document type');
  });
});

describe('expression bombs', () => {
  it('end: the whole is a failure that says so', async () => {
    const { status, text } = await ask('/merged/1', JSON.stringify(Array.from({ length: 1_000 }, (_, i) => i)));
    expect([status, JSON.parse(text).code, text.includes('steps')]).toEqual([502, 'merge_failed', true]);
  });

  it('in a config are refused when it is read', async () => {
    for (const merge of [`.a${' | map(get())'.repeat(600)}`, '('.repeat(3_000), `.${'a.'.repeat(3_000)}b`])
      await expect(gateway.reload(configOf(shop.url).replace(`.a${DOUBLING}`, merge))).rejects.toThrow('merge');
  });
});

describe('batches of batches', () => {
  const nested = (levels: number): unknown =>
    levels === 0
      ? { path: '/plain/1' }
      : { method: 'POST', path: '/plain/batch', body: { requests: [nested(levels - 1)] } };

  it.each([1, 2, 40])('%s deep are refused as a whole, before anybody is asked', async (levels) => {
    const before = shop.requests.length;
    const { status, text } = await ask('/batch', '{}', posted(JSON.stringify({ requests: [nested(levels)] })));
    expect([status, text.includes('can not hold batches')]).toEqual([400, true]);
    expect(shop.requests.length).toBe(before);
  });

  it('by the batch itself, in any spelling of its path, are refused or go nowhere', async () => {
    const before = shop.requests.length;
    for (const path of ['/batch', '/plain/../batch', '/plain/%2e%2e/batch', '//batch', '/batch?x=1']) {
      const body = JSON.stringify({ requests: [{ method: 'POST', path, body: { requests: [{ path: '/plain/1' }] } }] });
      const { status, text } = await ask('/batch', '{}', posted(body));
      const isNowhere = status === 200 && /"status":40[04]/.test(text);
      expect([path, status === 400 || isNowhere || text]).toEqual([path, true]);
    }
    expect(shop.requests.length).toBe(before);
  });
});

function rawLength(url: string) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; length: number }>((resolve, reject) => {
    get(url, (response) => {
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, length }));
    }).on('error', reject);
  });
}
