import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatAnswer } from '../../chat/chat-answer.js';
import { textPart } from '../../chat/part.js';
import { anyAnswer, reasons, requestOf, termsOf } from '../testing/answers.js';
import { openaiChat } from './openai-chat.js';
import { plainAnswerText } from './plain-answer.js';

const request = requestOf(openaiChat, { model: 'm', messages: [{ role: 'user', content: 'Hi' }] });
const count = fc.nat();
const plain: fc.Arbitrary<ChatAnswer> = fc.record({
  id: fc.string(),
  model: fc.string(),
  createdS: fc.option(fc.oneof(fc.nat(), fc.double({ noNaN: true, noDefaultInfinity: true }))),
  choices: fc.tuple(
    fc.record({
      parts: fc.string({ unit: 'binary' }).map((text) => [textPart(text)]),
      finish: fc.record({
        reason: fc.constantFrom(...reasons),
        native: fc.option(fc.oneof(fc.constantFrom('stop', 'SAFETY'), fc.string({ unit: 'binary' }))),
        stopSequence: fc.constant(null),
      }),
      logprobs: fc.constant(null),
    }),
  ),
  usage: fc.option(
    fc.record({
      ...{ input: count, output: count, cachedInput: count, cacheWrite: fc.oneof(fc.constant(0), count) },
      ...{ reasoning: count, isEstimated: fc.boolean() },
    }),
  ),
});
const strange = fc.record({
  id: fc.string({ unit: 'binary' }),
  model: fc.string({ unit: 'binary' }),
  nowS: fc.nat(),
  request: fc.constant(request),
});

describe('an answer that is one text', () => {
  it('is the text that JSON.stringify makes of it, letter by letter', () => {
    fc.assert(
      fc.property(plain, strange, (answer, terms) => {
        expect(plainAnswerText(answer, terms)).toBe(JSON.stringify(openaiChat.answer(answer, terms)));
      }),
    );
  });

  it('is left to it where it is anything more', () => {
    fc.assert(
      fc.property(anyAnswer(2), (answer) => {
        const [first, ...others] = answer.choices;
        const kinds = first?.parts.map(({ kind }) => kind).join();
        const isPlain = others.length === 0 && kinds === 'text' && first?.logprobs === null;
        const text = plainAnswerText(answer, termsOf(request));
        expect(text).toBe(isPlain ? JSON.stringify(openaiChat.answer(answer, termsOf(request))) : null);
      }),
    );
    const cited = { ...textPart('a'), citations: [{ type: 'web', url: 'https://a' }] };
    const [choice] = fc.sample(plain, 1)[0]?.choices ?? [];
    if (choice === undefined) throw new Error('no choice');
    const answer = { id: '', model: '', createdS: 1, usage: null, choices: [{ ...choice, parts: [cited] }] };
    expect(plainAnswerText(answer, termsOf(request))).toBe(null);
  });
});
