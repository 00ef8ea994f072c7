import type { AiTargetSpec } from '@weir/proto/snapshot/ai.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../pipeline/testing/harness.js';
import { inOrder, labelOf, type Names, targetsOf } from './candidates.js';

const target = (model: string, weight = 1, when: AiTargetSpec['when'] = null): AiTargetSpec => ({
  provider: 'p',
  model,
  weight,
  when,
});
const names = (allowed: readonly string[] = []): Names => ({
  models: new Map([['fast', { id: 'fast', targets: [target('a'), target('b')] }]]),
  providers: new Map([
    ['p', 'p'],
    ['openrouter', 'openrouter'],
    ['mine', 'shop.mine'],
  ]),
  allowed: new Set(allowed),
});

describe('a name', () => {
  it.each([
    ['fast', ['p/a', 'p/b']],
    ['p/x', ['p/x']],
    ['openrouter/meta/llama', ['openrouter/meta/llama']],
    ['mine/x', ['shop.mine/x']],
  ])('%s stands for these models', (name, models) => {
    expect(targetsOf(name, names())?.map(({ provider, model }) => `${provider}/${model}`)).toEqual(models);
  });

  it.each(['nobody', 'q/x', 'p/', '/x', 'p', '', 'shop.mine/x'])('%j stands for none', (name) => {
    expect(targetsOf(name, names())).toBeNull();
  });

  it('has to be one that the route allows', () => {
    expect(targetsOf('p/x', names(['fast']))).toBeNull();
    expect(targetsOf('fast', names(['p/x']))).toBeNull();
    expect(targetsOf('p/x', names(['p/x']))).toHaveLength(1);
  });
});

it('a model is called as the configuration names it, and by its provider where a caller has named it', () => {
  const labelled: Names = {
    ...names(['p/x']),
    models: new Map([['fast', { id: 'fast', targets: [], label: 'shop/fast' }]]),
  };
  const label = (name: string, known: Names) => labelOf(name, targetsOf(name, known) ?? [], known);
  expect([label('fast', names()), label('mine/x', names()), label('p/x', names(['p/x']))]).toEqual([
    'fast',
    'shop.mine/*',
    'p/x',
  ]);
  expect(labelOf('fast', [], labelled)).toBe('shop/fast');
});

describe('the order of attempts', () => {
  const anyTargets = fc.array(
    fc.record({ weight: fc.integer({ min: 0, max: 9 }), when: fc.constantFrom(null, ['timeout' as const]) }),
    { size: 'max', maxLength: 12 },
  );

  it('has each target once, those behind a condition last and in their order', () => {
    fc.assert(
      fc.property(anyTargets, fc.nat(), (specs, seed) => {
        const targets = specs.map(({ weight, when }, index) => target(String(index), weight, when));
        const order = inOrder(targets, seededRandom(seed));
        expect(new Set(order)).toEqual(new Set(targets));
        expect(order).toHaveLength(targets.length);
        const later = targets.filter(({ when }) => when !== null);
        expect(order.slice(targets.length - later.length)).toEqual(later);
      }),
    );
  });

  it('begins with each as often as its weight says', () => {
    const random = seededRandom(7);
    let heavy = 0;
    for (let i = 0; i < 2_000; i += 1)
      if (inOrder([target('a', 3), target('b', 1)], random)[0]?.model === 'a') heavy += 1;
    expect(heavy).toBeGreaterThan(1_400);
    expect(heavy).toBeLessThan(1_600);
  });

  it('begins with one of no weight only where there is no other', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        expect(inOrder([target('a', 0), target('b', 1)], seededRandom(seed))[0]?.model).toBe('b');
      }),
    );
  });
});
