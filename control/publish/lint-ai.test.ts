// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.js';

const ACCOUNT = JSON.stringify({ type: 'service_account', client_email: 'a@p.example', private_key: 'PEM' }, null, 2);
const ENV = { A: 'sk-same', B: 'sk-same', C: 'sk-other', LINE: 'sk-line\n', JSON: '{ "a": 1 }', ACCOUNT };

function findings(text: string): string[] {
  const checked = checkConfig(text, ENV, (key) => `hash:${key}`);
  const faults = checked.ok ? checked.warnings : checked.faults;
  return faults.map(({ severity, path, message, cure }) => `${severity} ${path}: ${message} (${cure ?? ''})`);
}

const USUAL = '{ providers: { openai: "${A}", ollama: {} }, models: { m: openai/a } }';
const ofRoute = (route: string, ai = USUAL, gateway = '{}') =>
  findings(`gateway: ${gateway}\nai: ${ai}\nroutes: [{ ${route.includes('match:') ? '' : 'match: /v1/*, '}${route} }]`);
const ofProviders = (providers: string) => ofRoute('ai: true', `{ providers: ${providers} }`);
const ofModels = (models: string, route = 'ai: true') =>
  ofRoute(route, `{ providers: { openai: "\${A}", ollama: {} }, models: ${models} }`);
const told = (text: string) => [expect.stringContaining(text)];

describe('a provider', () => {
  it.each([
    [
      '{ azure-openai: "${A}" }',
      'error ai.providers.azure-openai.settings: Azure OpenAI needs the setting resource (add settings: { resource: … }, or name a `url`.',
    ],
    [
      '[{ id: bedrock, keys: "${A}", url: https://a }]',
      'error ai.providers[0].settings: Amazon Bedrock needs the setting region',
    ],
    ['[{ id: vertex, keys: "${A}" }]', 'error ai.providers[0].settings: Google Vertex AI needs the setting project'],
    ['[{ id: x, kind: compatible }]', 'error ai.providers[0]: it is not said where its API lies (add url'],
    [
      '[{ id: bedrock, keys: "${A}", settings: { region: "a b" } }]',
      'error ai.providers[0].settings: with these settings the URL of its API is none',
    ],
    [
      '[{ id: azure-openai, keys: "${A}", settings: { resource: a, apiversion: v1 } }]',
      'warning ai.providers[0].settings.apiversion: Azure OpenAI knows no setting apiversion (did you mean apiVersion?)',
    ],
    ['[{ id: groq, keys: "${A}", settings: { region: x } }]', 'Groq knows no setting region (it has no settings)'],
    [
      '[{ id: openai, keys: "${A}", url: https://proxy.example }]',
      'warning ai.providers[0].url: the URL has no path, and the API of OpenAI usually lies below /v1 (add /v1 to it)',
    ],
    ['[openai]', 'warning ai.providers[0]: OpenAI is asked without a key (add keys: "${OPENAI_API_KEY}")'],
    ['[bedrock]', 'Amazon Bedrock needs the setting region'],
    [
      '[{ id: vertex, keys: "${JSON}", settings: { project: p } }]',
      'error ai.providers[0].keys[0]: this key is no file of a service account (set its variable to the whole JSON file',
    ],
    [
      '[{ id: bedrock, settings: { region: r } }]',
      'warning ai.providers[0]: Amazon Bedrock is asked without a key (add keys: "${AWS_ACCESS_KEY_ID}:${AWS_SECRET_ACCESS_KEY}")',
    ],
    [
      '[{ id: openai, keys: "${A}", compatible: { refuses: seed } }]',
      'error ai.providers[0].compatible: OpenAI has an API of its own',
    ],
    [
      '[{ id: x, url: http://gpu.internal:8000/v1, keys: "${A}" }]',
      'warning ai.providers[0].url: keys go to gpu.internal in plain text',
    ],
    [
      '[{ id: x, url: https://a/v1, keys: "${A}", compatible: { credential: none } }]',
      'warning ai.providers[0].keys: the keys are never sent',
    ],
    ['{ openai: ["${A}", "${B}"] }', 'warning ai.providers.openai.keys[1]: this key is here a second time'],
    [
      '[{ id: openai, keys: [{ key: "${A}", id: k }, { key: "${C}", id: k }] }]',
      'error ai.providers[0].keys[1].id: the key k is there already',
    ],
    [
      '[{ id: x, url: https://a/v1, tls: { verify: false } }]',
      'warning ai.providers[0].tls.verify: certificates are not verified',
    ],
    ['[{ id: groq, keys: ["${A}", "${LINE}"] }]', 'error ai.providers[0].keys[1]: this key holds what no key does'],
  ])('%s is told of', (providers, finding) =>
    expect(ofProviders(providers)).toEqual(expect.arrayContaining(told(finding))),
  );

  it.each([
    '{ openai: ["${A}", "${C}"] }',
    '[ollama, { id: vllm }]',
    '[{ id: x, url: http://127.0.0.1:8000/v1, keys: "${A}" }]',
    '[{ id: x, url: http://gpu.internal:8000/v1 }]',
    '[{ id: azure-openai, keys: "${A}", url: https://contoso.openai.azure.com }]',
    '[{ id: x, url: https://a/v1, compatible: { chatPath: "/{team}/chat" }, settings: { team: b } }]',
    '[{ id: deepseek, keys: "${A}", url: https://proxy.example }]',
    '[{ id: vertex, keys: "${ACCOUNT}", settings: { project: p } }]',
    '[{ id: vertex, url: https://proxy.example/v1, settings: { project: p, location: europe-west4 } }]',
  ])('%s is sound', (providers) => expect(ofProviders(providers)).toEqual([]));

  it('with a key that can not be sent is told without the key', () => {
    expect(ofProviders('{ groq: ["${LINE}"] }').join()).not.toContain('sk-line');
  });
});

