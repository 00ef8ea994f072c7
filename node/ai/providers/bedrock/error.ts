/** Errors of Bedrock Runtime, from bodies and from streams. Pure. Source: "Errors" of Converse, and "Common errors" of AWS. */
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import { kindOfStatus, type ProviderError, type ProviderErrorKind, providerError } from '../../chat/provider-error.js';
import { isObject, textOf } from '../../json.js';
import { retryAfterMs } from '../../openai-words/retry-after.js';
import { objectOf, parsed, spoken, wordIn } from '../untrusted.js';

export function error(status: number, headers: HeaderList, body: string): ProviderError {
  const read = parsed(body);
  // "ValidationException:http://internal.amazon.com/…"; a body may say it as well, with a namespace before it.
  const type = headerValue(headers, 'x-amzn-errortype') ?? textOf(objectOf(read)['__type']) ?? '';
  const native = type.replace(/:.*$/s, '').replace(/^.*#/s, '');
  const told = errorOf(native, isObject(read) ? read : {}, status);
  return { ...told, retryAfterMs: retryAfterMs(headers) };
}

const kinds: Readonly<Record<string, ProviderErrorKind>> = {
  ValidationException: 'invalidRequest',
  AccessDeniedException: 'permission',
  UnrecognizedClientException: 'authentication',
  InvalidSignatureException: 'authentication',
  IncompleteSignatureException: 'authentication',
  ExpiredTokenException: 'authentication',
  InvalidClientTokenId: 'authentication',
  MissingAuthenticationTokenException: 'authentication',
  ResourceNotFoundException: 'notFound',
  ThrottlingException: 'rateLimited',
  TooManyRequestsException: 'rateLimited',
  ServiceQuotaExceededException: 'quotaExhausted',
  ModelNotReadyException: 'overloaded',
  ServiceUnavailableException: 'overloaded',
  ModelTimeoutException: 'timeout',
  ModelErrorException: 'server',
  ModelStreamErrorException: 'server',
  InternalServerException: 'server',
  InternalFailure: 'server',
};

/** What is wrong beyond its type, which is in the message only. */
const better: readonly (readonly [ProviderErrorKind, RegExp, ProviderErrorKind])[] = [
  [
    'invalidRequest',
    /input is too long|prompt is too long|too many (?:input )?tokens|context (?:length|window|limit)/i,
    'contextExceeded',
  ],
  ['invalidRequest', /model identifier is invalid|on-demand throughput/i, 'notFound'],
  ['rateLimited', /per day/i, 'quotaExhausted'],
];

/** `status` is null inside a stream, where types begin in lower case. */
export function errorOf(type: string, body: unknown, status: number | null): ProviderError {
  const read = objectOf(body);
  const said =
    textOf(read['message']) ??
    textOf(read['Message']) ??
    textOf(read['originalMessage']) ??
    (status === null ? 'Bedrock ended the stream with an error' : `Bedrock answered ${status}`);
  const name = type.slice(0, 1).toUpperCase() + type.slice(1);
  const known = wordIn(kinds, name) ?? (status === null ? 'server' : kindOfStatus(status));
  const kind = better.find(([of, words]) => of === known && words.test(said))?.[2] ?? known;
  return providerError(kind, spoken(said), { native: type === '' ? null : type });
}
