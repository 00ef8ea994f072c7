// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
/** Prompts as APIs: a whole gateway with the config as it is written, and a provider by hand behind it. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, expect, it } from 'vitest';
import { startGateway } from '../../support/gateway.js';
import { type Answering, beginSse, json, modelProvider, openAiWords } from '../../support/model-provider.js';
import { Stage } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

const SCHEMA =
  '{ type: object, properties: { name: { type: string }, price: { type: number } }, required: [name, price] }';

const prompts = (repair = 'text') => `
    translate:
      description: Translates a text
      model: smart
      variables:
        text: { maxLength: 40, description: what is translated }
        to: { type: enum, values: [fr, de], default: fr }
      messages: [{ system: "Translate into {{to}}." }, { user: "{{text}}" }]
      examples: [{ user: Hello, assistant: Bonjour }]
      parameters: { temperature: 0, maxTokens: 50 }
      versions: { "1": { weight: 1 }, "2": { weight: 1, messages: "{{to}}: {{text}}", model: m/other } }
    extract:
      model: smart
      variables: { text: string }
      messages: "{{text}}"
      output: { schema: ${SCHEMA}, repair: ${repair} }`;

async function started(answering: Answering, { repair = 'text', route = 'ai: true', provider: words = '' } = {}) {
  const provider = await modelProvider(stage, answering);
  const gateway = await startGateway(
    `
gateway: { accessLog: false }
ai:
  providers: { m: { url: "${provider.url}/v1", keys: "\${KEY}", ${words} } }
  models: { smart: m/big }
  prompts: ${prompts(repair)}
consumers: [{ id: app, keys: "\${APP}" }, { id: web, keys: "\${WEB}" }]
routes: [{ id: models, match: /v1/*, ${route} }]`,
    { KEY: 'sk-secret', APP: 'app-key-0123456789', WEB: 'web-key-0123456789' },
  );
  stage.onEnd(async () => {
    await gateway.close();
    expect(gateway.bugs).toEqual([]);
  });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}/v1/prompts/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const get = async (path: string) => (await fetch(`${gateway.url}/v1/prompts${path}`)).json();
  return { provider, gateway, post, get };
}

const saying =
  (...texts: readonly string[]): Answering =>
  (question) => {
    if (question.body['stream'] !== true) return json(question, openAiWords.whole({ content: texts.join('') }));
    beginSse(question);
    question.response.end(openAiWords.text(...texts));
  };
const inputs = { text: 'Good morning' };

/** Events of a stream, as the browser's EventSource would give them. */
async function eventsOf(response: Response): Promise<readonly (readonly [string, Record<string, unknown>])[]> {
  const text = await response.text();
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('event: '))
    .map((block) => {
      const [type = '', line = ''] = block.split('\n');
      return [
        type.slice('event: '.length),
        JSON.parse(line.slice('data: '.length)) as Record<string, unknown>,
      ] as const;
    });
}

it('a prompt asks its model with what the caller gave, and answers with the output, who gave it, and what it cost', async () => {
  const { provider, post } = await started(saying('Bonjour'));
  const response = await post('translate@1', { inputs });
  expect(response.status).toBe(200);
  expect(response.headers.get('x-weir-prompt')).toBe('translate@1');
  expect(await response.json()).toEqual({
    ...{ output: 'Bonjour', prompt: 'translate', version: '1', model: 'smart', finish: 'stop' },
    usage: { inputTokens: 5, outputTokens: 7, totalTokens: 12 },
  });
  expect(provider.questions[0]?.headers.authorization).toBe('Bearer sk-secret');
  expect(provider.questions[0]?.body).toMatchObject({
    ...{ model: 'big', temperature: 0, max_tokens: 50 },
    messages: [
      { role: 'system', content: 'Translate into fr.' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Bonjour' },
      { role: 'user', content: 'Good morning' },
    ],
  });
});

it('a version is named in the path or the query, and one that is not there is a 404 that lists them', async () => {
  const { provider, post } = await started(saying('Guten Morgen'));
  for (const path of ['translate@2', 'translate?version=2']) {
    const response = await post(path, { inputs: { ...inputs, to: 'de' } });
    expect(await response.json()).toMatchObject({ version: '2', model: 'm/other' });
  }
  expect(provider.questions[0]?.body['model']).toBe('other');
  const missing = await post('translate@3', { inputs });
  expect(missing.status).toBe(404);
  expect(JSON.stringify(await missing.json())).toContain('there is 1, 2');
  expect((await post('gone', { inputs })).status).toBe(404);
});

it('who names no version gets the same one by consumer, or by session', async () => {
  const route = 'ai: true, auth: { apiKey: { in: bearer } }';
  const { post } = await started(saying('Bonjour'), { route });
  const versionsOf = async (headers: Record<string, string>) => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => post('translate', { inputs }, headers)));
    return new Set(answers.map((answer) => answer.headers.get('x-weir-prompt')));
  };
  for (const key of ['app-key-0123456789', 'web-key-0123456789'])
    expect((await versionsOf({ authorization: `Bearer ${key}` })).size).toBe(1);
  const seen = new Set<string | null>();
  for (let session = 0; session < 8; session += 1) {
    const versions = await versionsOf({ authorization: 'Bearer app-key-0123456789', 'x-weir-session': `s${session}` });
    expect(versions.size).toBe(1);
    for (const version of versions) seen.add(version);
  }
  expect([...seen].sort()).toEqual(['translate@1', 'translate@2']);
});

