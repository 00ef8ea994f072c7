// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultsMax, parseConfig } from './parse.js';

const UPSTREAM = 'upstreams: [{ id: app, targets: http://127.0.0.1:9000 }]\n';
const ROUTE = 'routes: [{ match: /* }]\n';
const hex = 'ab'.repeat(32);

const faultsOf = (text: string, env = {}) =>
  parseConfig(text, env).faults.map((f) => `${f.line}:${f.column} ${f.path}: ${f.message} | ${f.cure}`);
const route = (fields: string) => `${UPSTREAM}routes:\n  - { match: /*, ${fields} }\n`;
const routeOf = (fields: string, env = {}) => {
  const { config, faults } = parseConfig(route(fields), env);
  return config?.routes[0] ?? faults;
};

it('the least config that works is one upstream with one target, and one route', () => {
  const { config, faults } = parseConfig(UPSTREAM + ROUTE, {});
  expect(faults).toEqual([]);
  expect(config?.gateway.timeouts).toEqual({
    total: 30_000,
    queue: 1_000,
    connect: 1_000,
    tls: 2_000,
    send: 10_000,
    firstByte: 15_000,
    idle: 30_000,
    attempt: 0,
    firstToken: 30_000,
    betweenTokens: 15_000,
    clientHeaders: 10_000,
    clientBody: 10_000,
    clientIdle: 60_000,
    drain: 30_000,
  });
  expect(config?.routes[0]).toMatchObject({ bodyLimit: 1024 ** 3, auth: [], limits: [], websocket: null });
});

it('every fault is reported at once, in the order of the file, each with its place, path and cure', () => {
  const text = `version: 2
gatway: {}
gateway:
  timeouts: { total: 30, conect: 2s }
upstreams:
  - id: a
    targets: [{ url: http://x/y, wieght: 3 }]
  - { id: a, targets: [] }
routes:
  - { match: { path: orders }, upstream: b, id: r, id: s }
`;
  expect(faultsOf(text)).toEqual([
    '1:1 version: the config version must be 1, not the number 2 | write version: 1',
    '2:1 gatway: the key "gatway" is not known | did you mean gateway?',
    '4:15 gateway.timeouts.total: the duration 30 has no unit | write 30ms or 30s',
    '4:26 gateway.timeouts.conect: the key "conect" is not known | did you mean connect?',
    '7:17 upstreams[0].targets[0].url: the target "http://x/y" has a path | write http://x and use the route\'s `rewrite` for the path',
    '7:34 upstreams[0].targets[0].wieght: the key "wieght" is not known | did you mean weight?',
    '8:7 upstreams[1].id: the upstream "a" is already upstreams[0] | give each an id of its own',
    '8:14 upstreams[1].targets: the list is empty | add at least one entry',
    '10:16 routes[0].match.path: the path "orders" does not begin with a slash | write /a/b (exactly this), /orders/* (this and everything below) or /orders/{id} (a parameter)',
    '10:32 routes[0].upstream: there is no upstream "b" | did you mean a?',
    '10:52 routes[0].id: the key `id` is here a second time | keep one of them',
  ]);
});

it.each([
  ['', '1:1 : the file is empty'],
  ['# only a comment\n', '1:1 : the file is empty'],
  ['- 1', '1:1 : a mapping was expected, not a list'],
  ['just words', '1:1 : a mapping was expected, not the text "just words"'],
  [`${UPSTREAM}`, '1:1 routes: is missing'],
  [`${UPSTREAM}routes: []`, '2:1 routes: the list is empty'],
  [`${UPSTREAM}routes: {}`, '2:1 routes: a list was expected, not a mapping'],
  [ROUTE, '1:10 routes[0]: there is no upstream that this route could go to'],
  [`${UPSTREAM}gateway:\n${ROUTE}`, '2:1 gateway: a mapping was expected, not nothing'],
  [`${UPSTREAM}${ROUTE}<<: {}`, '3:1 <<'],
])('%j', (text, start) => expect(faultsOf(text)[0]?.replace('["<<"]', '<<').slice(0, start.length)).toBe(start));

