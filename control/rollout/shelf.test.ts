import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atOnce } from './rollout.js';
import { neededBy, REMOVED_MAX, shelfPlan, UNNAMED_MS } from './shelf.js';

const hash = (n: number): string => n.toString(16).padStart(64, '0');
const release = (n: number) => ({ version: n, revision: n, hash: hash(n), sizeBytes: 9 });
const record = (target: number, base: number | null): RolloutRecord => ({
  ...{ kind: 'rollout', stage: 'done', plan: atOnce, canary: [], by: '', why: '', control: 'c-1', atWallMs: 5 },
  ...{ target: release(target), base: base === null ? null : release(base), missing: [] },
});
const number = fc.nat(12);
const records = fc
  .array(fc.tuple(number, fc.option(number)), { size: 'max', minLength: 1, maxLength: 8 })
  .map((pairs) => pairs.map(([target, base]) => record(target, base)));
const names = fc.array(
  fc.oneof(
    number.map(hash),
    fc.tuple(number, number).map(([one, base]) => `${hash(one)}-from-${hash(base)}`),
  ),
  { size: 'max', maxLength: 20 },
);

describe('the store of snapshots', () => {
  it('lacks what the latest record may have nodes run, and nothing else', () => {
    fc.assert(
      fc.property(names, records, (there, told) => {
        const { missing } = shelfPlan({ names: there, records: told, unnamedSince: new Map(), nowMs: 0 });
        const needed = told[0] === undefined ? [] : neededBy(told[0]);
        for (const one of needed) expect(missing.includes(one)).toBe(!there.includes(one));
        for (const one of missing) expect(needed).toContain(one);
      }),
    );
  });

  it('loses what no record names, with what makes it of others, when it was seen to be unnamed for so long', () => {
    fc.assert(
      fc.property(names, records, fc.nat(2 * UNNAMED_MS), (there, told, laterMs) => {
        const at = { names: there, records: told };
        const first = shelfPlan({ ...at, unnamedSince: new Map(), nowMs: 1_000 });
        expect(first.remove).toEqual([]);
        const then = shelfPlan({ ...at, unnamedSince: first.unnamedSince, nowMs: 1_000 + laterMs });
        const named = new Set(told.flatMap(neededBy));
        const unnamed = there.filter((name) => !named.has(name.slice(0, 64)));
        expect(new Set(then.remove)).toEqual(new Set(laterMs >= UNNAMED_MS ? unnamed : []));
        // Named again, it begins anew.
        const again = shelfPlan({
          ...at,
          records: [...told, ...Array.from({ length: 13 }, (_, n) => record(n, null))],
          unnamedSince: then.unnamedSince,
          nowMs: 0,
        });
        expect([again.remove, again.unnamedSince.size]).toEqual([[], 0]);
      }),
    );
  });

  it('loses nothing while no record is known, and a bounded number at once', () => {
    const many = Array.from({ length: REMOVED_MAX + 9 }, (_, n) => hash(n + 100));
    const unnamedSince = new Map(many.map((name) => [name, 0]));
    expect(shelfPlan({ names: many, records: [], unnamedSince, nowMs: 10 * UNNAMED_MS })).toEqual({
      ...{ missing: [], remove: [], unnamedSince: new Map() },
    });
    const plan = shelfPlan({ names: many, records: [record(1, null)], unnamedSince, nowMs: 10 * UNNAMED_MS });
    expect(plan.remove).toHaveLength(REMOVED_MAX);
  });
});
