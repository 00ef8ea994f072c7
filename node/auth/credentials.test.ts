import type { ConsumerSpec } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scryptVerify, sha256Hex } from './credential-functions.js';
import { type CredentialFunctions, compileCredentials } from './credentials.js';
import type { PasswordVerdict } from './passwords.js';
import { parseScryptHash } from './scrypt-hash.js';
import { scryptHash } from './testing/scrypt-hash-of.js';

const consumer = (id: string, keys: string[], basic: ConsumerSpec['basic'] = []): ConsumerSpec => ({
  id,
  keyHashes: keys.map(sha256Hex),
  basic,
});

function functionsOf(overrides: Partial<CredentialFunctions> = {}) {
  const hashed: string[] = [];
  const functions: CredentialFunctions = {
    sha256Hex(text) {
      hashed.push(text);
      return sha256Hex(text);
    },
    checkPassword: () => 'wrong',
    jwtKeys: () => {
      throw new Error('no issuer here');
    },
    ...overrides,
  };
  return { functions, hashed };
}

describe('API keys', () => {
  const consumers = [consumer('shop', ['key-1', 'key-2']), consumer('app', ['key-3'])];

  it('name their consumer, and nothing else does', () => {
    const { consumerOfKey } = compileCredentials(consumers, functionsOf().functions);
    expect(['key-1', 'key-2', 'key-3'].map(consumerOfKey)).toEqual(['shop', 'shop', 'app']);
    for (const bad of ['', 'key-4', 'KEY-1', 'key-1 ', sha256Hex('key-1'), '__proto__'])
      expect(consumerOfKey(bad)).toBeNull();
  });

  it('are hashed once while they are in use; bad ones are not remembered, and long ones not even hashed', () => {
    const { functions, hashed } = functionsOf();
    const { consumerOfKey } = compileCredentials(consumers, functions);
    for (let i = 0; i < 3; i += 1) consumerOfKey('key-1');
    for (let i = 0; i < 2; i += 1) consumerOfKey('bad');
    consumerOfKey('x'.repeat(513));
    expect(hashed).toEqual(['key-1', 'bad', 'bad']);
  });

  it('never let in what is not one of them', () => {
    const { consumerOfKey } = compileCredentials(consumers, functionsOf().functions);
    fc.assert(fc.property(fc.string(), (text) => consumerOfKey(text) === null || /^key-[123]$/.test(text)));
  });
});

describe('Basic credentials', () => {
  const hash = scryptHash('secret');
  const other = scryptHash('older');
  const consumers = [
    consumer('shop', [], [{ username: 'ann', hash }]),
    consumer('old', [], [{ username: 'ann', hash: other }]),
  ];
  const checking = (verdictOf: (password: string, hash: string) => PasswordVerdict) => {
    const checked: string[] = [];
    const { functions } = functionsOf({
      checkPassword(username, password, of) {
        checked.push(`${username}:${of}`);
        return verdictOf(password, of);
      },
    });
    return { checked, credentials: compileCredentials(consumers, functions) };
  };

  it('are tried against each entry of their name', async () => {
    const { credentials, checked } = checking((_, of) => (of === other ? 'right' : 'wrong'));
    expect(await credentials.consumerOfBasic('ann', 'x')).toEqual({ kind: 'accepted', consumerId: 'old' });
    expect(checked).toEqual([`ann:${hash}`, `ann:${other}`]);
    expect(checking(() => 'busy').credentials.consumerOfBasic('ann', 'x')).toEqual({ kind: 'busy' });
    expect(checking(() => 'wrong').credentials.consumerOfBasic('ann', 'x')).toEqual({ kind: 'refused' });
  });

  it('cost an unknown name what they cost a known one, and never let it in', () => {
    const { credentials, checked } = checking(() => 'right');
    expect(credentials.consumerOfBasic('bob', 'secret')).toEqual({ kind: 'refused' });
    expect(checked).toEqual([`bob:${hash}`]);
  });

  it('fail to compile with a hash that cannot be read', () => {
    const bad = [consumer('shop', [], [{ username: 'ann', hash: 'secret' }])];
    expect(() => compileCredentials(bad, functionsOf().functions)).toThrow('consumer shop');
  });

  it('are verified by scrypt for real', async () => {
    expect(await scryptVerify('secret', hash)).toBe(true);
    expect(await scryptVerify('Secret', hash)).toBe(false);
    expect(await scryptVerify('', scryptHash(''))).toBe(true);
    expect(await scryptVerify('secret', 'nonsense')).toBe(false);
  });
});

describe('a scrypt hash', () => {
  const salt = 'c2FsdHNhbHQ';
  const hash = 'aGFzaGhhc2hoYXNoaGFzaGhhc2g';
  it.each([
    ['scrypt$16384$8$1', true],
    ['scrypt$262144$8$1', true],
    ['scrypt$524288$8$1', false],
    ['scrypt$16383$8$1', false],
    ['scrypt$1$8$1', false],
    ['scrypt$0$8$1', false],
    ['scrypt$16384$0$1', false],
    ['scrypt$16384$8$0', false],
    ['scrypt$16384$8$17', false],
    ['bcrypt$16384$8$1', false],
  ])('with %s is readable: %s', (start, readable) =>
    expect(parseScryptHash(`${start}$${salt}$${hash}`) !== null).toBe(readable),
  );

  it('needs a salt and a hash of some length', () => {
    for (const end of ['', `${salt}$`, `$${hash}`, `x$${hash}`, `${salt}$x`, `${salt}$${hash}$`]) {
      expect(parseScryptHash(`scrypt$16384$8$1$${end}`)).toBeNull();
    }
  });
});