it('a fault in one entry hides nothing of the others, which keep their places', () => {
  const ai = `{ providers: [{ id: x, kye: 1 }, { id: azure-openai, keys: "\${A}" }], models: { a: 3, b: [ollama/a, ollama/a] } }`;
  const found = ofRoute('ai: true', ai).map((line) => line.slice(0, line.indexOf(':')));
  expect(found).toEqual(
    expect.arrayContaining([
      ...[
        'error ai.providers[0].kye',
        'error ai.providers[1].settings',
        'error ai.models.a',
        'warning ai.models.b.targets[1]',
      ],
    ]),
  );
  const mapped = ofRoute('ai: true', '{ providers: { x: { kye: 1 }, openai: {} } }').join();
  expect(mapped).toContain('warning ai.providers.openai: OpenAI is asked without a key');
});

describe('a model', () => {
  it.each([
    ['{ openai/gpt-5: ollama/a }', 'warning ai.models["openai/gpt-5"]: who asks for openai/gpt-5 gets this'],
    ['{ m: [openai/a, openai/a] }', 'warning ai.models.m.targets[1]: openai/a is here a second time'],
    [
      '[{ id: m, targets: openai/a, fallback: [ollama/b, openai/a] }]',
      'warning ai.models[0].fallback[1]: openai/a has failed already when this fallback is tried',
    ],
  ])('%s is told of', (models, finding) => expect(ofModels(models)).toEqual(told(finding)));

  it.each([
    '{ meta/llama: ollama/a }',
    '{ m: [openai/a, ollama/a] }',
    '{ m: { targets: openai/a, fallback: openai/b } }',
  ])('%s is sound', (models) => expect(ofModels(models)).toEqual([]));

  it('that no route offers is told of, where every route says what it offers', () => {
    const warning = 'warning ai.models.b: no route offers the model b';
    expect(ofModels('{ a: openai/a, b: openai/b }', 'ai: { models: [a, openai/b] }')).toEqual(told(warning));
    expect(ofModels('{ a: openai/a, b: openai/b }', 'ai: { models: [a, b] }')).toEqual([]);
  });

  it('that nobody could ask for is told of once', () => {
    const text = `ai: ${USUAL}\nupstreams: [{ targets: http://a }]\nroutes: [{ match: / }]`;
    expect(findings(text)).toEqual(told('warning ai: no route answers by models (add one'));
    // The faulty one may be the one that would.
    expect(findings(`${text.slice(0, -1)}, { match: /v1/*, ai: 3 }]`)).toEqual(told('error routes[1].ai'));
  });
});

