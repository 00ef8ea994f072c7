/** Errors of Anthropic's Messages API, from bodies and from streams. Pure. Source: "Errors" in the API reference. */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { kindOfStatus, type ProviderError, type ProviderErrorKind, providerError } from '../../chat/provider-error.js';
import { textOf } from '../../json.js';
import { retryAfterMs } from '../../openai-words/retry-after.js';
import { objectOf, parsed, spoken, wordIn } from '../untrusted.js';

export function error(status: number, headers: HeaderList, body: string): ProviderError {
  const read = objectOf(parsed(body));
  const told = errorOf(read['error'], status);
  return { ...told, retryAfterMs: retryAfterMs(headers) };
}

const kinds: Readonly<Record<string, ProviderErrorKind>> = {
  invalid_request_error: 'invalidRequest',
  authentication_error: 'authentication',
  billing_error: 'quotaExhausted',
  permission_error: 'permission',
  not_found_error: 'notFound',
  request_too_large: 'requestTooLarge',
  rate_limit_error: 'rateLimited',
  timeout_error: 'timeout',
  api_error: 'server',
  overloaded_error: 'overloaded',
};

/** Anthropic has one type for everything that is wrong with a request; what else may help is in its words only. */
const invalid: readonly (readonly [RegExp, ProviderErrorKind])[] = [
  [/prompt is too long|exceeds? (?:the )?context (?:limit|window)|context window/i, 'contextExceeded'],
  [/credit balance is too low|usage limits?|spend limit/i, 'quotaExhausted'],
  [/blocked by .*(?:content filter|policy)/i, 'contentFiltered'],
];

/** `status` is null inside a stream, where the type alone speaks. */
export function errorOf(value: unknown, status: number | null): ProviderError {
  const read = objectOf(value);
  const native = textOf(read['type']);
  const message = textOf(read['message']);
  const known = wordIn(kinds, native) ?? (status === null ? 'server' : kindOfStatus(status));
  const said =
    message ?? (status === null ? 'Anthropic ended the stream with an error' : `Anthropic answered ${status}`);
  const better = known === 'invalidRequest' ? invalid.find(([words]) => words.test(said))?.[1] : undefined;
  // "messages.0.content: Field required"
  const param = known === 'invalidRequest' ? (/^([a-z_]+(?:\.[a-z0-9_]+)*): /.exec(said)?.[1] ?? null) : null;
  return providerError(better ?? known, spoken(said), { native, param });
}
