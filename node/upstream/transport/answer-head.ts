/**
 * Judges the head of an upstream's answer: what its body's length is, and whether two readers could disagree about
 * where it ends (RFC 9112 §6.3). Pure. The parsers below accept some heads that a gateway must not pass on; what is
 * ambiguous is refused here, since the next hop might read it the other way.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';

/** Interim answers (1xx) to one request before it counts as a flood; 100, 102 and a few 103 are what servers send. */
export const INTERIM_ANSWERS_MAX = 32;

const DIGITS = /^[0-9]{1,15}$/;

/**
 * What is wrong with the framing fields, or null. A 204 has no body and may not say how long it is (RFC 9110 §8.6); servers
 * that are in use say zero, which is so anyway, and goes no further. One that announces bytes probably sends them.
 */
export function framingFault(status: number, headers: HeaderList): string | null {
  let length: string | undefined;
  let coding: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    if (name === 'content-length') {
      if (length !== undefined) return 'two Content-Length fields';
      length = headers[i + 1] ?? '';
    } else if (name === 'transfer-encoding') {
      if (coding !== undefined) return 'two Transfer-Encoding fields';
      coding = headers[i + 1] ?? '';
    }
  }
  if (length !== undefined && !DIGITS.test(length)) return 'a Content-Length that is not a number';
  if (status === 204 && Number(length ?? 0) > 0) return 'a length on a 204';
  if (coding === undefined) return null;
  if (length !== undefined) return 'both Content-Length and Transfer-Encoding';
  // A further coding would have to be undone here, and whoever ignores it sees another message (RFC 9112 §7).
  return coding.toLowerCase() === 'chunked' ? null : 'a Transfer-Encoding other than chunked';
}

/** Body length in bytes as ResponseHead has it: null when only the end of the body will tell. */
export function answerLength(status: number, headers: HeaderList): number | null {
  if (status === 204 || status === 304) return 0;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'content-length') return Number(headers[i + 1]);
  }
  return null;
}
