// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import { readdirSync, readFileSync } from 'node:fs';
import { parseConfig } from '@weir/proto/config/parse.js';
import { cacheL2Defaults } from '@weir/proto/snapshot/cache.js';
import { decodeSnapshot, encodeSnapshot } from '@weir/proto/snapshot/codec.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.js';
import { compileSnapshot } from './compile.js';

const ENV = { KEY: 'k1', OTHER_KEY: 'k2', PASSWORD: 'pw' };

function compile(text: string, environment: Record<string, string> = ENV): Snapshot {
  const checked = checkConfig(text, environment, (key) => `sha256(${key})`);
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults, null, 1));
  return compileSnapshot(checked.config, {
    environment,
    version: 3,
    createdWallMs: 5,
    sha256Hex: (key) => `sha256(${key})`,
    hashPassword: (password) => `scrypt(${password})`,
  });
}

const APP = 'upstreams: [{ id: app, targets: http://127.0.0.1:9000 }]\n';

const LEAST: Snapshot = {
  format: 7,
  ai: null,
  version: 3,
  createdWallMs: 5,
  gateway: {
    listen: { host: '127.0.0.1', port: 8080 },
    tls: null,
    proxyProtocol: false,
    trustedProxies: [],
    limits: {
      headerBytes: 32_768,
      headerCount: 100,
      urlBytes: 8_192,
      exchanges: 20_000,
      messageBytes: 16_777_216,
      bodyBytes: 268_435_456,
    },
    clientTimers: { clientHeadersMs: 10_000, clientBodyMs: 10_000, clientIdleMs: 60_000, drainMs: 30_000 },
    names: { deadlineHeader: 'x-request-timeout-ms', requestIdHeader: 'x-request-id', via: 'weir' },
    jobs: {
      prefix: '/.weir/jobs',
      keepMs: 3_600_000,
      leaseMs: 10_000,
      jobsMax: 10_000,
      runningMax: 1_000,
      ownerShare: 0.25,
      resultBytesMax: 16_777_216,
      memoryBytesMax: 268_435_456,
    },
    cache: { memoryBytes: 268_435_456, writingBytes: 67_108_864, bodyBytesMax: 16_777_216, l2: cacheL2Defaults },
    accessLog: {
      enabled: true,
      destinations: ['stdout'],
      headers: {},
      sample: 1,
      slowMs: 1_000,
      redact: expect.arrayContaining(['authorization', 'cookie', 'set-cookie']),
      requestHeaders: [],
    },
    tracing: null,
  },
  upstreams: [
    {
      id: 'app',
      targets: [
        { id: '127.0.0.1:9000', scheme: 'http', host: '127.0.0.1', port: 9000, weight: 1, zone: null, priority: 0 },
      ],
      balance: {
        policy: 'peak-ewma',
        hashBy: { kind: 'address' },
        sticky: null,
        decayMs: 10_000,
        slowStartMs: 0,
        panicShare: 0.5,
        zone: null,
      },
      probe: null,
      outlier: {
        consecutiveFailures: 5,
        successRateDeviations: 3,
        latencyFactor: 0,
        intervalMs: 5_000,
        requestsMin: 20,
        ejectionMs: 5_000,
        ejectionMaxMs: 120_000,
        ejectedShareMax: 0.5,
        every5xx: false,
      },
      breaker: {
        failureShare: 0.5,
        requestsMin: 20,
        windowMs: 10_000,
        openMs: 1_000,
        openMaxMs: 30_000,
        every5xx: false,
      },
      concurrency: { mode: 'adaptive', limitMin: 8, limitMax: 100_000, limitStart: 100_000, queue: 1024 },
      pool: {
        connections: 1024,
        queue: 1024,
        idleMs: 4_000,
        requestsPerConnection: 0,
        gatherBodyBytes: 65_536,
        responseHeaderBytes: 65_536,
        client: 'native',
      },
      tls: null,
      protocol: 'http1',
      hostHeader: { mode: 'pass' },
      dns: { ttlMinMs: 1_000, ttlMaxMs: 60_000 },
    },
  ],
  routes: [
    {
      id: 'all',
      match: { hosts: [], path: { kind: 'prefix', prefix: '/' }, methods: [], headers: [], query: [] },
      action: { kind: 'proxy', upstream: 'app', rewrite: null },
      timeouts: {
        totalMs: 30_000,
        queueMs: 1_000,
        connectMs: 1_000,
        tlsMs: 2_000,
        sendMs: 10_000,
        firstByteMs: 15_000,
        idleMs: 30_000,
        attemptMs: 0,
        firstByteLearnt: null,
        attemptLearnt: null,
      },
      requestHeaders: { remove: [], set: [], add: [] },
      responseHeaders: { remove: [], set: [], add: [] },
      cors: null,
      addresses: null,
      contract: null,
      auth: [],
      limits: [],
      bodyBytesMax: 1_073_741_824,
      websocket: null,
      priority: { level: 'default', header: null },
      retry: {
        retries: 2,
        on: ['connect-failure', 'reset', 'refused', 'timeout', 'incomplete', 'status'],
        statuses: [502, 503, 504],
        budgetShare: 0.1,
        budgetFloorPerS: 1,
        backoffMs: 10,
        backoffMaxMs: 500,
        bodyBytesMax: 65_536,
      },
      hedge: null,
      protectBytes: 0,
      fallback: [],
      async: null,
      cache: null,
      coalesce: null,
      shown: { serverTiming: false, attempts: false },
    },
  ],
  consumers: [],
  contracts: [],
};

