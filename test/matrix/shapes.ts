/** The answers of each translated provider, and of some compatible ones that depart from OpenAI in what they have besides. */

import { anthropic } from './anthropic-shape.js';
import { openAiShape } from './openai-shape.js';
import { COST, halves, type Said, type Shape, wire } from './shape.js';

function geminiShape(source: string, settings: Readonly<Record<string, string>>): Shape {
  const head = { responseId: 'r1', modelVersion: 'gemini-2.5-pro' };
  const usageMetadata = {
    promptTokenCount: COST.input,
    candidatesTokenCount: COST.output,
    totalTokenCount: COST.input + COST.output,
  };
  const thoughts = (said: Said, text = said.reasoning) => (text === '' ? [] : [{ text, thought: true }]);
  const calls = (said: Said) => said.calls.map(({ name, input }) => ({ functionCall: { name, args: input } }));
  const chunk = (parts: readonly object[], more: object = {}, rest: object = {}) => ({
    candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
    ...{ ...head, ...rest },
  });
  return {
    source,
    model: 'gemini-2.5-pro',
    settings,
    whole: (said) => {
      const texts = said.text === '' ? [] : [{ text: said.text }];
      const parts = [...thoughts(said), ...texts, ...calls(said)];
      return chunk(parts, { finishReason: said.end ?? 'STOP' }, { usageMetadata });
    },
    events: (said) => [
      ...halves(said.reasoning).map((half) => wire(chunk(thoughts(said, half)))),
      ...halves(said.text).map((text) => wire(chunk([{ text }]))),
      ...(said.calls.length > 0 ? [wire(chunk(calls(said)))] : []),
      wire(chunk([{ text: '' }], { finishReason: said.end ?? 'STOP' }, { usageMetadata })),
    ],
    limited: { error: { code: 429, message: 'slow down', status: 'RESOURCE_EXHAUSTED' } },
    ends: {
      STOP: 'stop',
      MAX_TOKENS: 'length',
      SAFETY: 'contentFilter',
      RECITATION: 'contentFilter',
      LANGUAGE: 'other',
      OTHER: 'other',
      BLOCKLIST: 'contentFilter',
      PROHIBITED_CONTENT: 'contentFilter',
      SPII: 'contentFilter',
      MALFORMED_FUNCTION_CALL: 'malformedToolCall',
      UNEXPECTED_TOOL_CALL: 'malformedToolCall',
    },
  };
}

const bedrock: Shape = {
  source: 'docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html',
  model: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
  settings: { region: 'us-east-1' },
  whole: (said) => ({
    output: {
      message: {
        role: 'assistant',
        content: [
          ...(said.reasoning === ''
            ? []
            : [{ reasoningContent: { reasoningText: { text: said.reasoning, signature: 'c2ln' } } }]),
          ...(said.text === '' ? [] : [{ text: said.text }]),
          ...said.calls.map(({ id, name, input }) => ({ toolUse: { toolUseId: id, name, input } })),
        ],
      },
    },
    stopReason: said.end ?? (said.calls.length > 0 ? 'tool_use' : 'end_turn'),
    usage: { inputTokens: COST.input, outputTokens: COST.output, totalTokens: COST.input + COST.output },
  }),
  events: (said) => {
    const delta = (contentBlockIndex: number, piece: object) =>
      wire({ contentBlockIndex, delta: piece }, 'contentBlockDelta');
    const stop = (contentBlockIndex: number) => wire({ contentBlockIndex }, 'contentBlockStop');
    const hasThought = said.reasoning === '' ? 0 : 1;
    const hasText = said.text === '' ? 0 : 1;
    return [
      wire({ role: 'assistant' }, 'messageStart'),
      ...halves(said.reasoning).map((text) => delta(0, { reasoningContent: { text } })),
      ...(hasThought === 1 ? [stop(0)] : []),
      ...halves(said.text).map((text) => delta(hasThought, { text })),
      ...(hasText === 1 ? [stop(hasThought)] : []),
      ...said.calls.flatMap(({ id, name, input }, call) => {
        const contentBlockIndex = hasThought + hasText + call;
        const start = { toolUse: { toolUseId: id, name } };
        return [
          wire({ contentBlockIndex, start }, 'contentBlockStart'),
          ...halves(JSON.stringify(input)).map((half) => delta(contentBlockIndex, { toolUse: { input: half } })),
          stop(contentBlockIndex),
        ];
      }),
      wire({ stopReason: said.end ?? (said.calls.length > 0 ? 'tool_use' : 'end_turn') }, 'messageStop'),
      wire({ usage: { inputTokens: COST.input, outputTokens: COST.output, totalTokens: 46 } }, 'metadata'),
    ];
  },
  limited: { message: 'slow down' },
  ends: {
    end_turn: 'stop',
    stop_sequence: 'stop',
    max_tokens: 'length',
    guardrail_intervened: 'contentFilter',
    content_filtered: 'contentFilter',
    malformed_tool_use: 'malformedToolCall',
    malformed_model_output: 'other',
    model_context_window_exceeded: 'contextExceeded',
  },
};