it.each([
  [`${UPSTREAM}routes: [{ match: * }]`, 'quotes: "/*"'],
  [`${UPSTREAM}routes:\n  - match: *.php\n`, 'quotes: "*.php"'],
  [`${UPSTREAM}routes:\n\t- match: /a\n`, 'indent with spaces'],
  [`${UPSTREAM}---\n${ROUTE}`, 'keep one document'],
  ['gateway:\n    timeouts: {}\n  limits: {}\n', 'column of its neighbours'],
  ['upstreams: [{ id: a, targets: ["127.0.0.1:9000"] }]', 'write http://127.0.0.1:9000'],
  ['upstreams: [{ id: a, targets: ["http://a:70000"] }]', 'from 1 to 65535'],
  ['upstreams: [{ id: a, targets: ["http://a"], concurrency: "10" }]', 'remove the quotes: 10'],
  [route('limits: { burst: 3 }'), 'state exactly one of rate, concurrent'],
  [route('limits: { rate: 1/s, concurrent: 3 }'), 'state exactly one of rate, concurrent'],
  [route('limits: { concurrent: 3, burst: 3 }'), 'remove it, or state a rate'],
  [route('limits: { concurrent: 3, mode: strict, onRedisLoss: open }'), 'write shared or local'],
  [route('limits: { rate: 1/s, mode: strict }'), 'add onRedisLoss: open'],
  [route('limits: { rate: 1/s, onRedisLoss: open }'), 'or write mode: strict'],
  [route('limits: { rate: 1/s, redisTimeout: 5ms }'), 'or write mode: strict'],
  [route('retry: 3'), '{ attempts: … }'],
  [route('protect: 64'), '64KiB'],
])('the mistake in %j has a cure', (text, cure) => expect(faultsOf(text).join('\n')).toContain(cure));

it('a flood of faults is cut at a readable number', () => {
  const text = `${UPSTREAM}${ROUTE}${Array.from({ length: 500 }, (_, i) => `k${i}: 1\n`).join('')}`;
  const faults = faultsOf(text);
  expect(faults).toHaveLength(faultsMax + 1);
  expect(faults.at(-1)).toMatch(/and 300 more/);
});

