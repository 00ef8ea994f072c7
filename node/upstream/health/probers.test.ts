import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isProberOf, PROBERS, proberOf } from './probers.js';

const nodesOf = (ids: readonly string[]) => ids.map(proberOf);
const probersOf = (key: string, ids: readonly string[]): string[] =>
  ids.filter((id) => isProberOf(key, proberOf(id), nodesOf(ids)));
const someIds = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 30 });

describe('the probers of a target', () => {
  it('are three, or all where there are no more, and the same whoever reckons in whatever order', () => {
    fc.assert(
      fc.property(someIds, fc.string(), (ids, key) => {
        const probers = probersOf(key, ids);
        expect(probers.length).toBe(Math.min(PROBERS, ids.length));
        expect([...probersOf(key, [...ids].reverse())].sort()).toEqual([...probers].sort());
      }),
    );
  });

  it('stay when another node leaves, and one that leaves is replaced', () => {
    fc.assert(
      fc.property(someIds, fc.string(), fc.nat(), (ids, key, at) => {
        const gone = ids[at % ids.length] ?? '';
        const before = probersOf(key, ids).filter((id) => id !== gone);
        const rest = ids.filter((id) => id !== gone);
        const after = probersOf(key, rest);
        expect(after).toEqual(expect.arrayContaining(before));
        expect(after.length).toBe(Math.min(PROBERS, rest.length));
      }),
    );
  });

  it('are spread evenly', () => {
    const ids = Array.from({ length: 16 }, (_, i) => `node-${i}`);
    const nodes = nodesOf(ids);
    const shares = nodes.map(
      (own) =>
        Array.from({ length: 2_000 }, (_, i) => i).filter((i) => isProberOf(`up 10.0.0.${i}:80`, own, nodes)).length,
    );
    expect(Math.max(...shares)).toBeLessThan((2_000 * PROBERS * 1.25) / 16);
    expect(Math.min(...shares)).toBeGreaterThan((2_000 * PROBERS * 0.75) / 16);
  });
});
