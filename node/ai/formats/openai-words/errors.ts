/**
 * Errors in OpenAI's words, for all of its formats: what official clients make their exceptions of. Source:
 * https://platform.openai.com/docs/guides/error-codes. Pure.
 */
import { type ProviderError, type ProviderErrorKind, providerErrorTable } from '../../chat/provider-error.js';
import type { FormatError, Misread } from '../../format.js';
import type { JsonObject } from '../../json.js';

interface Words {
  readonly type: string;
  readonly code: string | null;
}

const words: Readonly<Record<ProviderErrorKind, Words>> = {
  invalidRequest: { type: 'invalid_request_error', code: null },
  requestTooLarge: { type: 'invalid_request_error', code: 'request_too_large' },
  contextExceeded: { type: 'invalid_request_error', code: 'context_length_exceeded' },
  contentFiltered: { type: 'invalid_request_error', code: 'content_filter' },
  // The key is the gateway's own: the caller's was good, and must not look as if it were not.
  authentication: { type: 'server_error', code: 'upstream_authentication' },
  permission: { type: 'server_error', code: 'upstream_permission' },
  notFound: { type: 'invalid_request_error', code: 'model_not_found' },
  rateLimited: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  quotaExhausted: { type: 'insufficient_quota', code: 'insufficient_quota' },
  overloaded: { type: 'server_error', code: 'overloaded' },
  server: { type: 'server_error', code: 'server_error' },
  timeout: { type: 'server_error', code: 'timeout' },
  cut: { type: 'server_error', code: 'stream_cut' },
  malformed: { type: 'server_error', code: 'upstream_malformed' },
};

/** What stands under `error`. The provider's own code is told where there is no better word for the kind. */
export function errorWords(error: ProviderError): JsonObject {
  const { type, code } = words[error.kind];
  return { message: error.message, type, param: error.param, code: code ?? error.native };
}

export function openaiError(error: ProviderError): FormatError {
  return { status: providerErrorTable[error.kind].status, body: { error: errorWords(error) } };
}

export function openaiMisread({ field, message }: Misread): FormatError {
  const param = field === '' ? null : field;
  return { status: 400, body: { error: { message, type: 'invalid_request_error', param, code: 'invalid_value' } } };
}
