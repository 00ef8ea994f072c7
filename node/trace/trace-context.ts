/**
 * W3C Trace Context: https://www.w3.org/TR/trace-context/ (§3.2 traceparent, §3.3 tracestate), parsed strictly and made.
 *
 *   00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *   version  trace id (16 bytes)         parent id (8)    flags (bit 0: sampled)
 */
import type { Random } from '../time/clock.js';

export interface TraceParent {
  readonly traceId: string;
  readonly parentId: string;
  readonly sampled: boolean;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_PARENT = '0'.repeat(16);

/** Null for what the specification calls invalid: the trace is then started anew (§3.2.2, §4.3). */
export function parseTraceparent(field: string): TraceParent | null {
  const match = TRACEPARENT.exec(field);
  if (match === null) return null;
  const [, version, traceId = '', parentId = '', flags = '', more] = match;
  // A later version may append fields; version 00 has none, and ff is forbidden.
  if (version === 'ff' || (version === '00' && more !== undefined)) return null;
  if (traceId === NO_TRACE || parentId === NO_PARENT) return null;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, parentId, sampled }: TraceParent): string {
  return `00-${traceId}-${parentId}-${sampled ? '01' : '00'}`;
}

const STATE_MEMBERS_MAX = 32;
/** What must be propagated at least (§3.3.1.5); more is cut off whole, since half a state misleads. */
const STATE_LENGTH_MAX = 512;
const STATE_MEMBER =
  /^([a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** The list of vendors' states, tidied, or the empty string where it is invalid: it is then dropped, the trace kept. */
export function parseTracestate(field: string): string {
  if (field.length > 2 * STATE_LENGTH_MAX) return '';
  const members = field
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
  const keys = new Set(members.map((member) => member.slice(0, member.indexOf('='))));
  const isValid = members.length <= STATE_MEMBERS_MAX && keys.size === members.length;
  if (!isValid || !members.every((member) => STATE_MEMBER.test(member))) return '';
  const tidy = members.join(',');
  return tidy.length <= STATE_LENGTH_MAX ? tidy : '';
}

/** Character codes of the sixteen digits. */
const DIGIT: readonly number[] = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

/** Ids need to be distinct, not secret: any uniform randomness will do (§3.2.2.3 asks for no more). */
export function makeTraceId(random: Random): string {
  const id = randomHex(random) + randomHex(random);
  return id === NO_TRACE ? `${id.slice(0, -1)}1` : id;
}

export function makeSpanId(random: Random): string {
  const id = randomHex(random);
  return id === NO_PARENT ? `${id.slice(0, -1)}1` : id;
}

/** Sixteen hexadecimal digits. Written out: this runs three times a request, and a loop over a table takes four times as long. */
function randomHex(random: Random): string {
  const high = (random() * 4_294_967_296) >>> 0;
  const low = (random() * 4_294_967_296) >>> 0;
  const digit = (word: number, shift: number): number => DIGIT[(word >>> shift) & 15] ?? 0;
  return String.fromCharCode(
    digit(high, 28),
    digit(high, 24),
    digit(high, 20),
    digit(high, 16),
    digit(high, 12),
    digit(high, 8),
    digit(high, 4),
    digit(high, 0),
    digit(low, 28),
    digit(low, 24),
    digit(low, 20),
    digit(low, 16),
    digit(low, 12),
    digit(low, 8),
    digit(low, 4),
    digit(low, 0),
  );
}
