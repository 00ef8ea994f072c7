import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ChatEvent } from '../chat/chat-answer.js';
import { AnswerFilter } from './answer-filter.js';
import type { CompiledGuard } from './compiled-guard.js';
import { piiDetectors } from './pii.js';
import { Placeholders } from './placeholders.js';

let detectors = 0;
const guard = {
  spec: { onAnswer: true },
  get detectors() {
    detectors += 1;
    return [piiDetectors.email];
  },
} as unknown as CompiledGuard; // A filter looks at nothing else of it.

it('an answer has no more choices than anybody gives, whatever numbers a provider says; and each is masked', () => {
  detectors = 0;
  const filter = new AnswerFilter(guard, new Placeholders(true));
  const numbers = fc.array(fc.oneof(fc.integer(), fc.nat(300)), { size: 'max', maxLength: 400 });
  fc.assert(
    fc.property(numbers, (choices) => {
      for (const choice of choices) {
        const said = filter.events([
          { kind: 'text', choice, text: 'ann@example.org ', logprobs: null },
          { kind: 'finish', choice, finish: { reason: 'stop', native: 'stop', stopSequence: null } },
        ]);
        expect(said.map((event: ChatEvent) => ('choice' in event ? event.choice : null))).toEqual([choice, choice]);
        expect(JSON.stringify(said)).not.toContain('ann@');
      }
    }),
  );
  // One filter for each choice that is kept.
  expect(detectors).toBeLessThanOrEqual(2 * 128);
});
