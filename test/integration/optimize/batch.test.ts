// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
/** Batches against a whole gateway; behind it services by hand. */
import { afterEach, expect, it, vi } from 'vitest';
import { startGateway } from '../../support/gateway.js';
import { answerJson, type Parts, startParts } from '../../support/parts.js';
import { Stage } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

const KEYS = { APP: 'app-key-0123456789' };

const configOf = (url: string, batch: string): string => `
gateway: { accessLog: false }
upstreams: [{ id: shop, targets: "${url}" }]
consumers: [{ id: app, keys: "\${APP}" }]
routes:
  - { id: users, match: "/api/users/*", upstream: shop, retry: false }
  - { id: guarded, match: "/api/guarded/*", upstream: shop, retry: false, auth: { apiKey: { in: bearer } }, limits: 3/m }
  - { id: other, match: "/other/*", upstream: shop, retry: false }
  - { id: whole, match: "/api/whole/{id}", compose: { parts: { user: { route: users, path: "/api/users/{id}" } } } }
  - { id: batch, match: /api/batch, batch: { ${batch} } }
  - { id: more, match: /api/more, batch: { prefix: /api } }`;

async function started(answer: Parts['answer'], batch = 'prefix: /api, max: 5') {
  const shop = await startParts(stage, answer);
  const gateway = await startGateway(configOf(shop.url, batch), KEYS);
  stage.onEnd(async () => {
    await gateway.close();
    expect(gateway.bugs).toEqual([]);
  });
  const send = async (requests: unknown, headers: Record<string, string> = {}) => {
    const body = typeof requests === 'string' ? requests : JSON.stringify({ requests });
    const answered = await fetch(`${gateway.url}/api/batch`, { method: 'POST', body, headers });
    const text = await answered.text();
    return { status: answered.status, body: JSON.parse(text), text };
  };
  return { shop, gateway, send };
}

const echo: Parts['answer'] = (request) => answerJson(request, { url: request.url, sent: request.body });

it('requests are answered together, in their order, each through its route', async () => {
  const { send, shop, gateway } = await started((request) => {
    // The last that is asked is answered first.
    if (shop.requests.length === 2) for (const one of [...shop.requests].reverse()) echo(one);
    else if (shop.requests.length > 2) echo(request);
  });
  const { status, body } = await send([
    { id: 'a', path: '/api/users/1?full=1' },
    { path: '/api/users/2', method: 'PUT', body: { n: 1 }, headers: { 'X-Kind': 'k' } },
    { id: 7, path: '/api/whole/9' },
  ]);
  expect(status).toBe(200);
  expect(body.responses).toMatchObject([
    { id: 'a', status: 200, body: { url: '/api/users/1?full=1' } },
    {
      id: '1',
      status: 200,
      body: { url: '/api/users/2', sent: '{"n":1}' },
      headers: { 'content-type': 'application/json' },
    },
    { id: '7', status: 200, body: { user: { url: '/api/users/9' } } },
  ]);
  expect(shop.requests[1]?.headers).toMatchObject({ 'x-kind': 'k', 'content-type': 'application/json' });
  expect(await gateway.metric('weir_joinings_total{route="batch",joining="item_ok"}')).toBe(3);
});

it('one that fails, is late, or goes nowhere is a problem in its place, and the others are good', async () => {
  const { send } = await started((request) => {
    if (request.url === '/api/users/down') request.response.socket?.destroy();
    else if (request.url === '/api/users/text') request.response.end('plain');
    else if (request.url !== '/api/users/slow') echo(request);
  }, 'prefix: /api, timeout: 3s');
  const paths = ['/api/users/1', '/api/users/slow', '/api/users/down', '/other/1', '/api/users/text'];
  const { status, body } = await send(paths.map((path) => ({ path })));
  expect(status).toBe(200);
  expect(body.responses).toMatchObject([
    { status: 200 },
    { status: 504, body: { code: 'total_timeout', timer: 'total' } },
    { status: 502, body: { code: expect.stringMatching(/^connection_closed/) } },
    { status: 404, body: { code: 'not_found' } },
    { status: 200, body: 'plain' },
  ]);
});

it('the credentials of the caller are those of each, and limits count each', async () => {
  const { send, shop } = await started(echo);
  const requests = [1, 2, 3, 4].map((n) => ({ path: `/api/guarded/${n}` }));
  const refused = await send(requests);
  expect(refused.body.responses.map(({ status }: { status: number }) => status)).toEqual([401, 401, 401, 401]);
  expect(shop.requests).toHaveLength(0);
  const { body } = await send(requests, { authorization: `Bearer ${KEYS.APP}` });
  expect(body.responses.map(({ status }: { status: number }) => status).sort()).toEqual([200, 200, 200, 429]);
});

