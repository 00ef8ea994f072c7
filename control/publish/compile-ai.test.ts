// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import { factsOf, providerKinds } from '@weir/proto/ai/providers.js';
import { parseConfig } from '@weir/proto/config/parse.js';
import { decodeSnapshot, encodeSnapshot } from '@weir/proto/snapshot/codec.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.js';
import { compileSnapshot } from './compile.js';

const ACCOUNT = JSON.stringify({ type: 'service_account', client_email: 'a@p.example', private_key: 'PEM' }, null, 2);
const ENV = { A: 'sk-a-0123456789', B: 'sk-b-0123456789', ACCOUNT };

function compile(text: string): Snapshot {
  const { config, faults } = parseConfig(text, ENV);
  if (config === null) throw new Error(JSON.stringify(faults, null, 1));
  const hashPassword = (): string => 'scrypt';
  return compileSnapshot(config, {
    ...{ environment: ENV, version: 3, createdWallMs: 5, hashPassword },
    sha256Hex: (key) => `sha256(${key})`,
  });
}

const withAi = (ai: string, route = 'ai: true', gateway = '{}') =>
  compile(`gateway: ${gateway}\nai: ${ai}\nroutes: [{ match: /v1/*, ${route} }]`);
const OPENAI = '{ providers: { openai: "${A}" } }';

describe('the least config', () => {
  const snapshot = withAi(OPENAI);

  it('is a provider, the upstream that it lies at, and a route with every default', () => {
    expect(snapshot.ai).toEqual({
      providers: [
        {
          ...{ id: 'openai', kind: 'openai', upstream: 'ai-openai', basePath: '/v1', settings: {}, compatible: null },
          keys: [{ id: 'A', secret: '${A}', weight: 1 }],
        },
      ],
      models: [],
      prompts: [],
      guards: [],
    });
    expect(snapshot.routes[0]?.action).toEqual({
      kind: 'ai',
      models: [],
      timers: { firstTokenMs: 30_000, betweenTokensMs: 15_000, tokensPerSecondMin: 0 },
      heartbeatMs: 15_000,
      unsupported: 'refuse',
      attempts: 4,
      answerCharsMax: 8_000_000,
      prompts: null,
      isPromptsOnly: false,
      guards: [],
      cache: null,
      durable: null,
    });
    expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual({ ok: true, snapshot });
  });

  it('asks the provider by its own name, over TLS, with what other upstreams have against bad ones', () => {
    const [upstream] = snapshot.upstreams;
    const [plain] = compile('upstreams: [{ targets: https://a }]\nroutes: [{ match: / }]').upstreams;
    expect(upstream).toEqual({
      ...plain,
      id: 'ai-openai',
      targets: [{ ...plain?.targets[0], id: 'api.openai.com:443', host: 'api.openai.com' }],
      concurrency: null,
      pool: { ...plain?.pool, idleMs: 30_000 },
    });
    expect(upstream?.hostHeader).toEqual({ mode: 'target' });
    expect(upstream?.tls?.verify).toBe(true);
  });

  it('has attempts at models and keys, and none below them', () => {
    expect(snapshot.routes[0]).toMatchObject({
      ...{ retry: null, hedge: null, protectBytes: 0, fallback: [], cache: null, websocket: null },
      bodyBytesMax: 32 * 1024 * 1024,
    });
  });
});

it('a config without providers has no models', () => {
  expect(compile('upstreams: [{ targets: http://a }]\nroutes: [{ match: / }]').ai).toBeNull();
  expect(compile('ai: {}\nupstreams: [{ targets: http://a }]\nroutes: [{ match: / }]').ai).toBeNull();
});

describe('timers of an AI route', () => {
  const timersOf = (route: string, gateway = '{}') => {
    const compiled = withAi(OPENAI, route, gateway).routes[0];
    return compiled?.action.kind === 'ai' ? { ...compiled.timeouts, ...compiled.action.timers } : null;
  };

  it('leave a model time to think, whatever the gateway says for other APIs', () => {
    const usual = { totalMs: 600_000, connectMs: 2_000, firstByteMs: 600_000, idleMs: 600_000, attemptMs: 0 };
    expect(timersOf('ai: true')).toMatchObject({ ...usual, firstByteLearnt: null, queueMs: 1_000 });
    expect(timersOf('ai: true', '{ timeouts: { total: 3s, firstByte: adaptive, queue: 7ms } }')).toMatchObject({
      ...usual,
      firstByteLearnt: null,
      queueMs: 7,
    });
  });

  it('are its own where it states them, and those of tokens else the gateway’s', () => {
    const gateway = '{ timeouts: { firstToken: 9s, betweenTokens: 8s } }';
    expect(timersOf('ai: true', gateway)).toMatchObject({ firstTokenMs: 9_000, betweenTokensMs: 8_000 });
    expect(
      timersOf('ai: { tokensPerSecondMin: 2 }, timeouts: { total: 1m, firstToken: 5s, connect: 9ms }', gateway),
    ).toMatchObject({
      ...{ totalMs: 60_000, connectMs: 9, firstTokenMs: 5_000, betweenTokensMs: 8_000, tokensPerSecondMin: 2 },
    });
  });

  it('leave routes to upstreams as they were', () => {
    const { routes } = compile(
      `ai: ${OPENAI}\nupstreams: [{ targets: http://a }]\nroutes: [{ match: /v1/*, ai: true }, { match: / }]`,
    );
    expect(routes[1]?.timeouts).toMatchObject({ totalMs: 30_000, firstByteMs: 15_000 });
    expect(routes[1]).toMatchObject({ retry: { retries: 2 }, bodyBytesMax: 1024 ** 3 });
  });
});

