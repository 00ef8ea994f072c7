/**
 * The words in which a config says how a compatible provider departs from OpenAI's chat completions; the translators give each its
 * meaning. Data, so that a config is checked with the words that a node knows.
 */

/** What OpenAI's API can and an imitator may refuse. */
export const refusableWords = [
  ...['temperature', 'top_p', 'frequency_penalty', 'presence_penalty', 'seed', 'stop', 'n', 'logprobs', 'top_logprobs'],
  ...['logit_bias', 'user', 'max_tokens', 'tools', 'tool_choice', 'tool_choice.required', 'tool_choice.function'],
  ...['parallel_tool_calls', 'strict', 'json_object', 'json_schema', 'messages.name', 'content_parts', 'image'],
  'image_url',
] as const;

/** What not every imitator takes. */
export const takableWords = [
  ...[
    'top_k',
    'document',
    'document_url',
    'audio',
    'cache_control',
    'provider_tools',
    'refusal',
    'metadata',
    'modalities',
  ],
  ...['prediction', 'prompt_cache_key', 'prompt_cache_retention', 'safety_identifier', 'service_tier', 'store'],
  ...['verbosity', 'web_search_options'],
] as const;

export const effortWords = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

/** How reasoning is switched on and off. */
export const toggleWords = ['thinking', 'enable_thinking', 'chat_template_kwargs', 'reasoning'] as const;

/** Why an answer has ended. */
export const finishWords = [
  ...['stop', 'length', 'toolCalls', 'contentFilter', 'refusal', 'pause', 'contextExceeded', 'malformedToolCall'],
  'other',
] as const;

/** Why there is none. */
export const errorWords = [
  ...['invalidRequest', 'requestTooLarge', 'contextExceeded', 'contentFiltered', 'authentication', 'permission'],
  ...['notFound', 'rateLimited', 'quotaExhausted', 'overloaded', 'server', 'timeout', 'cut', 'malformed'],
] as const;

/** What it has beside chats. */
export const operationWords = [
  ...['embeddings', 'images', 'imageEdits', 'speech', 'transcriptions', 'moderations', 'rerank'],
] as const;
export type OperationWord = (typeof operationWords)[number];