it('an input that is wrong is a 400 that names it, and nobody is asked', async () => {
  const { provider, post } = await started(saying('Bonjour'));
  const param = async (body: unknown) => {
    const response = await post('translate', body);
    expect(response.status).toBe(400);
    return ((await response.json()) as { error: { param: string } }).error.param;
  };
  expect(await param({})).toBe('inputs.text');
  expect(await param({ inputs: { text: 'x'.repeat(41) } })).toBe('inputs.text');
  expect(await param({ inputs: { text: 'x', to: 'it' } })).toBe('inputs.to');
  expect(await param({ inputs: { ...inputs, role: 'system' } })).toBe('inputs.role');
  expect(await param({ inputs, messages: [] })).toBe('messages');
  expect(provider.questions).toHaveLength(0);
});

it('streams by Accept or by a field, and ends with the whole', async () => {
  const { post } = await started(saying('Bon', 'jour'));
  for (const [body, headers] of [
    [{ inputs }, { accept: 'text/event-stream' }],
    [{ inputs, stream: true }, {}],
  ] as const) {
    const response = await post('translate@1', body, headers);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('x-weir-prompt')).toBe('translate@1');
    expect(await eventsOf(response)).toMatchObject([
      ['start', { prompt: 'translate', version: '1', model: 'smart' }],
      ['delta', { text: 'Bon' }],
      ['delta', { text: 'jour' }],
      ['done', { output: 'Bonjour', version: '1', finish: 'stop', usage: { totalTokens: 12 } }],
    ]);
  }
});

it('an output with a schema is JSON, asked for as the provider has it and mended where it is nearly that', async () => {
  const { provider, post } = await started(saying("Here: ```json\n{'name': 'tea', 'price': 3,}\n```"));
  const response = await post('extract', { inputs });
  expect(await response.json()).toMatchObject({ output: { name: 'tea', price: 3 } });
  expect(provider.questions[0]?.body['response_format']).toMatchObject({
    type: 'json_schema',
    json_schema: { name: 'extract', schema: { required: ['name', 'price'] } },
  });
});

it('a provider that holds nothing to a schema is told of it in a message', async () => {
  const { provider, post } = await started(saying('{"name":"tea","price":3}'), {
    provider: 'compatible: { refuses: json_schema }',
  });
  expect(await (await post('extract', { inputs })).json()).toMatchObject({ output: { name: 'tea', price: 3 } });
  const { response_format: format, messages } = provider.questions[0]?.body ?? {};
  expect([format, JSON.stringify(messages)]).toEqual([undefined, expect.stringContaining('JSON Schema')]);
});

it('an output that does not fit is a 502 that says where, and never passes', async () => {
  const { post } = await started(saying('{"name":"tea","price":"3"}'));
  const response = await post('extract', { inputs });
  expect(response.status).toBe(502);
  expect(JSON.stringify(await response.json())).toContain(
    'does not fit the schema of the prompt: /price must be number',
  );
});

it('an output that was cut short is not mended into one that looks whole', async () => {
  const { post } = await started((question) =>
    json(question, openAiWords.whole({ content: '{"name":"tea","price":3' }, 'length')),
  );
  const response = await post('extract', { inputs });
  expect([response.status, JSON.stringify(await response.json())]).toEqual([
    502,
    expect.stringContaining('it was cut'),
  ]);
});

