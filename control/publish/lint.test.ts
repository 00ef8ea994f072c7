// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.js';

const ENV = { A: 'same', B: 'same', C: 'other', LINES: 'one\ntwo' };

function findings(text: string): string[] {
  const checked = checkConfig(text, ENV, (key) => `hash:${key}`);
  const faults = checked.ok ? checked.warnings : checked.faults;
  return faults.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
}

const APP = 'upstreams: [{ id: app, targets: http://a }]\n';
const withRoutes = (...routes: string[]) =>
  findings(`${APP}routes:\n${routes.map((route) => `  - { ${route} }\n`).join('')}`);
const withTimers = (gateway: string, upstream = '{}', route = '{}') =>
  findings(
    `gateway: { timeouts: ${gateway} }\nupstreams: [{ id: app, targets: http://a, timeouts: ${upstream} }]\nroutes: [{ match: /, timeouts: ${route} }]`,
  );

describe('timers that can never fire', () => {
  it.each([
    ['{ attempt: 40s }', '{}', '{}', 'gateway.timeouts.attempt'],
    ['{ firstByte: 31s }', '{}', '{}', 'gateway.timeouts.firstByte'],
    ['{ total: 10s }', '{ connect: 11s }', '{}', 'upstreams[0].timeouts.connect'],
    ['{}', '{ total: 2s, idle: 3s }', '{}', 'upstreams[0].timeouts.idle'],
    ['{}', '{ total: 5s }', '{ queue: 6s }', 'routes[0].timeouts.queue'],
    ['{}', '{}', '{ attempt: 1s, firstByte: 2s }', 'routes[0].timeouts.firstByte'],
    ['{}', '{}', '{ total: 2s, attempt: 3s }', 'routes[0].timeouts.attempt'],
    ['{}', '{}', '{ total: 2s, firstByte: { max: 3s } }', 'routes[0].timeouts.firstByte'],
  ])('%s → %s → %s is a warning at %s', (gateway, upstream, route, path) => {
    const found = withTimers(gateway, upstream, route);
    expect(
      found.filter((line) => line.startsWith(`warning ${path}: `) && line.includes('can never fire')),
    ).toHaveLength(1);
  });

  it.each([
    ['{}', '{}', '{}'],
    ['{ firstByte: 20s }', '{}', '{ total: 2s }'],
    ['{}', '{ connect: 5s }', '{ total: 2s, attempt: 1s }'],
    ['{}', '{}', '{ total: 1h, idle: 31s }'],
    ['{ attempt: none }', '{ total: 40s }', '{ firstByte: 40s }'],
    ['{}', '{ attempt: 1s, firstByte: 1s }', '{ attempt: none, firstByte: 2s }'],
  ])('%s → %s → %s is how inheritance is used', (gateway, upstream, route) => {
    expect(withTimers(gateway, upstream, route)).toEqual([]);
  });

  it('the defaults alone are never in contradiction with a total that was lowered', () => {
    expect(withTimers('{ total: 1s }')).toEqual([]);
  });
});

describe('routes that cannot be reached', () => {
  it.each([
    ['the same path twice', ['id: a, match: /x', 'id: b, match: /x']],
    ['parameters under other names', ['id: a, match: "/x/{id}"', 'id: b, match: "/x/{name}"']],
    [
      'methods that an earlier route takes with all others',
      ['id: a, match: /x', 'id: b, match: { path: /x, methods: GET }'],
    ],
    [
      'hosts that are all taken',
      ['id: a, match: { host: [p.example, q.example] }', 'id: b, match: { host: Q.example }'],
    ],
    [
      'the same conditions in another order',
      ['id: a, match: { headers: { x: "1", y: "2" } }', 'id: b, match: { headers: { Y: "2", X: "1" } }'],
    ],
  ])('%s', (_, routes) => {
    expect(withRoutes(...routes)).toEqual([
      'error routes[1]: this route can never match: a takes the same requests and comes first',
    ]);
  });

  it('a route of which a part is taken is a warning', () => {
    expect(
      withRoutes('id: a, match: { path: /x, methods: [GET] }', 'id: b, match: { path: /x, methods: [GET, POST] }'),
    ).toEqual([expect.stringMatching(/^warning routes\[1\]: some requests .* go to a,/)]);
  });

  it.each([
    [['match: /x', 'match: /x/*']],
    [['match: "/x/{id}"', 'match: /x/*']],
    [['match: /x/', 'match: /x']],
    [['match: { path: /x, methods: GET }', 'match: { path: /x, methods: POST }']],
    [['match: { path: /x, methods: GET }', 'match: /x']],
    [['match: { host: a.example }', 'match: /*']],
    [['match: { headers: { x: "1" } }', 'match: { headers: { x: "2" } }']],
    [['match: { headers: { x: "1" } }', 'match: { headers: { x: { not: "1" } } }']],
    [['match: { cookies: { x: "1" } }', 'match: { cookies: { x: "2" } }']],
    [['match: { headers: { x: "1" } }', 'match: { query: { x: "1" } }']],
    [['match: { path: /x, query: { q: { prefix: a } } }', 'match: { path: /x, query: { q: a } }']],
  ])('%j are told apart by the router', (routes) => expect(withRoutes(...routes)).toEqual([]));

  it('a slash at the end is no star, as it is elsewhere', () =>
    expect(withRoutes('match: /api/')).toEqual([
      'warning routes[0].match: this matches /api/ alone, and nothing below it',
    ]));

  it('three routes for one slot both name the one that has it', () => {
    expect(
      withRoutes('match: /x, id: a', 'match: /x', 'match: /x').filter((line) => line.includes(': a takes')),
    ).toHaveLength(2);
  });
});

