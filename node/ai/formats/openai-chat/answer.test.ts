import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Part, textPart } from '../../chat/part.js';
import { type ProviderErrorKind, providerError, providerErrorTable } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf } from '../../json.js';
import { answerOf, anyAnswer, reasons, requestOf, sentEvents, streamed, termsOf, usage } from '../testing/answers.js';
import { openaiChat } from './openai-chat.js';

const request = requestOf(openaiChat, {
  model: 'm',
  messages: [{ role: 'user', content: 'Hi' }],
  stream: true,
  stream_options: { include_usage: true },
});
const terms = termsOf(request);
const call = { kind: 'toolCall', id: 'c1', name: 'f', arguments: '{"a":1}' } as const;
const chunksOf = (text: string): JsonObject[] =>
  sentEvents(text)
    .filter(({ data }) => data !== '[DONE]')
    .map(({ data }) => JSON.parse(data));

describe('a chat completion', () => {
  it('holds everything that was answered', () => {
    const parts = [
      { kind: 'reasoning', text: 'Hm', signature: 'sig', redacted: null },
      { kind: 'reasoning', text: '', signature: null, redacted: 'hidden' },
      { ...textPart('Hello'), citations: [{ type: 'web', url: 'https://a', title: 'A' }] },
      call,
      { ...call, id: 'c2' },
    ] as const;
    expect(openaiChat.answer(answerOf(parts, 'toolCalls'), terms)).toMatchSnapshot();
  });

  it('says of each signature which of the reasoning it is for', () => {
    const parts = ['ab', 'cde'].map(
      (text, at) => ({ kind: 'reasoning', text, signature: `s${at}`, redacted: null }) as const,
    );
    expect(openaiChat.answer(answerOf(parts), terms)).toMatchObject({
      choices: [
        {
          message: {
            reasoning_content: 'abcde',
            reasoning_details: [
              { index: 0, signature: 's0', start_index: 0, end_index: 2 },
              { index: 1, signature: 's1', start_index: 2, end_index: 5 },
            ],
          },
        },
      ],
    });
  });

  it('is empty, not null, where nothing was answered', () => {
    expect(openaiChat.answer(answerOf([]), terms)).toMatchObject({
      choices: [{ message: { content: '', refusal: null } }],
    });
  });

  it('says usage only where it is known', () => {
    expect(openaiChat.answer({ ...answerOf([textPart('a')]), usage: null }, terms)).not.toHaveProperty('usage');
  });

  it('lets no reason but a good end look like `stop`', () => {
    const words = reasons.map((reason) => {
      const { choices } = openaiChat.answer(answerOf([textPart('a')], reason, 'stop'), terms);
      return [reason, isObject(listOf(choices)[0]) ? listOf(choices)[0] : null];
    });
    for (const [reason, choice] of words) {
      expect([reason, isObject(choice) && choice['finish_reason'] === 'stop']).toEqual([reason, reason === 'stop']);
    }
  });

  it.each([
    ['stop', 'end_turn', { finish_reason: 'stop', native_finish_reason: 'end_turn' }],
    ['length', null, { finish_reason: 'length' }],
    ['toolCalls', 'tool_calls', { finish_reason: 'tool_calls' }],
    ['contentFilter', 'SAFETY', { finish_reason: 'content_filter', native_finish_reason: 'SAFETY' }],
    ['refusal', 'refusal', { finish_reason: 'content_filter', native_finish_reason: 'refusal' }],
    ['pause', 'pause_turn', { finish_reason: 'pause_turn' }],
    ['contextExceeded', null, { finish_reason: 'length' }],
    ['malformedToolCall', 'MALFORMED_FUNCTION_CALL', { finish_reason: 'MALFORMED_FUNCTION_CALL' }],
    ['malformedToolCall', null, { finish_reason: 'malformed_tool_call' }],
    ['other', 'LANGUAGE', { finish_reason: 'LANGUAGE' }],
    ['other', null, { finish_reason: 'unknown' }],
    ['other', 'tool_calls', { finish_reason: 'unknown', native_finish_reason: 'tool_calls' }],
  ] as const)('says %s (%s)', (reason, native, expected) => {
    const [choice] = listOf(openaiChat.answer(answerOf([textPart('a')], reason, native), terms)['choices']);
    expect(choice).toEqual({
      ...expected,
      index: 0,
      message: { role: 'assistant', content: 'a', refusal: null },
      logprobs: null,
    });
  });

  it('with a refusal in words ends like any other', () => {
    const answer = answerOf([{ kind: 'refusal', text: 'No.' }], 'refusal', 'stop');
    expect(openaiChat.answer(answer, terms)).toMatchObject({
      choices: [{ finish_reason: 'stop', message: { content: null, refusal: 'No.' } }],
    });
  });

  it('is read again as what it was, reasoning and its signatures with it', () => {
    const isAssistant = anyAnswer(1).filter(({ choices }) => isSayable(choices[0]?.parts ?? []));
    fc.assert(
      fc.property(isAssistant, (answer) => {
        const [choice] = listOf(openaiChat.answer(answer, terms)['choices']);
        const message = isObject(choice) && isObject(choice['message']) ? choice['message'] : {};
        const again = requestOf(openaiChat, { model: 'm', messages: [message] }).messages[0]?.parts ?? [];
        const parts = answer.choices[0]?.parts ?? [];
        const signed = (list: typeof parts) =>
          list.filter((part) => part.kind === 'reasoning' && (part.signature ?? part.redacted) !== null);
        expect(signed(again)).toEqual(signed(parts));
        expect(again.filter(({ kind }) => kind === 'toolCall')).toEqual(
          parts.filter(({ kind }) => kind === 'toolCall'),
        );
        for (const kind of ['text', 'reasoning'] as const) {
          const joined = (list: typeof parts) => list.map((part) => (part.kind === kind ? part.text : '')).join('');
          expect(joined(again)).toBe(joined(parts));
        }
      }),
    );
  });
});

