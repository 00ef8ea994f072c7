import type { ConsumerSpec } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atOnce } from '../time/slices.js';
import { sha256Hex } from './credential-functions.js';
import { type CredentialFunctions, compileCredentials } from './credentials.js';
import { KeptCredentials } from './kept-credentials.js';
import { scryptHash } from './testing/scrypt-hash-of.js';

const functions: CredentialFunctions = {
  sha256Hex,
  checkPassword: (username, password) => (username === password ? 'right' : 'wrong'),
  jwtKeys: () => {
    throw new Error('no issuer here');
  },
};
const nobody = () => false;
const hash = scryptHash('secret');
const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const keys = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8'];
const lists = [[], ['@g1'], ['@g2'], ['a', '@g1'], ['b', 'c'], ['@g1', '@g2']];

/** Keys and ids may be several consumers'; few have passwords. */
const consumer = fc
  .record({
    id: fc.constantFrom(...names),
    own: fc.uniqueArray(fc.constantFrom(...keys), { maxLength: 2 }),
    groups: fc.uniqueArray(fc.constantFrom('g1', 'g2'), { maxLength: 2 }),
    isManaged: fc.boolean(),
    isNamed: fc.constantFrom(false, false, false, false, true),
  })
  .map(
    ({ id, own, groups, isManaged, isNamed }): ConsumerSpec => ({
      ...{ id, keyHashes: own.map(sha256Hex), groups, basic: isNamed ? [{ username: id, hash }] : [] },
      ...(isManaged ? { isManaged } : {}),
    }),
  );
const pool = fc.array(consumer, { size: 'max', minLength: 1, maxLength: 10 });
/** Which of the pool are there, in which order. */
const orders = fc.array(fc.array(fc.nat(9), { maxLength: 8 }), { size: 'max', minLength: 1, maxLength: 8 });

describe('credentials from snapshot to snapshot', () => {
  it('are those of the snapshot in force, whatever came before, also for those who have held them all along', async () => {
    const property = async (
      all: readonly ConsumerSpec[],
      snapshots: readonly (readonly number[])[],
      clear: boolean,
    ) => {
      const kept = new KeptCredentials(functions);
      const reaches = lists.map((list) => kept.inForce.admits(list));
      for (const order of snapshots) {
        const chosen = [...(clear ? new Set(order) : order)].flatMap((i) => all[i] ?? []);
        const consumers = clear ? [...new Map(chosen.map((one) => [one.id, one])).values()] : chosen;
        const use = atOnce(kept.preparing(consumers));
        use();
        const fresh = compileCredentials(consumers, functions);
        expect(keys.map(kept.inForce.consumerOfKey)).toEqual(keys.map(fresh.consumerOfKey));
        for (const [i, list] of lists.entries())
          expect(names.map(reaches[i] ?? nobody), list.join()).toEqual(names.map(fresh.admits(list)));
        for (const name of names)
          expect(await kept.inForce.consumerOfBasic(name, name)).toEqual(await fresh.consumerOfBasic(name, name));
      }
    };
    await fc.assert(fc.asyncProperty(pool, orders, fc.boolean(), property), { numRuns: 400 });
  });

  const many = Array.from(
    { length: 3_000 },
    (_, i): ConsumerSpec => ({
      ...{ id: `c${i}`, keyHashes: [sha256Hex(`key ${i}`)], basic: [], groups: ['g'], isManaged: true },
    }),
  );

  it('know no key any more from the moment that it is revoked, remembered or not, and not before', () => {
    const kept = new KeptCredentials(functions);
    atOnce(kept.preparing(many))();
    const { consumerOfKey } = kept.inForce;
    expect(['key 7', 'key 8'].map(consumerOfKey)).toEqual(['c7', 'c8']);
    const revoked = many.map((one, i) => (i === 7 || i === 9 ? { ...one, keyHashes: [] } : one));
    const use = atOnce(kept.preparing(revoked));
    expect(['key 7', 'key 9'].map(consumerOfKey)).toEqual(['c7', 'c9']);
    use();
    expect(['key 7', 'key 8', 'key 9'].map(consumerOfKey)).toEqual([null, 'c8', null]);
  });

  it('are changed and not made anew where a few consumers are others: what is remembered stays so', () => {
    let hashed = 0;
    const counting: CredentialFunctions = {
      ...functions,
      sha256Hex(text) {
        hashed += 1;
        return sha256Hex(text);
      },
    };
    const kept = new KeptCredentials(counting);
    atOnce(kept.preparing(many))();
    kept.inForce.consumerOfKey('key 1');
    atOnce(kept.preparing(many.filter((_, i) => i !== 500)))();
    kept.inForce.consumerOfKey('key 1');
    expect(hashed).toBe(1);
  });

  it('of a snapshot that is refused are nobody’s', () => {
    const kept = new KeptCredentials(functions);
    atOnce(kept.preparing(many))();
    atOnce(kept.preparing(many.slice(1)));
    expect(kept.inForce.consumerOfKey('key 0')).toBe('c0');
    atOnce(kept.preparing(many.slice(2)))();
    expect(['key 0', 'key 1', 'key 2'].map(kept.inForce.consumerOfKey)).toEqual([null, null, 'c2']);
  });
});
