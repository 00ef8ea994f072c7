/**
 * Hosted providers that speak chat completions, A to Z: each in what it documents that it does otherwise than OpenAI. The comment
 * names the page that a row is to be held against; what a page does not say is taken to be as OpenAI has it. These pages
 * change faster than releases of the gateway: the config can correct every row.
 */
import type { CompatibleSpec } from './spec.js';

export const hostedRows: readonly CompatibleSpec[] = [
  // docs.ai21.com/reference/jamba-1-6-api-ref
  {
    id: 'ai21',
    title: 'AI21',
    defaultUrl: 'https://api.ai21.com/studio/v1',
    refuses: [
      'frequency_penalty',
      'presence_penalty',
      'seed',
      'logprobs',
      'top_logprobs',
      'logit_bias',
      'user',
      'parallel_tool_calls',
      'strict',
      'json_schema',
      'messages.name',
      'content_parts',
      'image',
    ],
    reasoning: { isHidden: true },
    streamUsage: 'unasked',
  },
  // docs.baseten.co/development/model-apis/overview
  {
    id: 'baseten',
    title: 'Baseten',
    defaultUrl: 'https://inference.baseten.co/v1',
    takes: ['top_k'],
    reasoning: { efforts: ['low', 'medium', 'high'], toggle: 'chat_template_kwargs' },
  },
  // inference-docs.cerebras.ai/resources/openai: "will result in a 400 error"; api-reference/chat-completions.
  {
    id: 'cerebras',
    title: 'Cerebras',
    defaultUrl: 'https://api.cerebras.ai/v1',
    maxTokens: 'max_completion_tokens',
    refuses: ['frequency_penalty', 'presence_penalty', 'logit_bias', 'n', 'image'],
    takes: ['service_tier', 'prediction'],
    reasoning: { efforts: ['none', 'low', 'medium', 'high'], back: 'reasoning' },
  },
  // developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility; errors come as {success: false, errors: […]}.
  {
    id: 'cloudflare',
    title: 'Cloudflare Workers AI',
    defaultUrl: 'https://api.cloudflare.com/client/v4/accounts/{accountId}/ai/v1',
    operations: ['embeddings'],
    settings: ['accountId'],
    refuses: ['n', 'logprobs', 'top_logprobs', 'logit_bias', 'user', 'parallel_tool_calls', 'strict', 'messages.name'],
    takes: ['top_k'],
    // developers.cloudflare.com/workers-ai/platform/errors
    errorKinds: {
      '3007': 'timeout',
      '3036': 'quotaExhausted',
      '3040': 'overloaded',
      '5007': 'notFound',
      '7009': 'notFound',
      '10000': 'authentication',
    },
  },
  // deepinfra.com/docs/openai_api
  {
    id: 'deepinfra',
    title: 'DeepInfra',
    defaultUrl: 'https://api.deepinfra.com/v1/openai',
    operations: ['embeddings', 'images', 'speech', 'transcriptions'],
    refuses: ['logit_bias', 'parallel_tool_calls'],
    takes: ['top_k', 'service_tier'],
    reasoning: { efforts: ['none', 'low', 'medium', 'high'] },
  },
  // docs.fireworks.ai/api-reference/post-chatcompletions; "usage stats are returned on streaming responses too".
  {
    id: 'fireworks',
    title: 'Fireworks AI',
    defaultUrl: 'https://api.fireworks.ai/inference/v1',
    operations: ['embeddings', 'rerank'],
    takes: ['top_k', 'service_tier', 'metadata', 'prediction'],
    reasoning: { efforts: ['none', 'low', 'medium', 'high'], toggle: 'thinking', back: 'reasoning_content' },
  },
  // docs.github.com/rest/models/inference
  {
    id: 'github-models',
    title: 'GitHub Models',
    defaultUrl: 'https://models.github.ai/inference',
    operations: ['embeddings'],
    refuses: ['n', 'logprobs', 'top_logprobs', 'logit_bias', 'user'],
    // In the words of Azure, which runs them.
    errorKinds: { RateLimitReached: 'rateLimited', unknown_model: 'notFound', tokens_limit_reached: 'requestTooLarge' },
  },
  // console.groq.com/docs/openai: "will result in a 400 error"; docs/reasoning; docs/api-reference.
  {
    id: 'groq',
    title: 'Groq',
    defaultUrl: 'https://api.groq.com/openai/v1',
    operations: ['speech', 'transcriptions'],
    maxTokens: 'max_completion_tokens',
    refuses: ['logprobs', 'top_logprobs', 'logit_bias', 'n', 'messages.name'],
    takes: ['service_tier'],
    reasoning: { efforts: ['none', 'low', 'medium', 'high'], back: 'reasoning' },
    // docs/errors: the model wrote a call that is none. What it wrote can't be had: it stands in the error.
    errorKinds: { tool_use_failed: 'malformed', json_validate_failed: 'malformed', capacity_exceeded: 'overloaded' },
  },
  // huggingface.co/docs/inference-providers/tasks/chat-completion: one API before many providers.
  {
    id: 'huggingface',
    title: 'Hugging Face',
    defaultUrl: 'https://router.huggingface.co/v1',
    reasoning: { efforts: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] },
    // Text Generation Inference, before it spoke OpenAI's words.
    finishWords: { eos_token: 'stop', stop_sequence: 'stop' },
    errorKinds: {
      overloaded: 'overloaded',
      validation: 'invalidRequest',
      generation: 'server',
      incomplete_generation: 'cut',
    },
  },
  // docs.hyperbolic.xyz/docs/rest-api
  {
    id: 'hyperbolic',
    title: 'Hyperbolic',
    defaultUrl: 'https://api.hyperbolic.xyz/v1',
    takes: ['top_k'],
  },
  // docs.lambda.ai/public-cloud/lambda-inference-api
  {
    id: 'lambda',
    title: 'Lambda',
    defaultUrl: 'https://api.lambda.ai/v1',
    refuses: ['logit_bias', 'parallel_tool_calls'],
    takes: ['top_k'],
  },
  // docs.studio.nebius.com/api-reference: vLLM behind it.
  {
    id: 'nebius',
    title: 'Nebius',
    defaultUrl: 'https://api.studio.nebius.com/v1',
    operations: ['embeddings', 'images'],
    takes: ['top_k', 'store', 'service_tier'],
    reasoning: { efforts: ['low', 'medium', 'high'], toggle: 'chat_template_kwargs' },
  },
  // novita.ai/docs/api-reference/model-apis-llm-create-chat-completion; errors are {code, reason, message, metadata}.
  {
    id: 'novita',
    title: 'Novita AI',
    defaultUrl: 'https://api.novita.ai/openai/v1',
    operations: ['embeddings', 'rerank'],
    refuses: ['parallel_tool_calls', 'tool_choice', 'user'],
    takes: ['top_k'],
    reasoning: { toggle: 'enable_thinking' },
    errorKinds: {
      FAILED_TO_AUTH: 'authentication',
      INVALID_API_KEY: 'authentication',
      NOT_ENOUGH_BALANCE: 'quotaExhausted',
      MODEL_NOT_FOUND: 'notFound',
      RATE_LIMIT_EXCEEDED: 'rateLimited',
      SERVICE_NOT_AVAILABLE: 'overloaded',
    },
  },
  // docs.api.nvidia.com/nim/reference (create_chat_completion); docs.nvidia.com/nim/large-language-models, "Structured generation".
  {
    id: 'nvidia-nim',
    title: 'NVIDIA NIM',
    defaultUrl: 'https://integrate.api.nvidia.com/v1',
    operations: ['embeddings'],
    refuses: ['n', 'user', 'parallel_tool_calls', 'strict'],
    reasoning: { efforts: ['low', 'medium', 'high'], toggle: 'chat_template_kwargs' },
  },
  // openrouter.ai/docs/api-reference/parameters, "Reasoning tokens", "Prompt caching", "Errors and debugging".
  {
    id: 'openrouter',
    title: 'OpenRouter',
    defaultUrl: 'https://openrouter.ai/api/v1',
    operations: ['embeddings'],
    refuses: ['n'],
    takes: [
      'top_k',
      'document',
      'audio',
      'cache_control',
      'prediction',
      'verbosity',
      'web_search_options',
      'metadata',
      'prompt_cache_key',
      'service_tier',
    ],
    reasoning: { toggle: 'reasoning', back: 'reasoning' },
    // A key's own limit is a 402 as well as an account without credit; 403 is moderation that has flagged the input.
    errorKinds: { '402': 'quotaExhausted', '403': 'contentFiltered', '502': 'server', '503': 'overloaded' },
  },
  // docs.perplexity.ai/api-reference/chat-completions-post; its SDK's types (perplexityai/perplexity-py, completion_create_params.py).
  {
    id: 'perplexity',
    title: 'Perplexity',
    defaultUrl: 'https://api.perplexity.ai',
    refuses: ['seed', 'logit_bias', 'user', 'tool_choice.function', 'json_object', 'messages.name'],
    takes: ['top_k', 'web_search_options', 'document'],
    reasoning: { efforts: ['minimal', 'low', 'medium', 'high'] },
    // Every chunk has it.
    streamUsage: 'unasked',
  },
  // docs.sambanova.ai/docs/en/features/openai-compatibility, "Unsupported features"
  {
    id: 'sambanova',
    title: 'SambaNova',
    defaultUrl: 'https://api.sambanova.ai/v1',
    operations: ['embeddings', 'transcriptions'],
    refuses: [
      'logprobs',
      'top_logprobs',
      'n',
      'presence_penalty',
      'frequency_penalty',
      'logit_bias',
      'seed',
      'messages.name',
    ],
    takes: ['top_k'],
    reasoning: { efforts: ['low', 'medium', 'high'], toggle: 'chat_template_kwargs' },
  },
  // docs.together.ai/reference/chat-completions; docs/inference/openai-compatibility. Probabilities are a number and a list of its own there.
  {
    id: 'together',
    title: 'Together AI',
    defaultUrl: 'https://api.together.ai/v1',
    operations: ['embeddings', 'images', 'speech', 'transcriptions', 'rerank'],
    refuses: ['logprobs', 'top_logprobs', 'user', 'parallel_tool_calls'],
    takes: ['top_k'],
    reasoning: { efforts: ['low', 'medium', 'high', 'max'], toggle: 'chat_template_kwargs', back: 'reasoning' },
    finishWords: { eos: 'stop' },
  },
  // docs.x.ai/docs/api-reference#chat-completions: models that reason refuse penalties and stop, which the API tells with a 400.
  {
    id: 'xai',
    title: 'xAI',
    defaultUrl: 'https://api.x.ai/v1',
    operations: ['images'],
    refuses: ['logit_bias'],
    takes: ['web_search_options'],
    reasoning: { efforts: ['none', 'low', 'medium', 'high'] },
  },
];