it.each([
  ['gateway: { proxyProtocol: true }', 'error gateway.proxyProtocol: nobody is trusted'],
  ['gateway: { trustedProxies: ["::/0"] }', 'warning gateway.trustedProxies: ::/0 lets every client'],
  [
    'gateway: { tls: { certificates: [{ certFile: a, keyFile: b }, { certFile: c, keyFile: d }] } }',
    'error gateway.tls.certificates[1]: only the first',
  ],
  [
    'consumers: [{ id: a, keys: "${A}" }, { id: b, keys: ["${C}", "${B}"] }]',
    "error consumers[1].keys[1]: this key is already one of a's",
  ],
  [
    'consumers: [{ id: a, basic: { username: u, password: "${A}" } }, { id: b, basic: [{ username: u, password: "${C}" }] }]',
    'error consumers[1].basic[0].username: the user name "u" is taken',
  ],
])('%s', (part, finding) =>
  expect(findings(`${APP}routes: [{ match: / }]\n${part}`)).toEqual([expect.stringContaining(finding)]),
);

it.each([
  ['targets: [http://a:1, "http://A:1/"]', 'error upstreams[0].targets: the target a:1 is here twice'],
  ['targets: http://a, tls: { caFile: x }', 'warning upstreams[0].tls: no target'],
  ['targets: https://a, tls: { verify: false }', 'warning upstreams[0].tls.verify: certificates are not verified'],
])('an upstream with %s', (fields, finding) =>
  expect(findings(`upstreams: [{ ${fields} }]\nroutes: [{ match: / }]`)).toEqual([expect.stringContaining(finding)]),
);

const EC_KEY = `-----BEGIN PUBLIC KEY-----
      MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElK4988tIqtOxNUMHgVzYf4t+EV0y
      YodCZyTaUGZ6TJHHG+qub92RINTuBDvH1G5ZtLlCKE6DVx2hi2pDIc0GMw==
      -----END PUBLIC KEY-----`;
const withKey = (key: string, more = ''): string[] =>
  findings(`${APP}routes:
- match: /
  auth:
  - jwt:
     ${more}
     publicKey: |
      ${key}
`);

describe('what a node would refuse', () => {
  it.each([
    ['match: "/a/{id}", redirect: "/b/{name}"', 'error routes[0].redirect: {name} is not a parameter'],
    [
      'match: /a, redirect: "https:///b"',
      'error routes[0].redirect: "https:///b" is a location without scheme or host',
    ],
    ['match: /a/*, rewrite: { stripPrefix: "/a/%2e%2e" }', 'error routes[0].rewrite: '],
    ['match: /a/*, rewrite: { replacePrefix: { with: "/../b" } }', 'error routes[0].rewrite: "/../b" holds'],
    ['match: "/a/{id}", rewrite: { path: "/v2/%2E/{id}" }', 'error routes[0].rewrite: "/v2/%2E/x" holds'],
    [
      'match: /a, headers: { request: { set: { x-name: "Bj\u00f6rn" } } }',
      'error routes[0].headers.request.set.x-name: ',
    ],
    ['match: /a, headers: { response: { add: { x-a: "${LINES}" } } }', 'error routes[0].headers.response.add.x-a: '],
    ['match: /a, respond: { headers: { x-a: "\u00e9" } }', 'error routes[0].respond.headers.x-a: '],
  ])('%s', (route, finding) =>
    expect(withRoutes(route)).toEqual(expect.arrayContaining([expect.stringContaining(finding)])),
  );

  it('is a public key that is damaged, or one for other algorithms', () => {
    expect(withKey(EC_KEY)).toEqual([]);
    expect(withKey(EC_KEY, 'algorithms: ES256')).toEqual([]);
    expect(withKey(EC_KEY, 'algorithms: [ES256, RS256]')).toEqual([
      expect.stringContaining('error routes[0].auth[0].jwt: RS256 does not fit this public key, which is for ES256'),
    ]);
    expect(withKey(EC_KEY.replace('MFkw', 'MFkA'))).toEqual([expect.stringContaining('its PEM text is damaged')]);
  });

  it.each([
    'match: "/a/{id}", redirect: "https://{id}.example.com{path}?{query}"',
    'match: /a/*, redirect: "/b/{*}"',
    'match: /a/*, rewrite: { replacePrefix: { with: / } }',
  ])('is not %s', (route) => expect(withRoutes(route)).toEqual([]));
});