it('the least config compiles to a snapshot with every default in place', () => {
  expect(compile(`${APP}routes: [{ match: /* }]`)).toEqual(LEAST);
});

it.each([
  ['2xx', [[200, 299]]],
  ['204', [[204, 204]]],
  ['200-399', [[200, 399]]],
  [
    '[200, 3xx]',
    [
      [200, 200],
      [300, 399],
    ],
  ],
])('a probe takes %s for well, whether that is one range or several', (written, statuses) => {
  const config = `upstreams: [{ id: a, targets: http://a, health: { probe: { path: /, status: ${written} } } }]`;
  expect(compile(`${config}\nroutes: [{ match: /* }]`).upstreams[0]?.probe?.statuses).toEqual(statuses);
});

const timers = ['total', 'queue', 'connect', 'tls', 'send', 'firstByte', 'idle', 'attempt'] as const;

it('of each timer, the route decides before the upstream, and the upstream before the gateway', () => {
  const level = fc.record(Object.fromEntries(timers.map((name) => [name, fc.integer({ min: 1, max: 9_999 })])), {
    requiredKeys: [],
  });
  const write = (some: Readonly<Record<string, number | undefined>>) =>
    JSON.stringify(Object.fromEntries(Object.entries(some).map(([name, ms]) => [name, `${ms}ms`])));
  fc.assert(
    fc.property(level, level, level, (gateway, upstream, route) => {
      const text = `gateway: { timeouts: ${write(gateway)} }\nupstreams: [{ id: a, targets: http://a, timeouts: ${write(upstream)} }]\nroutes: [{ match: /, timeouts: ${write(route)} }]`;
      const { config } = parseConfig(text, {});
      const compiled = compile(text).routes[0]?.timeouts;
      for (const name of timers) {
        const wanted = route[name] ?? upstream[name] ?? gateway[name] ?? config?.gateway.timeouts[name];
        expect(compiled?.[`${name}Ms`]).toBe(wanted);
      }
    }),
    { numRuns: 60 },
  );
});

it('a fallback upstream brings its own limits, under those of the route', () => {
  const snapshot = compile(`gateway: { timeouts: { idle: 9s } }
upstreams:
  - { id: app, targets: http://a, timeouts: { firstByte: 300ms, queue: 1ms } }
  - { id: spare, targets: http://b, timeouts: { firstByte: 10s, connect: 7ms } }
routes: [{ match: /, upstream: app, timeouts: { connect: 5ms }, fallback: [{ upstream: spare }] }]`);
  expect(snapshot.routes[0]?.fallback[0]).toMatchObject({
    upstream: 'spare',
    repeats: false,
    timeouts: { firstByteMs: 10_000, connectMs: 5, queueMs: 1_000, idleMs: 9_000 },
  });
  expect(snapshot.routes[0]?.timeouts).toMatchObject({ firstByteMs: 300, connectMs: 5, queueMs: 1 });
});

