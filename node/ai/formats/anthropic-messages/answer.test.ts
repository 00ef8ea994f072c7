import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatAnswer, ChatEvent } from '../../chat/chat-answer.js';
import { textPart } from '../../chat/part.js';
import { type ProviderErrorKind, providerError, providerErrorTable } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf } from '../../json.js';
import { answerOf, anyAnswer, reasons, requestOf, sentEvents, streamed, termsOf, usage } from '../testing/answers.js';
import { anthropicMessages } from './anthropic-messages.js';

const request = requestOf(anthropicMessages, {
  model: 'm',
  max_tokens: 9,
  messages: [{ role: 'user', content: 'Hi' }],
});
const terms = termsOf(request);
const call = { kind: 'toolCall', id: 'c1', name: 'f', arguments: '{"a":1}' } as const;
const finish: ChatEvent = {
  kind: 'finish',
  choice: 0,
  finish: { reason: 'toolCalls', native: null, stopSequence: null },
};
const begun = (index: number): ChatEvent => ({
  kind: 'toolCall',
  choice: 0,
  call: index,
  id: `c${index}`,
  name: `f${index}`,
});
const piece = (index: number, text: string): ChatEvent => ({ kind: 'toolArguments', choice: 0, call: index, text });

function written(events: readonly ChatEvent[]): JsonObject[] {
  const writer = anthropicMessages.stream(terms);
  const text = events.map((event) => writer.write(event)).join('') + writer.end();
  return sentEvents(text).map(({ type, data }) => {
    const said: JsonObject = JSON.parse(data);
    expect(said['type']).toBe(type);
    return said;
  });
}

describe('a message', () => {
  it('holds everything that was answered', () => {
    const parts = [
      { kind: 'reasoning', text: 'Hm', signature: 'sig', redacted: null },
      { kind: 'reasoning', text: 'Unsigned', signature: null, redacted: null },
      { kind: 'reasoning', text: '', signature: null, redacted: 'hidden' },
      { ...textPart('Hello'), citations: [{ type: 'url_citation', url_citation: { url: 'https://a', title: 'A' } }] },
      call,
    ] as const;
    expect(anthropicMessages.answer(answerOf(parts, 'toolCalls'), terms)).toMatchSnapshot();
  });

  it.each([
    ['{"a":1}', { a: 1 }],
    ['', {}],
    ['{"a":', '{"a":'],
    ['[1]', '[1]'],
  ])('tells the arguments %j as %j', (args, input) => {
    const answer = anthropicMessages.answer(answerOf([{ ...call, arguments: args }], 'toolCalls'), terms);
    expect(answer['content']).toMatchObject([{ type: 'tool_use', input }]);
  });

  it('lets no reason but a good end look like one', () => {
    for (const reason of reasons) {
      const answer = anthropicMessages.answer(answerOf([textPart('a')], reason, 'end_turn'), terms);
      expect([reason, answer['stop_reason'] === 'end_turn']).toEqual([reason, reason === 'stop']);
    }
  });

  it.each([
    ['stop', 'STOP', 'end_turn'],
    ['length', null, 'max_tokens'],
    ['toolCalls', null, 'tool_use'],
    ['contentFilter', 'SAFETY', 'refusal'],
    ['refusal', null, 'refusal'],
    ['pause', null, 'pause_turn'],
    ['contextExceeded', null, 'model_context_window_exceeded'],
    ['malformedToolCall', 'MALFORMED_FUNCTION_CALL', 'MALFORMED_FUNCTION_CALL'],
    ['malformedToolCall', null, 'malformed_tool_call'],
    ['other', 'RECITATION', 'RECITATION'],
    ['other', 'tool_use', 'other'],
    ['other', null, 'other'],
  ] as const)('says %s (%s) as %s', (reason, native, word) => {
    expect(anthropicMessages.answer(answerOf([textPart('a')], reason, native), terms)).toMatchObject({
      stop_reason: word,
      stop_sequence: null,
    });
  });

  it('names the stop sequence that was met', () => {
    const answer = answerOf([textPart('a')]);
    const choices = answer.choices.map((choice) => ({ ...choice, finish: { ...choice.finish, stopSequence: 'X' } }));
    const expected = { stop_reason: 'stop_sequence', stop_sequence: 'X' };
    expect(anthropicMessages.answer({ ...answer, choices }, terms)).toMatchObject(expected);
  });

  it('that the model refused in words is a refusal', () => {
    const answer = answerOf([{ kind: 'refusal', text: 'No.' }]);
    expect(anthropicMessages.answer(answer, terms)).toMatchObject({
      stop_reason: 'refusal',
      content: [{ type: 'text', text: 'No.' }],
    });
  });

  it('tells the input without what came from the cache or went into it', () => {
    expect(anthropicMessages.answer(answerOf([]), terms)['usage']).toMatchObject({
      input_tokens: usage.input - usage.cachedInput - usage.cacheWrite,
      cache_read_input_tokens: usage.cachedInput,
      cache_creation_input_tokens: usage.cacheWrite,
    });
  });
});

