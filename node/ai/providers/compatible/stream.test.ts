import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChatEvent, isContent } from '../../chat/chat-answer.js';
import { Gathering } from '../../chat/gather.js';
import { readStream } from '../testing/openai-chats.js';
import { compatibleProvider } from './compatible.js';

const provider = compatibleProvider({
  id: 'x',
  title: 'X',
  finishWords: { sensitive: 'contentFilter' },
  finishErrors: { insufficient_system_resource: 'overloaded' },
});

const chunk = (delta: object, more: object = {}, choice: object = {}): object => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  created: 7,
  model: 'm1',
  choices: [{ index: 0, delta, finish_reason: null, ...choice }],
  ...more,
});
const finish = (word: unknown, choice: object = {}): object => chunk({}, {}, { finish_reason: word, ...choice });
const kinds = (events: readonly ChatEvent[]): string[] => events.map((event) => event.kind);
const last = (events: readonly ChatEvent[]): ChatEvent | undefined => events.at(-1);

function gather(events: readonly ChatEvent[]) {
  const gathering = new Gathering({ charactersMax: 10_000 });
  for (const event of events) gathering.add(event);
  return gathering.answer();
}

describe('a stream of chat completions', () => {
  it('is text, its end, and what it has cost', () => {
    const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
    const events = readStream(provider, [
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }),
      finish('stop'),
      { id: 'c1', object: 'chat.completion.chunk', created: 7, model: 'm1', choices: [], usage },
      '[DONE]',
    ]);
    expect(kinds(events)).toEqual(['start', 'text', 'text', 'finish', 'usage']);
    expect(events.findIndex(isContent)).toBe(1);
    expect(gather(events)).toMatchObject({
      id: 'c1',
      model: 'm1',
      createdS: 7,
      choices: [{ parts: [{ kind: 'text', text: 'Hello' }], finish: { reason: 'stop', native: 'stop' } }],
      usage: { input: 5, output: 2 },
    });
  });

  it('keeps parallel calls apart, whose pieces take turns', () => {
    const call = (index: number, made: object, id?: string): object =>
      chunk({ tool_calls: [{ index, ...(id === undefined ? {} : { id, type: 'function' }), function: made }] });
    const events = readStream(provider, [
      call(0, { name: 'f', arguments: '' }, 'a'),
      call(1, { name: 'g', arguments: '' }, 'b'),
      call(0, { arguments: '{"x"' }),
      call(1, { arguments: '{}' }),
      call(0, { arguments: ':1}' }),
      finish('tool_calls'),
      '[DONE]',
    ]);
    expect(gather(events)?.choices[0]?.parts).toEqual([
      { kind: 'toolCall', id: 'a', name: 'f', arguments: '{"x":1}' },
      { kind: 'toolCall', id: 'b', name: 'g', arguments: '{}' },
    ]);
  });

  it.each([
    [
      'whole, without an index',
      [
        { id: 'a', function: { name: 'f', arguments: '{}' } },
        { id: 'b', function: { name: 'f', arguments: '{"y":2}' } },
      ],
      ['a', 'b'],
    ],
    [
      'with the index 0 for each, and another id',
      [
        { index: 0, id: 'a', function: { name: 'f', arguments: '{}' } },
        { index: 0, id: 'b', function: { name: 'f', arguments: '{"y":2}' } },
      ],
      ['a', 'b'],
    ],
    [
      'with name and id in every piece',
      [
        { index: 0, id: 'a', function: { name: 'f', arguments: '{}' } },
        { index: 1, id: 'b', function: { name: 'f', arguments: '{"y"' } },
        { index: 1, id: 'b', function: { name: 'f', arguments: ':2}' } },
      ],
      ['a', 'b'],
    ],
    [
      'with arguments as objects, and without ids',
      [
        { index: 0, function: { name: 'f', arguments: {} } },
        { index: 1, function: { name: 'f', arguments: { y: 2 } } },
      ],
      ['call_c1_0_0', 'call_c1_0_1'],
    ],
    [
      'with the name behind the id',
      [
        { index: 0, id: 'a' },
        { index: 0, function: { arguments: '{' } },
        { index: 0, function: { name: 'f' } },
        { index: 0, function: { arguments: '}' } },
        { index: 1, id: 'b', function: { name: 'f', arguments: '{"y":2}' } },
      ],
      ['a', 'b'],
    ],
  ])('reads calls %s', (_how, pieces, ids) => {
    const events = readStream(provider, [
      ...pieces.map((piece) => chunk({ tool_calls: [piece] })),
      finish('tool_calls'),
    ]);
    expect(gather(events)?.choices[0]?.parts).toEqual([
      { kind: 'toolCall', id: ids[0], name: 'f', arguments: '{}' },
      { kind: 'toolCall', id: ids[1], name: 'f', arguments: '{"y":2}' },
    ]);
  });

  it('that calls tools ends for their sake, though its word is stop', () => {
    const events = readStream(provider, [
      chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }] }),
      finish('stop'),
    ]);
    expect(last(events)).toMatchObject({ kind: 'finish', finish: { reason: 'toolCalls', native: 'stop' } });
  });

  it('with a call that never gets a name is malformed', () => {
    const events = readStream(provider, [
      chunk({ tool_calls: [{ index: 0, id: 'a', function: { arguments: '{}' } }] }),
      finish('tool_calls'),
    ]);
    expect(last(events)).toMatchObject({ kind: 'error', error: { kind: 'malformed' } });
  });

  it.each(['reasoning_content', 'reasoning'])('shows reasoning that comes as %s', (field) => {
    const events = readStream(provider, [chunk({ [field]: 'hm' }), chunk({ content: 'yes' }), finish('stop')]);
    expect(kinds(events)).toEqual(['start', 'reasoning', 'text', 'finish']);
  });

  it.each([
    ['length', 'length'],
    ['content_filter', 'contentFilter'],
    ['sensitive', 'contentFilter'],
    ['function_call', 'toolCalls'],
  ])('that ends with %s is finished as %s', (word, reason) => {
    expect(last(readStream(provider, [finish(word)]))).toMatchObject({ finish: { reason, native: word } });
  });

  it('with a finish reason that is not known is told by that word, and never as stop', () => {
    const events = readStream(provider, [chunk({ content: 'a' }), finish('weather'), '[DONE]']);
    expect(last(events)).toMatchObject({ kind: 'finish', finish: { reason: 'other', native: 'weather' } });
  });

  it.each([
    ['error', 'server'],
    ['abort', 'cut'],
    ['insufficient_system_resource', 'overloaded'],
  ])('whose finish reason is %s has failed', (word, kind) => {
    const events = readStream(provider, [chunk({ content: 'a' }), finish(word), '[DONE]']);
    expect(last(events)).toMatchObject({ kind: 'error', error: { kind, native: word } });
  });

  it.each([
    ['with [DONE]', [chunk({ content: 'a' }), '[DONE]']],
    ['without [DONE]', [chunk({ content: 'a' })]],
    ['before it began', []],
    ['with [DONE] and nothing else', ['[DONE]']],
    ['in one of its choices', [chunk({ content: 'a' }), finish('stop'), chunk({ content: 'b' }, {}, { index: 1 })]],
    ['with an empty word for its finish', [chunk({ content: 'a' }), finish('')]],
  ])('without a finish reason is cut: it ends %s', (_how, chunks) => {
    const events = readStream(provider, chunks);
    expect(last(events)).toMatchObject({ kind: 'error', error: { kind: 'cut' } });
    expect(events.filter((event) => event.kind === 'error')).toHaveLength(1);
  });

  it('that has said why it ended is whole without [DONE]', () => {
    expect(kinds(readStream(provider, [chunk({ content: 'a' }), finish('stop')]))).not.toContain('error');
  });

  it.each([
    ['OpenAI', { error: { message: 'boom', type: 'server_error', code: null } }, 'server'],
    ['a rate limit', { error: { message: 'slow down', code: 'rate_limit_exceeded' } }, 'rateLimited'],
    ['a status as a code', { error: { message: 'm', code: 503 } }, 'overloaded'],
    ['OpenRouter, beside an empty choice', { ...finish('error'), error: { code: 502, message: 'gone' } }, 'server'],
    ['OpenRouter, within a choice', chunk({ content: '' }, {}, { error: { code: 429, message: 'm' } }), 'rateLimited'],
    ['a bare message', { object: 'error', message: 'boom', type: 'internal_server_error', code: 500 }, 'server'],
  ])('with an error in it has failed, and nothing follows: %s', (_whose, bad, kind) => {
    const events = readStream(provider, [
      chunk({ content: 'a' }),
      bad,
      chunk({ content: 'b' }),
      finish('stop'),
      '[DONE]',
    ]);
    expect(kinds(events)).toEqual(['start', 'text', 'error']);
    expect(last(events)).toMatchObject({ error: { kind } });
  });

  it('with an event named error has failed, whatever it holds', () => {
    const reader = provider.stream();
    expect(reader.read({ type: 'error', data: '{"x":1}' })).toMatchObject([
      { kind: 'error', error: { kind: 'server' } },
    ]);
    expect(reader.end()).toEqual([]);
  });

  it('with an event named error has failed, also where the event holds a choice', () => {
    const reader = provider.stream();
    const data = JSON.stringify(chunk({ content: 'a' }));
    expect(reader.read({ type: 'error', data })).toMatchObject([{ kind: 'error' }]);
  });

  it.each([
    ['a number of a choice beyond all sense', chunk({ content: 'a' }, {}, { index: 128 })],
    ['a choice that is no whole number', chunk({ content: 'a' }, {}, { index: 0.5 })],
    [
      'arguments without end before their name',
      chunk({ tool_calls: [{ index: 0, function: { arguments: 'x'.repeat(65_537) } }] }),
    ],
    [
      'more calls than there can be',
      chunk({ tool_calls: Array.from({ length: 513 }, (_, index) => ({ index, function: { name: 'f' } })) }),
    ],
  ])('with %s is malformed', (_what, bad) => {
    // At once, and not only when the stream ends.
    const reader = provider.stream();
    expect(reader.read({ type: '', data: JSON.stringify(bad) }).at(-1)).toMatchObject({ error: { kind: 'malformed' } });
    expect(reader.end()).toEqual([]);
  });

  it.each(['{"id":', '17', '[]', 'null'])('with %s for an event is malformed', (text) => {
    const events = readStream(provider, [chunk({ content: 'a' }), text, finish('stop')]);
    expect(last(events)).toMatchObject({ kind: 'error', error: { kind: 'malformed' } });
  });

  it('takes usage from where its provider puts it', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2 };
    const places = [{ ...finish('stop'), x_groq: { usage } }, finish('stop', { usage }), { ...finish('stop'), usage }];
    for (const end of places) {
      expect(last(readStream(provider, [chunk({ content: 'a' }), end]))).toMatchObject({
        kind: 'usage',
        usage: { output: 2 },
      });
    }
  });

  it('names its sources once, though each chunk repeats them', () => {
    const one = { title: 'One', url: 'https://a.example' };
    const two = { title: 'Two', url: 'https://b.example' };
    const events = readStream(provider, [
      chunk({ content: 'a' }, { search_results: [one] }),
      chunk({ content: 'b' }, { search_results: [one] }),
      chunk({ content: 'c' }, { search_results: [one, two] }),
      finish('stop'),
    ]);
    expect(events.filter((event) => event.kind === 'citation')).toEqual([
      { kind: 'citation', choice: 0, citation: one },
      { kind: 'citation', choice: 0, citation: two },
    ]);
  });

  it('keeps probabilities with their text', () => {
    const logprobs = { content: [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [] }] };
    const events = readStream(provider, [chunk({ content: 'a' }, {}, { logprobs }), finish('stop')]);
    expect(gather(events)?.choices[0]?.logprobs).toEqual([{ token: 'a', logprob: -0.5, bytes: [97], top: [] }]);
  });

  it('never throws, and has always an end, whatever comes', () => {
    const shaped = fc.record(
      {
        id: fc.jsonValue({ maxDepth: 1 }),
        choices: fc.array(
          fc.record(
            {
              index: fc.oneof(fc.nat(3), fc.jsonValue({ maxDepth: 1 })),
              delta: fc.oneof(
                fc.record(
                  { content: fc.jsonValue(), tool_calls: fc.jsonValue(), reasoning: fc.jsonValue({ maxDepth: 1 }) },
                  { requiredKeys: [] },
                ),
                fc.jsonValue(),
              ),
              finish_reason: fc.oneof(fc.constantFrom('stop', 'length', null, '__proto__'), fc.jsonValue()),
              logprobs: fc.jsonValue(),
            },
            { requiredKeys: [] },
          ),
          { maxLength: 3 },
        ),
        usage: fc.jsonValue(),
        error: fc.option(fc.jsonValue({ maxDepth: 2 })),
      },
      { requiredKeys: [] },
    );
    const event = fc.oneof(shaped, fc.jsonValue(), fc.string());
    fc.assert(
      fc.property(fc.array(event, { size: 'max', maxLength: 12 }), (events) => {
        const read = readStream(provider, events);
        const open = new Set<number>();
        for (const each of read) {
          if (each.kind === 'finish') open.delete(each.choice);
          else if ('choice' in each) open.add(each.choice);
        }
        // A stream is whole, or says that it is not: with an error as its last word, and only one.
        const errors = read.filter((each) => each.kind === 'error');
        expect(errors.length).toBeLessThanOrEqual(1);
        if (errors.length === 0) {
          expect(open.size).toBe(0);
          expect(kinds(read)).toContain('finish');
        } else expect(last(read)?.kind).toBe('error');
      }),
      { numRuns: 500 },
    );
  });
});