describe('a fallback that is never asked', () => {
  const model = (targets: number, whens: readonly string[]): string => {
    const list = Array.from({ length: targets }, (_, index) => `openai/t${index}`).join(', ');
    const fallback = whens.map((when, index) => `{ model: ollama/f${index}, when: ${when} }`).join(', ');
    return `{ m: { targets: [${list}], fallback: [${fallback}] } }`;
  };

  it.each([
    [1, ['error'], 1, 'ollama/f0'],
    [1, ['contextExceeded'], 1, 'ollama/f0'],
    [4, ['error'], 4, 'ollama/f0'],
    [2, ['error', 'error'], 3, 'ollama/f1'],
    [1, ['contextExceeded', 'contextExceeded'], 2, 'ollama/f1'],
  ])('behind %i targets, for %j, with %i attempts', (targets, whens, attempts, late) =>
    expect(ofModels(model(targets, whens), `ai: { attempts: ${attempts} }`)).toEqual(
      told(`warning routes[0].ai.attempts: ${late}, a fallback of m, is never asked`),
    ),
  );

  it.each([
    [1, ['error'], 2],
    [3, ['error'], 4],
    [9, ['contextExceeded'], 2],
    [9, ['[error, contentFiltered]'], 2],
    [2, ['timeout', 'error'], 3],
    [2, ['error', 'error'], 4],
  ])('is not one of %i targets and %j with %i attempts', (targets, whens, attempts) =>
    expect(ofModels(model(targets, whens), `ai: { attempts: ${attempts} }`)).toEqual([]),
  );

  it('counts only on routes that offer the model', () => {
    const models = `{ n: openai/a, ${model(1, ['error']).slice(1)}`;
    expect(ofModels(models, 'ai: { attempts: 1, models: [n, openai/a] }')).toEqual(told('no route offers the model m'));
  });
});

describe('an AI route', () => {
  it.each([
    [
      'timeouts: { firstToken: 11m }',
      'warning routes[0].timeouts.firstToken: firstToken (11m) can never fire: total (10m)',
    ],
    ['timeouts: { total: 5s, betweenTokens: 6s }', 'betweenTokens (6s) can never fire: total (5s)'],
    ['timeouts: { firstByte: 5s, firstToken: 6s }', 'firstToken (6s) can never fire: firstByte (5s)'],
    ['timeouts: { attempt: 5s, firstToken: 6s }', 'firstToken (6s) can never fire: attempt (5s)'],
    ['timeouts: { total: 10s, firstToken: 9s }', 'no other model is asked after one that was silent: firstToken (9s)'],
    ['timeouts: { total: 2m, idle: 3m }', 'warning routes[0].timeouts.idle: idle (3m) can never fire'],
    ['timeouts: { total: 10s }', 'warning routes[0].ai.heartbeat: no comment is ever sent: total (10s)'],
    ['retry: { attempts: 5 }', 'warning routes[0].retry: retry does nothing on an AI route'],
    ['retry: false', 'warning routes[0].retry'],
    ['hedge: true', 'warning routes[0].hedge: hedge does nothing on an AI route'],
    [
      'fallback: [{ respond: 503 }]',
      'warning routes[0].fallback: fallback does nothing on an AI route: what stands in',
    ],
    ['protect: true', 'warning routes[0].protect: protect does nothing on an AI route'],
    ['cache: true', 'warning routes[0].cache: cache does nothing on an AI route'],
    ['websocket: true', 'warning routes[0].websocket: websocket does nothing on an AI route'],
    ['match: { path: /v1/*, methods: GET }', 'warning routes[0].match.methods: models are asked by POST'],
    [
      'match: /v1',
      'warning routes[0].match: the end of the path says what is asked for, and /v1 says nothing (write /v1/*',
    ],
    ['bodyLimit: 65MiB', 'warning routes[0].bodyLimit: a request to a model is kept and read as a whole; one of 65MiB'],
  ])('with %s is told of', (fields, finding) =>
    expect(ofRoute(`ai: true, ${fields}`)).toContainEqual(told(finding)[0]),
  );

  it.each([
    'retry: true',
    'timeouts: { firstToken: 5s, total: 1m, firstByte: 30s }',
    'timeouts: { firstByte: 1m }',
    'timeouts: { total: 15s }',
    'match: /v1/chat/completions',
    'match: { path: /v1/*, methods: [GET, POST] }',
    'bodyLimit: 64MiB',
  ])('with %s is sound', (fields) => expect(ofRoute(`ai: true, ${fields}`)).toEqual([]));

  it('with a single attempt needs no room for another', () => {
    expect(ofRoute('ai: { attempts: 1 }, timeouts: { total: 20s, firstToken: 19s }')).toEqual([]);
    expect(ofRoute('ai: { heartbeat: 0s }, timeouts: { total: 10s }')).toEqual([]);
  });

  it('that anyone may use is told of where others than this machine reach it', () => {
    const open = '{ listen: 0.0.0.0:8080 }';
    const warning = 'warning routes[0]: whoever reaches this gateway can ask models at your expense';
    expect(ofRoute('ai: true', USUAL, open)).toEqual(told(warning));
    expect(ofRoute('ai: true, addresses: { deny: 10.0.0.0/8 }', USUAL, open)).toEqual(told(warning));
    expect(ofRoute('ai: true, addresses: { allow: 10.0.0.0/8 }', USUAL, open)).toEqual([]);
    expect(ofRoute('ai: true', USUAL, '{ listen: "[::1]:8080" }')).toEqual([]);
    const jwt = 'auth: { jwt: { jwks: https://issuer.example/keys } }';
    expect(ofRoute(`ai: true, ${jwt}`, USUAL, open)).toEqual([]);
  });

  it('is what timers of tokens are for', () => {
    const text = (timer: string) =>
      `upstreams: [{ targets: http://a }]\nroutes: [{ match: /, timeouts: { ${timer}: 5s } }]`;
    expect(findings(text('firstToken'))).toEqual(
      told('warning routes[0].timeouts.firstToken: firstToken is for streams of tokens, and this route asks no model'),
    );
    expect(findings(text('betweenTokens'))).toHaveLength(1);
  });
});

