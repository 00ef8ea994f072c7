import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../chat/chat-answer.js';
import type { WireEvent } from '../../provider.js';
import { openAi } from '../openai.js';
import { RepeatedChunk } from './repeated-chunk.js';

const said = (text: string, choice = 0): ChatEvent => ({ kind: 'text', choice, text, logprobs: null });
const wire = (data: string): WireEvent => ({ type: '', data });

/** Chunks as they are written: dense, with room, and with OpenAI's noise. */
const writers: Readonly<Record<string, (delta: object, finish: string | null, choice: number) => string>> = {
  dense: (delta, finish_reason, index) =>
    JSON.stringify({ id: 'c', created: 1, model: 'm', choices: [{ index, delta, logprobs: null, finish_reason }] }),
  roomy: (delta, finish_reason, index) =>
    JSON.stringify({ id: 'c', model: 'm', choices: [{ index, delta, finish_reason }] }, null, 1)
      .replaceAll('\n', '')
      .replaceAll(/ {2,}/g, ''),
  noisy: (delta, finish_reason, index) =>
    JSON.stringify({
      ...{ id: 'c', model: 'm', choices: [{ index, delta, finish_reason }], usage: null },
      obfuscation: 'aZ9'.repeat(JSON.stringify(delta).length % 5),
    }),
};

const text = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.constantFrom('a', ' word', '\n', '"', '\\', '\\"', '"content":"', '"}', ',"obfuscation":"', '\u2028', '\uD800'),
);

describe.each(Object.keys(writers))('a stream that is written %s', (name) => {
  const write = writers[name];
  if (write === undefined) throw new Error(name);

  it('says the same as if each of its chunks were the first', () => {
    const piece = fc.record({
      choice: fc.constantFrom(0, 0, 0, 0, 1),
      delta: fc.oneof(
        { weight: 6, arbitrary: text.map((content): object => ({ content })) },
        fc.constantFrom({ content: '' }, { content: null }, { reasoning_content: 'hm' }, { refusal: 'no' }),
        fc.constant({ tool_calls: [{ index: 0, id: 'x', function: { name: 'f', arguments: '{}' } }] }),
      ),
    });
    fc.assert(
      fc.property(fc.array(piece, { size: 'max', maxLength: 30 }), (pieces) => {
        const reader = openAi.stream();
        for (const { choice, delta } of pieces) {
          const chunk = wire(write(delta, null, choice));
          const alone = openAi.stream().read(chunk);
          const kinds = new Set(['start', 'toolCall']);
          const rest = (events: readonly ChatEvent[]) => events.filter(({ kind }) => !kinds.has(kind));
          expect(rest(reader.read(chunk))).toEqual(rest(alone));
        }
      }),
    );
  });

  it('is read once, and then only compared', () => {
    const repeated = new RepeatedChunk();
    repeated.learn(wire(write({ content: 'one' }, null, 0)), [said('one')]);
    for (const next of ['two', 'with a "quote"', 'Grüße\n', '東京 👋'])
      expect(repeated.eventOf(wire(write({ content: next }, null, 0)))).toEqual(said(next));
  });

  it('is read again where anything but a text is another', () => {
    const repeated = new RepeatedChunk();
    repeated.learn(wire(write({ content: 'one' }, null, 0)), [said('one')]);
    for (const other of [
      write({ content: 'two' }, 'stop', 0),
      write({ content: 'two' }, null, 1),
      write({ content: 2 }, null, 0),
      write({ content: 'two', refusal: 'no' }, null, 0),
      write({ content: '' }, null, 0),
      write({ content: 'two' }, null, 0).replace('"two"', '"two","refusal":"no"'),
      write({ content: 'two' }, null, 0).replace('"two"', '"two\n"'),
      `${write({ content: 'two' }, null, 0)} `,
      write({ content: 'two' }, null, 0).slice(0, -1),
      '',
    ])
      expect(repeated.eventOf(wire(other))).toBeNull();
    expect(repeated.eventOf({ type: 'error', data: write({ content: 'two' }, null, 0) })).toBeNull();
  });
});

describe('nothing is repeated', () => {
  const plain = wire('{"choices":[{"delta":{"content":"one"}}]}');

  it.each([
    [
      'said more than a text',
      plain,
      [said('one'), { kind: 'citation', choice: 0, citation: {} }] satisfies ChatEvent[],
    ],
    ['said no text', plain, [{ kind: 'reasoning', choice: 0, text: 'one' }] satisfies ChatEvent[]],
    ['is an event of its own', { type: 'x', data: plain.data }, [said('one')]],
    ['has two texts', wire('{"a":{"content":"one"},"choices":[{"delta":{"content": "one"}}]}'), [said('one')]],
    ['has a name in a name', wire('{"\\"content":"one","choices":[{"delta":{"content" : "one"}}]}'), [said('one')]],
    ['has probabilities', plain, [{ ...said('one'), logprobs: [] } as ChatEvent]],
  ] as const)('of a chunk that %s', (_what, chunk, events) => {
    const repeated = new RepeatedChunk();
    repeated.learn(chunk, events);
    for (const data of [chunk.data, chunk.data.replace('one', 'two'), chunk.data.replaceAll('one', 'two')])
      expect(repeated.eventOf({ type: '', data })).toBeNull();
  });

  it('where eight chunks in a row were each written in another way', () => {
    const repeated = new RepeatedChunk();
    const written = (at: number) => wire(`{"at":${at},"choices":[{"delta":{"content":"one"}}]}`);
    for (let at = 0; at < 7; at += 1) repeated.learn(written(at), [said('one')]);
    repeated.learn(written(7), [said('one')]);
    expect(repeated.eventOf(written(7))).toEqual(said('one')); // Which ends the row.
    for (let at = 0; at < 9; at += 1) repeated.learn(written(at), [said('one')]);
    expect(repeated.eventOf(written(8))).toBeNull();
  });

  it('once a finish has been told: what comes behind it is read, and is nothing', () => {
    const reader = openAi.stream();
    const write = writers['dense'];
    if (write === undefined) throw new Error('dense');
    for (const one of ['a', 'b', 'c']) reader.read(wire(write({ content: one }, null, 0)));
    expect(reader.read(wire(write({}, 'stop', 0)))).toMatchObject([{ kind: 'finish' }]);
    expect(reader.read(wire(write({ content: 'd' }, null, 0)))).toEqual([]);
  });
});