it('a model is asked once more with the fault, where the prompt says so, and both answers are paid for', async () => {
  const { provider, post } = await started(
    (question) => {
      const content = provider.questions.length === 1 ? '{"name":"tea"}' : '{"name":"tea","price":3}';
      json(question, openAiWords.whole({ content }));
    },
    { repair: 'ask' },
  );
  const response = await post('extract', { inputs });
  expect(await response.json()).toMatchObject({ output: { name: 'tea', price: 3 }, usage: { totalTokens: 24 } });
  expect(provider.questions).toHaveLength(2);
  expect(JSON.stringify(provider.questions[1]?.body['messages'])).toContain("must have required property 'price'");
  // And no third time.
  provider.answering = saying('{}');
  const again = await post('extract', { inputs });
  expect([again.status, provider.questions.length]).toEqual([502, 4]);
});

it('a stream whose output does not fit ends with an error and a broken connection, never with `done`', async () => {
  const { post } = await started(saying('{"name":', '"tea"}'));
  const response = await post('extract', { inputs, stream: true });
  expect(response.status).toBe(200);
  let text = '';
  const reading = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true });
  };
  await expect(reading()).rejects.toThrow();
  expect(text).toContain('event: error');
  expect(text).toContain("must have required property 'price'");
  expect(text).not.toContain('event: done');
});

it('lists its prompts, and describes each in OpenAPI, whose schemas are what it takes and answers', async () => {
  const { post, get } = await started(saying('{"name":"tea","price":3}'));
  expect(await get('')).toMatchObject({
    prompts: [
      { name: 'translate', url: '/v1/prompts/translate', versions: [{ version: '1', weight: 1 }, { version: '2' }] },
      { name: 'extract', openapi: '/v1/prompts/extract/openapi.json' },
    ],
  });
  // A document is JSON of the shape that the assertions below read.
  const document = (await get('/translate/openapi.json')) as OpenApi;
  expect(document).toMatchObject({ openapi: '3.1.1', servers: [{ url: '/v1' }], info: { title: 'translate' } });
  const request = validatorOf(document, 'Request');
  for (const body of [{ inputs }, { inputs: { ...inputs, to: 'de' }, stream: false }]) expect(request(body)).toBe(true);
  for (const body of [
    {},
    { inputs: {} },
    { inputs: { text: 1 } },
    { inputs: { ...inputs, to: 'it' } },
    { inputs, x: 1 },
  ]) {
    expect(request(body)).toBe(false);
    expect((await post('translate', body)).status).toBe(400);
  }
  const answer = validatorOf((await get('/extract/openapi.json')) as OpenApi, 'Answer');
  expect(answer(await (await post('extract', { inputs })).json())).toBe(true);
  expect(answer({ output: {}, prompt: 'extract', version: '1', model: 'smart', finish: 'stop', usage: null })).toBe(
    false,
  );
});

interface OpenApi {
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

function validatorOf({ components }: OpenApi, name: string) {
  return new Ajv2020({ strict: false }).compile(components.schemas[name] ?? false);
}

it('a route may offer some prompts, and nothing else', async () => {
  const { gateway, post, get } = await started(saying('Bonjour'), {
    route: 'ai: { prompts: [translate], promptsOnly: true, models: [smart] }',
  });
  expect((await post('translate@2', { inputs })).status).toBe(200);
  expect((await post('extract', { inputs })).status).toBe(404);
  expect(((await get('')) as { prompts: unknown[] }).prompts).toHaveLength(1);
  const chat = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'smart', messages: [{ role: 'user', content: 'Hi' }] }),
  });
  expect(chat.status).toBe(404);
  const wrong = await fetch(`${gateway.url}/v1/prompts/translate`);
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
});

it('a prompt tries again as any chat does, unseen', async () => {
  const { provider, post } = await started((question) => {
    if (provider.questions.length < 3) json(question, { error: { message: 'busy' } }, 503);
    else json(question, openAiWords.whole({ content: 'Bonjour' }));
  });
  expect(await (await post('translate@1', { inputs })).json()).toMatchObject({ output: 'Bonjour' });
  expect(provider.questions).toHaveLength(3);
});
