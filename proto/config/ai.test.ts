// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readReference } from './ai-models.js';
import { readApiUrl } from './ai-url.js';
import { entitiesOf } from './entities.js';
import { parseConfig } from './parse.js';

const ENV = { OPENAI_API_KEY: 'sk-live-0123456789', SPARE: 'sk-spare-0123456789', REGION: 'eu-central-1' };
const ROUTE = 'routes: [{ match: /v1/*, ai: true }]';
const parsed = (ai: string, routes = ROUTE, env: Record<string, string> = ENV) =>
  parseConfig(`ai: ${ai}\n${routes}`, env);
const faultsOf = (ai: string, routes = ROUTE, env: Record<string, string> = ENV) =>
  parsed(ai, routes, env).faults.map((f) => `${f.path}: ${f.message} | ${f.cure}`);
const providersOf = (providers: string) => {
  const { config, faults } = parsed(`{ providers: ${providers} }`);
  return config?.ai?.providers ?? faults;
};
const modelsOf = (models: string) => {
  const { config, faults } = parsed(`{ providers: [openai, ollama], models: ${models} }`);
  return config?.ai?.models ?? faults;
};

describe('providers', () => {
  it('the least is an id and a key, and no upstream is needed beside it', () => {
    const { config, faults } = parsed('{ providers: [{ id: openai, keys: ["${OPENAI_API_KEY}"] }] }');
    expect(faults).toEqual([]);
    expect(config?.ai).toMatchObject({
      providers: [
        {
          id: 'openai',
          kind: 'openai',
          place: 0,
          url: [],
          keys: [{ key: '${OPENAI_API_KEY}', weight: 1 }],
          settings: {},
          concurrency: null,
        },
      ],
      models: [],
    });
    expect(config?.routes[0]?.ai).toEqual({
      limits: [],
      models: [],
      cache: null,
      durable: null,
      hedge: null,
      resume: 'error',
      attempts: 4,
      heartbeat: 15_000,
      tokensPerSecondMin: 0,
      unsupported: 'refuse',
      answerCharsMax: 8_000_000,
      logText: 0,
      prompts: undefined,
      promptsOnly: false,
      guards: [],
    });
  });

  it.each([
    ['{ openai: "${OPENAI_API_KEY}" }', { id: 'openai', keys: [{ key: '${OPENAI_API_KEY}' }], place: 'openai' }],
    ['{ openai: ["${OPENAI_API_KEY}", "${SPARE}"] }', { keys: [{ weight: 1 }, { key: '${SPARE}' }] }],
    ['{ openai: { keys: { key: "${SPARE}", id: spare, weight: 3 } } }', { keys: [{ id: 'spare', weight: 3 }] }],
    ['{ ollama: {} }', { id: 'ollama', kind: 'ollama', keys: [] }],
    ['[ollama]', { id: 'ollama', kind: 'ollama', keys: [], place: 0 }],
    ['[{ id: mine, kind: groq }]', { id: 'mine', kind: 'groq' }],
    [
      '[{ id: mine, url: http://127.0.0.1:8000/v1/ }]',
      { kind: 'compatible', url: [{ url: { scheme: 'http', host: '127.0.0.1', port: 8000, basePath: '/v1' } }] },
    ],
    [
      '[{ id: mine, kind: vllm, url: [http://a:1/v1, { url: http://b:1/v1, weight: 2 }] }]',
      { url: [{ weight: 1 }, { weight: 2 }] },
    ],
    ['[{ id: bedrock, settings: { region: "${REGION}", n: 5 } }]', { settings: { region: 'eu-central-1', n: '5' } }],
    [
      '[{ id: m, compatible: { refuses: seed, credential: { header: X-Key, prefix: "Key " } } }]',
      { kind: 'compatible', compatible: { refuses: ['seed'], credential: { kind: 'header', name: 'x-key' } } },
    ],
    ['[{ id: m, compatible: { credential: none } }]', { compatible: { credential: { kind: 'none' } } }],
  ])('%s', (written, wanted) => expect(providersOf(written)).toEqual([matching(wanted)]));

  it.each([
    ['[{ id: opnai }]', 'ai.providers[0]: it is not said whose API "opnai" has | did you mean openai? Else add `kind`'],
    ['{ opnai: "${SPARE}" }', 'ai.providers.opnai: it is not said whose API "opnai" has'],
    ['[{ id: x, kind: antropic }]', 'ai.providers[0].kind: there is no kind "antropic" | did you mean anthropic?'],
    ['[{ id: x, kind: quux }]', '`weir ai providers` lists them'],
    ['{ "a b": { kind: groq } }', 'ai.providers["a b"]: "a b" is not an id'],
    ['[openai, openai]', 'ai.providers[1].id: the provider "openai" is already ai.providers[0]'],
    ['[{ id: x, url: https://a.example/v1/chat/completions }]', 'write https://a.example/v1'],
    ['[{ id: x, url: https://me:pw@a.example/v1 }]', 'the URL must not hold credentials'],
    ['[{ id: x, url: ftp://a }]', 'is neither http nor https'],
    ['[{ id: x, url: "https://a?k=1" }]', 'has a query or a fragment'],
    ['[{ id: x, url: [http://a/v1, http://b/v2] }]', 'ai.providers[0].url: the URLs have different paths'],
    ['[{ id: x, keyz: 1 }]', 'did you mean key'],
    ['[{ id: openai, settings: { a: [] } }]', 'a setting was expected, not a list'],
    ['[{ id: m, compatible: { refuses: sead } }]', 'did you mean seed?'],
    ['[{ id: m, compatible: { errorKinds: { a: nope } } }]', '"nope" is not known as an error'],
    ['3', 'ai.providers: '],
  ])('%s is refused', (written, what) => expect(faultsOf(`{ providers: ${written} }`).join('\n')).toContain(what));

  it('an upstream can not have the name that a provider will have among them', () => {
    const upstream = 'upstreams: [{ id: ai-openai, targets: http://a }]\n';
    expect(faultsOf('{ providers: [openai] }', upstream + ROUTE)).toEqual([
      'ai.providers[0]: the provider "openai" would be the upstream ai-openai, which there is already | give one of them another id',
    ]);
  });
});

