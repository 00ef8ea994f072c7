import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../chat/chat-answer.js';
import { textPart } from '../../chat/part.js';
import { providerError } from '../../chat/provider-error.js';
import type { JsonObject } from '../../json.js';
import { answerOf, anyAnswer, reasons, requestOf, sentEvents, streamed, termsOf } from '../testing/answers.js';
import { openaiResponses } from './openai-responses.js';

const request = requestOf(openaiResponses, {
  model: 'm',
  input: 'Hi',
  instructions: 'Be short',
  tools: [{ type: 'function', name: 'f', parameters: {} }],
});
const terms = { ...termsOf(request), id: 'resp_1' };
const call = { kind: 'toolCall', id: 'c1', name: 'f', arguments: '{"a":1}' } as const;
const finish: ChatEvent = {
  kind: 'finish',
  choice: 0,
  finish: { reason: 'toolCalls', native: null, stopSequence: null },
};

function written(events: readonly ChatEvent[]): JsonObject[] {
  const writer = openaiResponses.stream(terms);
  const text = events.map((event) => writer.write(event)).join('') + writer.end();
  return read(text);
}

function read(text: string): JsonObject[] {
  return sentEvents(text).map(({ type, data }, index) => {
    const said: JsonObject = JSON.parse(data);
    expect([said['type'], said['sequence_number']]).toEqual([type, index]);
    return said;
  });
}

describe('a response', () => {
  it('holds everything that was answered, and says again what was asked', () => {
    const parts = [
      { kind: 'reasoning', text: 'Hm', signature: 'sig', redacted: null },
      { kind: 'reasoning', text: '', signature: null, redacted: 'hidden' },
      { ...textPart('Hello'), citations: [{ type: 'web', url: 'https://a', title: 'A' }] },
      { kind: 'refusal', text: 'No.' },
      call,
      { ...call, id: 'c2' },
    ] as const;
    expect(openaiResponses.answer(answerOf(parts, 'toolCalls'), terms)).toMatchSnapshot();
  });

  it.each([
    ['stop', 'end_turn', 'completed', null],
    ['toolCalls', null, 'completed', null],
    ['length', 'MAX_TOKENS', 'incomplete', 'max_output_tokens'],
    ['contextExceeded', null, 'incomplete', 'max_output_tokens'],
    ['contentFilter', 'SAFETY', 'incomplete', 'content_filter'],
    ['refusal', 'refusal', 'incomplete', 'content_filter'],
    ['pause', 'pause_turn', 'incomplete', 'pause_turn'],
    ['pause', null, 'incomplete', 'pause'],
    ['malformedToolCall', null, 'incomplete', 'malformed_tool_call'],
    ['other', 'LANGUAGE', 'incomplete', 'LANGUAGE'],
    ['other', 'content_filter', 'incomplete', 'other'],
    ['other', null, 'incomplete', 'other'],
  ] as const)('that ended with %s (%s) is %s (%s)', (reason, native, status, word) => {
    expect(openaiResponses.answer(answerOf([textPart('a')], reason, native), terms)).toMatchObject({
      status,
      incomplete_details: word === null ? null : { reason: word },
      output: [{ type: 'message', status }],
    });
  });

  it('is complete for no reason but a good end', () => {
    const complete = reasons.filter(
      (reason) => openaiResponses.answer(answerOf([textPart('a')], reason), terms)['status'] === 'completed',
    );
    expect(complete).toEqual(['stop', 'toolCalls']);
  });

  it('with a refusal in words is complete', () => {
    const answer = answerOf([{ kind: 'refusal', text: 'No.' }], 'refusal');
    expect(openaiResponses.answer(answer, terms)).toMatchObject({
      status: 'completed',
      output: [{ content: [{ type: 'refusal', refusal: 'No.' }] }],
    });
  });
});

describe('a stream of Responses events', () => {
  it('is written as the API writes it', () => {
    const parts = [{ kind: 'reasoning', text: 'Hm', signature: 'sig', redacted: null }, textPart('Hé'), call] as const;
    const events = sentEvents(streamed(openaiResponses, answerOf(parts, 'toolCalls'), request)).map(
      ({ data }) => JSON.parse(data) as JsonObject,
    );
    const { response: _, ...last } = events.at(-1) ?? {};
    expect([...events.slice(2, -1), last]).toMatchSnapshot();
  });

  it('ends with the very answer that a whole one is', () => {
    fc.assert(
      fc.property(anyAnswer(1), (answer) => {
        const events = read(streamed(openaiResponses, answer, request));
        const whole = openaiResponses.answer(answer, termsOf(request));
        expect(events.at(-1)).toMatchObject({ type: `response.${whole['status']}` });
        expect(events.at(-1)?.['response']).toEqual(JSON.parse(JSON.stringify(whole)));
        expect(events.slice(0, 2).map((event) => event['type'])).toEqual(['response.created', 'response.in_progress']);
      }),
    );
  });

  it('ends a call when the next begins and its arguments are whole, else at the end', () => {
    const begun = (index: number): ChatEvent => ({
      kind: 'toolCall',
      choice: 0,
      call: index,
      id: `c${index}`,
      name: 'f',
    });
    const piece = (index: number, text: string): ChatEvent => ({ kind: 'toolArguments', choice: 0, call: index, text });
    const events = written([begun(0), piece(0, '{"a"'), begun(1), piece(1, '{}'), piece(0, ':1}'), begun(2), finish]);
    const steps = events
      .filter((event) => `${event['type']}`.startsWith('response.output_item'))
      .map((event) => [event['type'], event['output_index']]);
    expect(steps).toEqual([
      ['response.output_item.added', 0],
      ['response.output_item.added', 1],
      ['response.output_item.done', 0],
      ['response.output_item.done', 1],
      ['response.output_item.added', 2],
      ['response.output_item.done', 2],
    ]);
    expect(events.at(-1)).toMatchObject({
      response: { output: [{ arguments: '{"a":1}' }, { arguments: '{}' }, { arguments: '' }] },
    });
  });

  it('that ends before the answer does fails, and does not look whole', () => {
    const events = written([{ kind: 'text', choice: 0, text: 'a', logprobs: null }]);
    expect(events.slice(-2)).toMatchObject([
      { type: 'error', code: 'stream_cut', error: { code: 'stream_cut', type: 'server_error' } },
      { type: 'response.failed', response: { status: 'failed', error: { code: 'server_error' }, output: [] } },
    ]);
  });

  it('says nothing behind its failure', () => {
    const writer = openaiResponses.stream(terms);
    expect(writer.fail(providerError('rateLimited', 'wait'))).toContain('"code":"rate_limit_exceeded"');
    expect(writer.write(finish) + writer.end() + writer.fail(providerError('cut', ''))).toBe('');
  });

  it('fails where an answer is longer than any model writes', () => {
    const writer = openaiResponses.stream(terms);
    const text = 'x'.repeat(8 * 1024 * 1024);
    const told = Array.from({ length: 5 }, () => writer.write({ kind: 'text', choice: 0, text, logprobs: null }));
    expect(told.map((piece) => piece.includes('response.failed'))).toEqual([false, false, false, false, true]);
  });
});
