import type { MatchSpec, RouteSpec, ShareSpec, ValueMatchSpec } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute } from '../pipeline/testing/specs.js';
import { atOnce } from '../time/slices.js';
import { loadPatterns } from './patterns.js';
import { compileMatcher, compileRouter, compilingTree, type Matcher, matcherOf, type RequestLine } from './router.js';
import { referenceMatch } from './testing/reference-router.js';

const cors = { origins: ['*'], methods: [], headers: [], exposeHeaders: [], credentials: false, maxAgeS: 0 };
const any: MatchSpec = { hosts: [], path: { kind: 'prefix', prefix: '/' }, methods: [], headers: [], query: [] };

const routeOf = (id: string, match: Partial<MatchSpec>, more: Partial<RouteSpec> = {}): RouteSpec =>
  makeRoute({ id, match: { ...any, ...match }, ...more });
const prefix = (path: string) => ({ kind: 'prefix', prefix: path }) as const;
const exact = (path: string) => ({ kind: 'exact', path }) as const;
const template = (path: string) => ({ kind: 'template', template: path }) as const;

/** Id of the route that wins, the methods of a miss, or 'refused'. */
function winner(routes: readonly RouteSpec[], request: Omit<Partial<RequestLine>, 'exchange'>): string {
  const found = compileMatcher(routes.map((route) => ({ route, target: null })))(makeRequest(request));
  if (found === 'bad_request') return 'refused';
  if (found === 'ambiguous_path') return 'ambiguous';
  if (found === 'too_much_to_match') return 'too much';
  return 'route' in found ? found.route.id : `miss:${[...found.allow].sort().join()}`;
}

describe('conditions of a team', () => {
  const headers = ['cookie', 'weir_session=abc; lang=de'];
  const routes = (more: Partial<RouteSpec>): readonly RouteSpec[] => [
    routeOf('by cookie', { cookies: [{ name: 'weir_session', op: 'prefix', values: ['a'] }] }, more),
    routeOf('by field', { headers: [{ name: 'cookie', op: 'contains', values: ['weir_session'] }] }, more),
    routeOf('by another', { cookies: [{ name: 'lang', op: 'equals', values: ['de'] }] }, more),
  ];

  it('tell nothing of who is signed in at the console, and of other cookies as always', () => {
    expect(winner(routes({ isManaged: true }), { headers })).toBe('by another');
    expect(winner(routes({}), { headers })).toBe('by cookie');
    expect(winner(routes({}).slice(1), { headers })).toBe('by field');
  });

  it('are asked beside those of the operator, each with its own sight', () => {
    const [byCookie, byField] = routes({ isManaged: true });
    const own = routeOf('own', { cookies: [{ name: 'weir_session', op: 'present', values: [] }] });
    const both = [byCookie, own, byField].flatMap((route) => route ?? []);
    expect(winner(both, { headers })).toBe('own');
  });
});

