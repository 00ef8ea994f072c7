/**
 * What a failure of a provider is to the gateway, and the other way round: one table each way. Whoever looks at logs, metrics and
 * `Proxy-Status` reads the gateway's codes, and clients read their own format. Pure.
 */
import {
  type Failure,
  type FailureCode,
  failure,
  failureTable,
  type TimerName,
  timerFired,
} from '@weir/proto/http/failures.js';
import { type ProviderError, type ProviderErrorKind, providerError } from '../chat/provider-error.js';
import type { ChatFormat, FormatError } from '../format.js';
import { isObject, type JsonObject } from '../json.js';

const codes: Readonly<Record<ProviderErrorKind, FailureCode>> = {
  invalidRequest: 'model_refused',
  requestTooLarge: 'model_refused',
  contextExceeded: 'model_refused',
  contentFiltered: 'model_refused',
  authentication: 'model_failed',
  permission: 'model_failed',
  notFound: 'model_not_found',
  rateLimited: 'model_rate_limited',
  quotaExhausted: 'model_rate_limited',
  overloaded: 'model_unavailable',
  server: 'model_failed',
  timeout: 'model_timeout',
  cut: 'model_failed',
  malformed: 'model_failed',
};

/** What clients are told of failures that are between the gateway and its provider: providers quote keys and accounts there. */
const concealed: Partial<Readonly<Record<ProviderErrorKind, string>>> = {
  authentication: 'The provider of the model does not take the credentials of the gateway.',
  permission: 'The provider of the model does not let the gateway use it.',
  quotaExhausted: 'The account of the gateway at the provider of the model has nothing left.',
};

export function shownError(error: ProviderError): ProviderError {
  const message = concealed[error.kind];
  return message === undefined ? error : { ...error, message };
}

/** Which limit a failure met, where it was one of the gateway's own. */
export interface FiredLimit {
  readonly timer: TimerName;
  readonly limitMs: number;
}

/** The failure that goes up, with the answer that it becomes. Its detail names no word of the request: details go into logs. */
export function failureOf(
  error: ProviderError,
  where: string,
  format: Pick<ChatFormat, 'error'>,
  limit: FiredLimit | null,
): Failure {
  const shown = shownError(error);
  const said = error.native === null ? error.kind : `${error.kind}, ${error.native}`;
  const answer = answerOf(format.error(shown));
  const wait = error.retryAfterMs === null ? {} : { retryAfterS: Math.ceil(error.retryAfterMs / 1_000) };
  if (limit !== null && error.kind === 'timeout') return { ...timerFired(limit.timer, limit.limitMs), answer };
  return failure(codes[error.kind], where === '' ? said : `${where}: ${said}`.slice(0, DETAIL_MAX), {
    ...wait,
    answer,
  });
}

/** A code of a provider may be any text. */
const DETAIL_MAX = 200;

export function answerOf({ status, body }: FormatError): NonNullable<Failure['answer']> {
  return { status, type: 'application/json', body: JSON.stringify(body) };
}

/** A failure that the transport, a pool or a breaker tells of a provider. `hasHead`: its answer had begun. */
export function errorOfFailure({ code, retryAfterS }: Failure, hasHead: boolean): ProviderError {
  const { status, title } = failureTable[code];
  const retryAfterMs = retryAfterS === undefined ? null : retryAfterS * 1_000;
  return providerError(kindOfFailure(code, status, hasHead), `${title}.`, { native: code, retryAfterMs });
}

function kindOfFailure(code: FailureCode, status: number, hasHead: boolean): ProviderErrorKind {
  if (status === 504) return 'timeout';
  if (status === 503) return 'overloaded';
  if (code === 'response_malformed' || code === 'response_head_too_large') return 'malformed';
  return hasHead ? 'cut' : 'server';
}

/** Failures of other layers (credentials, limits, the deadline), in the words of the caller's format. */
export function inWordsOf(format: Pick<ChatFormat, 'error'>, failed: Failure): Failure {
  if (failed.answer !== undefined) return failed;
  const { status, title } = failureTable[failed.code];
  const retryAfterMs = failed.retryAfterS === undefined ? null : failed.retryAfterS * 1_000;
  const error = providerError(kindOfRefusal(status), `${title}: ${failed.detail}.`, {
    native: failed.code,
    retryAfterMs,
  });
  const { body } = format.error(error);
  return { ...failed, answer: answerOf({ status, body: withClientsFault(body, status) }) };
}

/** The kinds of provider errors know no credentials but the gateway's own; these are the client's. */
function withClientsFault(body: JsonObject, status: number): JsonObject {
  const type = status === 401 ? 'authentication_error' : status === 403 ? 'permission_error' : null;
  return type === null || !isObject(body['error']) ? body : { ...body, error: { ...body['error'], type } };
}

function kindOfRefusal(status: number): ProviderErrorKind {
  switch (status) {
    case 404:
      return 'notFound';
    case 413:
      return 'requestTooLarge';
    case 429:
      return 'rateLimited';
    case 503:
      return 'overloaded';
    case 504:
      return 'timeout';
    default:
      return status >= 500 ? 'server' : 'invalidRequest';
  }
}
