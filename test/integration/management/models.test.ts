/**
 * Models and prompts of a team's own, against a real `weir up` and a provider by hand: an AI service by the team's key, asked by OpenAI's own client
 * with an application's key and within its budget; and a prompt over its model, in two releases.
 */
import OpenAI from 'openai';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { ensureBuilt } from '../../support/built.js';
import { Api } from '../../support/managed-api.js';
import { type Answering, json, type ModelProvider, modelProvider, openAiWords } from '../../support/model-provider.js';
import { Stage, until } from '../../support/stage.js';
import { type WeirUp, weirUp } from '../../support/weir-up.js';

const LONG_MS = 120_000;
let stage = new Stage();
beforeAll(ensureBuilt, 4 * LONG_MS);
afterEach(async () => {
  await stage.clear();
  stage = new Stage();
});

/** One model fails; the other says what it was asked, or JSON where it shall. */
const answering: Answering = (question) => {
  const { model, messages, response_format: wanted } = question.body;
  if (model === 'broken') return json(question, { error: { message: 'no', type: 'server_error' } }, 500);
  const asked = JSON.stringify(messages);
  const content = wanted === undefined ? asked : JSON.stringify({ text: asked.slice(0, 5), words: 2 });
  return json(question, openAiWords.whole({ content }));
};

const config = `
gateway: { listen: "127.0.0.1:0", accessLog: false }
routes: [{ id: ping, match: /ping, respond: { body: pong } }]
`;

interface Begun {
  readonly weir: WeirUp;
  readonly api: Api;
  readonly provider: ModelProvider;
}

async function start(): Promise<Begun> {
  const provider = await modelProvider(stage, answering);
  const weir = await weirUp(stage, config);
  const api = new Api(weir);
  for (const id of ['red', 'blue']) await api.post('/v1/teams', { id, name: id });
  return { weir, api, provider };
}

/** Its key. */
async function application({ api }: Begun, id: string, services: readonly string[]): Promise<string> {
  await api.post('/v1/applications', { id, teamId: 'blue', name: id });
  const { key } = await api.post(`/v1/applications/${id}/keys`, { name: 'key' });
  for (const serviceId of services)
    await api.post('/v1/subscriptions', { serviceId, applicationId: id, planId: 'gold' });
  return String(key);
}

async function publishModels({ weir, api, provider }: Begun): Promise<void> {
  const design = {
    ai: {
      providers: { mine: { url: `${provider.url}/v1`, keys: `\${secret:KEY}` } },
      models: { smart: { targets: 'mine/broken', fallback: ['mine/big'] } },
      prices: { 'mine/big': { input: 1_000, output: 1_000 }, 'mine/broken': { input: 0, output: 0 } },
    },
    routes: [{ id: 'models', match: '/*', ai: true }],
  };
  const limits = [{ tokens: '2000/day' }, { cost: '0.10/day' }];
  const service = {
    ...{ id: 'desk', teamId: 'red', name: 'Desk', basePath: '/desk', kind: 'ai', visibility: 'organisation' },
    plans: [{ id: 'gold', name: 'Gold', limits, approval: 'auto' }],
  };
  // As a form asks while one types, before there is anything.
  const early = await api.post('/v1/services/check', { service, draft: design });
  expect(JSON.stringify(early['faults'])).toContain('team red has no secret KEY');
  expect(await api.post('/v1/services/check', { service, draft: design, secrets: ['KEY'] })).toMatchObject({
    ok: true,
  });
  await api.ask('PUT', '/v1/teams/red/secrets/KEY', { value: 'sk-of-the-team' });
  await api.post('/v1/services', service);
  await api.ask('PUT', '/v1/services/desk/draft', design);
  const checked = await api.post('/v1/services/desk/draft/check');
  expect(checked).toMatchObject({ ok: true, faults: [] });
  expect(checked['yaml']).toContain('targets: mine/broken');
  await api.post('/v1/services/desk/releases', { notes: 'the first' });
  await until(async () => (await api.status('/desk/models')) === 401, weir.said);
}

