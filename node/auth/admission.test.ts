import type { ConsumerSpec } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256Hex } from './credential-functions.js';
import { compileCredentials } from './credentials.js';

const functions = { sha256Hex, checkPassword: never, jwtKeys: never };
function never(): never {
  throw new Error('nobody has a password, nor tokens');
}
const compile = (consumers: readonly ConsumerSpec[]) => compileCredentials(consumers, functions).admits;
const consumer = (id: string, groups: readonly string[] = [], isManaged = false): ConsumerSpec => ({
  ...{ id, keyHashes: [], basic: [], groups },
  ...(isManaged ? { isManaged } : {}),
});

it('lets in whom a list names, by id or by group, and nobody by a group that is empty', () => {
  const admits = compile([consumer('a', ['gold']), consumer('b', ['gold', 'eu'], true), consumer('c')]);
  const passing = (...list: string[]) => ['a', 'b', 'c', 'd'].filter(admits(list)).join('');
  expect(passing('@gold')).toBe('ab');
  expect(passing('@eu')).toBe('b');
  expect(passing('@none')).toBe('');
  expect(passing('c', '@eu')).toBe('bc');
  expect(passing('gold')).toBe('');
});

it('no list at all is for the operator’s own: an application of the registry has to be named', () => {
  const admits = compile([consumer('own', ['g']), consumer('app', ['g'], true)]);
  expect(['own', 'app'].map(admits([]))).toEqual([true, false]);
  expect(['own', 'app'].map(admits(['@g']))).toEqual([true, true]);
});

it('is what looking at each consumer says', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd');
  const any = fc.record({ id: names, groups: fc.uniqueArray(names), isManaged: fc.boolean() });
  const entry = fc.oneof(
    names,
    names.map((name) => `@${name}`),
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(any, { selector: ({ id }) => id }),
      fc.array(fc.uniqueArray(entry), { minLength: 1, maxLength: 4 }),
      (all, lists) => {
        const admits = compile(all.map(({ id, groups, isManaged }) => consumer(id, groups, isManaged)));
        for (const list of lists) {
          const isIn = admits(list);
          for (const { id, groups, isManaged } of all) {
            const isNamed = list.includes(id) || groups.some((group) => list.includes(`@${group}`));
            expect(isIn(id)).toBe(list.length === 0 ? !isManaged : isNamed);
          }
        }
      },
    ),
  );
});
