/**
 * Errors in OpenAI's words and in the shapes that its imitators give them, read once for all. What an error means comes from
 * the tables below; a message is looked at only where servers say in nothing else that a window is exceeded. Pure.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { kindOfStatus, type ProviderError, type ProviderErrorKind, providerError } from '../chat/provider-error.js';
import { isObject, numberOf, textOf } from '../json.js';
import { retryAfterMs } from './retry-after.js';

/** By `code`, else by `type` (platform.openai.com/docs/guides/error-codes, and the references of the imitators). */
export const errorKinds: Readonly<Record<string, ProviderErrorKind>> = {
  invalid_request_error: 'invalidRequest',
  context_length_exceeded: 'contextExceeded',
  // llama.cpp, tools/server/README.md.
  exceed_context_size_error: 'contextExceeded',
  string_above_max_length: 'contextExceeded',
  content_filter: 'contentFiltered',
  content_policy_violation: 'contentFiltered',
  invalid_api_key: 'authentication',
  authentication_error: 'authentication',
  account_deactivated: 'authentication',
  permission_error: 'permission',
  permission_denied: 'permission',
  insufficient_quota: 'quotaExhausted',
  billing_hard_limit_reached: 'quotaExhausted',
  billing_not_active: 'quotaExhausted',
  insufficient_balance: 'quotaExhausted',
  model_not_found: 'notFound',
  not_found_error: 'notFound',
  DeploymentNotFound: 'notFound',
  rate_limit_exceeded: 'rateLimited',
  rate_limit_error: 'rateLimited',
  rate_limit_reached_error: 'rateLimited',
  requests: 'rateLimited',
  tokens: 'rateLimited',
  engine_overloaded_error: 'overloaded',
  overloaded_error: 'overloaded',
  unavailable_error: 'overloaded',
  server_error: 'server',
  api_error: 'server',
  internal_error: 'server',
  internal_server_error: 'server',
  timeout: 'timeout',
};

/** What a body says of a failure, before anything is made of it. */
export interface SaidError {
  readonly message: string;
  readonly code: string | null;
  readonly type: string | null;
  readonly param: string | null;
  /** A status in place of a code, as OpenRouter and vLLM give it. */
  readonly status: number | null;
}

/**
 * The error in a body, or null where it has none. Shapes, in this order: OpenAI `{error: {…}}`; `{error: "…"}`; FastAPI's
 * `{detail}` (NVIDIA; Mistral puts it into `message`); Cloudflare's `{success: false, errors: […]}`; MiniMax's `{base_resp: {status_code, …}}`;
 * bare `{message | msg, code, type}` (Cohere, vLLM before 0.10, Novita, SiliconFlow), unless it holds an answer.
 */
export function readErrorBody(body: unknown): SaidError | null {
  if (typeof body === 'string') return body.trim() === '' ? null : said(body);
  if (!isObject(body)) return null;
  const { error } = body;
  if (isObject(error)) return readErrorObject(error);
  if (typeof error === 'string' && error !== '') return { ...readErrorObject(body), message: error };
  if (body['detail'] !== undefined && body['detail'] !== null) return readDetail(body['detail']);
  const [first] = Array.isArray(body['errors']) ? body['errors'] : [];
  if (isObject(first)) return readErrorObject(first);
  const base = body['base_resp'];
  if (isObject(base) && numberOf(base['status_code']) !== null && base['status_code'] !== 0) {
    return { ...said(textOf(base['status_msg']) ?? ''), code: String(base['status_code']) };
  }
  const { message } = body;
  if (isObject(message) && message['detail'] !== undefined) return readDetail(message['detail']);
  const isAnswer = 'choices' in body || 'content' in body || isObject(message);
  return isAnswer || (textOf(message) ?? textOf(body['msg'])) === null ? null : readErrorObject(body);
}

function readErrorObject(error: Readonly<Record<string, unknown>>): SaidError {
  const code = error['code'] ?? error['status_code'] ?? error['http_code'];
  const number = numberOf(code) ?? (/^[45]\d\d$/.test(textOf(code) ?? '') ? Number(code) : null);
  return {
    message: textOf(error['message']) ?? textOf(error['msg']) ?? '',
    code: textOf(code) ?? (numberOf(code) === null ? textOf(error['reason']) : String(code)),
    type: textOf(error['type']),
    param: textOf(error['param']),
    status: number !== null && number >= 400 && number < 600 ? number : null,
  };
}