describe('a provider', () => {
  const at = (provider: string) => {
    const { ai, upstreams } = withAi(`{ providers: [${provider}] }`);
    const targets = upstreams[0]?.targets.map(({ scheme, id }) => `${scheme}://${id}`);
    return { at: targets, basePath: ai?.providers[0]?.basePath };
  };

  it.each([
    ['{ id: azure-openai, settings: { resource: contoso } }', ['https://contoso.openai.azure.com:443'], ''],
    [
      '{ id: bedrock, settings: { region: eu-central-1 } }',
      ['https://bedrock-runtime.eu-central-1.amazonaws.com:443'],
      '',
    ],
    ['{ id: vertex, settings: { project: p } }', ['https://aiplatform.googleapis.com:443'], '/v1'],
    ['{ id: gemini }', ['https://generativelanguage.googleapis.com:443'], '/v1beta'],
    ['{ id: ollama }', ['http://127.0.0.1:11434'], ''],
    [
      '{ id: cloudflare, settings: { accountId: a1 } }',
      ['https://api.cloudflare.com:443'],
      '/client/v4/accounts/a1/ai/v1',
    ],
    ['{ id: x, url: ["http://[::1]:1/v1/", http://b/v1] }', ['http://[::1]:1', 'http://b:80'], '/v1'],
  ])('%s lies at %s%s', (provider, targets, basePath) => expect(at(provider)).toEqual({ at: targets, basePath }));

  it('of several URLs is balanced as any upstream is', () => {
    const [upstream] = withAi(
      '{ providers: [{ id: x, url: [http://a, { url: http://b, weight: 5, zone: z, priority: 1 }], balance: weighted, health: { breaker: false }, concurrency: 8, pool: { connections: 7 } }] }',
    ).upstreams;
    expect(upstream).toMatchObject({
      targets: [{ weight: 1 }, { weight: 5, zone: 'z', priority: 1 }],
      balance: { policy: 'weighted' },
      breaker: null,
      concurrency: { mode: 'fixed', limitMax: 8 },
      pool: { connections: 7, idleMs: 4_000 },
    });
  });

  it.each(providerKinds.filter((kind) => kind !== 'compatible'))('%s needs no more than its settings', (kind) => {
    const settings = '{ resource: r, region: r, project: p, location: l, accountId: a }';
    const { ai, upstreams } = withAi(`{ providers: [{ id: x, kind: ${kind}, settings: ${settings} }] }`);
    expect(ai?.providers[0]?.kind).toBe(kind);
    expect(upstreams[0]?.targets).toHaveLength(1);
  });

  it.each(providerKinds.filter((kind) => kind !== 'compatible'))(
    '%s is accepted with its settings and a key',
    (kind) => {
      const settings = (factsOf(kind)?.settings ?? [])
        .filter(({ need }) => need !== 'never')
        .map(({ name }) => [name, 'x']);
      const keys = kind === 'vertex' ? '${ACCOUNT}' : '${A}';
      const provider = { id: 'x', kind, keys, settings: Object.fromEntries(settings) };
      const text = JSON.stringify({ ai: { providers: [provider] }, routes: [{ match: '/v1/*', ai: true }] });
      const checked = checkConfig(text, ENV, (key) => key);
      expect(checked.ok ? checked.warnings : checked.faults).toEqual([]);
    },
  );
});

describe('keys', () => {
  const keysOf = (keys: string) => withAi(`{ providers: [{ id: openai, keys: ${keys} }] }`).ai?.providers[0]?.keys;

  it('are known by their variables, each by a name of its own', () => {
    expect(keysOf('["${A}", { key: "${B}", weight: 4 }, { key: "x${A}" }, { key: "${A}:${B}", id: A-2 }]')).toEqual([
      { id: 'A', secret: '${A}', weight: 1 },
      { id: 'B', secret: '${B}', weight: 4 },
      { id: 'A-3', secret: 'x${A}', weight: 1 },
      { id: 'A-2', secret: '${A}:${B}', weight: 1 },
    ]);
  });

  it('are in no byte of a snapshot', () => {
    const bytes = Buffer.from(encodeSnapshot(withAi('{ providers: { openai: ["${A}", "${B}"] } }'))).toString('latin1');
    for (const secret of Object.values(ENV)) expect(bytes).not.toContain(secret.slice(0, 8));
  });
});

it('targets of a model come first, fallbacks behind them with their conditions', () => {
  const models =
    '{ a: { targets: [openai/x, { model: groq/y/z, weight: 3 }], fallback: [{ model: openai/w, when: timeout }] } }';
  const { ai } = withAi(`{ providers: [openai, groq], models: ${models} }`, 'ai: { models: a }');
  expect(ai?.models).toEqual([
    {
      id: 'a',
      choice: { balance: 'weighted', affinity: null, fits: true },
      targets: [
        { provider: 'openai', model: 'x', weight: 1, when: null },
        { provider: 'groq', model: 'y/z', weight: 3, when: null },
        { provider: 'openai', model: 'w', weight: 1, when: ['timeout'] },
      ],
    },
  ]);
});

it('how a compatible provider departs from OpenAI is passed on in its own words', () => {
  const compatible = '{ refuses: [seed], credential: { header: X-Key }, reasoning: { efforts: [low] } }';
  const { ai } = withAi(`{ providers: [{ id: groq, compatible: ${compatible} }] }`);
  expect(ai?.providers[0]?.compatible).toEqual({
    refuses: ['seed'],
    credential: { kind: 'header', name: 'x-key', prefix: '' },
    reasoning: { efforts: ['low'] },
  });
});