describe('keys', () => {
  it.each([
    '[{ id: openai, keys: KEY }]',
    '[{ id: openai, keys: [{ key: KEY }] }]',
    '{ openai: KEY }',
    '{ openai: [KEY] }',
  ])('in %s are refused in clear, and never shown', (written) => {
    const faults = faultsOf(`{ providers: ${written.replace('KEY', 'sk-secret-in-the-file')} }`).join('\n');
    expect(faults).toContain('the key of a provider stands in the file itself');
    expect(faults).toContain('write a reference such as ${NAME}');
    expect(faults).not.toContain('sk-secret');
  });

  it.each([
    '[{ id: openai, keys: "${NOBODY}" }]',
    '[{ id: openai, keys: [{ key: "${NOBODY}" }] }]',
    '{ openai: "${NOBODY}" }',
  ])('in %s whose variable is missing are named', (written) =>
    expect(faultsOf(`{ providers: ${written} }`)).toEqual([
      expect.stringContaining('the environment variable NOBODY is not set | set NOBODY where Weir is started'),
    ]),
  );

  it('stay references in all that is made of the text', () => {
    const text = `ai: { providers: { openai: ["\${OPENAI_API_KEY}"] } }\n${ROUTE}`;
    const { config, faults } = parseConfig(text, ENV);
    expect(faults).toEqual([]);
    expect(JSON.stringify(config)).not.toContain('sk-live');
    expect(entitiesOf(text)).toContainEqual({ kind: 'provider', name: 'openai', value: ['${OPENAI_API_KEY}'] });
  });
});

describe('models', () => {
  it.each([
    ['{ fast: openai/gpt-5-mini }', { id: 'fast', targets: [{ model: { provider: 'openai', model: 'gpt-5-mini' } }] }],
    ['{ both: [openai/a, ollama/b] }', { targets: [{ weight: 1 }, { model: { provider: 'ollama', model: 'b' } }] }],
    [
      '[{ id: smart, targets: { model: openai/a/b:c, weight: 3 }, fallback: ollama/c }]',
      {
        id: 'smart',
        place: 0,
        targets: [{ model: { provider: 'openai', model: 'a/b:c' }, weight: 3 }],
        fallback: [{ when: ['timeout', 'overloaded', 'rateLimited', 'contextExceeded', 'error'] }],
      },
    ],
    [
      '{ s: { targets: openai/a, fallback: [{ model: ollama/c, when: contentFiltered }] } }',
      { place: 's', fallback: [{ when: ['contentFiltered'] }] },
    ],
  ])('%s', (written, wanted) => expect(modelsOf(written)).toEqual([matching(wanted)]));

  it.each([
    ['{ fast: gpt-5 }', 'ai.models.fast: "gpt-5" does not say whose model it is | write provider/model'],
    ['{ fast: opnai/gpt-5 }', 'ai.models.fast: there is no provider "opnai" | did you mean openai?'],
    ['[{ id: a, targets: [ollama/a, { model: x/b }] }]', 'ai.models[0].targets[1].model: there is no provider "x"'],
    ['[{ id: a, targets: ollama/a, fallback: y/b }]', 'ai.models[0].fallback: there is no provider "y"'],
    ['[{ id: a, targets: [] }]', 'the list is empty'],
    ['[{ id: a }]', 'ai.models[0].targets'],
    ['[{ id: a, targets: ollama/a }, { id: a, targets: ollama/b }]', 'the model "a" is already ai.models[0]'],
    ['{ "a b": ollama/a }', '"a b" cannot name a model'],
    ['{ a: { targets: ollama/a, fallback: { model: ollama/b, when: tired } } }', '"tired" is not known'],
  ])('%s is refused', (written, what) =>
    expect(faultsOf(`{ providers: [openai, ollama], models: ${written} }`).join('\n')).toContain(what),
  );

  it('a reference is a provider up to the first slash, and its model behind it', () => {
    const provider = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
    const model = fc.stringMatching(/^[!-~]{1,60}$/);
    fc.assert(
      fc.property(provider, model, (one, other) => {
        expect(readReference(`${one}/${other}`)).toEqual({ provider: one, model: other });
      }),
    );
    for (const bad of ['', '/', 'a', 'a/', '/a', 'a/b c', 'a/\u00e9']) expect(readReference(bad)).toBeNull();
  });
});

