/**
 * The whole life of a service by the admin API alone, against a real `weir up` and real upstreams: designed, published, subscribed to, called,
 * tried out as a canary, rolled back, deprecated, retired.
 */
import { generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { ensureBuilt } from '../../support/built.js';
import { Api } from '../../support/managed-api.js';
import { Stage, until } from '../../support/stage.js';
import { weirUp } from '../../support/weir-up.js';

const LONG_MS = 120_000;
let stage = new Stage();
beforeAll(ensureBuilt, 4 * LONG_MS);
afterEach(async () => {
  await stage.clear();
  stage = new Stage();
});

/** Answers with its name, and what it was sent of a secret. */
async function origin(name: string): Promise<number> {
  const server: Server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name, url: request.url, secret: request.headers['x-secret'] ?? '' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stage.onEnd(() => void server.close());
  return (server.address() as AddressInfo).port; // It listens at a port.
}

const config = `
gateway: { listen: "127.0.0.1:0", accessLog: false }
upstreams: [{ id: own, targets: ["http://127.0.0.1:9"] }]
consumers: [{ id: operator, keys: { sha256: "${'ab'.repeat(32)}" } }]
routes:
  - { id: ping, match: /ping, respond: { body: pong } }
  - { id: locked, match: /locked, auth: apiKey, respond: { body: open } }
`;

const design = (port: number) => ({
  upstreams: [{ id: 'app', targets: [`http://127.0.0.1:${port}`] }],
  routes: [{ id: 'all', match: '/*', headers: { request: { set: { 'x-secret': `\${secret:TOKEN}` } } } }],
});

async function start() {
  const [one, two] = [await origin('one'), await origin('two')];
  const weir = await weirUp(stage, config);
  const api = new Api(weir);
  for (const id of ['red', 'blue']) await api.post('/v1/teams', { id, name: id });
  return { one, two, weir, api };
}

type Begun = Awaited<ReturnType<typeof start>>;

async function publish({ one, weir, api }: Begun): Promise<void> {
  // A service from a design with a real upstream, and a secret that nobody reads again.
  await api.post('/v1/services', {
    ...{ id: 'shop', teamId: 'red', name: 'Shop', basePath: '/shop', visibility: 'organisation' },
    plans: [{ id: 'gold', name: 'Gold', limits: ['1000/s'], approval: 'manual' }],
  });
  await api.ask('PUT', '/v1/services/shop/draft', design(one));
  expect(await api.post('/v1/services/shop/draft/check')).toMatchObject({ ok: false });
  await api.ask('PUT', '/v1/teams/red/secrets/TOKEN', { value: 'top secret' });
  expect(JSON.stringify(await api.ask('GET', '/v1/teams/red/secrets'))).not.toContain('sealed');
  expect(await api.post('/v1/services/shop/draft/check')).toMatchObject({ ok: true, faults: [] });
  expect(await api.status('/shop/orders')).toBe(404);
  await api.post('/v1/services/shop/releases', { notes: 'the first' });
  await until(async () => (await api.status('/shop/orders')) === 401, weir.said);
}

/** Its key. */
async function subscribe({ weir, api }: Begun): Promise<Record<string, string>> {
  // Another team asks for it, and gets a key that is shown once.
  await api.post('/v1/applications', { id: 'web', teamId: 'blue', name: 'Web' });
  const made = await api.post('/v1/applications/web/keys', { name: 'first' });
  const key = { 'x-api-key': String(made['key']) };
  expect(made['key']).toMatch(/^weir_k_[0-9A-Za-z]{49}$/);
  expect(JSON.stringify(await api.ask('GET', '/v1/applications/web/keys'))).not.toContain(String(made['key']));
  const asked = await api.post('/v1/subscriptions', { serviceId: 'shop', applicationId: 'web', planId: 'gold' });
  expect(asked).toMatchObject({ state: 'pending' });
  // Known by now or in a moment, and not let in.
  await until(async () => (await api.status('/shop/orders', key)) === 403, weir.said);
  await api.post(`/v1/subscriptions/${asked['id']}/approve`);
  await until(async () => (await api.status('/shop/orders', key)) === 200, weir.said);
  const answer = await api.call('/shop/orders?a=1', key);
  expect(answer.headers.get('ratelimit-policy')).toBe('"consumer";q=1000;w=1');
  expect(await answer.json()).toEqual({ name: 'one', url: '/orders?a=1', secret: 'top secret' });
  // A route of the operator's with \`auth: apiKey\` is for the operator's own consumers.
  expect(await api.status('/locked', key)).toBe(403);

  return key;
}

/** By a key of its own, whose other half the gateway has; as quickly refused as any other. */
async function sign({ weir, api }: Begun): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const { id, publicKey: told } = await api.post('/v1/applications/web/keys', { name: 'signer', publicKey: pem });
  const { kid } = told as { readonly kid: string };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = (header: object, claims: object): Record<string, string> => {
    const signed = `${part(header)}.${part(claims)}`;
    const signature = signBytes(null, Buffer.from(signed), privateKey).toString('base64url');
    return { authorization: `Bearer ${signed}.${signature}` };
  };
  const exp = Math.floor(Date.now() / 1_000) + 300;
  const good = token({ alg: 'EdDSA', kid }, { iss: 'web', exp });
  await until(async () => (await api.status('/shop/orders', good)) === 200, weir.said);
  for (const bad of [
    token({ alg: 'EdDSA', kid }, { iss: 'web', exp: exp - 3_600 }),
    token({ alg: 'EdDSA', kid }, { iss: 'operator', exp }),
    token({ alg: 'EdDSA' }, { iss: 'web', exp }),
    token({ alg: 'EdDSA', kid }, { exp }),
    { 'x-api-key': `web signs by ${kid}` },
  ])
    expect(await api.status('/shop/orders', bad)).toBe(401);
  expect(await api.status('/locked', good)).not.toBe(200);
  await api.ask('DELETE', `/v1/applications/web/keys/${id}`, undefined, 204);
  await until(async () => (await api.status('/shop/orders', good)) === 401, weir.said);
}