const billed = { billed_units: { input_tokens: COST.input, output_tokens: COST.output } };
const cohere: Shape = {
  source: 'docs.cohere.com/reference/chat',
  model: 'command-a-reasoning-08-2025',
  settings: {},
  whole: (said) => ({
    id: 'a1',
    finish_reason: said.end ?? (said.calls.length > 0 ? 'TOOL_CALL' : 'COMPLETE'),
    message: {
      role: 'assistant',
      content: [
        ...(said.reasoning === '' ? [] : [{ type: 'thinking', thinking: said.reasoning }]),
        ...(said.text === '' ? [] : [{ type: 'text', text: said.text }]),
      ],
      ...(said.calls.length === 0
        ? {}
        : {
            tool_calls: said.calls.map(({ id, name, input }) => ({
              ...{ id, type: 'function' },
              function: { name, arguments: JSON.stringify(input) },
            })),
          }),
    },
    usage: billed,
  }),
  events: (said) => {
    const event = (type: string, index: number, message: object) => wire({ type, index, delta: { message } });
    return [
      wire({ type: 'message-start', id: 'a1', delta: { message: { role: 'assistant', content: [] } } }),
      ...halves(said.reasoning).map((thinking) => event('content-delta', 0, { content: { thinking } })),
      ...halves(said.text).map((text) => event('content-delta', 0, { content: { text } })),
      ...said.calls.flatMap(({ id, name, input }, index) => [
        event('tool-call-start', index, { tool_calls: { id, type: 'function', function: { name, arguments: '' } } }),
        ...halves(JSON.stringify(input)).map((half) =>
          event('tool-call-delta', index, { tool_calls: { function: { arguments: half } } }),
        ),
        wire({ type: 'tool-call-end', index }),
      ]),
      wire({
        type: 'message-end',
        delta: { finish_reason: said.end ?? (said.calls.length > 0 ? 'TOOL_CALL' : 'COMPLETE'), usage: billed },
      }),
    ];
  },
  limited: { message: 'slow down' },
  ends: { COMPLETE: 'stop', STOP_SEQUENCE: 'stop', MAX_TOKENS: 'length' },
};

const ollamaLine = (message: object, more: object = {}) => ({
  ...{ model: 'qwen3', created_at: '2025-08-01T10:00:00.123456789Z', done: false },
  message: { role: 'assistant', content: '', ...message },
  ...more,
});
const ollamaEnd = ({ end }: Said) => ({
  ...{ done: true, done_reason: end ?? 'stop' },
  ...{ prompt_eval_count: COST.input, eval_count: COST.output },
});
const ollamaCalls = ({ calls }: Said): object =>
  calls.length === 0 ? {} : { tool_calls: calls.map(({ name, input }) => ({ function: { name, arguments: input } })) };
const ollama: Shape = {
  source: 'docs.ollama.com/api/chat',
  model: 'qwen3',
  settings: {},
  whole: (said) => {
    const thinking = said.reasoning === '' ? {} : { thinking: said.reasoning };
    return ollamaLine({ content: said.text, ...thinking, ...ollamaCalls(said) }, ollamaEnd(said));
  },
  events: (said) => [
    ...halves(said.reasoning).map((thinking) => wire(ollamaLine({ thinking }))),
    ...halves(said.text).map((content) => wire(ollamaLine({ content }))),
    ...(said.calls.length > 0 ? [wire(ollamaLine(ollamaCalls(said)))] : []),
    wire(ollamaLine({}, ollamaEnd(said))),
  ],
  limited: { error: 'slow down' },
  ends: { stop: 'stop', length: 'length' },
};

const openAi = 'platform.openai.com/docs/api-reference/chat';

/** Those with translators of their own, then some that are described by data. */
export const shapes: Readonly<Record<string, Shape>> = {
  openai: openAiShape(openAi, 'gpt-5', { isSilent: true }),
  'azure-openai': openAiShape('learn.microsoft.com/azure/ai-foundry/openai/reference', 'gpt-5', { isSilent: true }),
  anthropic,
  gemini: geminiShape('ai.google.dev/api/generate-content', {}),
  vertex: geminiShape('cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference', {
    ...{ project: 'p', location: 'us-central1' },
  }),
  bedrock,
  mistral: openAiShape('docs.mistral.ai/api', 'magistral-medium-latest', {
    ends: { stop: 'stop', length: 'length', model_length: 'length', error: 'other' },
  }),
  cohere,
  ollama,
  openrouter: openAiShape('openrouter.ai/docs/api-reference', 'openai/gpt-5'),
  deepseek: openAiShape('api-docs.deepseek.com/api/create-chat-completion', 'deepseek-reasoner'),
  groq: openAiShape('console.groq.com/docs/api-reference', 'openai/gpt-oss-120b'),
  xai: openAiShape('docs.x.ai/docs/api-reference', 'grok-4'),
  vllm: openAiShape('docs.vllm.ai/en/latest/serving/openai_compatible_server.html', 'Qwen/Qwen3-32B'),
};
