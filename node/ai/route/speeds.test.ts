import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../pipeline/testing/harness.js';
import { EXPLORE_AFTER_MS, EXPLORED_SHARE, FAILED_MS, SPEED_MS_MAX, Speeds } from './speeds.js';

const never = () => 0.999;

describe('the speed of a model', () => {
  it('is the wait for its first token and for those behind it', () => {
    const speeds = new Speeds();
    expect(speeds.answerMs('a', 100, 0)).toBe(0);
    speeds.firstToken('a', 500, 0);
    speeds.tokens('a', 50, 1_000, 0);
    expect(speeds.answerMs('a', 100, 0)).toBe(2_500);
  });

  it('follows what comes, and lies between what came', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 50, size: 'max' }),
        (waits) => {
          const speeds = new Speeds();
          for (const ms of waits) speeds.firstToken('a', ms, 0);
          expect(speeds.answerMs('a', 1, 0)).toBeGreaterThanOrEqual(Math.min(...waits) - 1e-6);
          expect(speeds.answerMs('a', 1, 0)).toBeLessThanOrEqual(Math.max(...waits) + 1e-6);
          for (let i = 0; i < 40; i += 1) speeds.firstToken('a', 100, 0);
          expect(speeds.answerMs('a', 1, 0)).toBeLessThan(101);
        },
      ),
    );
  });

  it('of one that refuses at once is none', () => {
    const speeds = new Speeds();
    speeds.failed('a', 1, 0);
    expect(speeds.answerMs('a', 1, 0)).toBe(FAILED_MS);
    speeds.firstToken('b', 800, 0);
    expect(speeds.order(['a', 'b'], 10, 0, never)).toEqual(['b', 'a']);
  });
});

describe('what others tell of a model', () => {
  it('counts where nothing was seen here of late, and lies between what they tell', () => {
    const waits = fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 20, size: 'max' });
    fc.assert(
      fc.property(waits, fc.option(fc.nat(SPEED_MS_MAX * 2)), (told, seenAgoMs) => {
        const speeds = new Speeds();
        const nowMs = SPEED_MS_MAX * 4;
        if (seenAgoMs !== null) speeds.firstToken('a', 77, nowMs - seenAgoMs);
        for (const firstTokenMs of told) speeds.heard({ model: 'a', firstTokenMs, tokensPerMs: 0 }, nowMs);
        const ms = speeds.answerMs('a', 10, nowMs);
        if (seenAgoMs !== null && seenAgoMs <= SPEED_MS_MAX) expect(ms).toBe(77);
        else {
          expect(ms).toBeGreaterThanOrEqual(Math.min(...told) - 1e-6);
          expect(ms).toBeLessThanOrEqual(Math.max(...told) + 1e-6);
        }
        expect(speeds.answerMs('a', 10, nowMs + SPEED_MS_MAX + 1)).toBe(seenAgoMs === null ? 0 : 77);
        expect(speeds.seenSince(Number.NEGATIVE_INFINITY, 10)).toHaveLength(seenAgoMs === null ? 0 : 1);
      }),
    );
  });

  it('takes the place of nothing that was seen here', () => {
    const speeds = new Speeds();
    for (let i = 0; i < 1_024; i += 1) speeds.firstToken(`own/${i}`, 10, 0);
    for (let i = 0; i < 2_000; i += 1) speeds.heard({ model: `told/${i}`, firstTokenMs: 10, tokensPerMs: 0 }, 0);
    expect([speeds.answerMs('own/0', 1, 0), speeds.answerMs('told/0', 1, 0)]).toEqual([10, 0]);
    expect(speeds.seenSince(-1, 5)).toHaveLength(5);
  });
});

describe('the order', () => {
  it('has those first that nobody knows, for somebody has to find out', () => {
    const speeds = new Speeds();
    speeds.firstToken('a', 1, 0);
    expect(speeds.order(['a', 'b'], 10, 0, never)).toEqual(['b', 'a']);
  });

  it('comes back to one that was slow and is fast again, and spends no more than its share on finding out', () => {
    const speeds = new Speeds();
    const random = seededRandom(5);
    const nowMs = (i: number) => i * 1_000;
    const waits = (model: string, i: number): number =>
      model === 'b' && i < 500 ? 20_000 : model === 'b' ? 100 : 1_000;
    const firsts: string[] = [];
    for (let i = 0; i < 2_000; i += 1) {
      const [first = ''] = speeds.order(['a', 'b'], 10, nowMs(i), random);
      firsts.push(first);
      speeds.firstToken(first, waits(first, i), nowMs(i));
    }
    const slow = firsts.slice(10, 500).filter((model) => model === 'b').length;
    expect(slow).toBeGreaterThan(0);
    expect(slow).toBeLessThan(490 * EXPLORED_SHARE * 2);
    expect(firsts.slice(1_500).filter((model) => model === 'b').length).toBeGreaterThan(450);
  });

  it('explores none that was asked a moment ago', () => {
    const speeds = new Speeds();
    speeds.firstToken('a', 1, 0);
    speeds.firstToken('b', 9, 0);
    const always = () => 0;
    expect(speeds.order(['a', 'b'], 10, EXPLORE_AFTER_MS - 1, always)).toEqual(['a', 'b']);
    // Of those that wait, the one that has waited longest: the first was asked just now.
    expect(speeds.order(['a', 'b'], 10, EXPLORE_AFTER_MS, always)).toEqual(['b', 'a']);
  });

  it('is one of all that were given', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), fc.nat(), (models, seed) => {
        const order = new Speeds().order(models, 10, 0, seededRandom(seed));
        expect([...order].sort()).toEqual([...models].sort());
      }),
    );
  });
});
