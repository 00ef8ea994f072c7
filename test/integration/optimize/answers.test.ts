/** Smaller answers by a whole gateway: fields, masks and entity tags, and all of it together, with and without a cache. */
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Answer, items, json, list, open } from './answers-stage.js';

const wanted = JSON.stringify({ items: items.map(({ id, price: { amount } }) => ({ id, price: { amount } })) });
const FIELDS = 'fields=items(id,price(amount))';

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
