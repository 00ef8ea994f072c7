// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
/** Compositions against a whole gateway with the config as it is written; behind it services by hand. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startGateway } from '../../support/gateway.js';
import { answerJson, type Parts, startParts } from '../../support/parts.js';
import { Stage } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

const KEYS = { APP: 'app-key-0123456789', WEB: 'web-key-0123456789' };

const configOf = (url: string, compose: string, more = '', routes = ''): string => `
gateway: { accessLog: false }
upstreams: [{ id: shop, targets: "${url}" }]
consumers: [{ id: app, keys: "\${APP}" }, { id: web, keys: "\${WEB}" }]
routes:
  - { id: users, match: "/users/*", upstream: shop, retry: false }
  - { id: orders, match: "/orders/*", upstream: shop, retry: false, cache: true }
  - { id: guarded, match: "/guarded/*", upstream: shop, retry: false, auth: { apiKey: { in: bearer, consumers: [app] } } }
  ${routes}
  - id: page
    match: "/pages/{id}"
    show: { serverTiming: true }
    ${more}
    compose:
${compose
  .trim()
  .split('\n')
  .map((line) => `      ${line}`)
  .join('\n')}`;

async function started(compose: string, answer: Parts['answer'], more = '', routes = '') {
  const shop = await startParts(stage, answer);
  const gateway = await startGateway(configOf(shop.url, compose, more, routes), KEYS);
  stage.onEnd(async () => {
    await gateway.close();
    expect(gateway.bugs).toEqual([]);
  });
  const get = async (path = '/pages/7', init: RequestInit = {}) => {
    const answered = await fetch(`${gateway.url}${path}`, init);
    const text = await answered.text();
    return { status: answered.status, headers: answered.headers, body: JSON.parse(text || 'null'), text };
  };
  return { shop, gateway, get };
}

/** `/users/7` is { id: "7", … }, `/orders?user=7` two orders. */
const usual: Parts['answer'] = (request) => {
  const { pathname, searchParams } = new URL(request.url, 'http://shop');
  const [, kind, id] = pathname.split('/');
  if (kind === 'orders' && id === undefined) {
    answerJson(
      request,
      [1, 2].map((n) => ({ id: n, of: searchParams.get('user') })),
    );
  } else if (kind === 'orders') answerJson(request, { id, price: Number(id) * 10 });
  else answerJson(request, { id, name: `name of ${id}` });
};

const TWO = `
parts:
  user: { route: users, path: "/users/{id}" }
  orders: { route: orders, path: /orders, query: { user: "{.user.id}", page: "{.request.query.page}" } }
merge: "{ name: .user.name, orders: .orders | map(.id), ok: .status.orders == 200 }"`;

describe('a composed answer', () => {
  it('is made of parts, of which one needs another', async () => {
    const { shop, get } = await started(TWO, usual);
    const { status, body, headers } = await get('/pages/7?page=2&page=3');
    expect([status, body]).toEqual([200, { name: 'name of 7', orders: [1, 2], ok: true }]);
    expect(headers.get('content-type')).toBe('application/json');
    expect(shop.requests.map(({ url }) => url)).toEqual(['/users/7', '/orders?user=7&page=2']);
    expect(headers.get('server-timing')).toMatch(/part-user;dur=[\d.]+;desc="ok, 200".*part-orders;dur/);
  });

  it('without an expression is an object of its parts; a list is asked for element by element', async () => {
    const { shop, get, gateway } = await started(
      `
parts:
  list: { route: orders, path: /orders }
  each: { route: orders, path: "/orders/{.item.id}", forEach: ".list" }
  never: { route: users, path: /users/1, when: ".list | size() > 5" }`,
      usual,
    );
    const { body } = await get();
    expect(body).toEqual({
      list: [
        { id: 1, of: null },
        { id: 2, of: null },
      ],
      each: [
        { id: '1', price: 10 },
        { id: '2', price: 20 },
      ],
      never: null,
    });
    expect(shop.requests).toHaveLength(3);
    expect(await gateway.metric('weir_joinings_total{route="page",joining="part_ok"}')).toBe(2);
    expect(await gateway.metric('weir_joinings_total{route="page",joining="part_skipped"}')).toBe(1);
  });

  it('sends bodies that are filled in, with the fields of the client', async () => {
    const { shop, get } = await started(
      `
parts:
  made:
    route: orders
    method: POST
    path: /orders
    headers: { x-kind: "k-{.request.body.kind}" }
    body: { of: "{id}", lines: "{.request.body.lines}", note: "for {.request.body.name}!", n: 1 }`,
      usual,
    );
    const sent = { kind: 'a', lines: [{ sku: 'x' }], name: 'Ada' };
    const { body, headers } = await get('/pages/a%20b', {
      method: 'POST',
      body: JSON.stringify(sent),
      headers: { 'content-type': 'text/x', 'x-client': 'c', origin: 'http://a' },
    });
    expect(body.errors).toBeUndefined();
    expect(body).toHaveProperty('made');
    expect(headers.get('cache-control')).toBe('no-store');
    const [asked] = shop.requests;
    expect(asked?.headers).toMatchObject({ 'x-kind': 'k-a', 'x-client': 'c', 'content-type': 'application/json' });
    expect(asked?.headers['origin']).toBeUndefined();
    expect(JSON.parse(asked?.body ?? '')).toEqual({ of: 'a b', lines: [{ sku: 'x' }], note: 'for Ada!', n: 1 });
  });

  it('asks what needs nothing at once', async () => {
    const { shop, get } = await started(
      `
parts:
  a: { route: users, path: /users/1 }
  b: { route: users, path: /users/2 }
  c: { route: users, path: "/users/{.a.id}{.b.id}" }`,
      (request) => {
        // Neither is answered before both are asked.
        if (shop.requests.length === 1) return;
        if (shop.requests.length === 2) for (const one of shop.requests) usual(one);
        else usual(request);
      },
    );
    expect((await get()).body.c).toEqual({ id: '12', name: 'name of 12' });
  });
});