describe('precedence', () => {
  const byHost = [
    routeOf('any', {}),
    routeOf('short', { hosts: ['*.example.com'] }),
    routeOf('long', { hosts: ['*.eu.example.com'] }),
    routeOf('exact', { hosts: ['api.eu.example.com'] }),
  ];
  it.each([
    ['api.eu.example.com', 'exact'],
    ['api.eu.example.com:8443', 'exact'],
    ['api.eu.example.com.', 'exact'],
    ['api.eu.example.com.:80', 'exact'],
    ['x.eu.example.com', 'long'],
    ['a.b.eu.example.com', 'long'],
    ['eu.example.com', 'short'],
    ['example.com', 'any'],
    ['.example.com', 'any'],
    ['badexample.com', 'any'],
    ['[::1]:8080', 'any'],
    ['', 'any'],
    [`${'a.'.repeat(200)}example.com`, 'any'],
  ])('host %s goes to %s', (authority, id) => expect(winner(byHost, { authority })).toBe(id));

  const byPath = [
    routeOf('all', {}),
    routeOf('status', { path: template('/{tenant}/status') }),
    routeOf('orders', { path: prefix('/orders') }),
    routeOf('archive', { path: prefix('/orders/archive') }),
    routeOf('order', { path: template('/orders/{id}') }),
    routeOf('items', { path: template('/orders/{id}/items/*') }),
    routeOf('new', { path: exact('/orders/new') }),
    routeOf('root', { path: exact('/') }),
  ];
  it.each([
    ['/', 'root'],
    ['/other', 'all'],
    ['/orders', 'orders'],
    ['/orders/', 'orders'],
    ['/ordersx', 'all'],
    ['/orders/new', 'new'],
    ['/orders/1', 'order'],
    ['/orders/1/', 'orders'],
    ['/orders/1/items', 'items'],
    ['/orders/1/items/2/3', 'items'],
    ['/orders/archive', 'archive'],
    ['/orders/archive/1', 'archive'],
    ['/acme/status', 'status'],
    ['/orders/status', 'order'],
    ['//orders///new', 'new'],
    ['/%6frders/%6Eew', 'new'],
    ['/orders%2Fnew', 'ambiguous'],
  ])('path %s goes to %s', (path, id) => expect(winner(byPath, { path })).toBe(id));

  it('asks more conditions first, then the order of the file', () => {
    const beta: ValueMatchSpec = { name: 'x-beta', op: 'present', values: [] };
    const version: ValueMatchSpec = { name: 'v', op: 'equals', values: ['2'] };
    const routes = [
      routeOf('first', {}),
      routeOf('second', {}),
      routeOf('beta', { headers: [beta] }),
      routeOf('both', { headers: [beta], query: [version] }),
    ];
    expect(winner(routes, {})).toBe('first');
    expect(winner(routes, { headers: ['x-beta', ''] })).toBe('beta');
    expect(winner(routes, { headers: ['x-beta', ''], query: 'a=1&v=2' })).toBe('both');
  });

  it('falls back to a less specific route when the conditions of the specific one do not hold', () => {
    const routes = [
      routeOf('open', { path: prefix('/') }),
      routeOf('host', { hosts: ['api.example.com'], path: exact('/a'), methods: ['PUT'] }),
    ];
    expect(winner(routes, { path: '/a' })).toBe('open');
    expect(winner(routes, { path: '/a', method: 'PUT' })).toBe('host');
  });
});

describe('methods', () => {
  const routes = [
    routeOf('read', { path: exact('/a'), methods: ['GET', 'HEAD'] }),
    routeOf('write', {
      path: exact('/a'),
      methods: ['PUT'],
      headers: [{ name: 'if-match', op: 'present', values: [] }],
    }),
    routeOf('page', { path: exact('/b'), methods: ['PATCH'] }, { cors }),
  ];

  it('names the methods that would have matched, and only those', () => {
    expect(winner(routes, { path: '/a', method: 'POST' })).toBe('miss:GET,HEAD');
    expect(winner(routes, { path: '/a', method: 'POST', headers: ['if-match', '*'] })).toBe('miss:GET,HEAD,PUT');
    expect(winner(routes, { path: '/c', method: 'POST' })).toBe('miss:');
  });

  it('takes a preflight for the method that it announces, on routes with a CORS policy only', () => {
    const preflight = (path: string, announced: string) => ({
      path,
      method: 'OPTIONS',
      headers: ['origin', 'https://a.example', 'access-control-request-method', announced],
    });
    expect(winner(routes, preflight('/b', 'PATCH'))).toBe('page');
    expect(winner(routes, preflight('/b', 'DELETE'))).toBe('miss:PATCH');
    expect(winner(routes, preflight('/a', 'GET'))).toBe('miss:GET,HEAD');
    expect(winner(routes, { path: '/b', method: 'OPTIONS' })).toBe('miss:PATCH');
    expect(winner(routes, { ...preflight('/b', 'PATCH'), method: 'GET' })).toBe('miss:PATCH');
  });
});

