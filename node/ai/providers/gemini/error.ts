/** Errors of Google's APIs (`google.rpc.Status`), from bodies and from streams. Pure. Source: AIP-193, and "Troubleshooting". */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { kindOfStatus, type ProviderError, type ProviderErrorKind, providerError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, numberOf, textOf } from '../../json.js';
import { retryAfterMs } from '../../openai-words/retry-after.js';
import { objectOf, parsed, spoken, wordIn } from '../untrusted.js';

export function error(status: number, headers: HeaderList, body: string): ProviderError {
  const read = parsed(body);
  // Without `alt=sse` a stream is a list, and so is its error.
  const told = errorOf(objectOf(Array.isArray(read) ? read[0] : read)['error'], status);
  return { ...told, retryAfterMs: told.retryAfterMs ?? retryAfterMs(headers) };
}

const kinds: Readonly<Record<string, ProviderErrorKind>> = {
  INVALID_ARGUMENT: 'invalidRequest',
  OUT_OF_RANGE: 'invalidRequest',
  UNIMPLEMENTED: 'invalidRequest',
  // "User location is not supported", "billing has to be enabled": what the account may not do.
  FAILED_PRECONDITION: 'permission',
  PERMISSION_DENIED: 'permission',
  UNAUTHENTICATED: 'authentication',
  NOT_FOUND: 'notFound',
  RESOURCE_EXHAUSTED: 'rateLimited',
  UNAVAILABLE: 'overloaded',
  DEADLINE_EXCEEDED: 'timeout',
  INTERNAL: 'server',
  UNKNOWN: 'server',
  ABORTED: 'server',
  CANCELLED: 'server',
  DATA_LOSS: 'server',
};

/** `status` is null inside a stream, where the error's own code stands for it. */
export function errorOf(value: unknown, status: number | null): ProviderError {
  const read = objectOf(value);
  const native = textOf(read['status']);
  const code = status ?? numberOf(read['code']) ?? 500;
  const said = textOf(read['message']) ?? `Google answered ${code}`;
  const details = listOf(read['details']).filter(isObject);
  const known = wordIn(kinds, native) ?? kindOfStatus(code);
  return providerError(kindBeyond(known, said, details), spoken(said), {
    native,
    param: blamed(details),
    retryAfterMs: retryDelayMs(details),
  });
}

/** What the status does not tell by itself. */
function kindBeyond(kind: ProviderErrorKind, said: string, details: readonly JsonObject[]): ProviderErrorKind {
  if (details.some(({ reason }) => reason === 'API_KEY_INVALID')) return 'authentication';
  if (kind === 'invalidRequest') {
    if (/(?:token count|context).*exceeds? the maximum|exceeds the maximum number of tokens/i.test(said))
      return 'contextExceeded';
    if (/payload size exceeds/i.test(said)) return 'requestTooLarge';
  }
  if (kind !== 'rateLimited') return kind;
  // A quota for a day, or one that this account does not have at all.
  const quotas = details.flatMap(({ violations }) => listOf(violations).filter(isObject));
  const isSpent = quotas.some(({ quotaId }) => /PerDay/.test(textOf(quotaId) ?? ''));
  return isSpent || /\blimit: 0\b|prepay/i.test(said) ? 'quotaExhausted' : kind;
}

function blamed(details: readonly JsonObject[]): string | null {
  const fields = details.flatMap(({ fieldViolations }) => listOf(fieldViolations).filter(isObject));
  return textOf(fields[0]?.['field']);
}

/** `google.rpc.RetryInfo`: a duration in seconds, `46s` or `0.527s`. */
function retryDelayMs(details: readonly JsonObject[]): number | null {
  for (const { retryDelay } of details) {
    const seconds = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(textOf(retryDelay) ?? '')?.[1];
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1000);
  }
  return null;
}