const THREE = (ifFails: string, more = ''): string => `
parts:
  user: { route: users, path: "/users/{id}" }
  bad: { route: orders, path: /orders/1, ${more}ifFails: ${ifFails} }
  after: { route: users, path: "/users/{.bad.id}" }`;

describe('a part that fails', () => {
  const failing: Parts['answer'] = (request) =>
    request.url === '/orders/1' ? answerJson(request, { title: 'Broken' }, 500) : usual(request);

  it('is null, and the errors say so; what needs a value of it is not asked', async () => {
    const { get, shop } = await started(THREE('null'), failing);
    const { status, body, headers } = await get();
    expect(status).toBe(200);
    expect(body).toMatchObject({ user: { id: '7' }, bad: null, after: null });
    expect(body.errors).toEqual([
      { part: 'bad', status: 500, type: 'about:blank', detail: 'HTTP 500' },
      {
        part: 'after',
        status: null,
        type: 'urn:weir:problem:part_not_asked',
        detail: expect.stringContaining('empty'),
      },
    ]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(shop.requests).toHaveLength(2);
  });

  it('is a default', async () => {
    const { get } = await started(THREE('{ default: { id: 5 } }'), failing);
    const { body } = await get();
    expect(body).toMatchObject({ bad: { id: 5 }, after: { id: '5' } });
    expect(body.errors).toMatchObject([{ part: 'bad' }]);
  });

  it('is the end of the whole, by a problem that names it', async () => {
    const { get, gateway } = await started(THREE('fail'), failing);
    const { status, body, headers } = await get();
    expect(status).toBe(502);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body).toMatchObject({
      type: 'urn:weir:problem:part_failed',
      code: 'part_failed',
      part: 'bad',
      partStatus: 500,
    });
    expect(await gateway.metric('weir_failures_total{route="page",code="part_failed"}')).toBe(1);
  });

  it('a fatal 404 is the answer of the whole, and the others are given up', async () => {
    const { get, shop } = await started(
      `
parts:
  slow: { route: users, path: /users/slow }
  bad: { route: orders, path: /orders/1, ifFails: fail }`,
      (request) => {
        if (request.url === '/orders/1') answerJson(request, {}, 404);
      },
    );
    const { status, body } = await get();
    expect([status, body.part, body.partStatus]).toEqual([404, 'bad', 404]);
    await vi.waitFor(() => expect(shop.requests.find(({ url }) => url === '/users/slow')?.isLeft).toBe(true));
  });

  it('is late: its timer is told, and the rest is there', async () => {
    const { get } = await started(THREE('null', 'timeout: 150ms, '), (request) => {
      if (request.url !== '/orders/1') usual(request);
    });
    const { body } = await get();
    expect(body.user.id).toBe('7');
    expect(body.errors[0]).toMatchObject({
      part: 'bad',
      status: 504,
      timer: 'total',
      type: 'urn:weir:problem:total_timeout',
    });
  });

  it.each([
    ['breaks off', (request) => void request.response.socket?.destroy(), { status: 502 }],
    ['is no JSON', (request) => answerJson(request, '{"a":'), { status: 200, type: 'urn:weir:problem:part_unusable' }],
    [
      'is nested without end',
      (request) => answerJson(request, '['.repeat(5000) + ']'.repeat(5000)),
      { type: 'urn:weir:problem:part_unusable' },
    ],
    [
      'is too long',
      (request) => answerJson(request, JSON.stringify('x'.repeat(1_100_000))),
      { detail: expect.stringContaining('longer than 1048576') },
    ],
    ['is a page', (request) => answerJson(request, '<html>', 200, { 'content-type': 'text/html' }), null],
  ] satisfies [string, Parts['answer'], object | null][])('an answer that %s', async (_, answer, error) => {
    const { get } = await started('parts:\n  a: { route: users, path: /users/1 }', answer);
    const { status, body } = await get();
    expect(status).toBe(200);
    if (error === null) expect(body).toEqual({ a: '<html>' });
    else expect(body.errors).toMatchObject([{ part: 'a', ...error }]);
  });

  it('the deadline of the client ends parts in time for an answer that holds the others', async () => {
    const { get } = await started(THREE('null'), (request) => {
      if (request.url !== '/orders/1') usual(request);
    });
    const { status, body } = await get('/pages/7', { headers: { 'x-request-timeout-ms': '2000' } });
    expect([status, body.user.id, body.bad]).toEqual([200, '7', null]);
  });

  it('a client that leaves takes all parts with it', async () => {
    const { shop, gateway } = await started(
      'parts:\n  a: { route: users, path: /users/1 }\n  b: { route: users, path: /users/2 }',
      () => {},
    );
    const leaving = new AbortController();
    const asked = fetch(`${gateway.url}/pages/1`, { signal: leaving.signal }).catch(() => null);
    await vi.waitFor(() => expect(shop.requests).toHaveLength(2));
    leaving.abort();
    await asked;
    await vi.waitFor(() => expect(shop.requests.every(({ isLeft }) => isLeft)).toBe(true));
  });
});

