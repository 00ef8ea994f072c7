import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import type { AuthSpec, ConsumerSpec } from '@weir/proto/snapshot/snapshot.js';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { credentialFunctions, sha256Hex } from '../auth/credential-functions.js';
import { type CredentialFunctions, compileCredentials } from '../auth/credentials.js';
import { scryptHash } from '../auth/testing/scrypt-hash-of.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import { fakeClock, makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { authenticate } from './authenticate.js';

type Kind<K> = Extract<AuthSpec, { kind: K }>;
const apiKey = (more: Partial<Kind<'apiKey'>> = {}): AuthSpec => ({
  kind: 'apiKey',
  in: [{ header: 'x-api-key' }, { query: 'key' }, 'bearer'],
  consumers: [],
  hide: true,
  ...more,
});
const basic = (more: Partial<Kind<'basic'>> = {}): AuthSpec => ({
  kind: 'basic',
  realm: 'the "inner" \\ door',
  consumers: [],
  hide: true,
  ...more,
});
const jwt = (more: Partial<Kind<'jwt'>> = {}): AuthSpec => ({
  kind: 'jwt',
  keys: { kind: 'secret', secret: '0123456789abcdef0123456789abcdef' },
  issuer: null,
  audiences: [],
  algorithms: ['HS256'],
  clockSkewS: 0,
  consumerClaim: 'sub',
  forwardClaims: { sub: 'x-user', role: 'x-role' },
  hide: true,
  ...more,
});

const consumers: readonly ConsumerSpec[] = [
  { id: 'shop', keyHashes: [sha256Hex('k1')], basic: [{ username: 'ann', hash: scryptHash('pässword:1') }] },
  { id: 'app', keyHashes: [sha256Hex('k2')], basic: [] },
  {
    ...{ id: 'signer', keyHashes: [], basic: [] },
    tokens: [{ issuer: 'me', keyId: null, keys: { kind: 'secret', secret: 's'.repeat(32) }, algorithms: ['HS256'] }],
  },
];
const clock = fakeClock(1_000, Date.now());

function gate(auth: AuthSpec[], overrides: Partial<CredentialFunctions> = {}) {
  const functions = { ...credentialFunctions(clock, (text) => text), ...overrides };
  const services = makeServices({ clock, credentials: compileCredentials(consumers, functions) });
  const layer = authenticate(makeRoute({ auth }), services);
  if (layer === null) throw new Error('a route with entries has the layer');
  return layer;
}

/** Sends one request; resolves when it was passed on or refused. */
async function send(auth: AuthSpec[] | ReturnType<typeof authenticate>, request: Partial<GatewayRequest>) {
  const layer = Array.isArray(auth) ? gate(auth) : auth;
  const handler = recordingHandler();
  const sent = makeRequest(request);
  const upstream = await new Promise<GatewayRequest | null>((resolve) => {
    const bottom = scriptedDispatch((call) => resolve(call.request));
    const onError: typeof handler.onError = (failed) => {
      handler.onError(failed);
      resolve(null);
    };
    layer?.(bottom.dispatch)(sent, { ...handler, onError });
  });
  const { failure } = handler;
  const challenges = (failure?.headers ?? []).filter((_, i, all) => all[i - 1] === 'www-authenticate');
  return { upstream, challenges, outcome: failure?.code ?? 'passed', consumer: sent.exchange.consumerId, failure };
}