describe('a stream of Messages events', () => {
  it('is written as the API writes it', () => {
    const parts = [
      { kind: 'reasoning', text: 'Hm', signature: 'sig', redacted: null },
      textPart('Hé'),
      call,
      { ...call, id: 'c2' },
    ] as const;
    expect(streamed(anthropicMessages, answerOf(parts, 'toolCalls'), request)).toMatchSnapshot();
  });

  it('adds up to the whole answer', () => {
    fc.assert(
      fc.property(anyAnswer(1), (answer) => {
        const events = sentEvents(streamed(anthropicMessages, answer, request)).map(
          ({ data }) => JSON.parse(data) as JsonObject,
        );
        const whole = anthropicMessages.answer(merged(answer), terms);
        const final = addedUp(events);
        expect(final.content).toEqual(listOf(whole['content']).map(inText));
        expect(final.last).toMatchObject({
          delta: { stop_reason: whole['stop_reason'], stop_sequence: whole['stop_sequence'] },
          usage: whole['usage'],
        });
      }),
    );
  });

  it('never lets blocks overlap, and keeps all arguments, however calls come mixed', () => {
    const texts = fc.array(fc.oneof(fc.json(), fc.constantFrom('', '{"a":', '{}')), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(texts, fc.infiniteStream(fc.nat()), (wholes, random) => {
        const lanes = wholes.map((text, index) => [
          begun(index),
          ...[...objectOf(text)].map((character) => piece(index, character)),
        ]);
        const mixed: ChatEvent[] = [];
        while (lanes.some((lane) => lane.length > 0)) {
          // A later call never begins before an earlier one.
          const open = lanes.filter(
            (lane, index) =>
              lane.length > 0 &&
              lanes.slice(0, index).every((before, at) => before.length <= [...objectOf(wholes[at] ?? '')].length),
          );
          const lane = open[(random.next().value ?? 0) % open.length];
          const event = lane?.shift();
          if (event !== undefined) mixed.push(event);
        }
        const { content } = addedUp(written([...mixed, finish]));
        expect(content).toEqual(
          wholes.map((text, index) => ({
            type: 'tool_use',
            id: `c${index}`,
            name: `f${index}`,
            input: objectOf(text),
          })),
        );
      }),
    );
  });

  it('writes the pieces of the open call at once', () => {
    const writer = anthropicMessages.stream(terms);
    expect(writer.write(begun(0))).toContain('content_block_start');
    expect(writer.write(piece(0, '{"a"'))).toContain('input_json_delta');
    expect(writer.write(begun(1))).toBe('');
    expect(writer.write(piece(0, ':1}'))).toContain('"id":"c1"');
  });

  it('fails where more arguments come for a call that was over', () => {
    const events = written([begun(0), piece(0, '{}'), begun(1), piece(0, '{}'), piece(1, '{}'), finish]);
    expect(events.at(-1)).toMatchObject({ type: 'error', error: { type: 'api_error' } });
  });

  it('fails where what has to be held is beyond all bounds', () => {
    const long = 'x'.repeat(1024 * 1024);
    const events = written([
      begun(0),
      piece(0, '{'),
      begun(1),
      ...Array.from({ length: 5 }, () => piece(1, long)),
      finish,
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'error' });
  });

  it('that ends before the answer does fails, and does not look whole', () => {
    const events = written([{ kind: 'text', choice: 0, text: 'a', logprobs: null }]);
    expect(events.map((event) => event['type'])).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'error',
    ]);
  });

  it('says nothing behind its failure', () => {
    const writer = anthropicMessages.stream(terms);
    expect(writer.fail(providerError('overloaded', 'full'))).toBe(
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"full"}}\n\n',
    );
    expect(writer.write(finish) + writer.end() + writer.fail(providerError('cut', ''))).toBe('');
  });

  it('tells the input at its beginning where it is known by then', () => {
    const [start] = written([{ kind: 'usage', usage }, finish]);
    expect(start).toMatchObject({ message: { usage: { input_tokens: 15, cache_read_input_tokens: 100 } } });
  });
});

