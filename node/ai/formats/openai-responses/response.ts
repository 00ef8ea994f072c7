/** The response object, which says again what was asked for. Source: https://platform.openai.com/docs/api-reference/responses/object. Pure. */
import type { Finish, FinishReason, Usage } from '../../chat/chat-answer.js';
import type { AnswerFormat, ChatRequest, Tool } from '../../chat/chat-request.js';
import type { ProviderError, ProviderErrorKind } from '../../chat/provider-error.js';
import type { AnswerTerms } from '../../format.js';
import type { Json, JsonObject } from '../../json.js';

export interface Ending {
  readonly status: 'completed' | 'incomplete';
  /** Why it is incomplete. */
  readonly reason: string | null;
}

/** Null: it is complete. The published reasons are two; any other is the provider's own word, or this one's name. */
const reasonWords: Readonly<Record<FinishReason, string | null>> = {
  stop: null,
  toolCalls: null,
  length: 'max_output_tokens',
  contextExceeded: 'max_output_tokens',
  contentFilter: 'content_filter',
  refusal: 'content_filter',
  pause: 'pause',
  malformedToolCall: 'malformed_tool_call',
  other: 'other',
};

const PUBLISHED = new Set(['max_output_tokens', 'content_filter']);

/** `hasRefused`: the answer holds a refusal in the model's words, and is whole with it. */
export function endingOf({ reason, native }: Finish, hasRefused: boolean): Ending {
  const word = reason === 'refusal' && hasRefused ? null : reasonWords[reason];
  if (word === null) return { status: 'completed', reason: null };
  const isOwn = PUBLISHED.has(word) || native === null || native === '' || PUBLISHED.has(native);
  return { status: 'incomplete', reason: isOwn ? word : native };
}

export interface Progress {
  readonly createdS: number;
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  readonly reason: string | null;
  readonly output: readonly JsonObject[];
  readonly usage: Usage | null;
  readonly error: ProviderError | null;
}

export function responseObject({ id, model, request }: AnswerTerms, progress: Progress): JsonObject {
  const { status, reason, output, usage, error } = progress;
  return {
    id,
    object: 'response',
    created_at: progress.createdS,
    status,
    background: false,
    error: error === null ? null : { code: failureCodes[error.kind] ?? 'server_error', message: error.message },
    incomplete_details: reason === null ? null : { reason },
    instructions: instructionsOf(request),
    max_output_tokens: request.maxTokens,
    metadata: {},
    model,
    output,
    parallel_tool_calls: request.parallelToolCalls ?? true,
    previous_response_id: null,
    reasoning: {
      effort: request.reasoning?.effort ?? null,
      summary: request.reasoning?.isShown === true ? 'auto' : null,
    },
    store: false,
    temperature: request.temperature,
    text: { format: formatWords(request.answerFormat), verbosity: request.extra['verbosity'] ?? 'medium' },
    tool_choice: choiceWords(request),
    tools: request.tools.map(toolWords),
    top_logprobs: request.logprobs?.top ?? 0,
    top_p: request.topP,
    truncation: 'disabled',
    usage: usage === null ? null : responseUsage(usage),
    user: request.user,
  };
}

/** What a failed response says of itself; the published codes are about prompts, rates and everything else. */
const failureCodes: Readonly<Partial<Record<ProviderErrorKind, string>>> = {
  invalidRequest: 'invalid_prompt',
  requestTooLarge: 'invalid_prompt',
  contextExceeded: 'invalid_prompt',
  contentFiltered: 'invalid_prompt',
  rateLimited: 'rate_limit_exceeded',
  quotaExhausted: 'rate_limit_exceeded',
};

function responseUsage({ input, output, cachedInput, cacheWrite, reasoning }: Usage): JsonObject {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cachedInput, cache_write_tokens: cacheWrite },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}

function instructionsOf({ messages }: ChatRequest): string | null {
  const [first] = messages;
  const [part] = first?.parts ?? [];
  return first?.paths?.message === 'instructions' && part?.kind === 'text' ? part.text : null;
}

function formatWords(format: AnswerFormat | null): JsonObject {
  if (format === null || format.kind === 'text') return { type: 'text' };
  if (format.kind === 'json') return { type: 'json_object' };
  const { name, description, schema, strict } = format;
  return { type: 'json_schema', name, description, schema, strict: strict ?? false };
}

function choiceWords({ toolChoice, extra }: ChatRequest): Json {
  if (toolChoice === null) return extra['tool_choice'] ?? 'auto';
  return toolChoice.kind === 'tool' ? { type: 'function', name: toolChoice.name } : toolChoice.kind;
}

function toolWords(tool: Tool): JsonObject {
  if (tool.kind === 'provider') return tool.raw;
  const { name, description, parameters, strict } = tool;
  return { type: 'function', name, description, parameters, strict: strict ?? true };
}