async function tryOut({ two, weir, api }: Begun): Promise<void> {
  // The second release for a tenth of the callers, and back.
  await api.ask('PUT', '/v1/services/shop/draft', design(two));
  await api.post('/v1/services/shop/releases', { share: 10 });
  const diff = await api.ask('GET', '/v1/services/shop/releases/1/diff/2');
  expect(String(diff['changes'])).toContain(`+         - http://127.0.0.1:${two}`.replace(/^\+ +/, ''));
  const callers = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      await api.post('/v1/applications', { id: `app-${i}`, teamId: 'blue', name: `App ${i}` });
      const own = await api.post(`/v1/applications/app-${i}/keys`, { name: 'key' });
      const { id } = await api.post('/v1/subscriptions', {
        serviceId: 'shop',
        applicationId: `app-${i}`,
        planId: 'gold',
      });
      await api.post(`/v1/subscriptions/${id}/approve`);
      return { 'x-api-key': String(own['key']) };
    }),
  );
  const last = callers.at(-1) ?? {};
  await until(async () => (await api.status('/shop/orders', last)) === 200, weir.said);
  const ask = () => Promise.all(callers.map((own) => api.name('/shop/orders', own)));
  await until(async () => (await ask()).includes('two'), weir.said);
  const tried = await ask();
  const share = tried.filter((name) => name === 'two').length;
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThan(15);
  expect(await ask()).toEqual(tried);
  await api.ask('PUT', '/v1/services/shop/live', { live: [{ release: 1 }] });
  await until(async () => (await ask()).every((name) => name === 'one'), weir.said);
}

