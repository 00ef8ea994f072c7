import { describe, expect, it } from 'vitest';
import { giveWay } from './give-way.js';

describe('giveWay', () => {
  it('lets only one of those who have given way go on in a turn, in the order in which they came', async () => {
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const wentOn: { readonly name: string; readonly turn: number }[] = [];
    const work = async (name: string): Promise<void> => {
      for (let i = 0; i < 3; i += 1) {
        await giveWay();
        wentOn.push({ name, turn: turns });
      }
    };
    await Promise.all([work('a'), work('b'), work('c')]);
    isOver = true;
    expect(wentOn.map(({ name }) => name).join('')).toBe('abcabcabc');
    expect(new Set(wentOn.map(({ turn }) => turn)).size).toBe(9);
  });
});