it('HTTP/2 may be asked of http targets as well', () => {
  expect(findings('upstreams: [{ targets: http://a, protocol: http2 }]\nroutes: [{ match: / }]')).toEqual([]);
});

it('an upstream that no route goes to is a warning', () => {
  expect(
    findings(
      'upstreams: [{ id: a, targets: http://a }, { id: b, targets: http://b }]\nroutes: [{ match: /, upstream: b }]',
    ),
  ).toEqual([expect.stringContaining('warning upstreams[0]: no route goes to the upstream a')]);
});

it.each([
  ['match: /a, limits: { rate: 1/s, by: consumer }', 'error routes[0].limits[0].by: the limit counts by consumer'],
  [
    'match: /a, timeouts: { total: 500ms }, limits: { rate: 9/s, mode: strict, onRedisLoss: open, redisTimeout: 500ms }',
    'warning routes[0].limits[0].redisTimeout: the wait for Redis may take as long as the whole request',
  ],
  ['match: /a, limits: { rate: 1000/s, burst: 99 }', 'warning routes[0].limits[0].burst: nodes tell each other of 100'],
  ['match: /a, auth: apiKey', 'warning routes[0].auth[0]: no consumer has a key'],
  ['match: /a, auth: basic', 'warning routes[0].auth[0]: no consumer has a password'],
  ['match: /a, respond: 204, websocket: true', 'warning routes[0].websocket: this route answers by itself'],
  ['match: /a, rewrite: { stripPrefix: true }', "error routes[0].rewrite: the route's path is no prefix"],
  [
    'match: /a/*, rewrite: { stripPrefix: /b }',
    'error routes[0].rewrite: no path that this route matches begins with /b',
  ],
  ['match: "/a/{x}", rewrite: { path: "/{y}" }', 'error routes[0].rewrite.path: {y} is not a parameter'],
  ['match: /a, rewrite: { path: "/{*}" }', 'error routes[0].rewrite.path: {*} is not a parameter'],
])('a route with %s', (fields, finding) => expect(withRoutes(fields)).toEqual([expect.stringContaining(finding)]));

it.each([
  'match: /a/b/*, rewrite: { stripPrefix: /a }',
  'match: /a, limits: [{ rate: 1000/s, burst: 100 }, { rate: 1000/s, burst: 9, mode: local }, { rate: 9/m, burst: 1 }]',
  'match: "/{t}/b/*", rewrite: { stripPrefix: /x/b }',
  'match: /a/*, rewrite: { stripPrefix: /a/b }',
  'match: "/a/{x}/*", rewrite: { path: "/{x}/{*}" }',
])('a route with %s is fine', (fields) => expect(withRoutes(fields)).toEqual([]));

it('a fault in one entry hides nothing about the others', () => {
  const found = findings(
    `gateway: { timeouts: { total: 5s, attempt: 6s } }\nupstreams: [{ id: a, targets: [] }]\nroutes: [{ match: /x, upstream: a }, { match: /x, upstream: a }]`,
  );
  expect(found.map((line) => line.split(':')[0])).toEqual([
    'warning gateway.timeouts.attempt',
    'error upstreams[0].targets',
    'error routes[1]',
  ]);
});

describe('patterns of conditions', () => {
  const condition = (pattern: string) => withRoutes(`match: { path: /a, cookies: { c: { matches: '${pattern}' } } }`);

  it('are those of RE2, and small', () => {
    expect(condition('[a-z]{1,20}|x')).toEqual([]);
    expect(condition('(a)\\1')).toEqual([
      expect.stringMatching(/^error routes\[0\]\.match\.cookies.*no pattern of RE2/),
    ]);
    expect(condition('(?=a)b')).toEqual([expect.stringContaining('no pattern of RE2')]);
    expect(condition('([a-z]{20}){20}')).toEqual([expect.stringContaining('too large')]);
  });

  it('are few in one route', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => `c${i}: { matches: 'a' }`).join(', ');
    expect(withRoutes(`match: { path: /a, cookies: { ${many(20)} } }`)).toEqual([]);
    expect(withRoutes(`match: { path: /a, cookies: { ${many(21)} } }`)).toEqual([
      expect.stringMatching(/^error routes\[0\]\.match: 21 patterns, and 20 at most/),
    ]);
  });

  it('are looked at where a condition leads past the cache, and where it is negated', () => {
    const found = withRoutes(
      "match: /a, cache: { bypass: { query: { q: { matches: '(' } } } }",
      "match: { path: /b, headers: { h: { not: { matches: '(' } } } }",
    );
    expect(found).toEqual([
      expect.stringMatching(/^error routes\[0\]\.cache\.bypass\.query\.q: this is no pattern/),
      expect.stringMatching(/^error routes\[1\]\.match\.headers\.h: this is no pattern/),
    ]);
  });
});