async function end({ weir, api }: Begun, key: Record<string, string>): Promise<void> {
  // Its end is announced, and comes.
  await api.post('/v1/services/shop/deprecate', {
    sunsetWallMs: Date.now() + 86_400_000,
    link: 'https://docs.example.com/shop',
  });
  await until(async () => (await api.call('/shop/orders', key)).headers.has('sunset'), weir.said);
  const deprecated = (await api.call('/shop/orders', key)).headers;
  expect(deprecated.get('deprecation')).toMatch(/^@\d{10}$/);
  expect(deprecated.get('link')).toBe('<https://docs.example.com/shop>; rel="deprecation"');
  await api.ask('POST', '/v1/services/shop/retire', {}, 409);
  await api.post('/v1/services/shop/retire', { force: true, successor: 'https://new.example.com/' });
  await until(async () => (await api.status('/shop/orders', key)) === 410, weir.said);
  const gone = await api.call('/shop/orders');
  expect(gone.headers.get('content-type')).toBe('application/problem+json');
  expect(gone.headers.get('link')).toBe('<https://new.example.com/>; rel="successor-version"');
  expect(await api.status('/ping')).toBe(200);

  // Who did what, newest first.
  const { items } = await api.ask('GET', '/v1/audit?max=200');
  const done = (items as readonly { what: string; on: string }[]).filter(({ on }) => on === 'service shop');
  expect(done.map(({ what }) => what).reverse()).toEqual([
    ...['service.create', 'service.set-draft', 'service.publish', 'service.set-draft', 'service.publish'],
    ...['service.set-live', 'service.deprecate', 'service.retire'],
  ]);
  expect(JSON.stringify(items)).not.toMatch(/top secret|"sealed":"v1|"sha256":"[0-9a-f]{64}/);

  const { snapshot } = await weir.status();
  expect(snapshot?.registry).toBeGreaterThan(100);
  expect(weir.said()).not.toContain('top secret');
}

it(
  'a service lives from its design to its end',
  async () => {
    const begun = await start();
    await publish(begun);
    const key = await subscribe(begun);
    await sign(begun);
    await tryOut(begun);
    await end(begun, key);
  },
  LONG_MS,
);

it(
  'a key that is revoked is refused within a second, also while weir.yaml is faulty, and after a restart',
  async () => {
    const { one, weir, api } = await start();
    await api.ask('PUT', '/v1/teams/red/secrets/TOKEN', { value: 's3' });
    await api.post('/v1/services', {
      id: 'shop',
      teamId: 'red',
      name: 'Shop',
      basePath: '/shop',
      plans: [{ id: 'p', name: 'P', approval: 'auto' }],
    });
    await api.ask('PUT', '/v1/services/shop/draft', design(one));
    await api.post('/v1/services/shop/releases');
    await api.post('/v1/applications', { id: 'web', teamId: 'red', name: 'Web' });
    const keys = await Promise.all(
      Array.from({ length: 4 }, (_, i) => api.post('/v1/applications/web/keys', { name: `k${i}` })),
    );
    await api.post('/v1/subscriptions', { serviceId: 'shop', applicationId: 'web', planId: 'p' });
    const [first, second, third] = keys.map((key) => ({
      field: { 'x-api-key': String(key['key']) },
      id: String(key['id']),
    }));
    if (!first || !second || !third) throw new Error('there are four keys');
    await until(async () => (await api.status('/shop', third.field)) === 200, weir.said);
    const revoke = async ({ field, id }: typeof first): Promise<number> => {
      await api.ask('DELETE', `/v1/applications/web/keys/${id}`);
      const atMs = performance.now();
      await until(async () => (await api.status('/shop', field)) === 401, weir.said);
      return performance.now() - atMs;
    };
    const took = await revoke(first);
    console.log(`revoked after ${took.toFixed(0)} ms`);
    expect(await api.status('/shop', second.field)).toBe(200);
    expect(await weir.save('routes: nonsense')).toBe('rejected');
    await revoke(second);
    expect(await api.status('/shop', third.field)).toBe(200);

    // All of it is found again by the next process, secrets too.
    weir.child.kill('SIGTERM');
    await weir.exited;
    const again = await weirUp(stage, config, weir.folder);
    const later = new Api(again);
    expect(await later.status('/shop', second.field)).toBe(401);
    expect(await (await later.call('/shop', third.field)).json()).toMatchObject({ secret: 's3' });
  },
  LONG_MS,
);
