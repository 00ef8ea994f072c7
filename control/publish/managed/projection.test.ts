import { formatPathPattern } from '@weir/proto/config/path-pattern.js';
import type { RouteSpec, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change, Service } from '../../model/entities.js';
import { loadText } from '../load-config.js';
import { type ManagedConfig, nothingManaged } from './managed-config.js';
import { namesOf } from './merge-managed.js';
import { ManagedProjection, type NamesOfConfig } from './projection.js';
import { designOf, FakeSource, serviceOf } from './testing/fake-source.js';

const weirYaml = 'upstreams: [{ id: own, targets: ["http://127.0.0.1:1"] }]\nroutes: [{ id: rest, match: /* }]\n';
const noNames: NamesOfConfig = { models: [], prompts: [], guards: [] };

function compiled(source: FakeSource, { yaml = weirYaml, nowMs = 1_000 } = {}) {
  const projection = new ManagedProjection(source);
  let managed: ManagedConfig = nothingManaged;
  const loaded = loadText(yaml, {
    ...{ environment: {}, version: 1, createdWallMs: nowMs },
    managed: (config) => {
      managed = projection.project(nowMs, namesOf(config));
      return managed;
    },
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const { snapshot, warnings, secrets } = loaded;
  const told = warnings.map(({ path, message }) => `${path}: ${message}`);
  return { snapshot, told, secrets, managed };
}

const managedRoutes = ({ routes }: Snapshot): readonly RouteSpec[] => routes.filter(({ id }) => id.includes('@'));
const shown = ({ id, match, action }: RouteSpec): string => {
  const rewrite = action.kind === 'proxy' && action.rewrite?.kind === 'strip-prefix' ? action.rewrite.prefix : '';
  const share = match.share === undefined ? '' : ` ${match.share.from}-${match.share.to}`;
  const headers = match.headers.map(({ name, values }) => ` ${name}=${values[0]}`).join('');
  return `${id} ${formatPathPattern(match.path)}${headers}${share} ${action.kind === 'proxy' ? action.upstream : action.kind}${rewrite === '' ? '' : ` -${rewrite}`}`;
};

function withService(service: Service, ...designs: Parameters<typeof designOf>[0][]): FakeSource {
  const source = new FakeSource();
  source.put('team', { id: 'red', name: 'Red', description: '', members: {} });
  source.put('service', service);
  for (const [i, design] of designs.entries()) source.release(service.id, i + 1, designOf(design));
  return source;
}

describe('a service on nodes', () => {
  it('lies below its base path, which its upstream does not see, behind the routes of weir.yaml', () => {
    const routes = [
      { id: 'list', match: { path: '/orders', methods: 'GET' } },
      { id: 'one', match: '/orders/{id}' },
      { id: 'rest', match: '/*', rewrite: { stripPrefix: '/old' } },
      { id: 'moved', match: '/a/*', rewrite: { replacePrefix: { with: '/b' } } },
    ];
    const { snapshot, told } = compiled(withService(serviceOf('shop', { hosts: ['api.example.com'] }), { routes }));
    expect(told).toEqual([]);
    expect(snapshot.routes.map(shown)).toEqual([
      'rest /* own',
      'shop@1/list /shop/orders shop.app -/shop',
      'shop@1/one /shop/orders/{id} shop.app -/shop',
      'shop@1/rest /shop/* shop.app -/shop/old',
      'shop@1/moved /shop/a/* shop.app',
    ]);
    expect(snapshot.routes[4]?.action).toMatchObject({
      rewrite: { kind: 'replace-prefix', prefix: '/shop/a', with: '/b' },
    });
    expect(snapshot.routes.slice(1).every(({ match }) => match.hosts[0] === 'api.example.com')).toBe(true);
    expect(snapshot.registry).toBe(3);
  });

  it('splits callers between releases, by versions in the path', () => {
    const live = [
      { release: 1, share: 70, name: 'v1' },
      { release: 2, share: 20, name: 'v1' },
      { release: 3, share: 10, name: 'v1' },
      { release: 4, share: 100, name: 'v2' },
    ];
    const service = serviceOf('shop', { versioning: { by: 'path' }, lastRelease: 4, live });
    const other = { upstreams: [{ id: 'app', targets: ['http://127.0.0.1:9001'] }] };
    const { snapshot } = compiled(withService(service, {}, {}, other, {}));
    expect(managedRoutes(snapshot).map(shown)).toEqual([
      'shop@1/all /shop/v1/* 0-70 shop.app -/shop/v1',
      'shop@2/all /shop/v1/* 70-90 shop.app -/shop/v1',
      'shop@3/all /shop/v1/* 90-100 shop@3.app -/shop/v1',
      'shop@4/all /shop/v2/* shop.app -/shop/v2',
    ]);
    expect(snapshot.upstreams.map(({ id }) => id)).toEqual(['own', 'shop.app', 'shop@3.app']);
    // Nodes look where the names of teams lead to.
    expect(snapshot.upstreams.map(({ isManaged }) => isManaged)).toEqual([undefined, true, true]);
  });

  it('tells versions by a header, and whoever names none gets the first', () => {
    const live = [
      { release: 1, share: 100, name: 'v1' },
      { release: 2, share: 100, name: 'v2' },
    ];
    const service = serviceOf('shop', { versioning: { by: 'header', header: 'x-version' }, lastRelease: 2, live });
    expect(managedRoutes(compiled(withService(service, {}, {})).snapshot).map(shown)).toEqual([
      'shop@1/all /shop/* shop.app -/shop',
      'shop@2/all /shop/* x-version=v2 shop.app -/shop',
    ]);
  });

  it('says that it is deprecated, and when it ends, on each answer; retired it says where to read on', () => {
    const deprecation = {
      sinceWallMs: 1_700_000_000_500,
      sunsetWallMs: 1_800_000_000_000,
      link: 'https://docs.example.com/a$b',
    };
    const { snapshot } = compiled(withService(serviceOf('shop', { stage: 'deprecated', deprecation }), {}));
    expect(managedRoutes(snapshot)[0]?.responseHeaders).toEqual({
      remove: [],
      set: [
        ['deprecation', '@1700000000'],
        ['sunset', 'Fri, 15 Jan 2027 08:00:00 GMT'],
      ],
      add: [['link', '<https://docs.example.com/a$$b>; rel="deprecation"']],
    });
    const ended = serviceOf('shop', { stage: 'retired', live: [], successor: 'https://new.example.com/' });
    const [route] = managedRoutes(compiled(withService(ended, {})).snapshot);
    expect(route && shown(route)).toBe('shop@1/retired /shop/* respond');
    expect(route?.action).toMatchObject({
      ...{ kind: 'respond', status: 410 },
      headers: [
        'content-type',
        'application/problem+json',
        'link',
        '<https://new.example.com/>; rel="successor-version"',
      ],
    });
  });

  it('that is retired gives way to one that lies where it was', () => {
    const source = withService(serviceOf('old', { basePath: '/shop/a', stage: 'retired', live: [] }), {});
    expect(managedRoutes(compiled(source).snapshot).length).toBe(1);
    source.put('service', serviceOf('new', { basePath: '/shop' }));
    source.release('new', 1, designOf());
    expect(managedRoutes(compiled(source).snapshot).map(({ id }) => id)).toEqual(['new@1/all']);
  });

  it.each([
    ['gateway-wide words', { routes: [{ match: '/*', auth: 'apiKey' }] }, 'routes[0].auth: teams can’t write this'],
    ['hosts', { routes: [{ match: { path: '/*', host: 'a.example.com' } }] }, 'routes[0].match.host: teams can’t'],
    ['shares', { routes: [{ match: { path: '/*', share: 50 } }] }, 'routes[0].match.share: teams can’t'],
    ['tools of others', { routes: [{ match: '/*', mcp: true }] }, 'routes[0].mcp: teams can’t'],
    [
      'keys of providers',
      { routes: [{ match: '/*', ai: { passthrough: 'openai' } }] },
      'routes[0].ai.passthrough: teams',
    ],
    ['purges', { routes: [{ match: '/*', cache: { purge: true } }] }, 'routes[0].cache.purge: teams can’t'],
    [
      'files',
      { upstreams: [{ id: 'app', targets: ['https://a'], tls: { caFile: '/etc/passwd' } }] },
      'upstreams[0].tls.caFile: teams can’t',
    ],
    [
      'limits in Redis',
      { routes: [{ match: '/*', limits: { rate: '1/s', mode: 'strict', onRedisLoss: 'open' } }] },
      'routes[0].limits.onRedisLoss: teams can’t',
    ],
    [
      'limits of plans',
      { routes: [{ match: '/*', limits: { rate: '1/s', scope: 'x' } }] },
      'routes[0].limits.scope: teams',
    ],
    [
      'the environment',
      { routes: [{ match: '/*', headers: { request: { set: { a: `\${HOME}` } } } }] },
      `\${HOME} is none of the team’s secrets`,
    ],
    [
      'secrets of others',
      { routes: [{ match: '/*', headers: { request: { set: { a: `\${secret:blue/KEY}` } } } }] },
      'is none of the team’s secrets',
    ],
    [
      'secrets in answers',
      { routes: [{ match: '/*', respond: { body: `\${secret:KEY}` } }] },
      'a secret can’t stand here',
    ],
    [
      'addresses of the cloud',
      { upstreams: [{ id: 'app', targets: ['http://169.254.169.254'] }] },
      'an address of the machine itself',
    ],
    [
      'places of secrets that only look like it',
      { routes: [{ match: '/*', respond: { headers: { 'x.headers.request.set.a': `\${secret:KEY}` } } }] },
      'a secret can’t stand here',
    ],
    [
      'upstreams of others',
      { routes: [{ match: '/*', upstream: 'own' }] },
      'there is no upstream "own" in this design',
    ],
    [
      'models that are not there',
      { routes: [{ match: '/*', ai: { models: 'openai/gpt-5' } }] },
      'the gateway has no model openai/gpt-5',
    ],
    [
      'what weir.yaml refuses too',
      { routes: [{ match: '/*', timeouts: { total: 5 } }] },
      'routes[0].timeouts.total: the duration 5 has no unit',
    ],
    [
      'what nodes refuse',
      { routes: [{ match: '/a', rewrite: { stripPrefix: '/b' } }] },
      'no path that this route matches begins with /shop/b',
    ],
  ])('%s are not for teams: it is told, and the rest is served', (_, design, fault) => {
    const source = withService(serviceOf('shop'), design);
    source.put('service', serviceOf('well'));
    source.release('well', 1, designOf());
    const { snapshot, told } = compiled(source);
    expect(told.join('\n')).toContain(fault);
    expect(told.every((text) => text.startsWith('services.shop'))).toBe(true);
    expect(managedRoutes(snapshot).map(({ id }) => id)).toEqual(['well@1/all']);
  });

  it.each(['[::ffff:a9fe:a9fe]', '[fe80::1]', '[fd00:ec2::254]', '0.0.0.0', 'metadata.google.internal.'])(
    'no target is the machine itself, as %s',
    (host) => {
      const upstreams = [{ id: 'app', targets: [`http://${host}`] }];
      const source = withService(serviceOf('shop'), { upstreams, routes: [{ match: '/*', upstream: 'app' }] });
      expect(compiled(source).told.join()).toContain('is an address of the machine itself');
    },
  );

  it('makes invalid in the cache what lies below its own path alone', () => {
    const source = withService(serviceOf('shop'), { routes: [{ id: 'all', match: '/*', cache: true }] });
    expect(managedRoutes(compiled(source).snapshot)[0]?.cache?.invalidatesBelow).toBe('/shop');
  });

  it('uses the secrets of its team by name, once they are set', () => {
    const routes = [
      { id: 'all', match: '/*', headers: { request: { set: { authorization: `Bearer \${secret:KEY}$$` } } } },
    ];
    const source = withService(serviceOf('shop'), { routes });
    expect(compiled(source).told.join()).toContain('team red has no secret KEY that this control can open');
    source.put('secret', { id: 'red/KEY', teamId: 'red', name: 'KEY', sealed: 'v1.a.b.c' });
    const { snapshot, secrets } = compiled(source);
    expect(managedRoutes(snapshot)[0]?.requestHeaders.set).toEqual([['authorization', `Bearer \${secret:red/KEY}$$`]]);
    expect(secrets).toEqual(['red/KEY']);
  });

  it('gives way to what weir.yaml says at its place, and to its names', () => {
    const source = withService(serviceOf('shop', { basePath: '/api/shop' }), {});
    const yaml = (route: string) => `${weirYaml}  # more\n`.replace('routes: [', `routes: [${route}, `);
    const served = (route: string) => managedRoutes(compiled(source, { yaml: yaml(route) }).snapshot).length;
    expect(served('{ match: /api/* }')).toBe(1);
    expect(served('{ match: "/{any}/shop/*" }')).toBe(1);
    expect(served('{ match: /api/shop/* }')).toBe(0);
    expect(served('{ match: /api/shop/orders }')).toBe(0);
    expect(served('{ match: { path: /api/shop/orders, host: a.example.com } }')).toBe(0);
    const { told } = compiled(source, { yaml: yaml('{ id: old, match: /api/shop }') });
    expect(told).toEqual([
      'services.shop: route old of weir.yaml lies at or below /api/shop, so the service is not served',
    ]);
  });
});

describe('consumers on nodes', () => {
  const plans: Service['plans'] = [
    { id: 'gold', name: 'Gold', limits: ['100/s', { concurrent: 5 }], approval: 'auto' },
    { id: 'free', name: 'Free', limits: [{ rate: '10/m', by: 'route' }], approval: 'auto' },
  ];
  const setUp = () => {
    const source = withService(serviceOf('shop', { access: 'key', plans }), {});
    source.put('application', { id: 'web', teamId: 'blue', name: 'Web', description: '', isDisabled: false });
    const key = (id: string, expiresWallMs: number | null) =>
      source.put('key', { id, applicationId: 'web', name: id, sha256: id.repeat(64), lastFour: 'abcd', expiresWallMs });
    const subscribe = (state: 'approved' | 'suspended' | 'pending', planId = 'gold') =>
      source.put('subscription', {
        id: 's',
        serviceId: 'shop',
        applicationId: 'web',
        planId,
        state,
        reason: '',
        opinion: '',
      });
    return { source, key, subscribe };
  };

  it('are applications with a good key and an approved plan, and routes name their plans', () => {
    const { source, key, subscribe } = setUp();
    key('a', null);
    key('b', 5_000);
    subscribe('approved');
    const { snapshot, managed } = compiled(source);
    const [first, second] = ['a'.repeat(64), 'b'.repeat(64)];
    expect(snapshot.consumers).toEqual([
      { id: 'web', keyHashes: [first, second], basic: [], groups: ['shop.gold'], isManaged: true },
    ]);
    expect(managed.againAtWallMs).toBe(5_000);
    const [route] = managedRoutes(snapshot);
    expect(route?.auth).toEqual([
      { kind: 'apiKey', in: [{ header: 'x-api-key' }], consumers: ['@shop.gold', '@shop.free'], hide: true },
      {
        ...{ kind: 'consumerJwt', consumers: ['@shop.gold', '@shop.free'], hide: true },
        ...{ audiences: [], clockSkewS: 30, forwardClaims: {} },
      },
    ]);
    expect(route?.limits.map(({ requests, by, consumers, scope }) => [requests, by, consumers, scope])).toEqual([
      [100, 'consumer', ['@shop.gold'], 'shop.gold'],
      [5, 'consumer', ['@shop.gold'], 'shop.gold'],
      [10, 'route', ['@shop.free'], 'shop.free'],
    ]);
    expect(compiled(source, { nowMs: 5_000 }).snapshot.consumers[0]?.keyHashes).toEqual([first]);
  });

  it('sign tokens under their own id by public keys, whose hashes let nobody in', () => {
    const { source, subscribe } = setUp();
    const put = (kid: string, expiresWallMs: number | null) =>
      source.put('key', {
        ...{ id: kid, applicationId: 'web', name: kid, sha256: 'c'.repeat(64), lastFour: 'abcd', expiresWallMs },
        publicKey: { pem: `PEM of ${kid}`, kid },
      });
    put('two', 5_000);
    put('one', null);
    subscribe('approved');
    const consumers = (nowMs: number) => compiled(source, { nowMs }).snapshot.consumers;
    expect(consumers(0)).toMatchObject([{ id: 'web', keyHashes: [], groups: ['shop.gold'], isManaged: true }]);
    const signers = (nowMs: number) =>
      consumers(nowMs)[0]?.tokens?.map(({ issuer, keyId, keys }) => [issuer, keyId, keys]);
    const [one, two] = ['one', 'two'].map((kid) => ['web', kid, { kind: 'publicKey', pem: `PEM of ${kid}` }]);
    expect(signers(0)).toEqual([one, two]);
    expect(signers(5_000)).toEqual([one]);
    expect(consumers(0)[0]?.tokens?.[0]?.algorithms).not.toContain('HS256');
  });

  it('are gone without a key and when they are disabled; without a plan they are known, and in no group', () => {
    const { source, key, subscribe } = setUp();
    const count = (nowMs = 0): number => compiled(source, { nowMs }).snapshot.consumers.length;
    subscribe('approved');
    expect(count()).toBe(0);
    key('a', 10);
    expect([count(), count(10)]).toEqual([1, 0]);
    subscribe('suspended');
    expect(compiled(source, { nowMs: 0 }).snapshot.consumers).toMatchObject([{ id: 'web', groups: [] }]);
    subscribe('approved');
    source.put('application', { id: 'web', teamId: 'blue', name: 'Web', description: '', isDisabled: true });
    expect(count()).toBe(0);
  });

  it('give way to a consumer of weir.yaml of that id', () => {
    const { source, key, subscribe } = setUp();
    key('a', null);
    subscribe('approved');
    const { snapshot, told } = compiled(source, { yaml: `${weirYaml}consumers: [{ id: web }]\n` });
    expect(snapshot.consumers).toEqual([{ id: 'web', keyHashes: [], basic: [] }]);
    expect(told.join()).toContain('applications.web: weir.yaml has a consumer of that id');
  });
});

/** A change as it was drawn, made. */
function make(
  source: FakeSource,
  [kind, name, isEnd, other]: readonly [string, string, boolean, boolean],
  i: number,
): Change {
  if (isEnd && other)
    return source.end(kind as 'key', kind === 'release' ? `${name}@1` : kind === 'secret' ? 'red/KEY' : name);
  switch (kind) {
    case 'service':
      return source.put(
        'service',
        serviceOf(name, other ? { access: 'key', plans: [{ id: 'p', name: '', limits: [], approval: 'auto' }] } : {}),
      );
    case 'release': {
      const headers = { request: { set: { a: `\${secret:KEY}` } } };
      return source.release(name, 1, designOf(other ? { routes: [{ id: `r${i}`, match: '/*', headers }] } : {}));
    }
    case 'application':
      return source.put('application', { id: name, teamId: 'red', name, description: '', isDisabled: other });
    case 'key':
      return source.put('key', {
        id: name,
        applicationId: other ? 'a' : 'b',
        name,
        sha256: `${i}`,
        lastFour: '',
        expiresWallMs: other ? i * 3 : null,
      });
    case 'subscription':
      return source.put('subscription', {
        id: name,
        serviceId: 'a',
        applicationId: other ? 'a' : 'b',
        planId: 'p',
        state: 'approved',
        reason: '',
        opinion: '',
      });
    default:
      return source.put('secret', { id: 'red/KEY', teamId: 'red', name: 'KEY', sealed: `${i}` });
  }
}

it('what was projected entry by entry is what is projected from all of them, and looks at what an entry is about alone', () => {
  const id = fc.constantFrom('a', 'b', 'c');
  const bit = fc.boolean();
  const change = fc.oneof(
    fc.tuple(fc.constant('service' as const), id, bit, bit),
    fc.tuple(fc.constant('release' as const), id, bit, bit),
    fc.tuple(fc.constant('application' as const), id, bit, bit),
    fc.tuple(fc.constant('key' as const), id, bit, bit),
    fc.tuple(fc.constant('subscription' as const), id, bit, bit),
    fc.tuple(fc.constant('secret' as const), id, bit, bit),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(change, bit, fc.nat({ max: 4 })), { maxLength: 60, size: 'max' }), (steps) => {
      const source = new FakeSource();
      const kept = new ManagedProjection(source);
      let ahead: ReturnType<ManagedProjection['preparing']> | null = null;
      for (const [i, [step, isLooked, turns]] of steps.entries()) {
        const made = make(source, step, i);
        // One that nobody is told of has everything looked at anew.
        if (turns !== 1) kept.note({ number: source.number, changes: [made] });
        for (let turn = 2; turn <= turns; turn += 1) {
          ahead ??= kept.preparing(i, noNames);
          if (ahead.next().done === true) ahead = null;
        }
        if (!isLooked) continue;
        const [one, other] = [kept.project(i, noNames), new ManagedProjection(source).project(i, noNames)];
        expect(one).toEqual(other);
      }
    }),
    { numRuns: 200 },
  );
});