function readDetail(detail: unknown): SaidError {
  if (typeof detail === 'string') return said(detail);
  const [first] = Array.isArray(detail) ? detail : [detail];
  if (!isObject(first)) return said('');
  const loc = first['loc'];
  const param = Array.isArray(loc) ? loc.filter((step) => step !== 'body').join('.') : null;
  return { ...said(textOf(first['msg']) ?? textOf(first['message']) ?? ''), type: textOf(first['type']), param };
}

const said = (message: string): SaidError => ({ message, code: null, type: null, param: null, status: null });

/** What servers write who have no code for it: OpenAI's sentence, vLLM and SGLang; llama.cpp; LM Studio; Groq; Mistral; Cohere. */
const WINDOW =
  /maximum context length|context (?:length|size|window).{0,40}(?:exceed|overflow)|exceeds? .{0,40}context (?:length|size|window)|reduce the length of the messages|too many tokens: |too large for model with \d+ maximum context/i;

/** The error of an answer with this status, or, with status 0, of one that came in a stream or under a 200. */
export function toProviderError(
  status: number,
  found: SaidError,
  kinds: Readonly<Record<string, ProviderErrorKind>> = {},
  headers: HeaderList = [],
): ProviderError {
  const { message, code, type, param } = found;
  const heard = status === 0 ? (found.status ?? 0) : status;
  return providerError(kindOf(heard, found, kinds), message === '' ? plainMessage(heard) : withoutKeys(message), {
    native: code ?? type,
    param,
    retryAfterMs: retryAfterMs(headers),
  });
}

function kindOf(
  status: number,
  { message, code, type }: SaidError,
  kinds: Readonly<Record<string, ProviderErrorKind>>,
): ProviderErrorKind {
  const known = [code, type].map((word) => word && (own(kinds, word) ?? own(errorKinds, word)));
  // `invalid_request_error` is the type of nearly everything: what the status says is more.
  const precise = known.find((kind) => kind && kind !== 'invalidRequest');
  if (precise) return precise;
  if ((status === 0 || status === 400 || status === 413 || status === 422) && WINDOW.test(message)) {
    return 'contextExceeded';
  }
  if (status >= 400) return kindOfStatus(status);
  return known.find(Boolean) || 'server';
}

const own = (kinds: Readonly<Record<string, ProviderErrorKind>>, word: string): ProviderErrorKind | undefined =>
  Object.hasOwn(kinds, word) ? kinds[word] : undefined;

/** OpenAI quotes a wrong key in parts (`Incorrect API key provided: sk-ab***yz`), others in whole. */
function withoutKeys(message: string): string {
  return message.replace(/\b(?:sk|gsk|xai|pplx|nvapi|hf|tgp|fw|csk)[-_][\w*.-]{4,}/g, '[key]').slice(0, MESSAGE_MAX);
}

/** Characters of a provider's message that are passed on. */
const MESSAGE_MAX = 2_000;

function plainMessage(status: number): string {
  return status === 0 ? 'the provider reported an error without a message' : `the provider answered with ${status}`;
}

/** How an error is written for clients of OpenAI: `type` and `code`, where the provider has not named one of its own. */
export const errorWords: Readonly<Record<ProviderErrorKind, { readonly type: string; readonly code: string | null }>> =
  {
    invalidRequest: { type: 'invalid_request_error', code: null },
    requestTooLarge: { type: 'invalid_request_error', code: 'request_too_large' },
    contextExceeded: { type: 'invalid_request_error', code: 'context_length_exceeded' },
    contentFiltered: { type: 'invalid_request_error', code: 'content_filter' },
    authentication: { type: 'server_error', code: 'upstream_authentication' },
    permission: { type: 'server_error', code: 'upstream_permission' },
    notFound: { type: 'invalid_request_error', code: 'model_not_found' },
    rateLimited: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
    quotaExhausted: { type: 'insufficient_quota', code: 'insufficient_quota' },
    overloaded: { type: 'server_error', code: 'overloaded' },
    server: { type: 'server_error', code: null },
    timeout: { type: 'server_error', code: 'timeout' },
    cut: { type: 'server_error', code: 'stream_cut' },
    malformed: { type: 'server_error', code: 'malformed_answer' },
  };
