import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatAnswer, Choice, FinishReason, TokenLogprob, Usage } from './chat-answer.js';
import { eventsOf, Gathering } from './gather.js';
import type { Part } from './part.js';
import { providerError } from './provider-error.js';

const text = fc.string({ minLength: 1 });

const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({
    kind: fc.constant('text' as const),
    text,
    cache: fc.constant(null),
    citations: fc.array(fc.record({ url: fc.string() }), { maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('refusal' as const), text }),
  fc.record({
    kind: fc.constant('reasoning' as const),
    text,
    signature: fc.option(text),
    redacted: fc.constant(null),
  }),
  fc.record({
    kind: fc.constant('reasoning' as const),
    text: fc.constant(''),
    signature: fc.constant(null),
    redacted: text,
  }),
  fc.record({
    kind: fc.constant('native' as const),
    family: fc.constant('anthropic' as const),
    raw: fc.record({ type: text }),
  }),
  fc.record({ kind: fc.constant('toolCall' as const), id: text, name: text, arguments: fc.string() }),
);

/** Two pieces of one kind in a row are one piece in a stream, unless something ends the first. */
function isSeparate(parts: readonly Part[]): boolean {
  return parts.every((one, index) => {
    const before = parts[index - 1];
    if (before === undefined || before.kind !== one.kind || one.kind === 'toolCall' || one.kind === 'native')
      return true;
    return before.kind === 'reasoning' && (before.signature !== null || before.redacted !== null);
  });
}

const reason = fc.constantFrom<FinishReason>('stop', 'length', 'toolCalls', 'contentFilter', 'refusal', 'other');
const logprob: fc.Arbitrary<TokenLogprob> = fc.record({
  token: fc.string(),
  logprob: fc.double({ max: 0, noNaN: true }),
  bytes: fc.constant(null),
  top: fc.constant([]),
});
const choice: fc.Arbitrary<Choice> = fc.record({
  parts: fc.array(part, { size: 'max', maxLength: 12 }).filter(isSeparate),
  finish: fc.record({ reason, native: fc.option(text), stopSequence: fc.option(text) }),
  logprobs: fc.option(fc.array(logprob, { minLength: 1, maxLength: 3 })),
});
const count = fc.nat(100_000);
const usage: fc.Arbitrary<Usage> = fc.record({
  input: count,
  output: count,
  cachedInput: count,
  cacheWrite: count,
  reasoning: count,
  isEstimated: fc.boolean(),
});
const answer: fc.Arbitrary<ChatAnswer> = fc.record({
  id: fc.string(),
  model: fc.string(),
  createdS: fc.option(fc.nat()),
  choices: fc.array(choice, { minLength: 1, maxLength: 4 }),
  usage: fc.option(usage),
});

const gathered = (charactersMax = Number.POSITIVE_INFINITY): Gathering => new Gathering({ charactersMax });

describe('gathering', () => {
  it('makes of the events of an answer that answer again', () => {
    fc.assert(
      fc.property(answer, (whole) => {
        const gathering = gathered();
        for (const event of eventsOf(whole)) gathering.add(event);
        expect(gathering.answer()).toEqual(whole);
      }),
    );
  });

  it('is never whole before every choice has said why it ended', () => {
    fc.assert(
      fc.property(answer, (whole) => {
        const events = eventsOf(whole);
        const last = events.findLastIndex((event) => event.kind === 'finish');
        const gathering = gathered();
        for (const event of events.slice(0, last)) gathering.add(event);
        const answered = gathering.answer();
        // Of a choice that has not begun nothing is known, so those before it may be all.
        expect(answered === null || answered.choices.length < whole.choices.length).toBe(true);
      }),
    );
  });

  it('is not whole once the stream has failed, whatever came before', () => {
    fc.assert(
      fc.property(answer, (whole) => {
        const gathering = gathered();
        for (const event of eventsOf(whole)) gathering.add(event);
        gathering.add({ kind: 'error', error: providerError('cut', 'gone') });
        expect(gathering.answer()).toBeNull();
        expect(gathering.error).toMatchObject({ kind: 'cut' });
      }),
    );
  });

  it('keeps no more than its bound', () => {
    const gathering = gathered(10);
    for (let i = 0; i < 20; i += 1) gathering.add({ kind: 'text', choice: 0, text: 'abc', logprobs: null });
    gathering.add({ kind: 'finish', choice: 0, finish: { reason: 'stop', native: null, stopSequence: null } });
    expect(gathering.error).toBe('too-long');
    expect(gathering.answer()).toBeNull();
  });

  it('does not follow a number of a choice beyond all sense', () => {
    const gathering = gathered();
    gathering.add({ kind: 'text', choice: 2 ** 40, text: 'a', logprobs: null });
    expect(gathering.isWhole).toBe(false);
  });

  it('puts pieces of arguments to the call that they name, also when calls take turns', () => {
    const gathering = gathered();
    for (const call of [0, 1]) gathering.add({ kind: 'toolCall', choice: 0, call, id: `c${call}`, name: `f${call}` });
    for (const [call, piece] of [
      [0, '{"a"'],
      [1, '{"b"'],
      [0, ':1}'],
      [1, ':2}'],
    ] as const) {
      gathering.add({ kind: 'toolArguments', choice: 0, call, text: piece });
    }
    gathering.add({ kind: 'finish', choice: 0, finish: { reason: 'toolCalls', native: null, stopSequence: null } });
    expect(gathering.answer()?.choices[0]?.parts).toEqual([
      { kind: 'toolCall', id: 'c0', name: 'f0', arguments: '{"a":1}' },
      { kind: 'toolCall', id: 'c1', name: 'f1', arguments: '{"b":2}' },
    ]);
  });
});