describe('paths that could be read in two ways', () => {
  const routes = [routeOf('open', {}), routeOf('locked', { path: prefix('/admin') })];
  it.each([
    '/public/../admin',
    '/..',
    '/./admin',
    '/public/%2e%2e/admin',
    '/public/%2E./admin',
    '/public/..%2fadmin',
    '/public%2f..%2fadmin',
    '/public/..%5cadmin',
    '/public/..;/admin',
    '/public/..%3bx/admin',
    '/public/.;x=1/admin',
    '/public\\..\\admin',
    '/admin%00',
    '/admin#x',
    '/a%zz',
    '/a%2',
    '/a b',
    '/a\tb',
    '/a\ud800',
  ])('%j is refused', (path) => expect(winner(routes, { path })).toBe('refused'));

  it.each([
    ['//admin/users', 'locked'],
    ['/%61dmin', 'locked'],
    ['/admin/..x', 'locked'],
    ['/.well-known/...', 'open'],
    ['/%252e%252e/admin', 'open'],
  ])('%j is no way around a lock: %s', (path, id) => expect(winner(routes, { path })).toBe(id));

  it.each([
    '/admin%2Fsecret',
    '/admin%2fsecret',
    '/admin%5Csecret',
    '/admin%5c%2fsecret',
    '/%2Fadmin/secret',
    '/%2fadmin',
    '/admin;x/secret',
    '/admin;/secret',
    '/admin;',
    '/admin%3Bx/secret',
    '/admin%3bx%2Fsecret',
    '/;x/admin/secret',
    '/;/admin',
    '/%61dmin;x=1;y=2/secret',
    '//admin%2F',
    '/%3Bx%2Fadmin',
    '/;x%2F/admin',
    '/;x%2Fadmin/secret',
    '/admin%2Fa;b/c%5Cd',
  ])('%j leads to the lock or past it, as one reads it', (path) => expect(winner(routes, { path })).toBe('ambiguous'));

  it.each([
    ['/files/a%2Fb', 'open'],
    ['/files/@scope%2Fname;v=1', 'open'],
    ['/admin/a%2fb', 'locked'],
    ['/admin/;jsessionid=1', 'locked'],
    ['/admin%252Fsecret', 'open'],
    ['/admin%253Bx/secret', 'open'],
    ['/admin%26x', 'open'],
  ])('%j leads to %s however one reads it', (path, id) => expect(winner(routes, { path })).toBe(id));

  it('lets in as it stands a path that a route spells exactly', () => {
    const spelt = [...routes, routeOf('spelt', { path: exact('/admin;v=1/a%2Fb') })];
    expect(winner(spelt, { path: '/admin;v=1/a%2fb' })).toBe('spelt');
    expect(winner(spelt, { path: '/admin;v=2/a%2fb' })).toBe('ambiguous');
  });

  it('refuses a path of which only one reading leads to a route', () => {
    const one = [routeOf('file', { path: template('/files/{name}') })];
    expect(winner(one, { path: '/files/a%2Fb' })).toBe('ambiguous');
    expect(winner(one, { path: '/files%2Fa' })).toBe('ambiguous');
    expect(winner(one, { path: '/files/a;b' })).toBe('file');
    expect(winner(one, { path: '/a%2Fb' })).toBe('miss:');
  });

  it('never lets in what a server could read as a path of another route', () => {
    const part = fc.constantFrom('admin', 'x', 'a', '%2F', '%5C', '/', ';', '%3B', ';v=1');
    const server = (path: string) =>
      fc.constantFrom(
        path.replaceAll(/%2f/gi, '/'),
        path.replaceAll(/%5c/gi, '/'),
        path.replaceAll(/%(?:2f|5c)/gi, '/'),
        path.replaceAll(/;[^/]*/g, ''),
        path.replaceAll(/%2f/gi, '/').replaceAll(/;[^/]*/g, ''),
        path.replaceAll(/;[^/]*/g, '').replaceAll(/%2f/gi, '/'),
        decodeURIComponent(path).replaceAll(/;[^/]*/g, ''),
      );
    const asked = fc.array(part, { maxLength: 8, size: 'max' }).map((parts) => `/${parts.join('')}`);
    fc.assert(
      fc.property(
        asked.chain((path) => fc.tuple(fc.constant(path), server(path))),
        ([path, read]) => {
          const isLocked = /^\/+admin(?:\/|$)/.test(read);
          expect(isLocked && winner(routes, { path }) === 'open').toBe(false);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('treats a raw character beyond ASCII as its encoding, in requests and in routes', () => {
    const cafe = [routeOf('cafe', { path: exact('/café') })];
    for (const path of ['/café', '/caf%c3%a9', '/caf%C3%A9']) expect(winner(cafe, { path })).toBe('cafe');
  });

  it('refuses at compile time a route whose path can never match', () => {
    expect(() => compileMatcher([{ route: routeOf('x', { path: exact('/a/../b') }), target: null }])).toThrow('never');
    expect(() => compileMatcher([{ route: routeOf('x', { path: prefix('orders') }), target: null }])).toThrow('never');
  });
});

describe('the router as a dispatch', () => {
  const run = (routes: readonly RouteSpec[], request: Parameters<typeof makeRequest>[0]) => {
    const bottoms = new Map<string, ReturnType<typeof scriptedDispatch>>();
    const bottom = (name: string) => {
      const made = scriptedDispatch();
      bottoms.set(name, made);
      return made.dispatch;
    };
    const router = compileRouter(
      routes,
      (route) => bottom(route.id),
      (kind, allow) => bottom(`${kind}:${allow.join()}`),
    );
    const sent = makeRequest(request);
    router(sent, recordingHandler());
    const asked = [...bottoms].filter(([, { calls }]) => calls.length > 0).map(([name]) => name);
    return { asked, sent: bottoms.get(asked[0] ?? '')?.last().request, exchange: sent.exchange };
  };

  it('passes the request on unchanged and notes the route and its parameters', () => {
    const routes = [routeOf('order', { path: template('/o/{id}/{__proto__}/*') })];
    const { asked, sent, exchange } = run(routes, { path: '/o/a%2fb//x/y%20z/%7e' });
    expect(asked).toEqual(['order']);
    expect(sent?.path).toBe('/o/a%2fb//x/y%20z/%7e');
    expect(exchange.routeId).toBe('order');
    expect(Object.entries(exchange.params)).toEqual([
      ['id', 'a%2Fb'],
      ['__proto__', 'x'],
      ['*', 'y%20z/~'],
    ]);
  });

  it('hands what it refuses to the chain of that refusal', () => {
    const routes = [routeOf('get', { path: exact('/a'), methods: ['PUT', 'GET'] })];
    expect(run(routes, { path: '/b' }).asked).toEqual(['not_found:']);
    expect(run(routes, { path: '/a', method: 'POST' }).asked).toEqual(['method_not_allowed:GET,PUT']);
    expect(run(routes, { path: '/../a' }).asked).toEqual(['bad_request:']);
    expect(run(routes, { path: '/a;x' }).asked).toEqual(['ambiguous_path:']);
    expect(run(routes, { path: '/b' }).exchange.routeId).toBe('');
  });
});

describe('agreement with the plain reading of the rules', () => {
  const segment = fc.constantFrom('a', 'b', 'c', '{x}', '{y}');
  const literal = fc.constantFrom('a', 'b', 'c');
  const joined = (segments: readonly string[]) => `/${segments.join('/')}`;
  const path = fc.oneof(
    fc
      .tuple(fc.array(literal, { maxLength: 3 }), fc.boolean())
      .map(([s, slash]) => exact(joined(s) + (slash && s.length > 0 ? '/' : ''))),
    fc.array(literal, { maxLength: 3 }).map((s) => prefix(joined(s))),
    fc
      .tuple(fc.uniqueArray(segment, { maxLength: 4 }), fc.boolean())
      .map(([s, rest]) => template(joined(rest ? [...s, '*'] : s))),
  );
  const ops = ['equals', 'prefix', 'suffix', 'contains', 'present', 'absent', 'in', 'matches'] as const;
  const value = fc.constantFrom('1', '12', '2', '21', '');
  const wanted = fc.oneof(
    { weight: 4, arbitrary: value },
    { weight: 1, arbitrary: fc.constantFrom('1.', '[12]*', '2|1') },
  );
  const condition: fc.Arbitrary<ValueMatchSpec> = fc.record(
    {
      name: fc.constantFrom('p', 'q'),
      op: fc.constantFrom(...ops),
      values: fc.array(wanted, { minLength: 1, maxLength: 2 }),
      isNegated: fc.constant(true as const),
    },
    { requiredKeys: ['name', 'op', 'values'] },
  );
  const method = fc.constantFrom('GET', 'PUT', 'OPTIONS');
  const match: fc.Arbitrary<MatchSpec> = fc.record({
    hosts: fc.uniqueArray(fc.constantFrom('x.test', 'a.x.test', '*.x.test', '*.a.x.test', '*.test'), { maxLength: 2 }),
    path,
    methods: fc.uniqueArray(method, { maxLength: 2 }),
    headers: fc.array(condition, { maxLength: 2 }),
    query: fc.array(condition, { maxLength: 1 }),
    cookies: fc.array(condition, { maxLength: 1 }),
  });
  const share: fc.Arbitrary<ShareSpec> = fc
    .tuple(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 1, max: 60 }), fc.constantFrom('a', 'b'))
    .map(([from, size, of]) => ({ from, to: Math.min(100, from + size), by: { header: 'p' }, of }));
  const routes = fc
    .array(fc.tuple(match, fc.boolean(), fc.option(share, { freq: 2 })), { minLength: 1, maxLength: 24, size: 'max' })
    .map((all) =>
      all.map(([spec, hasCors, cut], i) =>
        routeOf(`r${i}`, cut === null ? spec : { ...spec, share: cut }, { cors: hasCors ? cors : null }),
      ),
    );
  const request = fc.record({
    method,
    authority: fc.constantFrom('x.test', 'a.x.test', 'b.a.x.test:81', 'y.test.', 'z'),
    path: fc.array(fc.constantFrom('a', 'b', 'c', 'd', '', '%61', '..'), { maxLength: 5, size: 'max' }).map(joined),
    query: fc
      .array(fc.tuple(fc.constantFrom('p', 'q'), value), { maxLength: 2 })
      .map((q) => q.map((p) => p.join('=')).join('&')),
    headers: fc
      .tuple(
        fc.array(fc.tuple(fc.constantFrom('p', 'q'), value), { maxLength: 3 }),
        fc.array(fc.tuple(fc.constantFrom('p', 'q'), value), { maxLength: 2 }),
        fc.boolean(),
        method,
      )
      .map(([pairs, cookies, preflight, m]) => [
        ...pairs.flat(),
        ...(cookies.length === 0 ? [] : ['cookie', cookies.map((pair) => pair.join('=')).join('; ')]),
        ...(preflight ? ['origin', 'https://a.test', 'access-control-request-method', m] : []),
      ]),
  });

  beforeAll(async () => {
    await loadPatterns({ routes: [routeOf('any', { query: [{ name: 'p', op: 'matches', values: [''] }] })] });
  });

  it('holds on any routes and requests', () => {
    fc.assert(
      fc.property(routes, fc.array(request, { minLength: 1, maxLength: 20, size: 'max' }), (specs, lines) => {
        const find = compileMatcher(specs.map((route) => ({ route, target: null })));
        for (const line of lines) expect(shown(find(line))).toEqual(referenceMatch(specs, line));
      }),
      { numRuns: 400 },
    );
  });

  it('holds with the tree of routes before that asked for the same, or nearly the same', () => {
    let goesOn = 0;
    fc.assert(
      fc.property(
        routes,
        routes,
        fc.nat(24),
        fc.array(request, { minLength: 1, maxLength: 10 }),
        (specs, others, at, lines) => {
          // As they come from another snapshot: alike, and other objects; all else but what they ask for may be new.
          const former = structuredClone(specs).map((route) => ({ ...route, cors: route.cors === null ? cors : null }));
          const other = others[0]?.match ?? any;
          const all =
            at < former.length ? former.map((route, i) => (i === at ? { ...route, match: other } : route)) : former;
          const before = atOnce(compilingTree(all, null));
          const tree = atOnce(compilingTree(specs, before));
          if (tree.hosts === before.hosts) goesOn += 1;
          const targets = specs.map(({ id }) => id);
          const find = matcherOf(tree, specs, targets);
          for (const line of lines) {
            const found = find(line);
            expect(shown(found)).toEqual(referenceMatch(specs, line));
            if (typeof found !== 'string' && 'route' in found) expect(found.target).toBe(found.route.id);
          }
        },
      ),
      { numRuns: 200 },
    );
    expect(goesOn).toBeGreaterThan(20);
  });
});

function shown(found: ReturnType<Matcher<unknown>>) {
  if (typeof found === 'string') return found;
  return 'route' in found ? { id: found.route.id, params: { ...found.params } } : { allow: [...found.allow].sort() };
}

describe('patterns of many routes for one path', () => {
  beforeAll(async () => {
    await loadPatterns({ routes: [routeOf('any', { query: [{ name: 'p', op: 'matches', values: [''] }] })] });
  });

  const routes = [
    ...Array.from({ length: 40 }, (_, i) =>
      routeOf(`r${i}`, { headers: [{ name: 'x-a', op: 'matches' as const, values: [`.*a.{${200 + i}}Q`] }] }),
    ),
    routeOf('lock', { headers: [{ name: 'x-b', op: 'equals' as const, values: ['1'] }] }),
    routeOf('rest', {}),
  ];
  const long = 'ab'.repeat(1_000);

  it('take bounded work, however many there are, and then no route is taken in place of another', () => {
    expect(winner(routes, { path: '/a', headers: ['x-a', long, 'x-b', '1'] })).toBe('too much');
    expect(winner(routes, { path: '/a', headers: ['x-b', '1'] })).toBe('lock');
    expect(winner(routes, { path: '/a', headers: ['x-a', 'short'] })).toBe('rest');
  });

  it('take no more for a path of several readings', () => {
    const few = [
      routeOf('one', { headers: [{ name: 'x-a', op: 'matches', values: ['.*a.{200}Q'] }] }),
      routeOf('rest', {}),
    ];
    const value = 'ab'.repeat(400);
    expect(winner(few, { path: '/a', headers: ['x-a', value] })).toBe('rest');
    expect(winner(few, { path: '/a%2Fb%5Cc;x%3By/d', headers: ['x-a', value] })).toBe('too much');
  });
});
