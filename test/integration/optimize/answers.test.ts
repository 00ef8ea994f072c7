/** Smaller answers by a whole gateway: fields, compression and entity tags, alone and together, with and without a cache, and when the client goes. */
import { createServer, get, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliDecompressSync, createBrotliDecompress, createGunzip, gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.js';

const items = Array.from({ length: 5_000 }, (_, id) => ({
  ...{ id, sku: `sku-${id}`, price: { amount: id * 100, currency: 'EUR' } },
  description: `The ${id}th of many things, described at some length and in words that come again and again. `.repeat(
    2,
  ),
}));
const list = JSON.stringify({ total: items.length, items }, null, 2);
const wanted = JSON.stringify({ items: items.map(({ id, price: { amount } }) => ({ id, price: { amount } })) });
const FIELDS = 'fields=items(id,price(amount))';

interface Told {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

type Answer = (response: ServerResponse, url: string, headers: IncomingHttpHeaders) => void;

let stage: { readonly gateway: Gateway; readonly origin: Server } | null = null;
afterEach(async () => {
  const { gateway, origin } = stage ?? {};
  stage = null;
  await gateway?.close();
  origin?.closeAllConnections();
  origin?.close();
  expect(gateway?.bugs).toEqual([]);
});

async function open(optimize: string, answer: Answer, more = '') {
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

const json: Answer = (response) => {
  response
    .writeHead(200, { 'content-type': 'application/json', etag: '"v1"', 'cache-control': 'max-age=60' })
    .end(list);
};
const untagged: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(list);
};

describe('fields of JSON', () => {
  it('are those that were named; the parameter goes no further, and the cache has the whole once', async () => {
    const { ask, asked } = await open('{ fields: true }', json, 'cache: true');
    const part = await ask(`/list?page=2&${FIELDS}`);
    expect(part.bytes.toString()).toBe(wanted);
    const [whole, other] = [await ask('/list?page=2'), await ask('/list?fields=total&page=2')];
    expect(whole.bytes.toString()).toBe(list);
    expect(other.bytes.toString()).toBe(`{"total":${items.length}}`);
    expect(asked).toEqual(['/list?page=2']);
    expect(new Set([part, whole, other].map(({ headers }) => headers.etag)).size).toBe(3);
  });

  it('have entity tags of their own: 304 for the same selection in any spelling, and for no other', async () => {
    const { ask } = await open('{ fields: true }', json, 'cache: true');
    const { headers } = await ask(`/list?${FIELDS}`);
    const again = { 'if-none-match': headers.etag ?? '' };
    const same = await ask('/list?fields=items(price/amount,id)', again);
    expect([same.status, same.headers.etag, same.bytes.length]).toEqual([304, headers.etag, 0]);
    expect((await ask('/list?fields=items(id)', again)).status).toBe(200);
    expect((await ask('/list', again)).status).toBe(200);
    expect((await ask('/list', { 'if-none-match': '"v1"' })).status).toBe(304);
  });

  it('that can not be read are told, with their place', async () => {
    const { ask, asked } = await open('{ fields: true }', json);
    for (const fields of ['fields=a(', 'fields=', 'fields=a&fields=b', `fields=${'a('.repeat(40)}`, 'fields=%zz']) {
      const { status, bytes } = await ask(`/list?${fields}`);
      expect([fields, status, bytes.toString().includes('`fields` can')]).toEqual([fields, 400, true]);
    }
    expect(asked).toEqual([]);
  });

  it('of what is no JSON, of an error, and of a HEAD are left as they are', async () => {
    const { ask } = await open('{ fields: true, minify: true }', (response, url) => {
      if (url === '/text') response.writeHead(200, { 'content-type': 'text/plain' }).end('{ "a" : 1 }');
      else if (url === '/bad') response.writeHead(400, { 'content-type': 'application/json' }).end('{ "error" : 1 }');
      else json(response, url, {});
    });
    expect((await ask('/text?fields=b')).bytes.toString()).toBe('{ "a" : 1 }');
    expect((await ask('/bad?fields=b')).bytes.toString()).toBe('{ "error" : 1 }');
    expect((await ask(`/list?${FIELDS}`, {}, 'HEAD')).status).toBe(200);
    expect((await ask('/list')).bytes.toString()).toBe(JSON.stringify(JSON.parse(list)));
  });

  it('of JSON that breaks off or is none never pass for the whole', async () => {
    const { ask } = await open('{ fields: true }', (response, url) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      if (url === '/half') response.end(list.slice(0, 300_000));
      else response.end('{"items":[}');
    });
    await expect(ask(`/half?${FIELDS}`)).rejects.toThrow();
    const told = await ask(`/none?${FIELDS}`).catch(() => null);
    expect(told === null || told.status === 502).toBe(true);
  });
});

describe('masks', () => {
  const person =
    '{ "user": { "email": "ann@example.com", "age": 7 },\n "card": 4111111111111111, "note": "a 4111 1111 1111 1111 b" }';
  const MASK = 'mask: { fields: [user.email], pii: creditCard, keep: 4 }';
  const masked = '{ "user": { "email": "***.com", "age": 7 },\n "card": "***1111", "note": "a ***1111 b" }';
  const people: Answer = (response, url, headers) => {
    if (url === '/text') response.writeHead(200, { 'content-type': 'text/plain' }).end(person);
    else if (url === '/half') response.writeHead(200, { 'content-type': 'application/json' }).end(person.slice(0, 60));
    else if (url === '/packed')
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(gzipSync(person));
    else {
      const accepted = `${headers['accept-encoding']} ${headers.range}`;
      const fields = { 'content-type': 'application/json', etag: '"v1"', 'cache-control': 'max-age=60', accepted };
      response.writeHead(url === '/bad' ? 400 : 200, fields);
      for (const letter of person) response.write(letter);
      response.end();
    }
  };

  it('are of JSON alone, whatever its status, and of what is stored as well', async () => {
    const { ask, asked } = await open('{ compress: { min: 1B } }', people, `cache: true, ${MASK}`);
    for (const _ of ['from the upstream', 'from the cache']) {
      const whole = await ask('/one', { 'accept-encoding': 'gzip' });
      expect(gunzipSync(whole.bytes).toString()).toBe(masked);
      expect(whole.headers['accepted']).toBe('undefined undefined');
    }
    expect(asked).toEqual(['/one']);
    expect((await ask('/bad', { range: 'bytes=0-9' })).bytes.toString()).toBe(masked);
    expect((await ask('/one', {}, 'HEAD')).status).toBe(200);
  });

  it('leave alone what is no JSON where that is allowed', async () => {
    const { ask } = await open('{}', people, MASK.replace('}', ', others: pass }'));
    expect((await ask('/text')).bytes.toString()).toBe(person);
  });

  it('let nothing pass that can not be read', async () => {
    const { ask, gateway } = await open('{}', people, MASK);
    await expect(ask('/half')).rejects.toThrow();
    for (const path of ['/packed', '/text']) expect([path, (await ask(path)).status]).toEqual([path, 502]);
    expect(gateway.bugs).toEqual([]);
  });
});

describe('compression', () => {
  it('is by what the client takes, and says so to caches', async () => {
    const { ask } = await open('{ compress: true }', json);
    const [br, gzip, plain, none] = [
      await ask('/list', { 'accept-encoding': 'gzip, br' }),
      await ask('/list', { 'accept-encoding': 'gzip, br;q=0.5' }),
      await ask('/list'),
      await ask('/list', { 'accept-encoding': 'br;q=0, identity' }),
    ];
    expect([br, gzip, plain, none].map(({ headers }) => headers['content-encoding'])).toEqual([
      ...['br', 'gzip', undefined, undefined],
    ]);
    expect(brotliDecompressSync(br.bytes).toString()).toBe(list);
    expect(gunzipSync(gzip.bytes).toString()).toBe(list);
    expect(br.bytes.length).toBeLessThan(list.length / 10);
    for (const { headers } of [br, gzip, plain, none]) expect(headers.vary).toContain('accept-encoding');
    expect([br, gzip, plain].map(({ headers }) => headers.etag)).toEqual(['"v1;w=br"', '"v1;w=gzip"', '"v1"']);
  });

  it('is done once for what has an entity tag, and kept forms are those of their answer', async () => {
    let version = 1;
    const { ask } = await open('{ compress: true }', (response, url) => {
      const headers = { 'content-type': 'text/plain', etag: `"${version}"` };
      response.writeHead(200, headers).end(`${url} ${version} `.repeat(1_000));
    });
    const coded = { 'accept-encoding': 'br' };
    const text = ({ bytes }: Told): string => brotliDecompressSync(bytes).toString();
    const [first, second] = [await ask('/a', coded), await ask('/a', coded)];
    expect([first.headers['content-length'], Number(second.headers['content-length'])]).toEqual([
      undefined,
      second.bytes.length,
    ]);
    expect(text(second)).toBe('/a 1 '.repeat(1_000));
    expect(text(await ask('/b', coded))).toBe('/b 1 '.repeat(1_000));
    version = 2;
    expect(text(await ask('/a', coded))).toBe('/a 2 '.repeat(1_000));
    const { headers } = await ask('/a', { ...coded, 'if-none-match': '"2;w=br"' });
    expect(headers.etag).toBe('"2;w=br"');
  });

  it('never gives one user the kept form of another, whatever tags the origin gives', async () => {
    const { ask } = await open('{ compress: true }', (response, _url, { authorization = '', cookie = '' }) => {
      response
        .writeHead(200, { 'content-type': 'text/plain', etag: '"same"' })
        .end(`${authorization}${cookie} `.repeat(1_000));
    });
    for (const name of ['authorization', 'cookie'])
      for (const user of ['ann', 'bob']) {
        const { bytes } = await ask('/me', { 'accept-encoding': 'br', [name]: user });
        expect(brotliDecompressSync(bytes).toString()).toBe(`${user} `.repeat(1_000));
      }
  });

  it.each([
    ['what is short', { 'content-type': 'text/plain' }, 'short'],
    ['a picture', { 'content-type': 'image/png' }, 'x'.repeat(5_000)],
    ['what is coded already', { 'content-type': 'text/plain', 'content-encoding': 'deflate' }, 'x'.repeat(5_000)],
    ['what may not be changed', { 'content-type': 'text/plain', 'cache-control': 'no-transform' }, 'x'.repeat(5_000)],
    ['events', { 'content-type': 'text/event-stream' }, 'data: x\n\n'.repeat(1_000)],
    ['what has no type', {}, 'x'.repeat(5_000)],
  ])('leaves %s as it is', async (_, headers, body) => {
    const { ask } = await open('{ compress: true }', (response) => {
      response.writeHead(200, { ...headers, 'content-length': body.length }).end(body);
    });
    const told = await ask('/', { 'accept-encoding': 'br, gzip' });
    expect([told.headers['content-encoding'], told.bytes.toString()]).toEqual([
      'content-encoding' in headers ? 'deflate' : undefined,
      body,
    ]);
  });

  it('of a part is none: ranges are of the plain form', async () => {
    const { ask } = await open('{ compress: true }', (response, _, { range }) => {
      const type = { 'content-type': 'text/plain' };
      if (range === undefined) response.writeHead(200, type).end('x'.repeat(5_000));
      else response.writeHead(206, { ...type, 'content-range': 'bytes 0-1999/5000' }).end('x'.repeat(2_000));
    });
    const told = await ask('/', { 'accept-encoding': 'br', range: 'bytes=0-1999' });
    expect([told.status, told.headers['content-encoding'], told.bytes.length]).toEqual([206, undefined, 2_000]);
  });

  it.each(['br', 'gzip'])('by %s shows what has come of an answer that goes on', async (coding) => {
    let goOn = (): void => {};
    const { gateway } = await open('{ compress: true }', (response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('x'.repeat(5_000));
      goOn = () => response.end('the end');
    });
    const whole = await new Promise<Buffer>((resolve, reject) => {
      const headers = { 'accept-encoding': coding };
      const request = get({ port: gateway.port, host: '127.0.0.1', path: '/', headers }, (response) => {
        const decoder = coding === 'br' ? createBrotliDecompress() : createGunzip();
        const pieces: Buffer[] = [];
        response.pipe(decoder);
        // Its upstream ends it only when the client has seen its beginning.
        decoder.on('data', (piece: Buffer) => {
          pieces.push(piece);
          if (Buffer.concat(pieces).length === 5_000) goOn();
        });
        decoder.on('end', () => resolve(Buffer.concat(pieces)));
        decoder.on('error', reject);
      });
      request.on('error', reject);
    });
    expect(whole.toString()).toBe(`${'x'.repeat(5_000)}the end`);
  });

  it('ends with its client, and with its upstream', async () => {
    const { ask, gateway } = await open('{ compress: true }', (response, url) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      // All of it is on its way when the connection breaks.
      response.write('x'.repeat(200_000), () => {
        if (url === '/cut') response.destroy();
      });
    });
    await expect(ask('/cut', { 'accept-encoding': 'gzip' })).rejects.toThrow();
    // What has come is sent, though the answer has no end: or there would be no data to leave by.
    await new Promise<void>((resolve) => {
      const request = get({ port: gateway.port, host: '127.0.0.1', path: '/', headers: { 'accept-encoding': 'br' } });
      request.on('response', (response) => response.once('data', () => request.destroy()));
      request.on('error', () => {});
      request.on('close', () => resolve());
    });
    await expect.poll(() => gateway.node.status().exchanges).toBe(0);
  });
});

