/** Lists page by page, by a whole gateway: stored once, with tags and compressed, as they stream, and by whatever cursors clients send. */
import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { items, json, open, type Told } from './answers-stage.js';

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
