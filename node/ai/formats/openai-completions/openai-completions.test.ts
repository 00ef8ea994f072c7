import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../chat/chat-answer.js';
import { textPart } from '../../chat/part.js';
import { providerError } from '../../chat/provider-error.js';
import { isMisread } from '../../format.js';
import { isObject, type JsonObject, listOf } from '../../json.js';
import {
  answerOf,
  anyAnswer,
  damaged,
  misreadOf,
  reasons,
  requestOf,
  sentEvents,
  streamed,
  termsOf,
} from '../testing/answers.js';
import { openaiCompletions } from './openai-completions.js';

const asked = (more: JsonObject): JsonObject => ({ model: 'm', prompt: 'Once', ...more });
const full = asked({
  prompt: ['Once'],
  max_tokens: 9,
  temperature: 0,
  top_p: 1,
  n: 2,
  logprobs: 2,
  stop: ['a'],
  presence_penalty: 1,
  frequency_penalty: 1,
  logit_bias: { '5': 1 },
  seed: 3,
  user: 'u',
  stream: true,
  stream_options: { include_usage: true },
  echo: true,
  best_of: 3,
  suffix: 'end',
});
const request = requestOf(openaiCompletions, asked({ stream: true, stream_options: { include_usage: true } }));
const terms = termsOf(request);

describe('a completions request', () => {
  it('is read in all of its parts', () => {
    expect(requestOf(openaiCompletions, full)).toMatchSnapshot();
  });

  it('says nothing that the caller has not said', () => {
    const { messages, tools, stop, extra, ...rest } = requestOf(
      openaiCompletions,
      asked({ echo: false, best_of: 1, suffix: '' }),
    );
    expect(messages).toMatchObject([{ role: 'user', parts: [textPart('Once')] }]);
    expect({ tools, stop, extra }).toEqual({ tools: [], stop: [], extra: {} });
    expect(Object.entries(rest).filter(([, value]) => value !== null)).toEqual([
      ['model', 'm'],
      ['isStream', false],
      ['wantsStreamUsage', false],
      ['family', 'openai-completions'],
    ]);
  });

  it.each<[string, JsonObject]>([
    ['model', { model: null }],
    ['prompt', { prompt: null }],
    ['prompt', { prompt: ['a', 'b'] }],
    ['prompt', { prompt: [1, 2] }],
    ['prompt', { prompt: [] }],
    ['logprobs', { logprobs: 6 }],
    ['logprobs', { logprobs: true }],
    ['max_tokens', { max_tokens: 0 }],
    ['n', { n: 0 }],
    ['stream_options', { stream_options: {} }],
  ])('that is wrong is told about %s', (field, more) => {
    const misread = misreadOf(openaiCompletions, asked(more));
    expect(misread.field).toBe(field);
    expect(misread.message).toMatch(/: (give|use|set|leave|only)/);
  });

  it('never throws, whatever is in any of its places', () => {
    fc.assert(
      fc.property(fc.oneof(damaged(full), fc.jsonValue()), (body) => {
        const reading = openaiCompletions.read(body);
        expect(isMisread(reading) ? reading.message.length : reading.messages.length).toBeGreaterThan(0);
      }),
    );
  });

  it('names what a provider can’t do in its own words', () => {
    const named = openaiCompletions.fieldName({ field: 'messages', at: '[0].parts[0]', why: '' }, request);
    const best = openaiCompletions.fieldName({ field: 'extra', at: 'best_of', why: '' }, request);
    expect([named, best]).toEqual(['prompt', 'best_of']);
  });
});

describe('a completion', () => {
  it('holds the text and its probabilities', () => {
    const [choice] = answerOf([
      { kind: 'reasoning', text: 'Hm', signature: null, redacted: null },
      textPart('ab c'),
    ]).choices;
    const logprobs = ['ab', ' c'].map((token) => ({
      token,
      logprob: -1,
      bytes: null,
      top: [{ token: 'x', logprob: -2, bytes: null }],
    }));
    const answer = { ...answerOf([]), choices: choice === undefined ? [] : [{ ...choice, logprobs }] };
    expect(openaiCompletions.answer(answer, terms)).toMatchSnapshot();
  });

  it('lets no reason but a good end look like `stop`', () => {
    const stopped = reasons.filter((reason) => {
      const [choice] = listOf(openaiCompletions.answer(answerOf([textPart('a')], reason, 'stop'), terms)['choices']);
      return isObject(choice) && choice['finish_reason'] === 'stop';
    });
    expect(stopped).toEqual(['stop']);
  });

  it('that the model refused does not end like one that it gave', () => {
    const answer = openaiCompletions.answer(answerOf([{ kind: 'refusal', text: 'No.' }]), terms);
    expect(answer).toMatchObject({ choices: [{ text: 'No.', finish_reason: 'content_filter' }] });
  });
});

describe('a stream of completion chunks', () => {
  it('is written as the API writes it', () => {
    expect(streamed(openaiCompletions, answerOf([textPart('Hé')], 'length'), request)).toMatchSnapshot();
  });

  it('adds up to the whole answer', () => {
    fc.assert(
      fc.property(anyAnswer(3), (answer) => {
        const events = sentEvents(streamed(openaiCompletions, answer, request));
        expect(events.at(-1)?.data).toBe('[DONE]');
        const sums = answer.choices.map(() => ({
          text: '',
          tokens: [] as unknown[],
          offsets: [] as unknown[],
          finish: null as unknown,
        }));
        for (const { data } of events.slice(0, -1)) {
          for (const choice of listOf((JSON.parse(data) as JsonObject)['choices']).filter(isObject)) {
            const sum = sums[Number(choice['index'])];
            if (sum === undefined) throw new Error('no such choice');
            sum.text += choice['text'];
            if (isObject(choice['logprobs'])) {
              sum.tokens.push(...listOf(choice['logprobs']['tokens']));
              sum.offsets.push(...listOf(choice['logprobs']['text_offset']));
            }
            sum.finish = choice['finish_reason'] ?? sum.finish;
          }
        }
        const whole = listOf(openaiCompletions.answer(answer, terms)['choices']).filter(isObject);
        expect(sums).toEqual(
          whole.map(({ text, logprobs, finish_reason: finish }) => ({
            text,
            tokens: isObject(logprobs) ? listOf(logprobs['tokens']) : [],
            offsets: isObject(logprobs) ? listOf(logprobs['text_offset']) : [],
            finish,
          })),
        );
      }),
    );
  });

  it('that ends before the answer does fails, and says nothing behind that', () => {
    const writer = openaiCompletions.stream(terms);
    const text = writer.write({ kind: 'text', choice: 0, text: 'a', logprobs: null }) + writer.end();
    expect(text).not.toContain('[DONE]');
    expect(text).toContain('"code":"stream_cut"');
    const finish: ChatEvent = {
      kind: 'finish',
      choice: 0,
      finish: { reason: 'stop', native: null, stopSequence: null },
    };
    expect(writer.write(finish) + writer.end() + writer.fail(providerError('cut', ''))).toBe('');
  });
});
