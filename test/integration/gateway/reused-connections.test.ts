/** What a client sees of upstreams that close the connections they keep: what may have an effect is sent again only where asked for. */
import { afterEach, expect, it } from 'vitest';
import { startGateway } from '../../support/gateway.js';
import { Stage } from '../../support/stage.js';
import { serve } from '../../support/workplace.js';

const stage = new Stage();
afterEach(() => stage.clear());

/** Answers the first request of each connection, and hangs up on the second, having read it. */
async function setUp(route: string) {
  const seen: string[] = [];
  const used = new WeakSet();
  const { port } = await serve(stage, (request, response) => {
    request.resume();
    if (request.url === '/count') seen.push(request.method ?? '');
    if (used.has(request.socket)) request.socket.destroy();
    else response.end('ok');
    used.add(request.socket);
  });
  const weir = await startGateway(`
gateway: { accessLog: false }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${port}"] }]
routes: [{ id: all, match: /*, upstream: app, show: { attempts: true }, ${route} }]
`);
  stage.onEnd(() => weir.close());
  const ask = async (method: string, path: string) => {
    const response = await fetch(`${weir.url}${path}`, { method, ...(method === 'PUT' ? { body: 'x' } : {}) });
    await response.text();
    return [response.status, response.headers.get('x-weir-attempts')] as const;
  };
  expect((await ask('GET', '/'))[0]).toBe(200);
  return { seen, ask };
}

it('a GET is sent once more unasked', async () => {
  const { seen, ask } = await setUp('retry: false');
  expect(await ask('GET', '/count')).toEqual([200, '1']);
  expect(seen).toEqual(['GET', 'GET']);
});

it.each(['PUT', 'DELETE'])('a route that does not retry sends %s once', async (method) => {
  const { seen, ask } = await setUp('retry: false');
  expect((await ask(method, '/count'))[0]).toBe(502);
  expect(seen).toEqual([method]);
});

it.each(['PUT', 'DELETE'])('a route that retries sends %s as often as it says', async (method) => {
  const { seen, ask } = await setUp('retry: true');
  expect(await ask(method, '/count')).toEqual([200, '2']);
  expect(seen).toEqual([method, method]);
});

it('a POST that was read is not sent again', async () => {
  const { seen, ask } = await setUp('retry: true');
  expect((await ask('POST', '/count'))[0]).toBe(502);
  expect(seen).toEqual(['POST']);
});
