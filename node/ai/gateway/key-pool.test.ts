import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../pipeline/testing/harness.js';
import { type ProviderErrorKind, providerErrorTable } from '../chat/provider-error.js';
import { KeyPool } from './key-pool.js';
import {
  KeyStanding,
  type KeyVerdict,
  MODELS_MAX,
  OUT_FIRST_MS,
  OUT_MAX_MS,
  REST_MAX_MS,
  REST_MS,
  verdictOf,
} from './key-standing.js';

const ask = (key: KeyStanding, verdict: KeyVerdict, nowMs: number, model = 'm', retryAfterMs: number | null = null) =>
  key.end(key.begin(model), verdict, retryAfterMs, nowMs);

describe('a key', () => {
  it.each([
    ['refused', 'other'],
    ['exhausted', 'other'],
    ['forbidden', 'm'],
  ] as const)(
    'is taken out when it is %s, and tried again by one request after a pause that doubles',
    (verdict, model) => {
      const key = new KeyStanding();
      ask(key, verdict, 0);
      expect(key.state(OUT_FIRST_MS - 1, model)).toBe('out');
      expect(key.state(OUT_FIRST_MS, model)).toBe('due');
      const trial = key.begin('m');
      expect(key.state(OUT_FIRST_MS, model)).toBe('onTrial');
      key.end(trial, verdict, null, OUT_FIRST_MS);
      expect(key.state(3 * OUT_FIRST_MS - 1, model)).toBe('out');
      expect(key.state(3 * OUT_FIRST_MS, model)).toBe('due');
      ask(key, 'answered', 3 * OUT_FIRST_MS);
      expect(key.state(3 * OUT_FIRST_MS, model)).toBe('usable');
    },
  );

  it('that may not use one model is well for the others: nobody takes it from all by naming a model', () => {
    const key = new KeyStanding();
    ask(key, 'forbidden', 0, 'secret');
    ask(key, 'limited', 0, 'busy');
    expect([key.state(0, 'secret'), key.state(0, 'busy'), key.state(0, 'm'), key.state(0)]).toEqual([
      ...['out', 'resting', 'usable', 'usable'],
    ]);
  });

  it('rests after a 429 for as long as it says, within bounds', () => {
    for (const [said, rest] of [
      [7_000, 7_000],
      [null, REST_MS],
      [REST_MAX_MS * 9, REST_MAX_MS],
    ] as const) {
      const key = new KeyStanding();
      ask(key, 'limited', 0, 'm', said);
      expect([key.state(rest - 1, 'm'), key.state(rest, 'm')]).toEqual(['resting', 'usable']);
      expect(key.readyAtMs('m', 1)).toBe(rest);
    }
  });

  it('is not judged twice by requests that began before it was taken out', () => {
    const key = new KeyStanding();
    const early = [key.begin('m'), key.begin('m'), key.begin('m')];
    key.end(key.begin('m'), 'refused', null, 0);
    for (const [index, use] of early.entries()) key.end(use, index === 1 ? 'answered' : 'refused', null, 10);
    expect([key.state(OUT_FIRST_MS - 1), key.state(OUT_FIRST_MS), key.counts.takenOut]).toEqual(['out', 'due', 1]);
  });

  it('whose trial found nothing out is tried again after the same pause', () => {
    const key = new KeyStanding();
    ask(key, 'refused', 0);
    ask(key, 'unknown', OUT_FIRST_MS);
    expect([key.state(2 * OUT_FIRST_MS - 1), key.state(2 * OUT_FIRST_MS)]).toEqual(['out', 'due']);
  });

  it('whose rate is limited was taken, so it is in again', () => {
    const key = new KeyStanding();
    ask(key, 'refused', 0);
    ask(key, 'limited', OUT_FIRST_MS);
    expect([key.state(OUT_FIRST_MS), key.state(OUT_FIRST_MS, 'm')]).toEqual(['usable', 'resting']);
  });

  it('remembers so many models, and the latest of them', () => {
    const key = new KeyStanding();
    for (let i = 0; i <= MODELS_MAX; i += 1) ask(key, 'forbidden', 0, `m${i}`);
    expect([key.state(0, 'm0'), key.state(0, 'm1'), key.state(0, `m${MODELS_MAX}`)]).toEqual(['usable', 'out', 'out']);
  });

  it('each kind of failure has a verdict, and 401, 402, 403 and 429 have their own', () => {
    const kinds = Object.keys(providerErrorTable) as ProviderErrorKind[]; // The keys of the table are the kinds.
    const own = kinds.filter((kind) => !['answered', 'unknown'].includes(verdictOf(kind)));
    expect(own).toEqual(['authentication', 'permission', 'rateLimited', 'quotaExhausted']);
    expect(own.every((kind) => providerErrorTable[kind].otherKey)).toBe(true);
  });

  it('comes back from wherever it was, in bounded time, with one trial at once', () => {
    const anyStep = fc.record({
      verdict: fc.constantFrom<KeyVerdict>('answered', 'refused', 'exhausted', 'forbidden', 'limited', 'unknown'),
      model: fc.constantFrom('m', 'n'),
      afterMs: fc.integer({ min: 0, max: OUT_MAX_MS }),
      retryAfterMs: fc.option(fc.nat(1e9)),
    });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60, size: 'max' }), (steps) => {
        const key = new KeyStanding();
        let nowMs = 0;
        for (const { verdict, model, afterMs, retryAfterMs } of steps) {
          nowMs += afterMs;
          if (['usable', 'due'].includes(key.state(nowMs, model))) {
            const use = key.begin(model);
            expect(use.trials.length > 0).toBe(key.state(nowMs, model) === 'onTrial');
            key.end(use, verdict, retryAfterMs, nowMs);
          }
          const readyMs = key.readyAtMs(model, nowMs);
          expect(readyMs - nowMs).toBeLessThanOrEqual(OUT_MAX_MS);
          expect(['usable', 'due']).toContain(key.state(readyMs, model));
        }
      }),
    );
  });
});