describe('hostile lists and bodies', () => {
  const EACH = 'parts:\n  each: { route: orders, path: "/orders/{.item}", forEach: { in: .request.body.ids, max: 3 } }';

  it.each([
    ['more elements than may be', { ids: [1, 2, 3, 4] }, 'the list has 4 elements, and 3 are the most'],
    ['no list', { ids: { a: 1 } }, 'is no list'],
    ['nothing', {}, 'is no list'],
    ['an element that is a list', { ids: [[1]] }, 'can not stand in a path'],
    ['an element that is a step', { ids: ['..'] }, 'step of dots'],
    ['an element that is two segments', { ids: ['a/../../users'] }, 'does not take'],
    ['half a character', { ids: ['\ud800'] }, 'half a character'],
  ])('%s: nobody is asked', async (_, sent, why) => {
    const { get, shop } = await started(EACH, usual);
    const { status, body } = await get('/pages/1', { method: 'POST', body: JSON.stringify(sent) });
    expect(status).toBe(200);
    expect(body.errors[0].detail).toContain(why);
    expect(shop.requests).toHaveLength(0);
  });

  it.each([
    ['no JSON', '{'],
    ['nested without end', `${'['.repeat(100_000)}`],
  ])('a body that is %s is refused', async (_, text) => {
    const { get, shop } = await started(EACH, usual);
    const { status, body } = await get('/pages/1', { method: 'POST', body: text });
    expect([status, body.code]).toEqual([400, 'bad_request']);
    expect(shop.requests).toHaveLength(0);
  });

  it('an expression that would take forever is a failure of the whole, and the node goes on', async () => {
    const doubling = ' | [get(), get()] | flatten()'.repeat(25);
    const { get } = await started(`parts:\n  a: { route: orders, path: /orders }\nmerge: ".a${doubling}"`, usual);
    const { status, body } = await get();
    expect([status, body.code]).toEqual([502, 'merge_failed']);
    expect(body.detail).toContain('steps');
  });

  it('one whose answer would be endless is refused before it is written', async () => {
    const doubling = ' | { a: get(), b: get() }'.repeat(40);
    const { get } = await started(`parts:\n  a: { route: orders, path: /orders }\nmerge: ".a${doubling}"`, usual);
    const { status, body } = await get();
    expect([status, body.code]).toEqual([502, 'merge_failed']);
    expect(body.detail).toContain('longer than');
  });
});