describe('shorthands', () => {
  it.each([
    ['limits: 100/s', { limits: [{ rate: { requests: 100, periodMs: 1000 }, mode: 'shared' }] }],
    [
      'limits: [5/m, { rate: 1/s, by: header:X-Foo, burst: 9 }]',
      { limits: [{}, { by: { header: 'x-foo' }, burst: 9 }] },
    ],
    ['auth: apiKey', { auth: [{ apiKey: { in: [{ header: 'x-api-key' }, 'bearer'], consumers: [], hide: true } }] }],
    [
      'auth: [basic, { apiKey: { in: query:k } }]',
      { auth: [{ basic: { realm: 'weir' } }, { apiKey: { in: [{ query: 'k' }] } }] },
    ],
    ['websocket: true', { websocket: { idle: 300_000 } }],
    ['websocket: { idle: 1m }', { websocket: { idle: 60_000 } }],
    ['bodyLimit: unlimited', { bodyLimit: Number.MAX_SAFE_INTEGER }],
    ['cors: true', { cors: { origins: ['*'] } }],
    ['cors: https://A.example', { cors: { origins: ['https://a.example'] } }],
    ['addresses: { allow: 10.0.0.1 }', { addresses: { allow: ['10.0.0.1/32'], deny: [] } }],
    ['headers: { request: { add: { X-A: [b, c] } } }', { headers: { request: { add: [['x-a', ['b', 'c']]] } } }],
    ['timeouts: { attempt: none }', { timeouts: { attempt: 0 } }],
    ['timeouts: { firstByte: adaptive }', { timeouts: { firstByte: { quantile: 0.99, factor: 3 } } }],
    [
      'timeouts: { attempt: { quantile: 0.9, factor: 2, min: 1s, max: 2s, cold: 1500ms } }',
      { timeouts: { attempt: { quantile: 0.9, factor: 2, min: 1_000, max: 2_000, cold: 1_500 } } },
    ],
  ])('%s', (fields, wanted) => expect(routeOf(fields)).toMatchObject(wanted));

  it.each([
    ['match: "/a/{b}"', { path: { kind: 'template', template: '/a/{b}' } }],
    [
      'match: { host: A.example, methods: get }',
      { hosts: ['a.example'], methods: ['GET'], path: { kind: 'prefix', prefix: '/' } },
    ],
    [
      'match: { headers: { X-A: b, x-c: { present: false } } }',
      {
        headers: [
          { name: 'x-a', op: 'equals', values: ['b'] },
          { name: 'x-c', op: 'absent', values: [] },
        ],
      },
    ],
    ['match: { query: { q: { in: [a, b] } } }', { query: [{ name: 'q', op: 'in', values: ['a', 'b'] }] }],
    [
      'match: { cookies: { A: { matches: "b+" }, c: d } }',
      {
        cookies: [
          { name: 'A', op: 'matches', values: ['b+'] },
          { name: 'c', op: 'equals', values: ['d'] },
        ],
      },
    ],
    [
      'match: { headers: { a: { not: b }, c: { not: { present: true } } } }',
      {
        headers: [
          { name: 'a', op: 'equals', values: ['b'], isNegated: true },
          { name: 'c', op: 'present', values: [], isNegated: true },
        ],
      },
    ],
  ])('%s', (fields, wanted) =>
    expect(parseConfig(`${UPSTREAM}routes: [{ ${fields} }]`, {}).config?.routes[0]?.match).toMatchObject(wanted),
  );
});

it.each([
  ['bodyLimit: 0B', 'out of bounds'],
  ['timeouts: { total: 0s }', 'out of bounds'],
  ['timeouts: { total: 25h }', 'out of bounds'],
  ['timeouts: { idle: adaptive }', 'cannot be `adaptive`; firstByte and attempt can'],
  ['timeouts: { firstByte: 5 }', 'the duration 5 has no unit'],
  ['timeouts: { firstByte: { quantile: 2 } }', 'the quantile must be from 0 to 1'],
  ['timeouts: { attempt: { quantile: 2 } }', 'the quantile must be from 0 to 1'],
  ['timeouts: { attempt: { min: 2s, max: 1s } }', 'min is above max'],
  ['timeouts: { firstByte: { factr: 2 } }', 'the key "factr" is not known'],
  ['timeouts: { connect: none }', 'not a duration'],
  [
    'timeouts: { attempt: x }',
    '"x" is not a duration | write a number and a unit, such as 250ms, 2s, 1m or 1h, or none',
  ],
  ['auth: { jwt: { consumers: m, jwks: "https://a.example/keys" } }', 'who names whom he likes'],
  ['auth: { jwt: { issuer: a } }', 'each of them says this'],
  ['auth: { jwt: { jwks: "https://a.example/keys", secret: "${K}" } }', 'only one of these'],
  ['auth: { jwt: { jwks: https://a/, publicKey: x } }', 'not in PEM'],
  ['auth: { jwt: { jwks: https://a/, algorithms: [HS256] } }', 'HS256 does not fit'],
  ['auth: { apiKey: {}, basic: {} }', 'only one of these'],
  ['auth: { apiKey: { consumers: [ghost] } }', 'no consumer "ghost"'],
  ['redirect: /x, respond: 204', 'both `redirect` and `respond`'],
  ['redirect: javascript:alert(1)', 'not a location'],
  ['redirect: /x, rewrite: { stripPrefix: true }', 'no path to rewrite'],
  ['respond: { status: 204, body: x }', 'has no body'],
  ['respond: 101', 'from 200 to 599'],
  ['headers: { request: { set: { Host: x } } }', 'not edited by routes'],
  ['headers: { response: { set: { Content-Length: "1" } } }', 'set by the gateway itself'],
  ['headers: { request: { set: { X-A: a, x-a: b } } }', 'second time'],
  ['headers: { request: { set: { X-A: "a\\nb" } } }', 'cannot be a header value'],
  ['headers: { request: { set: { "x y": a } } }', 'not a header name'],
  ['cors: { credentials: true }', 'together with credentials'],
  ['cors: https://a.example/', 'not an origin'],
  ['addresses: { deny: [10.0.0.0/40] }', 'prefix length'],
  ['limits: 0/s', 'rate of 0'],
  ['upstream: ap', 'did you mean app?'],
])('a route with %s is refused: %s', (fields, message) =>
  expect(faultsOf(route(fields)).join('\n')).toContain(message),
);