describe('a learnt timer', () => {
  const timeoutsOf = (gateway: string, upstream: string, route: string) =>
    compile(
      `gateway: { timeouts: ${gateway} }\nupstreams: [{ id: a, targets: http://a, timeouts: ${upstream} }]\nroutes: [{ match: /, timeouts: ${route} }]`,
    ).routes[0]?.timeouts;
  const usual = { kind: 'adaptive', quantile: 0.99, factor: 3, minMs: 100 };

  it('is bounded by the limit that it replaces, which holds until enough was seen', () => {
    expect(timeoutsOf('{}', '{ firstByte: 4s }', '{ firstByte: adaptive }')).toMatchObject({
      firstByteMs: 4_000,
      firstByteLearnt: { ...usual, maxMs: 4_000, coldMs: 4_000 },
      attemptLearnt: null,
    });
    expect(timeoutsOf('{ firstByte: adaptive }', '{}', '{}')?.firstByteLearnt).toEqual({
      ...usual,
      maxMs: 15_000,
      coldMs: 15_000,
    });
  });

  it('of an attempt without a limit is bounded by the whole request', () => {
    expect(timeoutsOf('{}', '{}', '{ total: 8s, attempt: adaptive }')).toMatchObject({
      attemptMs: 0,
      attemptLearnt: { ...usual, maxMs: 8_000, coldMs: 8_000 },
    });
  });

  it('keeps the order of its bounds, whatever is said of them', () => {
    const learnt = (written: string) => timeoutsOf('{}', '{}', `{ firstByte: ${written} }`)?.firstByteLearnt;
    expect(learnt('{ max: 50ms }')).toMatchObject({ minMs: 50, maxMs: 50, coldMs: 50 });
    expect(learnt('{ min: 1s, cold: 10ms }')).toMatchObject({ minMs: 1_000, maxMs: 15_000, coldMs: 1_000 });
    expect(learnt('{ quantile: 0.5, factor: 7, max: 3s, cold: 2s }')).toEqual({
      kind: 'adaptive',
      quantile: 0.5,
      factor: 7,
      minMs: 100,
      maxMs: 3_000,
      coldMs: 2_000,
    });
  });

  it('ends where a nearer level states a limit', () => {
    expect(timeoutsOf('{}', '{ firstByte: adaptive }', '{ firstByte: 1s }')).toMatchObject({
      firstByteMs: 1_000,
      firstByteLearnt: null,
    });
    expect(timeoutsOf('{ attempt: adaptive }', '{ attempt: none }', '{}')?.attemptLearnt).toBeNull();
  });
});

describe('what depends on other settings', () => {
  it('Host is the target when every target is https, and the client’s otherwise', () => {
    const modes = ['http://a', 'https://a', '[https://a, http://b]'].map(
      (targets) => compile(`upstreams: [{ targets: ${targets} }]\nroutes: [{ match: / }]`).upstreams[0],
    );
    expect(modes.map((upstream) => upstream?.hostHeader.mode)).toEqual(['pass', 'target', 'pass']);
    expect(modes.map((upstream) => upstream?.tls === null)).toEqual([true, false, false]);
  });

  const perMinute = { kind: 'rate', requests: 5, periodMs: 60_000, mode: 'shared', keys: 100_000, redis: null };

  it('a limit counts consumers where the route asks who they are, addresses where it does not', () => {
    const consumers = 'consumers: [{ id: m, keys: "${KEY}" }]\n';
    const { routes } = compile(
      `${APP}${consumers}routes: [{ match: /a, limits: 5/m }, { match: /b, limits: { rate: 5/m, burst: 2 }, auth: apiKey }]`,
    );
    expect(routes.map((route) => route.limits)).toEqual([
      [{ ...perMinute, burst: 5, by: 'address' }],
      [{ ...perMinute, burst: 2, by: 'consumer' }],
    ]);
  });

  it('a limit is shared unless it says otherwise, and a strict one knows how long it waits for Redis', () => {
    const strict = '{ rate: 5/m, mode: strict, onRedisLoss: open }, { rate: 5/m, mode: strict, onRedisLoss: closed';
    const { routes } = compile(
      `${APP}routes: [{ match: /, limits: [{ concurrent: 3 }, ${strict}, redisTimeout: 4ms }] }]`,
    );
    expect(routes[0]?.limits).toEqual([
      { kind: 'concurrent', requests: 3, by: 'address', mode: 'shared' },
      { ...perMinute, burst: 5, by: 'address', mode: 'strict', redis: { withinMs: 10, onLoss: 'open' } },
      { ...perMinute, burst: 5, by: 'address', mode: 'strict', redis: { withinMs: 4, onLoss: 'closed' } },
    ]);
  });

  it('a token is checked with the algorithms that fit its kind of key, and no others', () => {
    const algorithms = (jwt: string) => {
      const auth = compile(`${APP}routes: [{ match: /, auth: { jwt: ${jwt} } }]`).routes[0]?.auth[0];
      return auth?.kind === 'jwt' ? auth.algorithms : null;
    };
    expect(algorithms('{ secret: "${KEY}" }')).toEqual(['HS256', 'HS384', 'HS512']);
    expect(algorithms('{ jwks: https://a/ }')).not.toContain('HS256');
    expect(algorithms('{ jwks: https://a/, algorithms: ES256 }')).toEqual(['ES256']);
  });

  it.each([
    ['{ stripPrefix: true }', { kind: 'strip-prefix', prefix: '/a' }],
    ['{ stripPrefix: false }', null],
    ['{ stripPrefix: /a }', { kind: 'strip-prefix', prefix: '/a' }],
    ['{ replacePrefix: { with: /b } }', { kind: 'replace-prefix', prefix: '/a', with: '/b' }],
    ['{ path: "/x/{*}" }', { kind: 'path', template: '/x/{*}' }],
  ])('rewrite %s', (rewrite, wanted) => {
    expect(compile(`${APP}routes: [{ match: /a/*, rewrite: ${rewrite} }]`).routes[0]?.action).toMatchObject({
      kind: 'proxy',
      rewrite: wanted,
    });
  });

  it('an answer has the fields that the config gives it', () => {
    const headers = (respond: string) => {
      const action = compile(`routes: [{ match: /, respond: ${respond} }]`).routes[0]?.action;
      return action?.kind === 'respond' ? action.headers : null;
    };
    expect(headers('204')).toEqual([]);
    // The type of a body that has none is the node's affair.
    expect(headers('{ body: x }')).toEqual([]);
    expect(headers('{ body: x, headers: { Content-Type: a/b } }')).toEqual(['content-type', 'a/b']);
  });
});