describe('routes', () => {
  const AI = '{ providers: [openai], models: { fast: openai/a } }';
  const withRoute = (fields: string, ai = AI) => faultsOf(ai, `routes: [{ match: /v1/*, ${fields} }]`);

  it.each(['ai: true', 'ai: { models: fast }', 'ai: { models: [fast, openai/anything] }', 'ai: {}'])(
    '%s is sound',
    (fields) => expect(withRoute(fields)).toEqual([]),
  );

  it.each([
    ['ai: true, respond: 200', 'the route has both `respond` and `ai`'],
    [
      'ai: true, rewrite: { path: /x }',
      'routes[0].rewrite: the provider decides the path, so there is none to rewrite',
    ],
    ['ai: { models: fsat }', 'routes[0].ai.models: there is no model "fsat" | did you mean fast?'],
    ['ai: { models: [fast, groq/x] }', 'routes[0].ai.models[1]: there is no provider "groq" | there is openai'],
    ['ai: { models: smart }', 'there is no model "smart" | add it under ai.models, or write provider/model'],
    ['ai: { attempts: 0 }', 'routes[0].ai.attempts'],
    ['ai: false', 'there is no upstream that this route could go to'],
  ])('%s is refused', (fields, what) => expect(withRoute(fields).join('\n')).toContain(what));

  it('that ask models need a provider', () => {
    expect(withRoute('ai: true', '{}')).toEqual([
      'routes[0].ai: there is no provider that could be asked for a model | add one: ai: { providers: { openai: "${OPENAI_API_KEY}" } }',
    ]);
    expect(faultsOf('{ providers: [{ id: openai, keys: 3 }] }').join('\n')).not.toContain('there is no provider');
  });
});

it('a URL is read into what a request needs of it', () => {
  const address = fc.record({
    scheme: fc.constantFrom('http', 'https'),
    host: fc.stringMatching(/^[a-z]([a-z0-9]{0,8}[a-z])?(\.[a-z]{2,5})?$/),
    port: fc.integer({ min: 1, max: 65_535 }),
    steps: fc.array(fc.stringMatching(/^[a-z0-9]{1,6}$/), { maxLength: 3 }),
    slash: fc.boolean(),
  });
  fc.assert(
    fc.property(address, ({ scheme, host, port, steps, slash }) => {
      const basePath = steps.map((step) => `/${step}`).join('');
      const reading = readApiUrl(`${scheme}://${host}:${port}${basePath}${slash ? '/' : ''}`);
      if (/\/(completions|responses|messages|embeddings|models)$/.test(basePath)) return;
      expect(reading).toEqual({ ok: true, value: { scheme, host, port, basePath } });
    }),
  );
});

/** As `toMatchObject` compares, at any depth. */
function matching(wanted: unknown): unknown {
  if (Array.isArray(wanted)) return wanted.map(matching);
  if (typeof wanted !== 'object' || wanted === null || 'asymmetricMatch' in wanted) return wanted;
  return expect.objectContaining(Object.fromEntries(Object.entries(wanted).map(([key, one]) => [key, matching(one)])));
}

it('a budget for some is for consumers and groups that there are', () => {
  const one = (limits: string, at: 'ai' | 'route') =>
    parseConfig(
      `ai: { providers: [ollama]${at === 'ai' ? `, limits: ${limits}` : ''} }
routes: [{ match: /v1/*, ai: ${at === 'ai' ? 'true' : `{ limits: ${limits} }`} }]
consumers: [{ id: web, groups: gold }]`,
      {},
    ).faults.map(({ path, message }) => `${path}: ${message}`);
  for (const at of ['ai', 'route'] as const) {
    expect(one('{ tokens: 5/day, by: consumer, consumers: ["@gold", web], scope: all }', at)).toEqual([]);
    expect(one('[{ tokens: 5/day, consumers: "@silver" }]', at)).toEqual([
      expect.stringContaining('nobody is in the group'),
    ]);
    expect(one('{ cost: 5/day, consumers: nobody }', at)).toEqual([expect.stringContaining('there is no consumer')]);
  }
});
