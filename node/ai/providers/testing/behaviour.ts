/** What every provider must pass: nothing that it sends moves its reader, and no stream that was cut is taken for a whole one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../chat/chat-answer.js';
import type { Message } from '../../chat/part.js';
import { isProviderError, type Provider, type WireEvent } from '../../provider.js';
import { anyChat } from './any-chat.js';
import { gathered, place, streamed, streamedBody } from './chats.js';

export interface Sample {
  /** Of the provider's own words; values that are put into arbitrary places. */
  readonly words: readonly string[];
  /** Names of its models, one of each kind that it treats in its own way. */
  readonly models: readonly string[];
  /** Bodies of whole streams. */
  readonly streams: readonly Uint8Array[];
}

/** JSON that looks like what is read: objects and lists that have the provider's names in them. */
function nearly(words: readonly string[]): fc.Arbitrary<unknown> {
  const leaf = fc.oneof(fc.constantFrom(...words), fc.constantFrom(null, 0, -1, 1e300, true, '', '{}'), fc.jsonValue());
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.dictionary(fc.constantFrom(...words), tie('value'), { maxKeys: 6 }),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  }));
  return value;
}

export function behavesAsProvider(provider: Provider, { words, models, streams }: Sample): void {
  describe('as every provider', () => {
    const body = nearly(words);
    const event: fc.Arbitrary<WireEvent> = fc.record({
      type: fc.constantFrom('', ...words),
      data: fc.oneof(
        body.map((value) => JSON.stringify(value) ?? ''),
        fc.string(),
      ),
    });

    it('asks for any chat at all, in JSON, and names what it can not say by where it stands', () => {
      fc.assert(
        fc.property(anyChat, fc.constantFrom(...models, '\uD800/?#%', '../..', '.', ''), (chat, model) => {
          const asked = provider.request(chat, place(model, { project: 'p' }));
          expect(JSON.parse(JSON.stringify(asked.body))).toEqual(asked.body);
          expect(asked.path).toMatch(/^\/v1(?:\/(?!\.{1,2}(?:\/|$))[\w\-.~%:@]+)+$/);
          for (const { field, at, why } of asked.unsupported) {
            expect(field === 'extra' ? chat.extra[at] : chat[field]).toBeDefined();
            if (field === 'messages') expect(standsIn(chat.messages, at)).toBe(true);
            expect(why).toMatch(/^\S.*[^.]$/s);
          }
        }),
        { numRuns: 400 },
      );
    });

    it('reads any answer at all', () => {
      fc.assert(
        fc.property(body, (value) => {
          const read = provider.answer(value);
          expect(isProviderError(read) || read.choices.length > 0).toBe(true);
        }),
        { numRuns: 500 },
      );
    });

    it('reads any events at all, and ends each stream with a finish or an error', () => {
      fc.assert(
        fc.property(fc.array(event, { size: 'max', maxLength: 20 }), (events) => {
          const said = streamed(provider, events);
          const errors = said.filter(({ kind }) => kind === 'error');
          expect(errors.length).toBeLessThanOrEqual(1);
          if (errors.length === 0) expect(said.some(({ kind }) => kind === 'finish')).toBe(true);
          else expect(said.at(-1)).toBe(errors[0]);
        }),
        { numRuns: 500 },
      );
    });

    it('reads any error at all, and says no key', () => {
      const key = 'sk-ant-api03-abcdefghijklmnop';
      fc.assert(
        fc.property(fc.integer({ min: 300, max: 599 }), fc.oneof(body, fc.string()), (status, value) => {
          const text = typeof value === 'string' ? value : JSON.stringify(value);
          const error = provider.error(status, [], text.replaceAll('message":"', `message":"${key} `));
          expect(error.message).not.toContain(key);
        }),
        { numRuns: 300 },
      );
    });

    it.each(streams.map((stream, index) => [index, stream] as const))(
      'says the same of stream %i wherever its chunks end',
      (_, stream) => {
        const whole = streamedBody(provider, stream);
        const cuts = Array.from(stream, (_byte, index) => index + 1);
        expect(streamedBody(provider, stream, cuts)).toEqual(whole);
        fc.assert(
          fc.property(fc.array(fc.nat(stream.length), { maxLength: 10 }), (at) => {
            expect(streamedBody(provider, stream, at)).toEqual(whole);
          }),
          { numRuns: 20 },
        );
      },
    );

    it.each(streams.map((stream, index) => [index, stream] as const))(
      'takes stream %i for whole nowhere before its finish',
      (_, stream) => {
        const finished = gathered(streamedBody(provider, stream));
        for (let end = 0; end < stream.length; end += 1) {
          const events = streamedBody(provider, stream.slice(0, end));
          if (events.at(-1)?.kind === 'error') continue;
          // Whatever is whole before the last byte is so for the rest says nothing of the answer itself.
          expect(withoutUsage(events)).toEqual(withoutUsage(streamedBody(provider, stream)));
          expect(finished).not.toBeNull();
        }
      },
    );
  });
}

/** Whether there is something at a place such as `[3].parts[1].content[0]`. */
function standsIn(messages: readonly Message[], at: string): boolean {
  let found: unknown = messages;
  for (const step of at.match(/[^.[\]]+/g) ?? []) found = Reflect.get(Object(found), step);
  return found !== undefined;
}

function withoutUsage(events: readonly ChatEvent[]): ChatEvent[] {
  return events.filter(({ kind }) => kind !== 'usage');
}