it.each([
  ['{ not: { not: a } }', 'the key "not" is not known'],
  ['{ not: a, prefix: b }', 'one condition was expected, not 2'],
  ['{ not: {} }', 'one condition was expected, not 0'],
  ['{ matchs: a }', 'did you mean matches?'],
  [`{ matches: "${'a'.repeat(501)}" }`, 'longer than 500 characters'],
])('a condition %s is refused: %s', (condition, message) =>
  expect(faultsOf(`${UPSTREAM}routes: [{ match: { cookies: { c: ${condition} } } }]`).join('\n')).toContain(message),
);

describe('references to the environment', () => {
  it('are filled in outside secrets, and read as YAML would have read what they stand for', () => {
    const text = `gateway: { listen: "127.0.0.1:\${PORT}" }\nupstreams: [{ targets: { url: http://\${HOST}, weight: \${W} } }]\n${ROUTE}`;
    const { config } = parseConfig(text, { PORT: '81', HOST: 'db', W: '7' });
    expect(config?.gateway.listen.port).toBe(81);
    expect(config?.upstreams[0]?.targets).toMatchObject([{ url: { host: 'db' }, weight: 7 }]);
    expect(routeOf('respond: { body: "${W}" }', { W: '7' })).toMatchObject({ respond: { body: '7' } });
    expect(routeOf('respond: { body: "$${W} $$ $" }')).toMatchObject({ respond: { body: '${W} $ $' } });
  });

  it('stay references where a secret may be, after being checked', () => {
    expect(routeOf('headers: { request: { set: { X-A: "k ${K} $$" } } }', { K: 'v' })).toMatchObject({
      headers: { request: { set: [['x-a', 'k ${K} $$']] } },
    });
    expect(routeOf('auth: { jwt: { secret: ${K} } }', { K: 'v' })).toMatchObject({
      auth: [{ jwt: { secret: '${K}' } }],
    });
    const text = `${UPSTREAM}${ROUTE}consumers: [{ id: m, keys: [\${K}, { sha256: ${hex} }], basic: { username: u, password: \${K} } }]
gateway: { tls: { certificates: [{ certFile: c, keyFile: k, passphrase: \${K} }] }, tracing: { endpoint: http://a/, headers: { x: \${K} } } }`;
    const { config, faults } = parseConfig(text, { K: 'v' });
    expect(faults).toEqual([]);
    expect(JSON.stringify(config)).not.toContain('"v"');
    expect(config?.consumers[0]?.keys).toEqual([
      { template: '${K}', sha256: undefined },
      { template: undefined, sha256: hex },
    ]);
  });

  it.each([
    ['headers: { request: { set: { X-A: ${NOPE} } } }', 'NOPE is not set'],
    ['respond: { body: ${NOPE} }', 'NOPE is not set'],
    ['respond: { body: "${1}" }', 'is not a reference'],
    ['auth: { jwt: { secret: ${EMPTY} } }', 'EMPTY is empty'],
    ['auth: { jwt: { secret: hunter22 } }', 'the shared secret stands in the file itself'],
  ])('%s is refused: %s', (fields, message) =>
    expect(faultsOf(route(fields), { EMPTY: '' }).join()).toContain(message),
  );

  it('that are missing are one fault, not also a bad value', () => {
    expect(faultsOf(`gateway: { listen: \${NOPE} }\n${UPSTREAM}${ROUTE}`)).toHaveLength(1);
  });

  it.each(['keys: [hunter2222]', 'keys: [1234567890]', 'basic: { username: u, password: hunter2222 }'])(
    'a secret in the file is refused and not repeated: %s',
    (fields) => {
      const faults = faultsOf(`${UPSTREAM}${ROUTE}consumers: [{ id: m, ${fields} }]`);
      expect(faults.join()).toMatch(/stands in the file itself \| write a reference such as \$\{NAME\}/);
      expect(faults.join()).not.toMatch(/hunter|12345/);
    },
  );

  it('never show their value in a message', () => {
    const env = { K: 'correct-horse-battery' };
    const text = `gateway: { listen: \${K} }\nupstreams: [{ id: "\${K}", targets: http://a }, { id: "\${K}", targets: http://b }]\nroutes: [{ match: /, upstream: corect-horse-battery }]`;
    expect(faultsOf(text, env)).toHaveLength(3);
    expect(faultsOf(text, env).join()).not.toContain('horse-battery,');
    expect(faultsOf(text, env).join()).toContain('did you mean ${K}?');
  });
});

