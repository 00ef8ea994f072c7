/** Stop reasons, figures and errors in Anthropic's words. Source: https://docs.anthropic.com/en/api/errors and /messages. Pure. */
import type { Finish, FinishReason, Usage } from '../../chat/chat-answer.js';
import { type ProviderError, type ProviderErrorKind, providerErrorTable } from '../../chat/provider-error.js';
import type { FormatError, Misread } from '../../format.js';
import type { JsonObject } from '../../json.js';
import { citedUrl } from '../cited-url.js';

/** Null: the provider's own word is used, or this one's name. */
const stopWords: Readonly<Record<FinishReason, string | null>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  toolCalls: 'tool_use',
  contentFilter: 'refusal',
  refusal: 'refusal',
  pause: 'pause_turn',
  contextExceeded: 'model_context_window_exceeded',
  malformedToolCall: null,
  other: null,
};

/** What clients act upon. A word that is not known here is never passed on as one of these. */
const KNOWN = new Set(Object.values(stopWords).filter((word) => word !== null)).add('stop_sequence');

export interface StopWords {
  readonly stop_reason: string;
  readonly stop_sequence: string | null;
}

/** `hasRefused`: the answer holds a refusal in the model's words. */
export function stopReason({ reason, native, stopSequence }: Finish, hasRefused: boolean): StopWords {
  if (reason === 'stop' && hasRefused) return { stop_reason: 'refusal', stop_sequence: null };
  if (reason === 'stop' && stopSequence !== null) return { stop_reason: 'stop_sequence', stop_sequence: stopSequence };
  const own = reason === 'malformedToolCall' ? 'malformed_tool_call' : 'other';
  const said = native === null || native === '' || KNOWN.has(native) ? own : native;
  return { stop_reason: stopWords[reason] ?? said, stop_sequence: null };
}

/** Here the input is told without what came from the cache or went into it. */
export function messageUsage(usage: Usage | null): JsonObject {
  const { input, output, cachedInput, cacheWrite, reasoning } = usage ?? NOTHING;
  return {
    input_tokens: Math.max(0, input - cachedInput - cacheWrite),
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cachedInput,
    output_tokens: output,
    output_tokens_details: { thinking_tokens: reasoning },
  };
}

/** The format has no way to leave the figures out. */
const NOTHING: Usage = { input: 0, output: 0, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: true };

/** Pages of the web in Anthropic's words; any other source as its provider says it. */
export function citationWords(citation: JsonObject): JsonObject {
  const cited = citedUrl(citation);
  if (cited === null || citation['type'] === 'web_search_result_location') return citation;
  const { url, title } = cited;
  return { type: 'web_search_result_location', url, title, cited_text: '', encrypted_index: '' };
}

const errorTypes: Readonly<Record<ProviderErrorKind, string>> = {
  invalidRequest: 'invalid_request_error',
  requestTooLarge: 'request_too_large',
  contextExceeded: 'invalid_request_error',
  contentFiltered: 'invalid_request_error',
  // The key is the gateway's own: the caller's was good, and must not look as if it were not.
  authentication: 'api_error',
  permission: 'api_error',
  notFound: 'not_found_error',
  rateLimited: 'rate_limit_error',
  quotaExhausted: 'rate_limit_error',
  overloaded: 'overloaded_error',
  server: 'api_error',
  timeout: 'timeout_error',
  cut: 'api_error',
  malformed: 'api_error',
};

/** What Anthropic itself answers with when it is overloaded; its clients know it by this. */
const OVERLOADED_STATUS = 529;

export function errorBody({ kind, message }: ProviderError): JsonObject {
  return { type: 'error', error: { type: errorTypes[kind], message } };
}

export function messagesError(error: ProviderError): FormatError {
  const status = error.kind === 'overloaded' ? OVERLOADED_STATUS : providerErrorTable[error.kind].status;
  return { status, body: errorBody(error) };
}

/** The format has no place for the field, so a message that does not name it is given it. */
export function messagesMisread({ field, message }: Misread): FormatError {
  const said = field === '' || message.includes(field) ? message : `${field}: ${message}`;
  return { status: 400, body: { type: 'error', error: { type: 'invalid_request_error', message: said } } };
}
