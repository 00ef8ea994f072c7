/**
 * Spans of whole seconds as HTTP writes them (RFC 9111 §1.2.2) and the Age field that is one (§5.1).
 *
 * Only digits are a span: no sign, no point, no space. What is too large to mean anything counts as 2^31 seconds, which is
 * 68 years: an arithmetic that overflowed would make an old response young.
 */
import { type HeaderList, headerValue } from './headers.js';

/** 2^31 s, the value that the RFC names for all that is larger. */
export const DELTA_SECONDS_MAX = 2_147_483_648;

const DIGITS = /^[0-9]+$/;

/** Seconds, or null for what is not a span. */
export function deltaSeconds(text: string): number | null {
  if (!DIGITS.test(text)) return null;
  return Math.min(Number(text), DELTA_SECONDS_MAX);
}

/**
 * The Age of a response in seconds, or null where there is none that can be used. Of several values, in one line or in
 * several, the first one counts; when that is not a span, the field says nothing (RFC 9111 §5.1).
 */
export function ageSeconds(headers: HeaderList): number | null {
  const value = headerValue(headers, 'age');
  if (value === undefined) return null;
  const comma = value.indexOf(',');
  return deltaSeconds((comma < 0 ? value : value.slice(0, comma)).trim());
}
