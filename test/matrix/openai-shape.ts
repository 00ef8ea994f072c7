/**
 * OpenAI's chat completions as a provider says them, held to the types that its official client is generated with; and those of its
 * kin who depart from them in a word or two.
 */
import type { FinishReason } from '@weir/node/ai/chat/chat-answer.js';
import type OpenAI from 'openai';
import { COST, halves, type Said, type Shape, wire } from './shape.js';

const usage = { prompt_tokens: COST.input, completion_tokens: COST.output, total_tokens: COST.input + COST.output };
const ends: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  content_filter: 'contentFilter',
};

type Word = OpenAI.ChatCompletion.Choice['finish_reason'];
/** Mistral has words that the types of OpenAI's client don't. */
const endOf = ({ end, calls }: Said): Word => (end as Word | null) ?? (calls.length > 0 ? 'tool_calls' : 'stop');
const thought = (text: string): object => (text === '' ? {} : { reasoning_content: text });

export function openAiShape(source: string, model: string, more: Partial<Shape> = {}): Shape {
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model } as const;
  const chunk = (delta: OpenAI.ChatCompletionChunk.Choice.Delta, finish_reason: Word | null = null) =>
    wire({
      ...head,
      choices: [{ index: 0, delta, finish_reason, logprobs: null }],
    } satisfies OpenAI.ChatCompletionChunk);
  const call = ({ id, name, input }: Said['calls'][number]): OpenAI.ChatCompletionMessageFunctionToolCall => ({
    ...{ id, type: 'function' },
    function: { name, arguments: JSON.stringify(input) },
  });
  return {
    source,
    model,
    settings: {},
    whole: (said): OpenAI.ChatCompletion => ({
      ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1_700_000_000, model, usage },
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: said.text === '' ? null : said.text,
            refusal: null,
            ...thought(said.reasoning),
            ...(said.calls.length > 0 ? { tool_calls: said.calls.map(call) } : {}),
          },
          logprobs: null,
          finish_reason: endOf(said),
        },
      ],
    }),
    events: (said) => [
      chunk({ role: 'assistant', content: '' }),
      ...halves(said.reasoning).map((half) => chunk(thought(half))),
      ...halves(said.text).map((content) => chunk({ content })),
      ...said.calls.flatMap(({ id, name, input }, index) => [
        chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }),
        ...halves(JSON.stringify(input)).map((half) =>
          chunk({ tool_calls: [{ index, function: { arguments: half } }] }),
        ),
      ]),
      chunk({}, endOf(said)),
      wire({ ...head, choices: [], usage } satisfies OpenAI.ChatCompletionChunk),
      { type: '', data: '[DONE]' },
    ],
    limited: { error: { message: 'slow down', type: 'requests', param: null, code: 'rate_limit_exceeded' } },
    ends,
    ...more,
  };
}