it('keys and passwords are hashed, references that the node fills stay references', () => {
  const snapshot = compile(`${APP}
consumers: [{ id: m, keys: ["\${KEY}", { sha256: ${'AB'.repeat(32)} }], basic: { username: u, password: "\${PASSWORD}" } }]
routes: [{ match: /, auth: apiKey, headers: { request: { set: { X-A: "\${OTHER_KEY}" }, add: { X-B: [b, c] } } } }]`);
  expect(snapshot.consumers).toEqual([
    { id: 'm', keyHashes: ['sha256(k1)', 'ab'.repeat(32)], basic: [{ username: 'u', hash: 'scrypt(pw)' }] },
  ]);
  expect(snapshot.routes[0]?.requestHeaders).toEqual({
    remove: [],
    set: [['x-a', '${OTHER_KEY}']],
    add: [
      ['x-b', 'b'],
      ['x-b', 'c'],
    ],
  });
});

it('what has no name is named after what it is, and names never collide', () => {
  const snapshot =
    compile(`upstreams: [{ targets: http://10.0.0.1:9000 }, { targets: "http://[::1]:9000" }, { id: 1-9000, targets: http://b }]
routes:
  - { match: /*, upstream: 10.0.0.1-9000 }
  - { match: { path: /orders/*, methods: [GET, HEAD] }, upstream: 1-9000 }
  - { match: { host: "*.a.example", path: "/orders/{id}" }, upstream: 1-9000 }
  - { match: { host: "*.a.example", path: "/orders/{id}/" }, upstream: 1-9000 }
  - { match: /all, id: all, upstream: 1-9000 }
`);
  expect(snapshot.upstreams.map(({ id }) => id)).toEqual(['10.0.0.1-9000', '1-9000-2', '1-9000']);
  expect(snapshot.routes.map(({ id }) => id)).toEqual([
    'all-2',
    'get-head-orders',
    'a.example-orders-id',
    'a.example-orders-id-2',
    'all',
  ]);
});

describe('the examples', () => {
  const folder = new URL('../../deploy/examples/', import.meta.url);
  const environment = {
    MOBILE_KEY: 'a',
    ALICE_PASSWORD: 'b',
    ORDERS_TOKEN: 'c',
    COLLECTOR_TOKEN: 'd',
    BACKOFFICE_SECRET: 'a shared secret of the back office',
    SHOP_KEY_PASSPHRASE: 'e',
    STICKY_SECRET: 'sticky-1',
    OPENAI_API_KEY: 'openai-1',
    OPENAI_SPARE_KEY: 'openai-2',
    AZURE_OPENAI_API_KEY: 'azure-1',
    ANTHROPIC_API_KEY: 'anthropic-1',
    GEMINI_API_KEY: 'gemini-1',
    APP_KEY: 'app-1',
  };
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

  it('are all here', () =>
    expect(files).toEqual(
      expect.arrayContaining([
        'ai.yaml',
        'full.yaml',
        'optimize.yaml',
        'quickstart.yaml',
        'tls.yaml',
        'websocket.yaml',
      ]),
    ));

  it.each(files)('%s is sound, without a warning, and tells editors of its schema', (name) => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    expect(text.split('\n', 1)[0]).toBe('# yaml-language-server: $schema=../../proto/config/weir.schema.json');
    const checked = checkConfig(text, environment, (key) => key);
    expect(checked.ok ? checked.warnings : checked.faults).toEqual([]);
    const snapshot = compile(text, environment);
    expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual({ ok: true, snapshot });
  });

  it('the full one leaves no setting out', () => {
    const text = readFileSync(new URL('full.yaml', folder), 'utf8') + readFileSync(new URL('tls.yaml', folder), 'utf8');
    const schema = JSON.parse(readFileSync(new URL('../../proto/config/weir.schema.json', import.meta.url), 'utf8'));
    const names = new Set<string>();
    const collect = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      if ('properties' in node && typeof node.properties === 'object')
        for (const name of Object.keys(node.properties ?? {})) names.add(name);
      for (const value of Object.values(node)) collect(value);
    };
    collect(schema);
    expect([...names].filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });
});
