// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
/** Requests that are put together, against a whole gateway; behind it a service by hand that knows lists and items. */
import { afterEach, expect, it, vi } from 'vitest';
import { startGateway } from '../../support/gateway.js';
import { answerJson, type Parts, startParts } from '../../support/parts.js';
import { Stage } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

async function started(answer: Parts['answer'], coalesce = '', more = '') {
  const shop = await startParts(stage, answer);
  const gateway = await startGateway(`
gateway: { accessLog: false }
upstreams: [{ id: shop, targets: "${shop.url}" }]
routes:
  - id: items
    match: "/items/{id}"
    upstream: shop
    retry: false
    ${more}
    coalesce: { url: /items, window: 100ms, ${coalesce} }`);
  stage.onEnd(async () => {
    await gateway.close();
    expect(gateway.bugs).toEqual([]);
  });
  const get = async (path: string, init: RequestInit = {}) => {
    const answered = await fetch(`${gateway.url}${path}`, init);
    const text = await answered.text();
    return { status: answered.status, headers: answered.headers, text };
  };
  const urls = () => shop.requests.map(({ url }) => url);
  const counted = (joining: string) => gateway.metric(`weir_joinings_total{route="items",joining="${joining}"}`);
  return { shop, gateway, get, urls, counted };
}

/** All that are asked for but 404; the text is that of a careless server. */
const lists: Parts['answer'] = (request) => {
  const { pathname, searchParams } = new URL(request.url, 'http://shop');
  const ids = searchParams.get('ids');
  const itemOf = (id: string): string =>
    `{ "id" : ${/^\d+$/.test(id) ? id : JSON.stringify(id)},"big":12345678901234567890 }`;
  if (ids === null) {
    answerJson(request, itemOf(decodeURIComponent(pathname.slice('/items/'.length))));
    return;
  }
  const there = ids.split(',').filter((id) => id !== '404');
  answerJson(request, `[ ${there.map(itemOf).join(' , ')} ]`, 200, { 'cache-control': 'max-age=60', etag: '"list"' });
};

it('several are one request, and each gets its item as the upstream wrote it; one that is missing is a 404', async () => {
  const { get, urls, counted } = await started(lists);
  const answers = await Promise.all(
    ['/items/1?a=b', '/items/2?a=b', '/items/404?a=b', '/items/x%20y?a=b', '/items/2?a=b'].map((path) => get(path)),
  );
  expect(urls()).toEqual([expect.stringMatching(/^\/items\?a=b&ids=/)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 200, 200]);
  expect(answers[0]?.text).toBe('{ "id" : 1,"big":12345678901234567890 }');
  expect(answers[3]?.text).toContain('"x y"');
  expect(JSON.parse(answers[2]?.text ?? '').code).toBe('item_missing');
  expect(answers[0]?.headers.get('etag')).toBeNull();
  expect(answers[0]?.headers.get('content-length')).toBe('39');
  expect([await counted('coalesce_request'), await counted('coalesced'), await counted('coalesced_missing')]).toEqual([
    1, 4, 1,
  ]);
});

it('one alone goes as it came, and a full group goes at once', async () => {
  const { get, urls } = await started(lists, 'max: 2');
  await get('/items/1');
  expect(urls()).toEqual(['/items/1']);
  await Promise.all([get('/items/1'), get('/items/2'), get('/items/3'), get('/items/4')]);
  expect(urls()).toHaveLength(3);
  expect(
    urls()
      .slice(1)
      .every((url) => /^\/items\?ids=\d,\d$/.test(url)),
  ).toBe(true);
});