describe('who asks', () => {
  const GUARDED = 'parts:\n  a: { route: guarded, path: /guarded/1, ifFails: fail }';
  const asking = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
  const withAuth = 'auth: { apiKey: { in: bearer } }';

  it('is decided by the route of the part, by the gateway’s word', async () => {
    const { get, shop } = await started(GUARDED, usual, withAuth);
    expect((await get('/pages/1', asking(KEYS.APP))).status).toBe(200);
    expect(shop.requests[0]?.headers['authorization']).toBeUndefined();
    const refused = await get('/pages/1', asking(KEYS.WEB));
    expect([refused.status, refused.body.partStatus]).toEqual([403, 403]);
    expect((await get('/pages/1')).status).toBe(401);
    expect(shop.requests).toHaveLength(1);
  });

  it('is decided there also where the composition asks nobody', async () => {
    const { get } = await started(GUARDED, usual);
    expect((await get('/pages/1', asking(KEYS.APP))).status).toBe(200);
    expect((await get('/pages/1')).status).toBe(401);
  });

  it('limits of the part’s route count each part', async () => {
    const limited = '- { id: few, match: "/few/*", upstream: shop, limits: 2/m }';
    const parts = [1, 2, 3].map((n) => `  p${n}: { route: few, path: /few/${n} }`).join('\n');
    const { get } = await started(`parts:\n${parts}`, usual, '', limited);
    const { body } = await get();
    expect(body.errors).toMatchObject([{ status: 429 }]);
  });
});

describe('the whole in a cache', () => {
  const fresh =
    (ages: Record<string, string>): Parts['answer'] =>
    (request) => {
      const control = ages[new URL(request.url, 'http://a').pathname];
      answerJson(request, { url: request.url }, 200, control === undefined ? {} : { 'cache-control': control });
    };
  const TWO_USERS = 'parts:\n  a: { route: users, path: /users/1 }\n  b: { route: users, path: /users/2 }';

  it('is fresh as long as the least of its parts, and is not asked for again', async () => {
    const { get, shop } = await started(
      TWO_USERS,
      fresh({ '/users/1': 'max-age=60', '/users/2': 'public, max-age=30' }),
      'cache: true',
    );
    const first = await get();
    expect(first.headers.get('cache-control')).toBe('max-age=30');
    const again = await get();
    expect(again.headers.get('cache-status')).toMatch(/hit/);
    expect(again.body).toEqual(first.body);
    expect(shop.requests).toHaveLength(2);
  });

  it.each([
    [{ '/users/1': 'max-age=60', '/users/2': 'private' }, /^private/],
    [{ '/users/1': 'max-age=60', '/users/2': 'no-store' }, /^no-store$/],
    [{ '/users/1': 'max-age=60' }, /^$/],
  ])('%j is not stored', async (ages, control) => {
    const { get, shop } = await started(TWO_USERS, fresh(ages), 'cache: true');
    expect((await get()).headers.get('cache-control') ?? '').toMatch(control);
    await get();
    expect(shop.requests).toHaveLength(4);
  });

  it('has the tags of all its parts, so that it is purged with each', async () => {
    const { get } = await started(
      TWO_USERS,
      (request) =>
        answerJson(request, {}, 200, { 'cache-control': 'max-age=60', 'surrogate-key': `u${request.url.at(-1)} all` }),
      'cache: true',
    );
    expect((await get()).headers.get('surrogate-key')).toBe('u1 all u2');
  });

  it('one that is not whole is stored by nobody, and one that depends on a field differs by it', async () => {
    let isDown = true;
    const { get, shop } = await started(
      `${TWO_USERS}\nmerge: "{ a: .a, b: .b, l: .request.headers.lang }"`.replaceAll(
        'headers.lang',
        'headers.\\"x-lang\\"',
      ),
      (request) =>
        isDown && request.url === '/users/2'
          ? answerJson(request, {}, 503)
          : answerJson(request, { n: shop.requests.length }, 200, { 'cache-control': 'max-age=60' }),
      'cache: true',
    );
    expect((await get()).body.errors).toHaveLength(1);
    isDown = false;
    const whole = await get('/pages/7', { headers: { 'x-lang': 'de' } });
    expect([whole.body.l, whole.headers.get('vary')]).toEqual(['de', 'x-lang']);
    expect((await get('/pages/7', { headers: { 'x-lang': 'fr' } })).body.l).toBe('fr');
    expect((await get('/pages/7', { headers: { 'x-lang': 'de' } })).body).toEqual(whole.body);
  });
});
