import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../pipeline/testing/harness.js';
import { compileTokenCheck, type JwtAuthSpec, TOKEN_LENGTH_MAX } from './jwt.js';
import type { JwtKeys } from './jwt-keys.js';

const secret = new TextEncoder().encode('0123456789abcdef0123456789abcdef');
const hmac: JwtKeys = { family: 'symmetric', find: () => ({ kind: 'key', key: secret }) };
const spec: JwtAuthSpec = {
  kind: 'jwt',
  keys: { kind: 'secret', secret: 'x' },
  issuer: 'https://issuer.test',
  audiences: ['api', 'admin'],
  algorithms: ['HS256', 'ES256'],
  clockSkewS: 30,
  consumerClaim: 'sub',
  forwardClaims: {},
  hide: true,
};

function checker(overrides: Partial<JwtAuthSpec> = {}, keys: JwtKeys = hmac) {
  const clock = fakeClock();
  const check = compileTokenCheck({ ...spec, ...overrides }, keys, () => clock.wallMs());
  const nowS = () => clock.wallMs() / 1000;
  const payload = (claims: JWTPayload): JWTPayload => ({
    iss: 'https://issuer.test',
    aud: 'api',
    sub: 'ann',
    exp: nowS() + 86_400,
    ...claims,
  });
  const sign = (claims: JWTPayload = {}) =>
    new SignJWT(payload(claims)).setProtectedHeader({ alg: 'HS256' }).sign(secret);
  const kindOf = async (claims: JWTPayload) => (await check(await sign(claims))).kind;
  return { clock, check, nowS, sign, payload, kindOf };
}

describe('a token', () => {
  it('without an expiry is refused, as it would be good for ever', async () => {
    const { check, payload } = checker();
    const { exp: _, ...endless } = payload({});
    const token = await new SignJWT(endless).setProtectedHeader({ alg: 'HS256' }).sign(secret);
    expect(await check(token)).toEqual({ kind: 'refused', reason: 'the claim "exp" of the token is not accepted' });
  });

  it('is accepted with its claims, and names the consumer', async () => {
    const { check, sign, nowS } = checker();
    const token = await sign({ exp: nowS() + 60, aud: ['other', 'admin'] });
    expect(await check(token)).toMatchObject({ kind: 'accepted', consumerId: 'ann', claimFields: [] });
  });

  it('is vouched for by its issuer; where that is not asked for, by the keys and whoever it says', async () => {
    const voucher = async (overrides: Partial<JwtAuthSpec>, claims: JWTPayload = {}): Promise<string> => {
      const { check, sign } = checker(overrides);
      const verdict = await check(await sign(claims));
      return verdict.kind === 'accepted' ? verdict.vouchedBy : verdict.kind;
    };
    const open = { issuer: null } as const;
    const of = (name: string) => ({ ...open, keys: { kind: 'secret', secret: `not-to-be-told\${${name}}` } }) as const;
    const jwks = (url: string) => ({ ...open, keys: { kind: 'jwks', url, cacheMs: 1, timeoutMs: 1 } }) as const;
    const pem = (text: string) =>
      ({ ...open, keys: { kind: 'publicKey', pem: `-----BEGIN X-----\n${text}\n` } }) as const;
    expect(await voucher({})).toBe('issuer https://issuer.test');
    const all = await Promise.all([
      ...[voucher({}), voucher(of('A')), voucher(of('B')), voucher(of('A'), { iss: 'other' })],
      ...[voucher(jwks('https://a.test')), voucher(jwks('https://b.test')), voucher(pem('aa')), voucher(pem('ab'))],
    ]);
    expect(new Set(all).size).toBe(all.length);
    expect(all.join()).not.toContain('not-to-be-told');
  });

  it.each<[string, (nowS: number) => JWTPayload, string]>([
    ['expired', (now) => ({ exp: now - 30 }), 'refused'],
    ['expired within the skew', (now) => ({ exp: now - 29 }), 'accepted'],
    ['not yet valid', (now) => ({ nbf: now + 31 }), 'refused'],
    ['not yet valid within the skew', (now) => ({ nbf: now + 30 }), 'accepted'],
    ['of another issuer', () => ({ iss: 'https://evil.test' }), 'refused'],
    ['of no issuer', () => ({ iss: undefined }) as unknown as JWTPayload, 'refused'],
    ['for another audience', () => ({ aud: 'other' }), 'refused'],
    ['for no audience', () => ({ aud: [] }), 'refused'],
    ['without a consumer', () => ({ sub: '' }), 'refused'],
    ['with a consumer that is not text', () => ({ sub: 7 }) as unknown as JWTPayload, 'refused'],
    ['with an expiry that is not a number', () => ({ exp: 'never' }) as unknown as JWTPayload, 'refused'],
  ])('that is %s', async (_, claims, kind) => {
    const { kindOf, nowS } = checker();
    expect(await kindOf(claims(nowS()))).toBe(kind);
  });

  it('is refused with a wrong signature, none, or an algorithm that is not allowed', async () => {
    const { check, sign, payload } = checker();
    const [head = '', body = '', signature = ''] = (await sign()).split('.');
    const forged = Buffer.from(JSON.stringify(payload({ sub: 'root' }))).toString('base64url');
    const unsigned = new UnsecuredJWT(payload({})).encode();
    const hs512 = await new SignJWT(payload({})).setProtectedHeader({ alg: 'HS512' }).sign(secret);
    const spelled = Buffer.from('{"alg":"nOnE"}').toString('base64url');
    const tokens = [
      `${head}.${forged}.${signature}`,
      `${head}.${body}.`,
      `${head}.${body}`,
      `${head}.${body}.${signature}.x`,
      unsigned,
      `${spelled}.${body}.`,
      `${spelled}.${body}.${signature}`,
      hs512,
    ];
    for (const token of tokens) expect((await check(token)).kind).toBe('refused');
  });

  it('cannot turn a public key into a shared secret', async () => {
    const { publicKey } = await generateKeyPair('RS256');
    const pem = await exportSPKI(publicKey);
    const find: JwtKeys['find'] = () => ({ kind: 'key', key: new TextEncoder().encode(pem) });
    const { check, payload } = checker({ algorithms: ['RS256', 'HS256'] }, { family: 'asymmetric', find });
    const parts = ['{"alg":"HS256"}', JSON.stringify(payload({}))]
      .map((p) => Buffer.from(p).toString('base64url'))
      .join('.');
    const forged = `${parts}.${createHmac('sha256', pem).update(parts).digest('base64url')}`;
    expect((await check(forged)).kind).toBe('refused');
  });

  it('needs algorithms that fit the keys, or the route does not compile', () => {
    expect(() => checker({ algorithms: ['RS256'] })).toThrow('fits the keys');
    expect(() => checker({ algorithms: ['HS256'] }, { ...hmac, family: 'asymmetric' })).toThrow('fits the keys');
    expect(() => checker({ algorithms: ['none', 'None'] }, { ...hmac, family: 'asymmetric' })).toThrow('fits the keys');
  });

  it('is refused unread when it is too long', async () => {
    let asked = 0;
    const find: JwtKeys['find'] = () => {
      asked += 1;
      return { kind: 'unknown' };
    };
    const { check, sign } = checker({}, { family: 'symmetric', find });
    const token = await sign();
    expect((await check(token + 'x'.repeat(TOKEN_LENGTH_MAX - token.length + 1))).kind).toBe('refused');
    expect(asked).toBe(0);
    expect((await check(token)).kind).toBe('refused');
    expect(asked).toBe(1);
  });

  it('cannot be judged while the keys cannot be had', async () => {
    const { check, sign } = checker({}, { family: 'symmetric', find: () => ({ kind: 'unavailable' }) });
    expect((await check(await sign())).kind).toBe('busy');
  });

  it('waits among a bounded number of others', async () => {
    let letGo = () => {};
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const find: JwtKeys['find'] = () => gate.then(() => ({ kind: 'unknown' }) as const);
    const { check, sign } = checker({}, { family: 'symmetric', find });
    const token = await sign();
    const waiting = Array.from({ length: 1_024 }, () => check(token));
    expect(check(token)).toEqual({ kind: 'busy' });
    letGo();
    await Promise.all(waiting);
    expect(check(token)).toBeInstanceOf(Promise);
  });

  it('survives anything in its place', async () => {
    const { check } = checker();
    const part = fc.string({
      unit: fc.constantFrom('e', 'y', 'J', '.', '{', '"', '_', '=', '\n'),
      maxLength: 60,
      size: 'max',
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), part), async (text) => (await check(text)).kind === 'refused'),
    );
  });
});

