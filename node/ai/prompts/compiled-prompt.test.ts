import type { AiPromptSpec } from '@weir/proto/snapshot/ai.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePrompt, pickVersion } from './compiled-prompt.js';
import { promptPathOf } from './prompt-path.js';

const promptOf = (weights: readonly number[], id = 'p'): AiPromptSpec => ({
  ...{ id, description: '' },
  versions: weights.map((weight, index) => ({
    ...{ id: `v${index}`, weight, model: 'm', messages: [], variables: [], output: null },
    parameters: {
      ...{ maxTokens: null, temperature: null, topP: null, frequencyPenalty: null, presencePenalty: null },
      ...{ seed: null, stop: [], effort: null },
    },
  })),
});
const weights = fc
  .array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6, size: 'max' })
  .filter((list) => list.some((weight) => weight > 0));
const never = (): number => {
  throw new Error('nothing is drawn for who has a key');
};

describe('the version that answers', () => {
  it('is the same one for the same key, and never one without a weight', () => {
    fc.assert(
      fc.property(weights, fc.string(), (list, key) => {
        const prompt = compilePrompt(promptOf(list));
        const version = pickVersion(prompt, key, never);
        expect(version.spec.weight).toBeGreaterThan(0);
        expect(pickVersion(prompt, key, never)).toBe(version);
      }),
    );
  });

  it('has its share by weight, of keys as of draws', () => {
    const prompt = compilePrompt(promptOf([1, 0, 3]));
    const count = (pick: (index: number) => string): number[] => {
      const counts = new Map<string, number>();
      for (let i = 0; i < 8_000; i += 1) counts.set(pick(i), (counts.get(pick(i)) ?? 0) + 1);
      return ['v0', 'v1', 'v2'].map((id) => (counts.get(id) ?? 0) / 8_000);
    };
    const byKey = count((index) => pickVersion(prompt, `consumer-${index}`, never).spec.id);
    const byDraw = count((index) => pickVersion(prompt, null, () => (index + 0.5) / 8_000).spec.id);
    for (const [first, second, third] of [byKey, byDraw]) {
      expect(first).toBeGreaterThan(0.22);
      expect(first).toBeLessThan(0.28);
      expect(second).toBe(0);
      expect((first ?? 0) + (third ?? 0)).toBeCloseTo(1);
    }
  });

  it('of one prompt says nothing about that of another', () => {
    const [one, two] = [compilePrompt(promptOf([1, 1], 'one')), compilePrompt(promptOf([1, 1], 'two'))];
    const keys = Array.from({ length: 400 }, (_, index) => `key-${index}`);
    const same = keys.filter((key) => pickVersion(one, key, never).spec.id === pickVersion(two, key, never).spec.id);
    expect(same.length).toBeGreaterThan(140);
    expect(same.length).toBeLessThan(260);
  });
});

describe('a path', () => {
  it.each([
    ['/v1/prompts', ['list', '/v1', '', null]],
    ['/prompts/hi', ['ask', '', 'hi', null]],
    ['/v1/prompts/hi@2', ['ask', '/v1', 'hi', '2']],
    ['/v1/prompts/hi%402.1', ['ask', '/v1', 'hi', '2.1']],
    ['/v1/prompts/hi@2/openapi.json', ['openapi', '/v1', 'hi', '2']],
    ['/v1/prompts/hi/openapi.json', ['openapi', '/v1', 'hi', null]],
  ])('%s is about a prompt', (path, [kind, base, name, version]) => {
    expect(promptPathOf(path)).toEqual({ kind, base, name, version });
  });

  it.each([
    '/v1/chat/completions',
    '/v1/prompts/',
    '/v1/prompts/a/b',
    '/v1/prompts/a@',
    '/v1/myprompts',
    '/prompts/a b',
  ])('%s is about none', (path) => {
    expect(promptPathOf(path)).toBe(null);
  });
});
