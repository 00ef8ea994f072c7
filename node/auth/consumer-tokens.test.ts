import type { ConsumerTokenSpec } from '@weir/proto/snapshot/snapshot.js';
import { exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { fakeClock } from '../pipeline/testing/harness.js';
import { type ConsumerJwtSpec, compileConsumerTokens } from './consumer-tokens.js';
import { credentialFunctions } from './credential-functions.js';
import { compileCredentials } from './credentials.js';
import { TOKEN_LENGTH_MAX } from './jwt.js';

const [secretA, secretB] = ['a'.repeat(32), 'b'.repeat(32)];
const spec: ConsumerJwtSpec = {
  ...{
    kind: 'consumerJwt',
    consumers: [],
    audiences: [],
    clockSkewS: 0,
    forwardClaims: { role: 'x-role' },
    hide: true,
  },
};
const signer = (secret: string, more: Partial<ConsumerTokenSpec> = {}): ConsumerTokenSpec => ({
  ...{ issuer: 'shared', keyId: null, algorithms: ['HS256'], keys: { kind: 'secret', secret } },
  ...more,
});
const clock = fakeClock(1_000, Date.now());
const inAnHour = Math.floor(Date.now() / 1_000) + 3_600;

function checker(
  consumers: Readonly<Record<string, readonly ConsumerTokenSpec[]>>,
  more: Partial<ConsumerJwtSpec> = {},
) {
  const functions = credentialFunctions(clock, (text) => text);
  const specs = Object.entries(consumers).map(([id, tokens]) => ({ id, keyHashes: [], basic: [], tokens }));
  return compileConsumerTokens({ ...spec, ...more }, compileCredentials(specs, functions), () => clock.wallMs());
}

const sign = (secret: string, claims: JWTPayload, header: { kid?: string } = {}) =>
  new SignJWT({ exp: inAnHour, ...claims })
    .setProtectedHeader({ alg: 'HS256', ...header })
    .sign(new TextEncoder().encode(secret));

describe('tokens that consumers sign', () => {
  let pair: Awaited<ReturnType<typeof generateKeyPair>>;
  let pem = '';
  beforeAll(async () => {
    pair = await generateKeyPair('ES256', { extractable: true });
    pem = await exportSPKI(pair.publicKey);
  });

  it('are of whose key has signed them, whoever they say that they are', async () => {
    const check = checker({ ann: [signer(secretA)], bob: [signer(secretB)] });
    expect(await check(await sign(secretB, { iss: 'shared', sub: 'ann', role: 'admin' }))).toMatchObject({
      ...{ kind: 'accepted', consumerId: 'bob', claimFields: ['x-role', 'admin'] },
    });
    expect(await check(await sign(secretA, { iss: 'shared', sub: 'bob' }))).toMatchObject({ consumerId: 'ann' });
  });

  it('may be by asymmetric keys, of which a public one is never a shared secret', async () => {
    const keys = { kind: 'publicKey', pem } as const;
    const check = checker({ ann: [signer('', { keys, algorithms: ['ES256'] })] });
    const good = await new SignJWT({ iss: 'shared', exp: inAnHour })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(pair.privateKey);
    expect(await check(good)).toMatchObject({ kind: 'accepted', consumerId: 'ann' });
    expect(await check(await sign(pem, { iss: 'shared' }))).toMatchObject({ kind: 'refused' });
  });

  it('name the key that they are for, where their issuer has several', async () => {
    const check = checker({ ann: [signer(secretA, { keyId: '1' }), signer(secretB, { keyId: '2' })] });
    expect(await check(await sign(secretB, { iss: 'shared' }, { kid: '2' }))).toMatchObject({ kind: 'accepted' });
    expect(await check(await sign(secretB, { iss: 'shared' }, { kid: '1' }))).toMatchObject({ kind: 'refused' });
    expect(await check(await sign(secretB, { iss: 'shared' }))).toMatchObject({ kind: 'refused' });
  });

  it.each<[string, () => Promise<string> | string]>([
    ['of nobody that is known', () => sign(secretA, { iss: 'stranger' })],
    ['of nobody', () => sign(secretA, { sub: 'ann' })],
    ['signed by another key', () => sign(secretB, { iss: 'shared' })],
    ['over', () => sign(secretA, { iss: 'shared', exp: Math.floor(clock.wallMs() / 1000) - 1 })],
    ['for somebody else', () => sign(secretA, { iss: 'shared', aud: 'other' })],
    ['no token', () => 'a.b.c'],
    ['empty', () => ''],
    ['too long', () => 'a'.repeat(TOKEN_LENGTH_MAX + 1)],
  ])('are refused that are %s', async (_, token) => {
    const check = checker({ ann: [signer(secretA)] }, { audiences: ['api'] });
    expect(await check(await token())).toMatchObject({ kind: 'refused' });
  });

  it('by a key that is none refuse the snapshot', () => {
    expect(() => checker({ ann: [signer('', { keys: { kind: 'publicKey', pem: 'x' } })] })).toThrow();
  });

  it('are told why, where there is one signer', async () => {
    const check = checker({ ann: [signer(secretA)] });
    const old = await sign(secretA, { iss: 'shared', exp: Math.floor(clock.wallMs() / 1000) - 1 });
    expect(await check(old)).toEqual({ kind: 'refused', reason: 'the token has expired' });
  });
});