describe('a good token', () => {
  it('is remembered for a short while, and never past its expiry', async () => {
    const { clock, check, sign, nowS } = checker({ clockSkewS: 0 });
    const long = await sign({ exp: nowS() + 3_600 });
    const short = await sign({ exp: nowS() + 1 });
    expect(check(long)).toBeInstanceOf(Promise);
    await Promise.all([check(long), check(short)]);
    expect([check(long), check(short)]).toMatchObject([{ kind: 'accepted' }, { kind: 'accepted' }]);
    clock.advance(1_000);
    expect((await check(short)).kind).toBe('refused');
    clock.advance(28_999);
    expect(check(long)).toMatchObject({ kind: 'accepted' });
    clock.advance(1);
    expect(check(long)).toBeInstanceOf(Promise);
  });

  it('is not remembered for longer because the wall clock was set back', async () => {
    const { clock, check, sign } = checker();
    const token = await sign();
    await check(token);
    clock.skewWall(-3_600_000);
    expect(check(token)).toBeInstanceOf(Promise);
  });

  it('is all that is remembered: bad ones take no memory', async () => {
    const { check, sign, nowS } = checker();
    for (const bad of [await sign({ exp: nowS() - 100 }), await sign({ sub: '' })]) {
      expect((await check(bad)).kind).toBe('refused');
      expect(check(bad)).toBeInstanceOf(Promise);
    }
  });
});

describe('claims as fields', () => {
  it.each([
    ['text', 'text'],
    [['a', 'b'], 'a,b'],
    [7, '7'],
    [true, 'true'],
    [{ a: [1] }, '{"a":[1]}'],
    ['a\r\nx-admin: 1', 'a%0D%0Ax-admin: 1'],
    ['Zoë 100%', 'Zo%C3%AB 100%25'],
    ['\ud800\0', '%EF%BF%BD%00'],
    [' x ', 'x'],
  ])('%j is sent as %j', async (claim, field) => {
    const { check, sign } = checker({ forwardClaims: { c: 'x-claim', constructor: 'x-none' } });
    const verdict = await check(await sign({ c: claim }));
    expect(verdict).toMatchObject({ kind: 'accepted', claimFields: ['x-claim', field] });
  });

  it('that a token does not have are not sent', async () => {
    const { check, sign } = checker({ forwardClaims: { c: 'x-claim' } });
    expect(await check(await sign({ c: null }))).toMatchObject({ kind: 'accepted', claimFields: [] });
  });
});
