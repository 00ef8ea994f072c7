/** What is expected of every store of vectors of questions, whoever else is told of them. */
import type { VectorLimits, VectorStore } from '@weir/node/ai/cache/vector-store.js';
import { unit } from '@weir/node/ai/cache/vectors.js';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/stage.js';

/** Patient enough for a busy machine. */
export const limits: VectorLimits = {
  ...{ entriesMax: 1_000, withinMs: 5_000, answerWithinMs: 5_000, tellWithinMs: 5_000 },
};
export const LONG_MS = 60_000;

export const along = (...numbers: readonly number[]): Float32Array => {
  const vector = unit(numbers);
  if (vector === null) throw new Error('no direction');
  return vector;
};

export const nearest = (
  store: VectorStore,
  scope: string,
  vector: Float32Array,
  threshold = 0.9,
  of: VectorLimits = limits,
): Promise<readonly string[]> =>
  new Promise((resolve) => store.look(scope, of).nearest(vector, threshold, (keys) => resolve(keys)));

export interface SuiteStore {
  /** Empty. */
  readonly store: VectorStore;
  /** Whoever is asked for what that one has been given: itself, or another node. */
  readonly asked: VectorStore;
  /** What was given so far can be found. */
  readonly settled: () => Promise<void>;
}

export function vectorSuite(name: string, open: () => Promise<SuiteStore>): void {
  describe(`vectors of questions: ${name}`, () => {
    const started = async () => {
      const { store, asked, settled } = await open();
      const add = (scope: string, key: string, vector: Float32Array, ttlMs = LONG_MS, of = limits): void =>
        store.add(scope, { key, vector }, ttlMs, of);
      return { add, settled, find: nearest.bind(null, asked) };
    };

    it('finds the nearest of a scope that are near enough, the nearest first', async () => {
      const { add, find, settled } = await started();
      add('s', 'east', along(1, 0));
      add('s', 'north', along(0, 1));
      add('s', 'north-east', along(1, 0.3));
      await settled();
      expect(await find('s', along(1, 0.05))).toEqual(['east', 'north-east']);
      expect(await find('s', along(1, 0.05), 0.99)).toEqual(['east']);
      expect(await find('s', along(-1, -1))).toEqual([]);
    });

    it('finds nothing of another scope, nor of another length', async () => {
      const { add, find, settled } = await started();
      add('s', 'k', along(1, 0));
      await settled();
      expect(await find('t', along(1, 0))).toEqual([]);
      expect(await find('s', along(1, 0, 0), 0.1)).toEqual([]);
      expect(await find('s', along(1, 0))).toEqual(['k']);
    });

    it('finds nothing that is over', async () => {
      const { add, find, settled } = await started();
      add('s', 'short', along(1, 0), 1_500);
      add('s', 'long', along(1, 0));
      await settled();
      expect(await find('s', along(1, 0))).toContain('long');
      await until(
        async () => !(await find('s', along(1, 0))).includes('short'),
        () => 'it does not end',
      );
      expect(await find('s', along(1, 0))).toEqual(['long']);
    });

    it('keeps so many of a scope, the latest, and one of each key', async () => {
      const { add, find, settled } = await started();
      const few = { ...limits, entriesMax: 3 };
      for (const [index, key] of ['a', 'b', 'c', 'd', 'b'].entries()) {
        add('s', key, along(1, index / 100), LONG_MS, few);
        await settled();
      }
      expect((await find('s', along(1, 0), 0.9, few)).toSorted()).toEqual(['b', 'c', 'd']);
    });

    it('finds one among a thousand of a length that models give, to the last number', async () => {
      const { add, find, settled } = await started();
      const random = (seed: number): Float32Array =>
        along(...Array.from({ length: 1_536 }, (_, i) => Math.sin(seed * 7_919 + i * i)));
      for (let i = 0; i < 1_000; i += 1) {
        add('s', `k${i}`, random(i));
        if (i % 100 === 99) await settled();
      }
      for (const i of [0, 499, 999]) expect(await find('s', random(i), 0.999999)).toEqual([`k${i}`]);
    });
  });
}
