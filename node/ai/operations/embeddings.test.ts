import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { damaged } from '../formats/testing/answers.js';
import type { JsonObject } from '../json.js';
import { base64Of, embeddingsAnswer, floatsOf, readEmbeddings } from './embeddings.js';
import { isWrong } from './read.js';

const asked = (more: JsonObject): JsonObject => ({ model: 'm', input: 'a', ...more });
const full = asked({ input: ['a', 'b'], dimensions: 3, encoding_format: 'base64', user: 'u', truncate: true });

describe('an embeddings request', () => {
  it.each([
    ['a', { kind: 'texts', texts: ['a'] }],
    [['a', 'b'], { kind: 'texts', texts: ['a', 'b'] }],
    [[1, 2], { kind: 'tokens', tokens: [[1, 2]] }],
    [[[1], [2, 3]], { kind: 'tokens', tokens: [[1], [2, 3]] }],
  ])('reads the input %j', (input, expected) => {
    expect(readEmbeddings(asked({ input }))).toMatchObject({ input: expected });
  });

  it('is read in all of its parts', () => {
    expect(readEmbeddings(full)).toEqual({
      model: 'm',
      input: { kind: 'texts', texts: ['a', 'b'] },
      dimensions: 3,
      encoding: 'base64',
      user: 'u',
      extra: { truncate: true },
    });
  });

  it.each<[string, JsonObject]>([
    ['model', { model: '' }],
    ['input', { input: null }],
    ['input', { input: [] }],
    ['input', { input: { text: 'a' } }],
    ['input', { input: Array.from({ length: 2049 }, () => 'a') }],
    ['input[1]', { input: ['a', 1] }],
    ['input', { input: [1, 'a'] }],
    ['input[1]', { input: [[1], [-2]] }],
    ['input[0]', { input: [[]] }],
    ['dimensions', { dimensions: 0 }],
    ['encoding_format', { encoding_format: 'hex' }],
  ])('that is wrong is told about %s', (field, more) => {
    const read = readEmbeddings(asked(more));
    expect(isWrong(read) ? read.field : null).toBe(field);
    expect(isWrong(read) ? read.message : '').toMatch(/: (give|use)/);
  });

  it('never throws, whatever is in any of its places', () => {
    fc.assert(
      fc.property(fc.oneof(damaged(full), fc.jsonValue()), (body) => {
        expect(readEmbeddings(body)).toBeTypeOf('object');
      }),
    );
  });
});

describe('vectors', () => {
  const floats = fc.array(fc.float({ noNaN: true }));

  it('are the same in base64 and in numbers', () => {
    fc.assert(
      fc.property(floats, (vector) => {
        const base64 = base64Of({ kind: 'floats', floats: vector });
        expect(floatsOf({ kind: 'base64', base64 })).toEqual(vector);
      }),
    );
  });

  it('in base64 are 32-bit floats, little-endian', () => {
    expect(Buffer.from(base64Of({ kind: 'floats', floats: [1, -2] }), 'base64').toString('hex')).toBe(
      '0000803f000000c0',
    );
  });

  it('of base64 that is none are empty', () => {
    expect(floatsOf({ kind: 'base64', base64: '***' })).toEqual([]);
  });

  it('go out as they were asked for, whichever way they came', () => {
    const vectors = [
      { kind: 'floats', floats: [1] },
      { kind: 'base64', base64: 'AACAPw==' },
    ] as const;
    const answer = (encoding_format: string) => {
      const request = readEmbeddings(asked({ encoding_format }));
      if (isWrong(request)) throw new Error(request.message);
      return embeddingsAnswer({ vectors, inputTokens: 4 }, request);
    };
    expect(answer('float')).toEqual({
      object: 'list',
      model: 'm',
      data: [0, 1].map((index) => ({ object: 'embedding', index, embedding: [1] })),
      usage: { prompt_tokens: 4, total_tokens: 4 },
    });
    expect(answer('base64')).toMatchObject({ data: [{ embedding: 'AACAPw==' }, { embedding: 'AACAPw==' }] });
  });
});
