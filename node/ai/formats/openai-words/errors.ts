/**
 * Errors in OpenAI's words, for all of its formats: what official clients make their exceptions of. Source:
 * https://platform.openai.com/docs/guides/error-codes. Pure.
 */
import { type ProviderError, providerErrorTable } from '../../chat/provider-error.js';
import type { FormatError, Misread } from '../../format.js';
import type { JsonObject } from '../../json.js';
import { errorWords } from '../../openai-words/errors.js';

/** What stands under `error`. The provider's own code is told where there is no better word for the kind. */
export function errorObject(error: ProviderError): JsonObject {
  const { type, code } = errorWords[error.kind];
  return { message: error.message, type, param: error.param, code: code ?? error.native };
}

export function openaiError(error: ProviderError): FormatError {
  return { status: providerErrorTable[error.kind].status, body: { error: errorObject(error) } };
}

export function openaiMisread({ field, message }: Misread): FormatError {
  const param = field === '' ? null : field;
  return { status: 400, body: { error: { message, type: 'invalid_request_error', param, code: 'invalid_value' } } };
}