async function ask(begun: Begun, apiKey: string): Promise<void> {
  const { weir, provider } = begun;
  const client = new OpenAI({ apiKey, baseURL: `http://127.0.0.1:${weir.port}/desk`, maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  const question = (model: string) => client.chat.completions.create({ model, messages, max_tokens: 5 });
  const first = await question('smart');
  expect(first.choices[0]?.message.content).toContain('"content":"Hi"');
  expect(first.model).toBe('smart');
  expect(provider.questions.map(({ body }) => body['model'])).toEqual(['broken', 'big']);
  expect(provider.questions.every(({ headers }) => headers.authorization === 'Bearer sk-of-the-team')).toBe(true);
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['smart']);
  // What the service does not name can't be asked for, whoever has it.
  for (const other of ['mine/big', 'desk.mine/big', 'house'])
    await expect(question(other)).rejects.toMatchObject({ status: 404 });
  // It is told to the team and the application that have called, under the name of the service.
  const labels = 'route="desk@1/models",model="desk/smart",provider="desk.mine",team="blue"';
  await until(async () => (await weir.metric(`weir_ai_cost_dollars_total{${labels}}`)) === 0.012, weir.said);
  // Each answer costs a cent and a fifth; what it may cost is reserved, and money is used up first.
  const refused = async (): Promise<unknown> => {
    for (let i = 0; i < 100; i += 1) {
      try {
        await question('smart');
      } catch (error) {
        return error;
      }
    }
    return null;
  };
  const error = await refused();
  expect(error).toMatchObject({ status: 429 });
  expect(String((error as Error).message)).toMatch(/budget "consumer-(tokens|cost)" .* for this day has no room/);
  const other = await application(begun, 'phone', ['desk']);
  await until(async () => (await begun.api.status('/desk/models', { 'x-api-key': other })) === 200, weir.said);
  const another = new OpenAI({ apiKey: other, baseURL: `http://127.0.0.1:${weir.port}/desk`, maxRetries: 0 });
  expect((await another.chat.completions.create({ model: 'smart', messages, max_tokens: 5 })).model).toBe('smart');
}

const promptOf = (more: object = {}) => ({
  ai: {
    prompts: {
      say: {
        model: 'desk/smart',
        variables: { text: { maxLength: 20 }, ...more },
        messages: [{ system: 'Say it.' }, { user: `{{text}}${'to' in more ? ' in {{to}}' : ''}` }],
        output: {
          schema: {
            type: 'object',
            required: ['text', 'words'],
            properties: { text: { $ref: '#/$defs/text' }, words: { type: 'integer' } },
            $defs: { text: { type: 'string' } },
          },
        },
      },
    },
  },
  routes: [{ id: 'prompts', match: '/*', ai: { promptsOnly: true } }],
});

async function publishPrompt({ weir, api }: Begun): Promise<string> {
  await api.post('/v1/services', {
    ...{ id: 'say', teamId: 'red', name: 'Say', basePath: '/say', kind: 'prompt', visibility: 'organisation' },
    plans: [{ id: 'gold', name: 'Gold', limits: ['1000/s'], approval: 'auto' }],
  });
  await api.ask('PUT', '/v1/services/say/draft', promptOf());
  await api.post('/v1/services/say/releases');
  const key = await application({ weir, api } as Begun, 'web-say', ['say']);
  await until(async () => (await api.status('/say/prompts', { 'x-api-key': key })) === 200, weir.said);
  return key;
}

async function callPrompt({ weir, api }: Begun, key: string): Promise<void> {
  const call = (inputs: object, own = key) =>
    fetch(`http://127.0.0.1:${weir.port}/say/prompts/say`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': own },
      body: JSON.stringify({ inputs }),
    });
  const answer = await call({ text: 'Hello' });
  expect(answer.headers.get('x-weir-prompt')).toBe('say@1');
  expect(await answer.json()).toMatchObject({ output: { words: 2 }, version: '1', model: 'desk/smart' });
  expect((await call({ text: 'x'.repeat(21) })).status).toBe(400);
  expect(await api.status('/say/chat/completions', { 'x-api-key': key })).toBe(404);

  // Its contract in the catalogue, with a body to begin with, and the form that really calls.
  const contract = JSON.stringify(await api.ask('GET', '/v1/services/say/contract'));
  expect(contract).toContain('"/prompts/say"');
  expect(await api.ask('GET', '/v1/catalogue/say')).toMatchObject({ hasContract: true });
  const { example } = (
    JSON.parse(contract) as {
      paths: Record<string, { post: { requestBody: { content: Record<string, { example: object }> } } }>;
    }
  ).paths['/prompts/say']?.post.requestBody.content['application/json'] ?? { example: {} };
  expect(example).toEqual({ inputs: { text: 'text' } });
  const headers = { 'x-api-key': key, 'content-type': 'application/json' };
  const tried = await api.post('/v1/try', {
    ...{ serviceId: 'say', method: 'POST', path: '/prompts/say', headers, body: JSON.stringify(example) },
  });
  expect(tried).toMatchObject({ status: 200 });

  // The second release is the second version: what it breaks is told, and callers are split between the two.
  await api.ask('PUT', '/v1/services/say/draft', promptOf({ to: { type: 'enum', values: ['fr', 'de'] } }));
  await api.post('/v1/services/say/releases', { share: 50 });
  const { breaking } = await api.ask('GET', '/v1/services/say/releases/1/diff/2');
  expect(breaking).toEqual([expect.objectContaining({ severity: 'breaking', what: expect.stringContaining('to') })]);
  const keys = await Promise.all(
    Array.from({ length: 16 }, (_, i) => application({ weir, api } as Begun, `say-${i}`, ['say'])),
  );
  // Version 1 takes no `to`; a key that has not come to a node yet is no answer of either.
  const byAnswer: Record<number, string> = { 200: 'say@2', 400: 'say@1' };
  const versions = (): Promise<string[]> =>
    Promise.all(
      keys.map(async (own) => {
        const { status, headers } = await call({ text: 'Hello', to: 'fr' }, own);
        const version = byAnswer[status] ?? `${status}`;
        if (version === 'say@2') expect(headers.get('x-weir-prompt')).toBe(version);
        return version;
      }),
    );
  await until(async () => {
    const all = await versions();
    return all.includes('say@2') && all.every((version) => version.startsWith('say@'));
  }, weir.said);
  const told = await versions();
  expect(new Set(told)).toEqual(new Set(['say@1', 'say@2']));
  expect(await versions()).toEqual(told);
}

it(
  'a team publishes models by its own key, and a prompt over them',
  async () => {
    const begun = await start();
    await publishModels(begun);
    const key = await application(begun, 'web', ['desk']);
    await until(async () => (await begun.api.status('/desk/models', { 'x-api-key': key })) === 200, begun.weir.said);
    await ask(begun, key);
    const own = await publishPrompt(begun);
    await callPrompt(begun, own);
    expect(begun.weir.said()).not.toContain('sk-of-the-team');
    expect(JSON.stringify(await begun.api.ask('GET', '/v1/audit?max=200'))).not.toContain('sk-of-the-team');
  },
  LONG_MS,
);