describe('a pool', () => {
  const poolOf = (...weights: number[]) =>
    new KeyPool(weights.map((weight, index) => ({ id: `k${index}`, weight, standing: new KeyStanding() })));

  it('gives keys by weight, never one that was tried, that rests, or that is out', () => {
    const anyKey = fc.record({
      weight: fc.integer({ min: 1, max: 5 }),
      verdict: fc.constantFrom<KeyVerdict | null>(null, 'refused', 'limited', 'forbidden'),
      isTried: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyKey, { maxLength: 8, size: 'max' }), fc.nat(), (specs, seed) => {
        const pool = poolOf(...specs.map(({ weight }) => weight));
        specs.forEach(({ verdict }, index) => {
          const key = pool.keys[index];
          if (verdict !== null && key !== undefined) ask(key.standing, verdict, 0);
        });
        const tried = new Set(pool.keys.filter((_, index) => specs[index]?.isTried));
        const open = pool.keys.filter((key, index) => !tried.has(key) && specs[index]?.verdict === null);
        const picked = pool.pick('m', tried, 1, seededRandom(seed));
        expect(picked === null ? open.length === 0 : open.includes(picked)).toBe(true);
        expect(pool.hasOther('m', tried, 1)).toBe(open.length > 0);
      }),
    );
  });

  it('shares requests by weight', () => {
    const pool = poolOf(3, 1);
    const random = seededRandom(3);
    let first = 0;
    for (let i = 0; i < 2_000; i += 1) if (pool.pick('m', new Set(), 0, random)?.id === 'k0') first += 1;
    expect(first).toBeGreaterThan(1_400);
    expect(first).toBeLessThan(1_600);
  });

  it('lets one request find out whether a key is good again, before all others', () => {
    const pool = poolOf(1, 1_000);
    const [lost] = pool.keys;
    if (lost !== undefined) ask(lost.standing, 'refused', 0);
    expect(pool.pick('m', new Set(), OUT_FIRST_MS - 1, () => 0)?.id).toBe('k1');
    expect(pool.pick('m', new Set(), OUT_FIRST_MS, () => 0)?.id).toBe('k0');
    lost?.standing.begin('m');
    expect(pool.pick('m', new Set(), OUT_FIRST_MS, () => 0)?.id).toBe('k1');
  });

  it('says when the first of its keys can be used', () => {
    const pool = poolOf(1, 1);
    for (const [index, key] of pool.keys.entries()) ask(key.standing, 'limited', 0, 'm', 1_000 * (index + 2));
    expect([pool.waitMs('m', 500), pool.waitMs('other', 500)]).toEqual([1_500, 0]);
    expect(pool.isRefused('m', 500)).toBe(false);
    for (const key of pool.keys) ask(key.standing, 'refused', 600);
    expect(pool.isRefused('m', 700)).toBe(true);
  });
});
