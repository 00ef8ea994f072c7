import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatAnswer, ChatEvent } from '../chat/chat-answer.js';
import { Gathering } from '../chat/gather.js';
import { textPart } from '../chat/part.js';
import { Pacing, STEP_MS } from './pacing.js';

const answerOf = (texts: readonly string[]): ChatAnswer => ({
  ...{ id: 'a', model: 'm', createdS: 1, usage: null },
  choices: texts.map((text) => ({
    parts: text === '' ? [] : [textPart(text)],
    finish: { reason: 'stop', native: 'stop', stopSequence: null },
    logprobs: null,
  })),
});

const texts = fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { minLength: 1, maxLength: 3 });

/** Asks when it is due, until it is over; the times that events came at. */
function played(answer: ChatAnswer, tokensPerSecond: number | null, endsByMs: number) {
  const pacing = new Pacing(answer, { tokensPerSecond, nowMs: 0, endsByMs });
  const told: { readonly event: ChatEvent; readonly atMs: number }[] = [];
  let nowMs = 0;
  for (let turns = 0; !pacing.isOver; turns += 1) {
    if (turns > 10_000) throw new Error('it never ends');
    const events = pacing.take(nowMs);
    told.push(...events.map((event) => ({ event, atMs: nowMs })));
    if (events.length === 0) {
      const dueAtMs = pacing.dueAtMs(nowMs);
      expect(dueAtMs).toBeGreaterThanOrEqual(nowMs + STEP_MS);
      nowMs = dueAtMs;
    }
  }
  return told;
}

describe('an answer at a pace', () => {
  it('is that answer, whatever the pace, and no character is torn', () => {
    fc.assert(
      fc.property(texts, fc.option(fc.integer({ min: 1, max: 5_000 })), (said, pace) => {
        const answer = answerOf(said);
        const gathering = new Gathering({ charactersMax: Number.POSITIVE_INFINITY });
        for (const { event } of played(answer, pace, 1e9)) {
          gathering.add(event);
          if ('text' in event) expect(event.text.charCodeAt(event.text.length - 1) & 0xfc00).not.toBe(0xd800);
        }
        expect(gathering.answer()).toEqual(answer);
      }),
    );
  });

  it('tells no token before it is due, and none much later', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 2_000, unit: 'grapheme-ascii' }),
        fc.integer({ min: 1, max: 2_000 }),
        (text, pace) => {
          const tokens = played(answerOf([text]), pace, 1e12).filter(({ event }) => 'text' in event);
          for (const [index, { atMs }] of tokens.entries()) {
            const dueMs = (index * 1_000) / pace;
            expect(atMs).toBeGreaterThanOrEqual(dueMs - 1e-6);
            expect(atMs).toBeLessThanOrEqual(dueMs + STEP_MS + 1e-6);
          }
        },
      ),
    );
  });

  it('is over by its deadline, however slow the pace', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 2_000, unit: 'grapheme-ascii' }),
        fc.integer({ min: 100, max: 5_000 }),
        (text, endsByMs) => {
          const last = played(answerOf([text]), 1, endsByMs).at(-1);
          expect(last?.atMs).toBeLessThanOrEqual(endsByMs + STEP_MS);
        },
      ),
    );
  });

  it('goes in large pieces without one, at once', () => {
    const told = played(answerOf(['x'.repeat(40_000)]), null, 1e9);
    expect(told.filter(({ event }) => 'text' in event)).toHaveLength(3);
    expect(told.every(({ atMs }) => atMs === 0)).toBe(true);
  });
});
