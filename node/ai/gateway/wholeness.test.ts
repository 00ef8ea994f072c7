import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ChatEvent } from '../chat/chat-answer.js';
import { Wholeness } from './wholeness.js';

const choice = fc.nat({ max: 3 });
const event: fc.Arbitrary<ChatEvent> = fc.oneof(
  choice.map((at): ChatEvent => ({ kind: 'text', choice: at, text: 'a', logprobs: null })),
  choice.map((at): ChatEvent => ({ kind: 'reasoning', choice: at, text: 'a' })),
  choice.map(
    (at): ChatEvent => ({ kind: 'finish', choice: at, finish: { reason: 'stop', native: null, stopSequence: null } }),
  ),
  fc.constant<ChatEvent>({ kind: 'start', id: '', model: '', createdS: null }),
);

it('a stream is whole when each choice that said something has ended behind it, and one has ended', () => {
  fc.assert(
    fc.property(fc.array(event, { size: 'max', maxLength: 30 }), (events) => {
      const wholeness = new Wholeness();
      for (const [at, one] of events.entries()) {
        wholeness.see(one);
        const seen = events.slice(0, at + 1).flatMap((each) => ('choice' in each ? [each] : []));
        const lastOf = (of: number): string | undefined => seen.findLast((each) => each.choice === of)?.kind;
        const ends = [0, 1, 2, 3].map(lastOf).filter((kind) => kind !== undefined);
        expect(wholeness.isWhole).toBe(ends.length > 0 && ends.every((kind) => kind === 'finish'));
      }
    }),
  );
});
