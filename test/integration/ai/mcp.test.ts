// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
/** Tools by MCP: the official client against a whole gateway with the config as it is written; behind it a provider and a service by hand. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterEach, expect, it, vi } from 'vitest';
import { startGateway } from '../../support/gateway.js';
import { type Answering, json, modelProvider, openAiWords } from '../../support/model-provider.js';
import { Stage, until } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

const KEYS = { KEY: 'sk-secret', APP: 'app-key-0123456789', WEB: 'web-key-0123456789' };

const saying =
  (text: string): Answering =>
  (question) =>
    json(question, openAiWords.whole({ content: text }));

interface Given {
  readonly model?: Answering;
  readonly service?: Answering;
  readonly mcp?: string;
  readonly more?: string;
}

const configOf = (models: string, shop: string, mcp: string, more: string): string => `
gateway: { accessLog: false }
upstreams: [{ id: shop, targets: "${shop}" }]
ai:
  providers: { m: { url: "${models}/v1", keys: "\${KEY}" } }
  models: { smart: m/big }
  prompts:
    translate:
      description: Translates a text
      model: smart
      variables: { text: { maxLength: 40 }, to: { type: enum, values: [fr, de], default: fr } }
      messages: [{ system: "Translate into {{to}}." }, { user: "{{text}}" }]
    extract:
      model: smart
      variables: { text: string }
      messages: "{{text}}"
      output: { schema: { type: object, properties: { price: { type: number } }, required: [price] } }
consumers: [{ id: app, keys: "\${APP}" }, { id: web, keys: "\${WEB}" }]
routes:
  - { id: models, match: "/v1/*", ai: true, auth: { apiKey: { in: bearer } } }
  - { id: orders, match: "/orders/*", upstream: shop, auth: { apiKey: { in: bearer, consumers: [app] } }, timeouts: { total: 5s }, limits: 5/m, retry: false }
  - id: mcp
    match: /mcp
    mcp:
      ${mcp}
      tools:
        - name: get_order
          description: Reads an order
          route: orders
          path: /orders/{id}
          query: [fields]
          output: { type: object, properties: { id: { type: string } }, required: [id] }
        - name: place_order
          description: Places an order
          route: orders
          method: POST
          path: /orders
          query: dry
          input: { type: object, properties: { item: { type: string, minLength: 2 }, count: { type: integer }, dry: { type: boolean } }, required: [item] }
    ${more}`;

async function started({ model = saying('Bonjour'), service = orders, mcp = '', more = '' }: Given = {}) {
  const provider = await modelProvider(stage, model);
  const upstream = await modelProvider(stage, service);
  const gateway = await startGateway(configOf(provider.url, upstream.url, mcp, more), KEYS);
  stage.onEnd(async () => {
    await gateway.close();
    expect(gateway.bugs).toEqual([]);
  });
  const client = async (key: string | null = KEYS.APP, options = {}) => {
    const made = new Client({ name: 'test', version: '1' });
    const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
    await made.connect(
      new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp`), { requestInit: { headers }, ...options }),
    );
    stage.onEnd(() => made.close());
    return made;
  };
  const post = (message: unknown, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${KEYS.APP}`,
        ...headers,
      },
      body: typeof message === 'string' ? message : JSON.stringify(message),
    });
  return { provider, upstream, gateway, client, post };
}

const orders: Answering = (question) => {
  const { pathname } = new URL(question.path, 'http://shop');
  json(question, { id: decodeURIComponent(pathname.slice('/orders/'.length)), path: question.path });
};

const textOf = (result: Awaited<ReturnType<Client['callTool']>>): string => {
  const [first] = result.content as { text: string }[];
  return first?.text ?? '';
};

it('a client finds prompts and routes as tools, with what they take and answer', async () => {
  const { client } = await started();
  const one = await client();
  expect(one.getServerVersion()?.name).toBe('weir');
  const { tools } = await one.listTools();
  expect(tools.map(({ name }) => name)).toEqual(['translate', 'extract', 'get_order', 'place_order']);
  expect(tools[0]).toMatchObject({
    description: 'Translates a text',
    inputSchema: { type: 'object', required: ['text'], properties: { to: { enum: ['fr', 'de'], default: 'fr' } } },
    annotations: { readOnlyHint: true },
  });
  expect(tools[1]?.outputSchema).toMatchObject({ required: ['price'] });
  expect(tools[2]?.inputSchema).toMatchObject({ required: ['id'], properties: { fields: { type: 'string' } } });
  await one.ping();
});

it('a prompt is called through its own route, and its output comes as text, or with its structure', async () => {
  const { client, provider } = await started();
  const one = await client();
  const said = await one.callTool({ name: 'translate', arguments: { text: 'Hello', to: 'de' } });
  expect(said).toMatchObject({ content: [{ type: 'text', text: 'Bonjour' }] });
  expect(provider.questions[0]?.body['messages']).toEqual([
    { role: 'system', content: 'Translate into de.' },
    { role: 'user', content: 'Hello' },
  ]);
  provider.answering = saying('{"price":3}');
  const read = await one.callTool({ name: 'extract', arguments: { text: 'tea' } });
  expect(read).toMatchObject({ structuredContent: { price: 3 }, content: [{ text: '{"price":3}' }] });
});

it('a route is called with its arguments in their places, and with the credentials of the caller', async () => {
  const { client, upstream } = await started();
  const one = await client();
  const read = await one.callTool({ name: 'get_order', arguments: { id: 'a b/../?x=1#y', fields: 'a&b=c' } });
  expect(upstream.questions).toEqual([]);
  expect(textOf(read)).toBe('The route of this tool does not take its request.');
  const plain = await one.callTool({ name: 'get_order', arguments: { id: 'a b?x=1#y&', fields: 'a&b=c' } });
  expect(plain.structuredContent).toMatchObject({ id: 'a b?x=1#y&' });
  expect(upstream.questions[0]?.path).toBe('/orders/a%20b%3Fx%3D1%23y%26?fields=a%26b%3Dc');
  await one.callTool({ name: 'place_order', arguments: { item: 'tea', count: 2, dry: true } });
  expect(upstream.questions[1]).toMatchObject({ path: '/orders?dry=true', body: { item: 'tea', count: 2 } });
  expect(upstream.questions[1]?.headers).not.toHaveProperty('mcp-protocol-version');
});

it.each(['..', '.', ''])('an argument that is %j never becomes a step in a path', async (id) => {
  const { client, upstream } = await started();
  const result = await (await client()).callTool({ name: 'get_order', arguments: { id } });
  expect(result.isError).toBe(true);
  expect(upstream.questions).toEqual([]);
});

it('wrong arguments are a result that the model can read, and nobody is asked', async () => {
  const { client, upstream, provider } = await started();
  const one = await client();
  const short = await one.callTool({ name: 'place_order', arguments: { item: 'x' } });
  expect([short.isError, textOf(short)]).toEqual([true, expect.stringContaining('/item')]);
  const unknown = await one.callTool({ name: 'translate', arguments: { text: 'Hello', to: 'en' } });
  expect([unknown.isError, textOf(unknown)]).toEqual([true, expect.stringContaining('inputs.to')]);
  await expect(one.callTool({ name: 'gone', arguments: {} })).rejects.toMatchObject({ code: -32602 });
  expect([upstream.questions.length, provider.questions.length]).toEqual([0, 0]);
});

it('calls are counted by tool and by how they ended, and names that no tool has are not', async () => {
  const { client, gateway, upstream } = await started();
  const one = await client();
  const calls = (tool: string, outcome: string) =>
    gateway.metric(`weir_mcp_calls_total{route="mcp",tool="${tool}",outcome="${outcome}"}`);
  await one.callTool({ name: 'get_order', arguments: { id: '1' } });
  await one.callTool({ name: 'place_order', arguments: { item: 'x' } });
  await expect(one.callTool({ name: 'gone', arguments: {} })).rejects.toMatchObject({ code: -32602 });
  expect([await calls('get_order', 'ok'), await calls('place_order', 'error')]).toEqual([1, 1]);
  expect([await calls('gone', 'ok'), await calls('gone', 'error')]).toEqual([0, 0]);
  expect(await gateway.metric('weir_mcp_call_duration_seconds_count{route="mcp",tool="get_order"}')).toBe(1);
  upstream.answering = () => {};
  const leaving = new AbortController();
  const left = one.callTool({ name: 'get_order', arguments: { id: '2' } }, undefined, { signal: leaving.signal });
  await until(
    () => upstream.questions.length === 2,
    () => 'nobody was asked',
  );
  await one.close();
  leaving.abort();
  await expect(left).rejects.toThrow();
  await until(
    async () => (await calls('get_order', 'cancelled')) === 1,
    () => 'the call that nobody waits for is not counted',
  );
});

it('what fails below is a result as well, with its words: a status, an answer that does not fit, one that breaks off', async () => {
  const { client, upstream } = await started();
  const one = await client();
  const call = () => one.callTool({ name: 'get_order', arguments: { id: '1' } });
  upstream.answering = (question) => json(question, { title: 'No such order' }, 404);
  expect(await call()).toMatchObject({ isError: true, content: [{ text: 'HTTP 404: No such order' }] });
  upstream.answering = (question) => json(question, { name: 1 });
  expect(await call()).toMatchObject({ isError: true });
  upstream.answering = ({ response }) => {
    response.writeHead(200, { 'content-length': '10' });
    response.write('{', () => response.destroy());
  };
  expect(await call()).toMatchObject({ isError: true });
  upstream.answering = (question) => json(question, { id: 'x'.repeat(2_000_000) });
  expect(textOf(await call())).toContain('longer than 1048576 bytes');
});

it('the key of the caller decides what is listed and what is done', async () => {
  const { client, upstream } = await started();
  const names = async (key: string | null) => (await (await client(key)).listTools()).tools.map(({ name }) => name);
  expect(await names(KEYS.WEB)).toEqual(['translate', 'extract']);
  expect(await names(null)).toEqual([]);
  expect(await names('wrong')).toEqual([]);
  const web = await client(KEYS.WEB);
  expect(await web.callTool({ name: 'get_order', arguments: { id: '1' } })).toMatchObject({
    isError: true,
    content: [{ text: expect.stringMatching(/^HTTP 403/) }],
  });
  expect(upstream.questions).toEqual([]);
});

it('limits of the route hold for calls: the sixth in a minute is refused by it', async () => {
  const { client, upstream } = await started();
  const one = await client();
  const results = [];
  for (let n = 0; n < 6; n += 1) results.push(await one.callTool({ name: 'get_order', arguments: { id: `${n}` } }));
  expect(results.map(({ isError }) => isError === true)).toEqual([false, false, false, false, false, true]);
  expect(upstream.questions).toHaveLength(5);
});

it('while a tool takes its time, its client gets a stream with progress, and then the result', async () => {
  let finish = (): void => {};
  const { client } = await started({
    mcp: 'heartbeat: 20ms',
    service: (question) => {
      finish = () => json(question, { id: 'late' });
    },
  });
  const one = await client();
  const heard: number[] = [];
  const result = await one.callTool({ name: 'get_order', arguments: { id: '1' } }, undefined, {
    onprogress: ({ progress }) => {
      heard.push(progress);
      if (progress === 3) finish();
    },
  });
  expect(result.structuredContent).toEqual({ id: 'late' });
  expect(heard.slice(0, 3)).toEqual([1, 2, 3]);
});

it('a tool that does not answer within the budget of the caller is a result, in time', async () => {
  const { client, post } = await started({ service: () => {} });
  await client();
  const message = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'get_order', arguments: { id: '1' } },
  };
  const response = await post(message, { 'x-request-timeout-ms': '300' });
  expect(await response.json()).toMatchObject({ id: 1, result: { isError: true } });
});

it('a client that leaves takes its call with it', async () => {
  const { client, upstream } = await started({ service: () => {} });
  const one = await client();
  const called = one.callTool({ name: 'get_order', arguments: { id: '1' } }).catch(() => 'left');
  await vi.waitFor(() => expect(upstream.questions).toHaveLength(1));
  await one.close();
  expect(await called).toBe('left');
  await vi.waitFor(() => expect(upstream.questions[0]?.isLeft).toBe(true));
});

it('lists of many tools come in pages', async () => {
  const tools = Array.from({ length: 120 }, (_, n) => `{ name: t${n}, description: d, route: many, path: /many }`);
  const { client, gateway } = await started();
  await gateway.reload(`
gateway: { accessLog: false }
routes:
  - { id: many, match: /many, respond: { status: 200, body: ok } }
  - { match: /mcp, mcp: { tools: [${tools.join(', ')}] } }`);
  const one = await client(null);
  const first = await one.listTools();
  const second = await one.listTools({ cursor: first.nextCursor ?? '' });
  const third = await one.listTools({ cursor: second.nextCursor ?? '' });
  expect([first, second, third].map((page) => page.tools.length)).toEqual([50, 50, 20]);
  expect(third.nextCursor).toBeUndefined();
  await expect(one.listTools({ cursor: 'gone' })).rejects.toMatchObject({ code: -32602 });
  expect(textOf(await one.callTool({ name: 't7' }))).toBe('ok');
});

const ping = { jsonrpc: '2.0', id: 'p', method: 'ping' };

it('the transport refuses by status what is no message of a version that it speaks', async () => {
  const { post, gateway } = await started();
  const statusOf = async (...given: Parameters<typeof post>) => (await post(...given)).status;
  expect(await statusOf(ping)).toBe(200);
  expect(await statusOf({ jsonrpc: '2.0', method: 'notifications/initialized' })).toBe(202);
  expect(await statusOf('{')).toBe(400);
  expect(await statusOf({ id: 1, method: 'ping' })).toBe(400);
  expect(await statusOf(ping, { 'mcp-protocol-version': '2024-01-01' })).toBe(400);
  expect(await statusOf(ping, { 'content-type': 'text/plain' })).toBe(415);
  expect(await statusOf(ping, { accept: 'text/html' })).toBe(406);
  expect(await statusOf(ping, { origin: 'http://evil.example' })).toBe(403);
  const get = await fetch(`${gateway.url}/mcp`, { headers: { accept: 'text/event-stream' } });
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
  expect(await (await post({ ...ping, method: 'resources/list' })).json()).toMatchObject({ error: { code: -32601 } });
});

it('pages of an origin that is named may call', async () => {
  const { post } = await started({ mcp: 'origins: https://app.example.com' });
  expect((await post(ping, { origin: 'https://app.example.com' })).status).toBe(200);
  expect((await post(ping, { origin: 'https://evil.example.com' })).status).toBe(403);
});

it('batches are answered in 2025-03-26, and refused since', async () => {
  const { post } = await started();
  const notice = { jsonrpc: '2.0', method: 'notifications/initialized' };
  const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'get_order', arguments: { id: '7' } } };
  const response = await post([ping, notice, call], { 'mcp-protocol-version': '2025-03-26' });
  expect(await response.json()).toMatchObject([
    { id: 'p', result: {} },
    { id: 2, result: { structuredContent: { id: '7' } } },
  ]);
  expect((await post([ping], { 'mcp-protocol-version': '2025-06-18' })).status).toBe(400);
  expect((await post([])).status).toBe(400);
  expect((await post(Array.from({ length: 21 }, () => ping))).status).toBe(400);
});

it('who takes nothing but a stream gets one', async () => {
  const { post } = await started();
  const response = await post(ping, { accept: 'text/event-stream' });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(await response.text()).toBe('event: message\ndata: {"jsonrpc":"2.0","id":"p","result":{}}\n\n');
});

it('an MCP route may ask for a key itself, which reaches the routes that it calls', async () => {
  const { post, client } = await started({ more: 'auth: { apiKey: { in: bearer } }' });
  expect((await post(ping, { authorization: 'Bearer wrong' })).status).toBe(401);
  const { tools } = await (await client()).listTools();
  expect(tools).toHaveLength(4);
});