describe('a stream of chunks', () => {
  it('is written as the API writes it', () => {
    const parts = [{ kind: 'reasoning', text: 'Hm', signature: 'sig', redacted: null }, textPart('Hé'), call] as const;
    expect(streamed(openaiChat, answerOf(parts, 'toolCalls'), request)).toMatchSnapshot();
  });

  it('says usage only to those who asked', () => {
    const quiet = { ...request, wantsStreamUsage: false };
    const chunks = chunksOf(streamed(openaiChat, answerOf([textPart('a')]), quiet));
    expect(chunks.filter((chunk) => 'usage' in chunk)).toEqual([]);
    const told = chunksOf(streamed(openaiChat, answerOf([textPart('a')]), request));
    expect(told.map((chunk) => chunk['usage'] === null)).toEqual([true, true, true, false]);
    expect(told.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: usage.input, total_tokens: 150 } });
  });

  it('adds up to the whole answer', () => {
    fc.assert(
      fc.property(anyAnswer(3), (answer) => {
        const whole = openaiChat.answer(answer, terms);
        const chunks = chunksOf(streamed(openaiChat, answer, request));
        expect(addedUp(chunks, answer.choices.length)).toEqual(listOf(whole['choices']).map(told));
        expect(chunks.at(-1)?.['usage'] ?? null).toEqual(whole['usage'] ?? null);
      }),
    );
  });

  it('keeps parallel calls apart whose arguments come by turns', () => {
    const writer = openaiChat.stream(terms);
    writer.write({ kind: 'toolCall', choice: 0, call: 0, id: 'a', name: 'f' });
    writer.write({ kind: 'toolCall', choice: 0, call: 1, id: 'b', name: 'g' });
    const later = writer.write({ kind: 'toolArguments', choice: 0, call: 0, text: '{' });
    expect(chunksOf(later)).toMatchObject([
      { choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: '{' } }] } }] },
    ]);
  });

  it('that ends before the answer does fails, and does not look whole', () => {
    const writer = openaiChat.stream(terms);
    const text = writer.write({ kind: 'text', choice: 0, text: 'a', logprobs: null }) + writer.end();
    expect(text).not.toContain('[DONE]');
    expect(chunksOf(text).at(-1)).toMatchObject({ error: { type: 'server_error', code: 'stream_cut' } });
  });

  it('that fails behind its last word is not made whole by that', () => {
    const writer = openaiChat.stream(terms);
    writer.write({ kind: 'finish', choice: 0, finish: { reason: 'stop', native: null, stopSequence: null } });
    writer.fail(providerError('cut', 'gone'));
    expect(writer.end()).toBe('');
  });

  it('says nothing behind its failure', () => {
    const writer = openaiChat.stream(terms);
    expect(writer.fail(providerError('timeout', 'late'))).not.toBe('');
    const finish = { reason: 'stop', native: null, stopSequence: null } as const;
    expect(
      writer.write({ kind: 'finish', choice: 0, finish }) + writer.end() + writer.fail(providerError('cut', '')),
    ).toBe('');
  });
});