describe('entity tags', () => {
  it('are made for answers without one, and spare whoever shows them the answer', async () => {
    const { ask, asked } = await open('{ etag: { upTo: 4MiB } }', untagged);
    const { headers, bytes } = await ask('/list');
    expect([bytes.length, /^"[\w-]{27}"$/.test(headers.etag ?? '')]).toEqual([list.length, true]);
    const again = await ask('/list', { 'if-none-match': `"other", W/${headers.etag}` });
    expect([again.status, again.bytes.length, again.headers.etag]).toEqual([304, 0, headers.etag]);
    expect((await ask('/list', { 'if-none-match': '"other"' })).status).toBe(200);
    expect(asked.length).toBe(3);
  });

  it('are left to origins that make them, and to answers that are not too long, and are not of errors', async () => {
    const { ask } = await open('{ etag: { upTo: 64KiB } }', (response, url) => {
      if (url === '/own') response.writeHead(200, { etag: '"own"' }).end('x');
      else if (url === '/long') response.writeHead(200).end('x'.repeat(70_000));
      else if (url === '/streamed') {
        response.write('x'.repeat(60_000), () => response.end('y'.repeat(60_000)));
      } else response.writeHead(404).end('x');
    });
    expect((await ask('/own')).headers.etag).toBe('"own"');
    for (const [path, length] of [['/long', 70_000] as const, ['/streamed', 120_000] as const, ['/none', 1] as const]) {
      const { headers, bytes } = await ask(path);
      expect([path, headers.etag, bytes.length]).toEqual([path, undefined, length]);
    }
  });

  it('hold nothing for good: what was set aside is given back', async () => {
    let goOn = (): void => {};
    const { ask, gateway } = await open('{ etag: true }', (response, url) => {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('x'.repeat(500));
      if (url === '/cut') response.destroy();
      else if (url === '/waits') goOn = () => response.end('x'.repeat(500));
      else response.end('x'.repeat(500));
    });
    const waiting = ask('/waits');
    await expect.poll(() => gateway.metric('weir_held_answers_bytes'), { timeout: 20_000 }).toBe(1_000);
    goOn();
    expect((await waiting).bytes.length).toBe(1_000);
    for (let i = 0; i < 20; i += 1) await Promise.all([ask('/cut').catch(() => null), ask('/whole')]);
    expect(await gateway.metric('weir_held_answers_bytes')).toBe(0);
  });
});