const authorization = (value: string): Partial<GatewayRequest> => ({ headers: ['authorization', value] });
const basicOf = (pair: string) => authorization(`Basic ${Buffer.from(pair).toString('base64')}`);
const secret = new TextEncoder().encode('0123456789abcdef0123456789abcdef');
const inAnHour = () => Math.floor(Date.now() / 1_000) + 3_600;
const token = (claims: JWTPayload = {}) =>
  new SignJWT({ sub: 'ann', exp: inAnHour(), ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(secret);

describe('API keys', () => {
  it.each<[string, Partial<GatewayRequest>, HeaderList, string]>([
    ['a header', { headers: ['x-api-key', 'k1', 'accept', '*/*'] }, ['accept', '*/*'], ''],
    ['the query', { query: 'a=%20&k%65y=k1&b' }, [], 'a=%20&b'],
    ['a bearer token', authorization('bearer  k1'), [], ''],
    ['two places', { headers: ['x-api-key', 'k1'], query: 'key=k1' }, [], ''],
  ])('in %s let pass, and do not go upstream', async (_, request, headers, query) => {
    const { upstream, consumer } = await send([apiKey()], request);
    expect([upstream?.headers, upstream?.query, consumer]).toEqual([headers, query, 'shop']);
  });

  it('that are good in one place are good, whatever the other places hold', async () => {
    for (const request of [
      { headers: ['x-api-key', 'k1'], query: 'key=bad' },
      { headers: ['x-api-key', 'bad'], query: 'key=k1' },
    ]) {
      expect(await send([apiKey()], request)).toMatchObject({ outcome: 'passed', consumer: 'shop' });
    }
  });

  it('go upstream where the route says so', async () => {
    const request = { headers: ['x-api-key', 'k1'], query: 'x=1' };
    const { upstream } = await send([apiKey({ hide: false })], request);
    expect([upstream?.headers, upstream?.query]).toEqual([request.headers, 'x=1']);
  });

  it('pass without a promise', () => {
    const bottom = scriptedDispatch();
    gate([apiKey()])(bottom.dispatch)(makeRequest({ headers: ['x-api-key', 'k1'] }), recordingHandler());
    expect(bottom.calls).toHaveLength(1);
  });

  it('are refused when unknown or missing, and forbidden when they are for other routes', async () => {
    const only = [apiKey({ consumers: ['app'] })];
    expect((await send(only, { headers: ['x-api-key', 'k2'] })).outcome).toBe('passed');
    expect((await send(only, { headers: ['x-api-key', 'k1'] })).outcome).toBe('forbidden');
    const unknown = await send(only, { headers: ['x-api-key', 'no'] });
    expect([unknown.outcome, unknown.consumer, unknown.upstream]).toEqual(['unauthorized', null, null]);
    expect((await send(only, {})).challenges).toEqual(['ApiKey in="header", name="x-api-key"']);
    expect((await send([apiKey({ in: ['bearer'] })], {})).challenges).toEqual(['Bearer']);
    expect((await send([apiKey({ in: [{ query: 'k' }] })], {})).challenges).toEqual(['ApiKey in="query", name="k"']);
  });
});

describe('a credential that comes twice', () => {
  it.each<[string, Partial<GatewayRequest>]>([
    ['Authorization', { headers: ['authorization', 'Bearer k1', 'authorization', 'Bearer k2'] }],
    ['Authorization of two schemes', { headers: ['authorization', 'Basic eDp5', 'authorization', 'Bearer k1'] }],
    ['a key header', { headers: ['x-api-key', 'k1', 'x-api-key', 'k1'] }],
    ['a key parameter', { query: 'key=k1&k%65y=k2' }],
    ['a good key beside a doubled one', { headers: ['x-api-key', 'k1'], query: 'key=a&key=b' }],
  ])('is refused: %s', async (_, request) => {
    const { outcome, upstream } = await send([apiKey()], request);
    expect([outcome, upstream]).toEqual(['bad_request', null]);
  });

  it('is refused before another entry could accept it', async () => {
    const doubled = {
      headers: ['authorization', `Bearer ${await token()}`, 'authorization', 'Bearer x', 'x-api-key', 'k1'],
    };
    expect((await send([jwt(), apiKey({ in: [{ header: 'x-api-key' }] })], doubled)).outcome).toBe('bad_request');
  });
});

describe('Basic credentials', () => {
  it('let pass, hidden, once their password was checked', async () => {
    const { upstream, consumer } = await send([basic()], basicOf('ann:pässword:1'));
    expect([upstream?.headers, consumer]).toEqual([[], 'shop']);
  });

  it.each(['ann:wrong', 'bob:pässword:1', ':', 'ann', '', 'ann:\0', '\xff\xfe'])('%j are refused', async (pair) => {
    expect((await send([basic()], basicOf(pair))).outcome).toBe('unauthorized');
  });

  it.each([
    'Basic',
    'Basic !!!',
    'Basic eDp5=',
    `Basic ${'YTpi'.repeat(2_000)}`,
    'Basic eDp5, Bearer k1',
    'Basicx eDp5',
  ])('in the form %.30j are refused', async (value) =>
    expect((await send([basic()], authorization(value))).outcome).toBe('unauthorized'),
  );

  it('are asked for with the realm, quoted', async () => {
    const { challenges } = await send([basic()], {});
    expect(challenges).toEqual(['Basic realm="the \\"inner\\" \\\\ door", charset="UTF-8"']);
    const { challenges: broken } = await send([basic({ realm: 'a\r\nset-cookie: b' })], {});
    expect(broken).toEqual(['Basic realm="aset-cookie: b", charset="UTF-8"']);
  });

  it('that cannot be checked now are answered 503, and forbidden ones 403', async () => {
    const busy = gate([basic()], { checkPassword: () => 'busy' });
    expect((await send(busy, basicOf('ann:x'))).failure).toMatchObject({ code: 'auth_unavailable', retryAfterS: 1 });
    expect((await send([basic({ consumers: ['app'] })], basicOf('ann:pässword:1'))).outcome).toBe('forbidden');
  });

  it('whose check breaks fail the request, not the process', async () => {
    const broken = gate([basic()], { checkPassword: () => Promise.reject(new Error('no memory')) });
    expect((await send(broken, basicOf('ann:x'))).outcome).toBe('internal_error');
  });

  it('say nothing to a client that has gone meanwhile', async () => {
    let letGo = (_: 'right') => {};
    const checked = new Promise<'right'>((resolve) => {
      letGo = resolve;
    });
    const bottom = scriptedDispatch();
    const handler = recordingHandler();
    const layer = gate([basic()], { checkPassword: () => checked });
    const cancel = layer(bottom.dispatch)(makeRequest(basicOf('ann:x')), handler);
    cancel();
    letGo('right');
    await new Promise((resolve) => setImmediate(resolve));
    expect([bottom.calls.length, handler.events]).toEqual([0, []]);
  });

  it('cancel what is below once it has begun', async () => {
    const bottom = scriptedDispatch();
    const layer = gate([basic()], { checkPassword: () => Promise.resolve('right') });
    const cancel = layer(bottom.dispatch)(makeRequest(basicOf('ann:x')), recordingHandler());
    await new Promise((resolve) => setImmediate(resolve));
    cancel();
    expect(bottom.last().cancelled).toBe(true);
  });
});

describe('tokens', () => {
  it('let pass, hidden, with their claims', async () => {
    const { upstream, consumer } = await send([jwt()], authorization(`Bearer ${await token({ role: 'a\r\nb' })}`));
    expect([upstream?.headers, consumer]).toEqual([['x-user', 'ann', 'x-role', 'a%0D%0Ab'], 'ann']);
  });

  it("never let a client write the gateway's own fields, whatever entry lets it in", async () => {
    const own = ['x-user', 'root', 'x-role', 'admin'];
    const byToken = await send([jwt()], { headers: [...own, 'authorization', `Bearer ${await token()}`] });
    expect(byToken.upstream?.headers).toEqual(['x-user', 'ann']);
    const byKey = await send([apiKey(), jwt()], { headers: [...own, 'x-api-key', 'k1', 'accept', 'x'] });
    expect(byKey.upstream?.headers).toEqual(['accept', 'x']);
  });

  it('are asked for, and the refused one is told why', async () => {
    const none = await send([jwt(), basic({ realm: 'r' }), apiKey({ in: ['bearer'] })], {});
    expect(none.challenges).toEqual(['Bearer', 'Basic realm="r", charset="UTF-8"']);
    const bad = await send([jwt()], authorization('Bearer x'));
    expect(bad.challenges[0]).toMatch(/^Bearer error="invalid_token", error_description="[^"]+"$/);
    const late = await send([jwt()], authorization(`Bearer ${await token({ exp: 1 })}`));
    expect(late.challenges[0]).toContain('expired');
    expect((await send([jwt()], authorization(`Bearer ${'x'.repeat(17 * 1024)}`))).outcome).toBe('unauthorized');
  });

  it('may stand beside keys: whichever entry accepts is enough', async () => {
    const either = [apiKey({ in: ['bearer'] }), jwt({ hide: false })];
    const byToken = await send(either, authorization(`Bearer ${await token()}`));
    expect([byToken.consumer, headerValue(byToken.upstream?.headers ?? [], 'authorization')?.slice(0, 7)]).toEqual([
      'ann',
      'Bearer ',
    ]);
    expect((await send(either, authorization('Bearer k1'))).consumer).toBe('shop');
    expect((await send(either, authorization('Bearer zz'))).outcome).toBe('unauthorized');
  });
});

describe('tokens of an issuer, over HTTP', () => {
  const issuer = { keys: [] as object[], isDown: false };
  const server = createServer((_, response) => {
    if (issuer.isDown) response.writeHead(503).end();
    else response.end(JSON.stringify({ keys: issuer.keys }));
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => server.close());
  const newKey = async (kid: string) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const sign = () =>
      new SignJWT({ sub: 'ann', exp: inAnHour(), jti: `${Math.random()}` })
        .setProtectedHeader({ alg: 'ES256', kid })
        .sign(privateKey);
    return { jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }, sign };
  };

  it('follow its rotation, and outlive its absence', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    const layer = gate([
      jwt({ keys: { kind: 'jwks', url, cacheMs: 60_000, timeoutMs: 2_000 }, algorithms: ['ES256'] }),
    ]);
    const outcome = async (signed: string) => (await send(layer, authorization(`Bearer ${signed}`))).outcome;
    const [old, young, stranger] = await Promise.all([newKey('old'), newKey('young'), newKey('young')]);

    issuer.isDown = true;
    expect(await outcome(await old.sign())).toBe('auth_unavailable');
    issuer.isDown = false;
    issuer.keys = [old.jwk];
    clock.advance(1_000);
    expect(await outcome(await old.sign())).toBe('passed');
    expect(await outcome(await young.sign())).toBe('unauthorized');

    issuer.keys = [old.jwk, young.jwk];
    clock.advance(5_000);
    expect(await outcome(await young.sign())).toBe('passed');
    expect(await outcome(await stranger.sign())).toBe('unauthorized');

    issuer.isDown = true;
    clock.advance(60_000);
    expect(await outcome(await old.sign())).toBe('passed');
    issuer.isDown = false;
    issuer.keys = [young.jwk];
    clock.advance(60_000);
    expect(await outcome(await old.sign())).toBe('unauthorized');
    expect(await outcome(await young.sign())).toBe('passed');
  });
});

it('a route without entries has no such layer', () => expect(authenticate(makeRoute(), makeServices())).toBeNull());

describe('a token that a consumer has signed', () => {
  const byConsumers = (consumers: readonly string[]): AuthSpec => ({
    ...{ kind: 'consumerJwt', consumers, audiences: [], clockSkewS: 0, forwardClaims: { role: 'x-role' }, hide: true },
  });
  const signed = () =>
    new SignJWT({ exp: inAnHour(), iss: 'me', role: 'r' })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode('s'.repeat(32)));

  it('lets it in where the list has it, hides the token, and says what it claims', async () => {
    const headers: HeaderList = ['authorization', `Bearer ${await signed()}`, 'x-role', 'forged'];
    const { upstream, consumer } = await send([byConsumers(['signer'])], { headers });
    expect([consumer, upstream?.headers]).toEqual(['signer', ['x-role', 'r']]);
    expect((await send([byConsumers(['app'])], { headers })).outcome).toBe('forbidden');
    expect((await send([byConsumers([])], {})).outcome).toBe('unauthorized');
  });
});
