/** Servers that people run themselves, A to Z; read as rows-hosted.ts says. Their keys are whatever they were started with. */
import type { CompatibleSpec } from './spec.js';

export const localRows: readonly CompatibleSpec[] = [
  // github.com/ggml-org/llama.cpp, tools/server/README.md: POST /v1/chat/completions
  {
    id: 'llama-cpp',
    title: 'llama.cpp',
    defaultUrl: 'http://127.0.0.1:8080/v1',
    operations: ['embeddings', 'rerank'],
    prefix: { by: 'continue_final_message', unlessReasoning: true },
    refuses: ['user', 'strict', 'tool_choice.function'],
    takes: ['top_k', 'audio'],
    reasoning: { toggle: 'chat_template_kwargs', budget: 'thinking_budget_tokens', back: 'reasoning_content' },
    errorKinds: {
      exceed_context_size_error: 'contextExceeded',
      unavailable_error: 'overloaded',
      not_supported_error: 'invalidRequest',
    },
  },
  // lmstudio.ai/docs/developer/openai-compat
  {
    id: 'lm-studio',
    title: 'LM Studio',
    defaultUrl: 'http://127.0.0.1:1234/v1',
    operations: ['embeddings'],
    refuses: [
      'n',
      'logprobs',
      'top_logprobs',
      'user',
      'parallel_tool_calls',
      'strict',
      'tool_choice.function',
      'image_url',
    ],
    takes: ['top_k'],
    reasoning: { efforts: ['none', 'low', 'medium', 'high'], back: 'reasoning' },
  },
  // docs.sglang.ai/basic_usage/openai_api_completions.html; "Separate reasoning".
  {
    id: 'sglang',
    title: 'SGLang',
    defaultUrl: 'http://127.0.0.1:30000/v1',
    operations: ['embeddings', 'rerank'],
    prefix: { by: 'continue_final_message', unlessReasoning: true },
    takes: ['top_k', 'audio'],
    reasoning: { efforts: ['low', 'medium', 'high'], toggle: 'chat_template_kwargs', back: 'reasoning_content' },
  },
  // docs.vllm.ai/en/stable/serving/openai_compatible_server.html ("suffix", "user" and "parallel_tool_calls" are ignored but for false).
  {
    id: 'vllm',
    title: 'vLLM',
    defaultUrl: 'http://127.0.0.1:8000/v1',
    operations: ['embeddings', 'transcriptions', 'rerank'],
    prefix: { by: 'continue_final_message', unlessReasoning: true },
    maxTokens: 'max_completion_tokens',
    refuses: ['user', 'strict'],
    takes: ['top_k', 'audio'],
    reasoning: { efforts: ['none', 'low', 'medium', 'high'], toggle: 'chat_template_kwargs', back: 'reasoning' },
    finishErrors: { error: 'server' },
    errorKinds: { BadRequestError: 'invalidRequest', NotFoundError: 'notFound', InternalServerError: 'server' },
  },
];
