import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textPart } from '../chat/part.js';
import { decodeAnswer, encodeAnswer, type KeptAnswer } from './kept-answer.js';

const kept: KeptAnswer = {
  provider: 'openai',
  providerModel: 'gpt',
  dropped: ['seed'],
  answer: {
    ...{ id: 'a', model: 'gpt', createdS: 1 },
    usage: { input: 1, output: 2, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: false },
    choices: [
      {
        parts: [
          { kind: 'reasoning', text: 'hm', signature: 's', redacted: null },
          textPart('Grüße 👋'),
          { kind: 'toolCall', id: 'c', name: 'f', arguments: '{' },
        ],
        finish: { reason: 'toolCalls', native: 'tool_calls', stopSequence: null },
        logprobs: null,
      },
    ],
  },
};

describe('a kept answer', () => {
  it('comes back as it was, in however many pieces', () => {
    const bytes = encodeAnswer(kept);
    fc.assert(
      fc.property(fc.nat(bytes.length), (at) => {
        expect(decodeAnswer([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(kept);
      }),
    );
  });

  it('is none where anything else stands, and never throws', () => {
    const text = new TextDecoder().decode(encodeAnswer(kept));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decodeAnswer([bytes]) === null));
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(decodeAnswer([new TextEncoder().encode(JSON.stringify([1, value, 'p', 'm', []]))])).toBeNull();
      }),
    );
    for (const [from, to] of [
      ['[1,', '[2,'],
      ['"toolCalls"', '"stopped"'],
      ['"kind":"text"', '"kind":"txt"'],
      ['"text":"hm"', '"text":5'],
      ['"input":1', '"input":"1"'],
      ['["seed"]', '[5]'],
    ] as const) {
      expect(text).toContain(from);
      expect(decodeAnswer([new TextEncoder().encode(text.replace(from, to))])).toBeNull();
    }
  });
});