it.each([
  ['authorization', 'Bearer a', 'Bearer b'],
  ['cookie', 'a=1', 'a=2'],
  ['accept-language', 'de', 'fr'],
  ['x-tenant', 'one', 'two'],
])('who differs by %s is never put together', async (name, a, b) => {
  const { get, urls } = await started(lists);
  const answers = await Promise.all([
    get('/items/1', { headers: { [name]: a } }),
    get('/items/2', { headers: { [name]: b } }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(urls().sort()).toEqual(['/items/1', '/items/2']);
});

it('conditions, ranges and other methods go by themselves', async () => {
  const { get, urls } = await started(lists);
  await Promise.all([
    get('/items/1', { headers: { 'if-none-match': '"a"' } }),
    get('/items/2', { headers: { range: 'bytes=0-1' } }),
    get('/items/3', { method: 'DELETE' }),
    get('/items/a,b'),
    get('/items/5?ids=7'),
  ]);
  expect(urls().sort()).toEqual(['/items/1', '/items/2', '/items/3', '/items/5?ids=7', '/items/a,b']);
});

it('each item is kept under its own URL', async () => {
  const { get, urls } = await started(lists, '', 'cache: true');
  await Promise.all([get('/items/1'), get('/items/2')]);
  expect(urls()).toHaveLength(1);
  const again = await Promise.all([get('/items/2'), get('/items/1')]);
  expect(again.map(({ text }) => JSON.parse(text).id)).toEqual([2, 1]);
  expect(again.every(({ headers }) => /hit/.test(headers.get('cache-status') ?? ''))).toBe(true);
  expect(urls()).toHaveLength(1);
});

it.each<[string, Parts['answer']]>([
  ['refuses such requests', (request) => answerJson(request, {}, 400)],
  ['answers with no list', (request) => answerJson(request, { items: 1 }.items)],
  ['sets a cookie', (request) => answerJson(request, [{ id: 1 }, { id: 2 }], 200, { 'set-cookie': 'a=1' })],
  ['depends on what is not compared', (request) => answerJson(request, [{ id: 1 }], 200, { vary: 'user-agent' })],
])(
  'where the upstream %s, each asks once by itself, and then nothing is put together for a while',
  async (_, answer) => {
    const { get, urls, counted } = await started((request) =>
      request.url.includes('?') ? answer(request) : lists(request),
    );
    const answers = await Promise.all([get('/items/1'), get('/items/2')]);
    expect(answers.map(({ status, text }) => [status, JSON.parse(text).id])).toEqual([
      [200, 1],
      [200, 2],
    ]);
    expect(urls()).toHaveLength(3);
    expect(await counted('coalesced_again')).toBe(2);
    await Promise.all([get('/items/3'), get('/items/4')]);
    expect(urls().slice(3).sort()).toEqual(['/items/3', '/items/4']);
  },
);

it.each<[string, Parts['answer'], number]>([
  ['is overloaded', (request) => answerJson(request, { no: 1 }, 503), 503],
  ['breaks off', (request) => void request.response.socket?.destroy(), 502],
])('where the upstream %s, all hear of it, and it is not asked again by each', async (_, answer, status) => {
  const { get, urls } = await started(answer);
  const answers = await Promise.all([get('/items/1'), get('/items/2'), get('/items/3')]);
  expect(answers.map((one) => one.status)).toEqual([status, status, status]);
  expect(urls()).toHaveLength(1);
});

it('each has its own deadline, and who leaves takes nothing from the others', async () => {
  const { shop, get, gateway } = await started(() => {});
  const late = get('/items/1', { headers: { 'x-request-timeout-ms': '400' } });
  const leaving = new AbortController();
  const left = fetch(`${gateway.url}/items/2`, { signal: leaving.signal }).catch(() => 'left');
  const patient = get('/items/3');
  await vi.waitFor(() => expect(shop.requests).toHaveLength(1));
  leaving.abort();
  expect(await left).toBe('left');
  expect((await late).status).toBe(504);
  const [asked] = shop.requests;
  expect(asked?.isLeft).toBe(false);
  if (asked !== undefined) lists(asked);
  expect((await patient).status).toBe(200);
});

it('when all have left, the upstream is left as well', async () => {
  const { shop, gateway } = await started(() => {});
  const leaving = new AbortController();
  const all = ['/items/1', '/items/2'].map((path) =>
    fetch(`${gateway.url}${path}`, { signal: leaving.signal }).catch(() => 'left'),
  );
  await vi.waitFor(() => expect(shop.requests).toHaveLength(1));
  leaving.abort();
  await Promise.all(all);
  await vi.waitFor(() => expect(shop.requests[0]?.isLeft).toBe(true));
});

it('other shapes: a list deeper down, members by id, a parameter for each', async () => {
  const { get, urls } = await started(
    (request) => answerJson(request, { data: { all: { a: { n: 1 }, b: { n: 2 } } } }),
    'items: data.all, query: id, repeat: true',
  );
  const answers = await Promise.all([get('/items/a'), get('/items/b')]);
  expect(answers.map(({ text }) => text)).toEqual(['{"n":1}', '{"n":2}']);
  expect(urls()).toEqual(['/items?id=a&id=b']);
});