it('only routes that are named are asked, and no other reading of a path leads to another', async () => {
  const { send, shop } = await started(echo, 'routes: [other]');
  const paths = ['/other/1', '/api/users/1', '/other/../api/users/1', '/other/%2e%2e/api/users/1', '/api/batch'];
  const { status, body } = await send(paths.slice(0, 4).map((path) => ({ path })));
  expect(status).toBe(200);
  expect(body.responses.map(({ status: one }: { status: number }) => one)).toEqual([200, 404, 404, 404]);
  expect(shop.requests).toHaveLength(1);
});

it.each([
  ['a batch of batches', [{ path: '/api/batch', method: 'POST', body: { requests: [] } }], 'can not hold batches'],
  [
    'a batch of another batch',
    [{ path: '/api/users/1' }, { path: '/api/more', method: 'POST', body: {} }],
    'can not hold batches',
  ],
  ['too many', Array.from({ length: 6 }, () => ({ path: '/api/users/1' })), '1 to 5 requests, and this one has 6'],
  ['none', [], '1 to 5'],
  ['no list', '{"requests":{"length":1}}', 'a batch is'],
  ['no JSON', '{"requests":', 'no JSON'],
  ['nesting without end', `{"requests":${'['.repeat(50_000)}`, 'no JSON'],
  [
    'the same id twice',
    [
      { id: 'a', path: '/api/users/1' },
      { id: 'a', path: '/api/users/2' },
    ],
    'same id',
  ],
  ['a request that is none', ['/api/users/1'], 'request 0 of the batch: it is no object'],
  ['a path that is none', [{ path: 'http://other/' }], 'path is not like'],
  ['a path with a break', [{ path: '/api/users/1\r\nx: y' }], 'path is not like'],
  ['a method that is none', [{ path: '/api/users/1', method: 'CONNECT' }], 'its method is none of'],
  ['GET with a body', [{ path: '/api/users/1', body: 1 }], 'GET has no body'],
  [
    'other credentials',
    [{ path: '/api/users/1', headers: { Authorization: 'x' } }],
    'authorization belongs to the batch',
  ],
  ['another host', [{ path: '/api/users/1', headers: { host: 'x' } }], 'host belongs to the batch'],
  ['another way', [{ path: '/api/users/1', headers: { 'X-Forwarded-For': '1.1.1.1' } }], 'x-forwarded-for belongs'],
  ['framing', [{ path: '/api/users/1', headers: { 'transfer-encoding': 'chunked' } }], 'transfer-encoding belongs'],
  [
    'a deadline of its own',
    [{ path: '/api/users/1', headers: { 'x-request-timeout-ms': '1' } }],
    'belongs to the batch',
  ],
  ['a field with a break', [{ path: '/api/users/1', headers: { a: 'x\r\ny: z' } }], 'has no value that can be sent'],
  ['a name with a break', [{ path: '/api/users/1', headers: { 'a\r\n': 'x' } }], 'no name that can be sent'],
])('%s is refused, and nobody is asked', async (_, requests, why) => {
  const { send, shop } = await started(echo);
  const { status, body } = await send(requests);
  expect([status, body.code]).toEqual([400, 'bad_request']);
  expect(body.detail).toContain(why);
  expect(shop.requests).toHaveLength(0);
});

it('an answer stands as the upstream wrote it, digits and all; one that is too long is a problem', async () => {
  const { send } = await started((request) => {
    if (request.url.endsWith('long')) answerJson(request, JSON.stringify('x'.repeat(1_100_000)));
    else answerJson(request, '{ "id": 12345678901234567890, "__proto__": 1 }');
  });
  const { text, body } = await send([{ path: '/api/users/1' }, { path: '/api/users/long' }]);
  expect(text).toContain('{ "id": 12345678901234567890, "__proto__": 1 }');
  expect(body.responses[1]).toMatchObject({ status: 502, body: { detail: expect.stringContaining('longer than') } });
});

it('no more are asked at once than may be, and a client that leaves takes them with it', async () => {
  const { shop, gateway } = await started(() => {}, 'prefix: /api, concurrency: 2');
  const leaving = new AbortController();
  const body = JSON.stringify({ requests: [1, 2, 3].map((n) => ({ path: `/api/users/${n}` })) });
  const asked = fetch(`${gateway.url}/api/batch`, { method: 'POST', body, signal: leaving.signal }).catch(() => null);
  await vi.waitFor(() => expect(shop.requests).toHaveLength(2));
  leaving.abort();
  await asked;
  await vi.waitFor(() => expect(shop.requests.every(({ isLeft }) => isLeft)).toBe(true));
  expect(shop.requests).toHaveLength(2);
});

it('GET is refused, with what is taken', async () => {
  const { gateway } = await started(echo);
  const answered = await fetch(`${gateway.url}/api/batch`);
  expect([answered.status, answered.headers.get('allow')]).toEqual([405, 'POST']);
});