describe('an error of a provider', () => {
  it.each(Object.keys(providerErrorTable) as ProviderErrorKind[])('%s has the words of the API', (kind) => {
    const { status, body } = anthropicMessages.error(providerError(kind, 'why'));
    expect(status).toBe(kind === 'overloaded' ? 529 : providerErrorTable[kind].status);
    expect(body).toEqual({ type: 'error', error: { type: expect.stringMatching(/_(error|large)$/), message: 'why' } });
  });
});

/** Some text that is one JSON object, or none at all. */
function objectOf(text: string): string {
  return text.startsWith('{') || text === '' ? text : `{"v":${text}}`;
}

/** Neighbours of one kind are one block in a stream, and an empty text is none. */
function merged(answer: ChatAnswer): ChatAnswer {
  const choices = answer.choices.map((choice) => {
    const parts: (typeof choice.parts)[number][] = [];
    for (const part of choice.parts) {
      const last = parts.at(-1);
      const isText = part.kind === 'text' || part.kind === 'refusal';
      if (isText && (last?.kind === 'text' || last?.kind === 'refusal')) {
        parts[parts.length - 1] = { ...last, text: last.text + part.text };
      } else if (
        part.kind === 'reasoning' &&
        last?.kind === 'reasoning' &&
        part.redacted === null &&
        last.redacted === null &&
        last.signature === null
      ) {
        parts[parts.length - 1] = { ...part, text: last.text + part.text };
      } else parts.push(part);
    }
    // The merging keeps the kind of the first, and a refusal anywhere has to be seen.
    if (choice.parts.some(({ kind }) => kind === 'refusal')) {
      return {
        ...choice,
        parts: parts.map((part) => (part.kind === 'text' ? { kind: 'refusal' as const, text: part.text } : part)),
      };
    }
    return { ...choice, parts };
  });
  return { ...answer, choices };
}

/** A block as a stream tells it: the input is the text of it. */
function inText(block: unknown): unknown {
  if (!isObject(block)) return block;
  const { citations: _, input, ...rest } = block;
  return input === undefined ? rest : { ...rest, input: expect.anything() };
}

/** What a client makes of the events; it takes each delta for the newest block's. */
function addedUp(events: readonly JsonObject[]): { content: JsonObject[]; last: JsonObject | undefined } {
  const content: Record<string, string>[] = [];
  let open: number | null = null;
  for (const event of events) {
    if (event['type'] === 'content_block_start') {
      expect([open, event['index']]).toEqual([null, content.length]);
      open = content.length;
      const block = isObject(event['content_block']) ? event['content_block'] : {};
      content.push({ ...(block as Record<string, string>), ...(block['type'] === 'tool_use' ? { input: '' } : {}) }); // Members of blocks are strings, the input being replaced.
    }
    if (event['type'] === 'content_block_stop') {
      expect(event['index']).toBe(open);
      open = null;
    }
    if (event['type'] !== 'content_block_delta' || !isObject(event['delta'])) continue;
    expect(event['index']).toBe(open);
    const block = content.at(-1) ?? {};
    const { text, thinking, signature, partial_json } = event['delta'];
    if (text !== undefined) block['text'] += `${text}`;
    if (thinking !== undefined) block['thinking'] += `${thinking}`;
    if (signature !== undefined) block['signature'] += `${signature}`;
    if (partial_json !== undefined) block['input'] += `${partial_json}`;
  }
  expect(events.at(-1)?.['type']).toBe('message_stop');
  return { content, last: events.at(-2) };
}