it('no text makes the parser throw, and every fault has a place in it', () => {
  const piece = fc.constantFrom(
    'routes',
    'upstreams',
    'gateway',
    ': ',
    '\n',
    '  ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '"',
    '&a ',
    '*a',
    '!!set ',
    '${K}',
    '#',
    '|',
    '/*',
    'match',
    '\t',
    '__proto__',
    '? ',
  );
  const text = fc
    .array(fc.oneof(piece, fc.string({ maxLength: 5 })), { size: 'max', maxLength: 60 })
    .map((list) => list.join(''));
  fc.assert(
    fc.property(text, (hostile) => {
      const { config, faults } = parseConfig(hostile, { K: 'x' });
      const lines = hostile.split('\n').length;
      expect(config === null).toBe(faults.some(({ severity }) => severity === 'error'));
      for (const { line, column } of faults) expect(line >= 1 && line <= lines + 1 && column >= 1).toBe(true);
    }),
    { numRuns: 400 },
  );
});

it.each(['Content-Length', 'host', 'Connection', 'Authorization'])(
  '%s cannot be the field of a request id or a deadline',
  (name) => {
    for (const field of ['requestIdHeader', 'deadlineHeader'])
      expect(faultsOf(`gateway: { names: { ${field}: ${name} } }\n${UPSTREAM}${ROUTE}`).join()).toContain(
        'a meaning of its own',
      );
  },
);

it.each([
  ['email', [['email']]],
  [
    '[user.email, "**.phone"]',
    [
      ['user', 'email'],
      ['**', 'phone'],
    ],
  ],
  ['{ fields: user.email }', [['user', 'email']]],
])('the mask %s says which fields', (mask, fields) => {
  expect(routeOf(`upstream: app, mask: ${mask}`)).toMatchObject({ mask: { fields, instead: '***', others: 'refuse' } });
});

it('a mask of nothing, and a collector with a password in its URL, are faults and not something else', () => {
  const [none] = faultsOf(route('upstream: app, mask: {}'));
  expect(none).toContain('it says nothing of what to hide');
  const log = (url: string) => faultsOf(`gateway: { accessLog: { destination: "${url}" } }\n${UPSTREAM}${ROUTE}`);
  const [refused = ''] = log('https://user:hunter2@logs.example.com/x');
  expect(refused).toContain('the URL must not hold credentials');
  expect(refused).not.toContain('hunter2');
  expect(log('https://logs.example.com/x')).toEqual([]);
  expect(log('/var/log/weir.log')).toEqual([]);
});