describe('an error of a provider', () => {
  it.each(Object.keys(providerErrorTable) as ProviderErrorKind[])('%s has the words of the API', (kind) => {
    const { status, body } = openaiChat.error(providerError(kind, 'why', { native: 'odd', param: 'p' }));
    expect(status).toBe(providerErrorTable[kind].status);
    expect(body).toEqual({ error: { message: 'why', type: expect.any(String), param: 'p', code: expect.any(String) } });
  });
});

/** No model refuses and answers; and where a signature stands, all the reasoning right before it is signed by it. */
function isSayable(parts: readonly Part[]): boolean {
  return parts.every((part, index) => {
    if (part.kind !== 'reasoning') return part.kind !== 'refusal';
    const next = parts[index + 1];
    return part.signature !== null || part.redacted !== null || next?.kind !== 'reasoning' || next.signature === null;
  });
}

/** What a client makes of the chunks. */
function addedUp(chunks: readonly JsonObject[], choices: number): unknown[] {
  const sums = Array.from({ length: choices }, () => ({
    content: '',
    refusal: '',
    reasoning: '',
    details: [] as unknown[],
    calls: [] as JsonObject[],
    probabilities: [] as unknown[],
    finish: null as unknown,
  }));
  for (const chunk of chunks) {
    for (const choice of listOf(chunk['choices']).filter(isObject)) {
      const sum = sums[Number(choice['index'])];
      const delta = choice['delta'];
      if (sum === undefined || !isObject(delta)) throw new Error('no such choice');
      sum.content += delta['content'] ?? '';
      sum.refusal += delta['refusal'] ?? '';
      sum.reasoning += delta['reasoning_content'] ?? '';
      sum.details.push(...listOf(delta['reasoning_details']));
      if (isObject(choice['logprobs'])) sum.probabilities.push(...listOf(choice['logprobs']['content']));
      for (const { index, function: called, ...begun } of listOf(delta['tool_calls']).filter(isObject)) {
        const before = sum.calls[Number(index)]?.['function'];
        const piece = isObject(called) ? called : {};
        const args = `${isObject(before) ? before['arguments'] : ''}${piece['arguments']}`;
        sum.calls[Number(index)] = {
          ...sum.calls[Number(index)],
          ...begun,
          function: { ...(isObject(before) ? before : {}), ...piece, arguments: args },
        };
      }
      sum.finish = choice['finish_reason'] ?? sum.finish;
    }
  }
  return sums;
}

function told(choice: unknown): unknown {
  if (!isObject(choice) || !isObject(choice['message'])) throw new Error('no choice');
  const { message, logprobs } = choice;
  return {
    content: message['content'] ?? '',
    refusal: message['refusal'] ?? '',
    reasoning: message['reasoning_content'] ?? '',
    details: listOf(message['reasoning_details']),
    calls: listOf(message['tool_calls']),
    probabilities: isObject(logprobs) ? listOf(logprobs['content']) : [],
    finish: choice['finish_reason'],
  };
}