describe('a route that passes on the API of a provider', () => {
  it.each([
    [
      'match: /openai/v1, ai: { passthrough: openai }',
      'error routes[0].match: what follows the path of the route is passed on',
    ],
    ['match: /x/*, ai: { passthrough: opnai }', 'error routes[0].ai.passthrough: there is no provider "opnai"'],
    [
      'match: /x/*, ai: { passthrough: openai, guards: [g] }',
      'error routes[0].ai.guards: guards read nothing of what is passed on',
    ],
    ...['cache: true', 'durable: true', 'hedge: true', 'resume: continue', 'promptsOnly: true'].map((field) => [
      `match: /x/*, ai: { passthrough: openai, ${field} }`,
      `warning routes[0].ai.${field.split(':')[0]}: ${field.split(':')[0]} does nothing where the API of a provider is passed on`,
    ]),
  ])('%s is told of', (route, finding) => {
    const ai = USUAL.replace('models:', 'guards: { g: { pii: [email] } }, models:');
    expect(ofRoute(route, ai)).toEqual(expect.arrayContaining(told(finding)));
  });

  it('is sound at any path with an open end', () =>
    expect(ofRoute('match: /openai/*, ai: { passthrough: openai }')).toEqual([]));
});

describe('vectors that nodes share', () => {
  const cached = (store: string) => `ai: { cache: { shared: true, semantic: { model: openai/v, store: ${store} } } }`;

  it('are of no use where answers are not shared', () => {
    const refused = 'error routes[0].ai.cache.semantic.store: nodes tell each other of questions and not of answers';
    expect(ofRoute(cached('redis'), USUAL, '{ cache: { redis: false } }')).toEqual(told(refused));
    expect(ofRoute(cached('memory'), USUAL, '{ cache: { redis: false } }')).toEqual([]);
    for (const gateway of ['{}', '{ cache: { redis: true } }'])
      expect(ofRoute(cached('redis'), USUAL, gateway)).toEqual([]);
  });

  it('are in memory or in Redis, and nowhere else', () =>
    expect(ofRoute(cached('disk'))).toEqual(told('error routes[0].ai.cache.semantic.store: "disk" is not known')));
});
