import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byLength } from '../../budget/token-count.js';
import { anyUsage } from './any-usage.js';
import { nativeSize, nativeSizeOrFree, plainUsage, textTokens } from './plain-size.js';

describe('what an answer says of its usage', () => {
  it.each([
    ['chats of OpenAI', { usage: { prompt_tokens: 5, completion_tokens: 7 } }, 5, 7, 0],
    ['vectors of OpenAI', { usage: { prompt_tokens: 5, total_tokens: 5 } }, 5, 0, 0],
    [
      'responses of OpenAI',
      { usage: { input_tokens: 5, output_tokens: 7, input_tokens_details: { cached_tokens: 2 } } },
      5,
      7,
      2,
    ],
    [
      'their events',
      { type: 'response.completed', response: { usage: { input_tokens: 5, output_tokens: 7 } } },
      5,
      7,
      0,
    ],
    [
      'Anthropic, whose input is beside what was cached',
      { usage: { input_tokens: 5, output_tokens: 7, cache_read_input_tokens: 3, cache_creation_input_tokens: 1 } },
      9,
      7,
      3,
    ],
    [
      'Google, whose thoughts are beside the answer',
      { usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 4, thoughtsTokenCount: 3 } },
      5,
      7,
      0,
    ],
    ['Cohere', { meta: { billed_units: { input_tokens: 5 } } }, 5, 0, 0],
    ['Ollama', { prompt_eval_count: 5, eval_count: 7 }, 5, 7, 0],
  ])('is read of %s', (_who, body, input, output, cachedInput) =>
    expect(anyUsage(body)).toMatchObject({ input, output, cachedInput, isEstimated: false }),
  );

  it('is never negative, nor anything but a number or null, whatever it is', () =>
    fc.assert(
      fc.property(fc.json(), (text) => {
        const usage = anyUsage(JSON.parse(text));
        if (usage === null) return;
        for (const count of [usage.input, usage.output, usage.cachedInput, usage.cacheWrite, usage.reasoning])
          expect(count).toBeGreaterThanOrEqual(0);
      }),
    ));

  it.each([[null], [{}], [{ usage: null }], [{ usage: { prompt_tokens: -1 } }], [{ usage: 'much' }]])(
    'is none in %j',
    (body) => expect(anyUsage(body)).toBeNull(),
  );
});

describe('the size of what is passed on', () => {
  const sizeOf = (body: unknown, path = '/v1/x') => nativeSize(path, body, 100)(byLength);

  it('has the bound that the caller names, wherever its API has it', () => {
    expect(sizeOf({ max_tokens: 5, n: 3 }).output).toBe(15);
    expect(sizeOf({ generationConfig: { maxOutputTokens: 6, candidateCount: 2 } }).output).toBe(12);
    expect(sizeOf({ inferenceConfig: { maxTokens: 7 } }).output).toBe(7);
    expect(sizeOf({ options: { num_predict: 8 } }).output).toBe(8);
    expect(sizeOf({ prompt: 'x' }).output).toBeNull();
    expect(sizeOf({ input: 'x' }, '/v1/embeddings').output).toBe(0);
  });

  it('grows with its text, and takes an image in base64 for an image', () => {
    expect(sizeOf({ a: 'word '.repeat(4_000) }).input).toBeGreaterThan(sizeOf({ a: 'word '.repeat(2_000) }).input);
    expect(sizeOf({ a: 'A'.repeat(1_000_000) }).input).toBeLessThan(1_100);
    expect(sizeOf({ input: [[1, 2], [3]] }).input).toBe(sizeOf({ input: [] }).input + 3);
  });

  it('is found however deep a body nests', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}"word"${']'.repeat(50_000)}`);
    expect(sizeOf({ deep }).input).toBeGreaterThan(0);
  });

  it('is nothing where nothing is billed', () => {
    for (const path of ['/v1/messages/count_tokens', '/v1beta/models/m:countTokens'])
      expect(nativeSizeOrFree(path, { model: 'm' }, 10)).toBeNull();
    expect(nativeSizeOrFree('/v1/models', undefined, 0)).toBeNull();
    expect(nativeSizeOrFree('/v1/models', { model: 'm' }, 10)).not.toBeNull();
  });
});

describe('texts that are counted in part', () => {
  it('are never less for a text more', () =>
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), (texts, more) => {
        expect(textTokens([...texts, more], byLength)).toBeGreaterThanOrEqual(textTokens(texts, byLength));
      }),
    ));
});

describe('what was taken', () => {
  const told = { input: 5, output: 7, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: false };
  const size = () => ({ input: 3, output: 40 });
  const none = { told: null, tokens: null, hasBegun: false };

  it.each([
    ['is what its provider says', 'whole', { ...none, told }, 5, 7, false],
    ['is at least what passed, of a stream that was cut', 'cut', { told, tokens: 9, hasBegun: true }, 5, 9, true],
    ['is guessed where it says nothing', 'whole', none, 3, 40, true],
    ['is what passed', 'whole', { ...none, tokens: 9, hasBegun: true }, 3, 9, true],
    ['is the question alone where nobody waited for an answer', 'cut', none, 3, 0, true],
    [
      'is all of an answer of which some has passed that nobody can read',
      'cut',
      { ...none, hasBegun: true },
      3,
      40,
      true,
    ],
  ] as const)('%s', (_what, end, heard, input, output, isEstimated) =>
    expect(plainUsage(end, heard, size)).toMatchObject({ input, output, isEstimated }),
  );

  it('is nothing where it was refused', () => expect(plainUsage('refused', none, size)).toBeNull());
});