describe('a list', () => {
  /** All of its pages, from the first on, by their links. */
  async function walk(
    ask: (path: string, headers?: Record<string, string>) => Promise<Told>,
    query: string,
    read: (told: Told) => unknown[],
  ) {
    const seen: unknown[] = [];
    const tags = new Set<string>();
    let pages = 0;
    for (let next: string | null = query; next !== null; pages += 1) {
      const told: Told = await ask(`/list?${next}`);
      expect([told.status, pages < 100]).toEqual([200, true]);
      seen.push(...read(told));
      tags.add(told.headers.etag ?? '');
      next = /<\?([^>]*)>; rel="next"/.exec(String(told.headers['link'] ?? ''))?.[1] ?? null;
    }
    return { seen, pages, tags };
  }
  const itemsOf = ({ bytes }: Told): unknown[] => JSON.parse(bytes.toString()).items;

  it('is stored whole, once, and its pages are together all of it', async () => {
    const { ask, asked, gateway } = await open(
      '{ fields: true, list: { at: items, wrap: true } }',
      json,
      'cache: true',
    );
    const walked = await walk(ask, 'limit=200', itemsOf);
    expect(walked.seen).toEqual(items);
    expect([walked.pages, walked.tags.size]).toEqual([25, 25]);
    const part = await ask('/list?fields=items(id),next&limit=3');
    expect(JSON.parse(part.bytes.toString())).toEqual({
      items: [{ id: 0 }, { id: 1 }, { id: 2 }],
      next: expect.stringMatching(/^[\w-]+\.[\w-]{22}$/),
    });
    expect(part.headers['link']).toMatch(/^<\?fields=items\(id\),next&limit=3&cursor=/);
    expect(asked).toEqual(['/list']);
    expect(await gateway.metric('weir_smaller_answers_total{route="r",what="paged"}')).toBe(26);
    expect(await gateway.metric('weir_held_answers_bytes')).toBe(0);
  });

  it('has a tag for each page in each coding, by which it is not sent again', async () => {
    const { ask, asked } = await open('{ compress: true, list: { at: items, wrap: true } }', json, 'cache: true');
    const coded = { 'accept-encoding': 'br' };
    const first = await ask('/list', coded);
    expect(itemsOf({ ...first, bytes: brotliDecompressSync(first.bytes) })).toEqual(items.slice(0, 50));
    const again = await ask('/list', { ...coded, 'if-none-match': first.headers.etag ?? '' });
    expect([again.status, again.headers.etag, again.bytes.length]).toEqual([304, first.headers.etag, 0]);
    expect((await ask('/list?limit=51', { ...coded, 'if-none-match': first.headers.etag ?? '' })).status).toBe(200);
    expect(asked).toEqual(['/list']);
  });

  it('keeps what is around it, as it streams', async () => {
    const { ask } = await open('{ list: { at: items, limit: 2 } }', (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(`{"a":1,"items":[${JSON.stringify(items[0])},`);
      setTimeout(() => response.end(`${JSON.stringify(items[1])},3],"z":{"items":[9]}}`), 20);
    });
    expect(JSON.parse((await ask('/list')).bytes.toString())).toEqual({
      ...{ a: 1, items: items.slice(0, 2), z: { items: [9] } },
    });
  });

  it.each([
    [
      'pages: { page: p, size: n, max: 90 }',
      (query: URLSearchParams) => {
        const [page, size] = [Number(query.get('p')), Number(query.get('n'))];
        return { from: (page - 1) * size, to: page * size };
      },
    ],
    [
      'offset: { max: 90 }',
      (query: URLSearchParams) => {
        const [from, limit] = [Number(query.get('offset')), Number(query.get('limit'))];
        return { from, to: from + limit };
      },
    ],
    [
      'cursor: { cursor: after, next: meta.next }',
      (query: URLSearchParams) => {
        const from = Number(query.get('after') ?? 0);
        return { from, to: from + 64 };
      },
    ],
  ] as const)('of an upstream with %s is asked for page by page', async (upstream, windowOf) => {
    const { ask, asked } = await open(
      `{ list: { at: items, wrap: true, upstream: { ${upstream} } } }`,
      (response, url) => {
        const query = new URL(url, 'http://origin').searchParams;
        const { from, to } = windowOf(query);
        const page = items.slice(0, 300).slice(from, to);
        const next = to < 300 ? String(to) : null;
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ items: page, kind: query.get('kind'), meta: { next } }));
      },
    );
    const { seen } = await walk(ask, 'kind=x&limit=40', itemsOf);
    expect(seen).toEqual(items.slice(0, 300));
    expect(asked.every((url) => url.includes('kind=x'))).toBe(true);
    // None is asked for the whole.
    expect(asked.length).toBeGreaterThanOrEqual(8);
  });

  it('has its bad cursors told', async () => {
    const { ask, asked } = await open('{ list: { at: items, wrap: true } }', json);
    for (const query of ['cursor=x', 'cursor=', 'limit=0', 'limit=1&limit=2']) {
      const { status, bytes } = await ask(`/list?${query}`);
      expect([query, status, JSON.parse(bytes.toString()).code]).toEqual([query, 400, 'bad_request']);
    }
    expect(asked).toEqual([]);
  });
});

it('all together, over a cache: a fraction of the bytes, then none', async () => {
  const { ask, asked } = await open(
    '{ fields: true, minify: true, compress: true, etag: { upTo: 4MiB } }',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=60' }).end(list);
    },
    'cache: true',
  );
  const coded = { 'accept-encoding': 'br' };
  const part = await ask(`/list?${FIELDS}`, coded);
  expect(brotliDecompressSync(part.bytes).toString()).toBe(wanted);
  expect(part.bytes.length).toBeLessThan(list.length / 20);
  const again = await ask(`/list?${FIELDS}`, { ...coded, 'if-none-match': part.headers.etag ?? '' });
  expect([again.status, again.bytes.length, again.headers.etag]).toEqual([304, 0, part.headers.etag]);
  const kept = await ask(`/list?${FIELDS}`, coded);
  expect(kept.bytes.equals(part.bytes)).toBe(true);
  expect(asked).toEqual(['/list']);
});
