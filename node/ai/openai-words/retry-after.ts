/** How long a provider wants to be left alone, from the headers of its answer. Pure. */
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';

/**
 * `retry-after-ms` (OpenAI, Azure), else Retry-After (RFC 9110 §10.2.3) in seconds or as a date. A date is measured against the answer's
 * own Date, so that no clock is read and the provider's may be wrong. Null: it has not said.
 */
export function retryAfterMs(headers: HeaderList): number | null {
  const precise = decimal(headerValue(headers, 'retry-after-ms'));
  if (precise !== null) return Math.ceil(precise);
  const text = headerValue(headers, 'retry-after');
  const seconds = decimal(text);
  if (seconds !== null) return Math.ceil(seconds * 1_000);
  const untilMs = Date.parse(text ?? '');
  const nowMs = Date.parse(headerValue(headers, 'date') ?? '');
  return Number.isNaN(untilMs) || Number.isNaN(nowMs) ? null : Math.max(0, untilMs - nowMs);
}

function decimal(text: string | undefined): number | null {
  return text !== undefined && /^\s*\d{1,9}(?:\.\d{1,9})?\s*$/.test(text) ? Number(text) : null;
}
