import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Turns } from './turns.js';

describe('turns', () => {
  it('let no more act at once than may, and everyone in the end, in the order in which they came', async () => {
    const fails = fc.array(fc.boolean(), { maxLength: 30, size: 'max' });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fails, async (max, each) => {
        const turns = new Turns(max);
        const ends: (() => void)[] = [];
        const begun: number[] = [];
        let acting = 0;
        const all = each.map((failing, index) =>
          turns.take(async () => {
            begun.push(index);
            acting += 1;
            expect(acting).toBeLessThanOrEqual(max);
            await new Promise<void>((resolve) => ends.push(resolve));
            acting -= 1;
            if (failing) throw new Error('no');
          }),
        );
        const settled = Promise.allSettled(all);
        while (begun.length < each.length || ends.length > 0) {
          expect(acting).toBe(Math.min(max, each.length - begun.length + acting));
          ends.shift()?.();
          for (let steps = 0; steps < 10; steps += 1) await Promise.resolve();
        }
        expect((await settled).map(({ status }) => status === 'rejected')).toEqual(each);
        expect(begun).toEqual(each.map((_, index) => index));
      }),
    );
  });
});
