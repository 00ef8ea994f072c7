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

// Of a field in the form that is made here, the parts.

export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35);
export const spanIdOf = (traceparent: string): string => traceparent.slice(36, 52);
export const isSampled = (traceparent: string): boolean => traceparent.endsWith('1');

/** The same trace with another span. */
export function withSpanId(traceparent: string, spanId: string): string {
  return `${traceparent.slice(0, 36)}${spanId}${traceparent.slice(52)}`;
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

/**
 * The field of a trace that begins here. Ids need to be distinct, not secret: any uniform randomness will do (§3.2.2.3 asks for no more).
 * Made as one text and in one piece, digit by digit: this runs for every request, a loop over a table takes four times as long, and
 * what is put together of three texts is made flat again by whoever looks at it.
 */
export function makeTraceparent(random: Random, sampled: boolean): string {
  const a = randomWord(random);
  const b = randomWord(random);
  const c = randomWord(random);
  const d = neverZero(randomWord(random), a | b | c);
  const e = randomWord(random);
  const f = neverZero(randomWord(random), e);
  // biome-ignore format: a line for each of the six words, as they stand in the field.
  return String.fromCharCode(
    ZERO, ZERO, DASH,
    digit(a, 28), digit(a, 24), digit(a, 20), digit(a, 16), digit(a, 12), digit(a, 8), digit(a, 4), digit(a, 0),
    digit(b, 28), digit(b, 24), digit(b, 20), digit(b, 16), digit(b, 12), digit(b, 8), digit(b, 4), digit(b, 0),
    digit(c, 28), digit(c, 24), digit(c, 20), digit(c, 16), digit(c, 12), digit(c, 8), digit(c, 4), digit(c, 0),
    digit(d, 28), digit(d, 24), digit(d, 20), digit(d, 16), digit(d, 12), digit(d, 8), digit(d, 4), digit(d, 0), DASH,
    digit(e, 28), digit(e, 24), digit(e, 20), digit(e, 16), digit(e, 12), digit(e, 8), digit(e, 4), digit(e, 0),
    digit(f, 28), digit(f, 24), digit(f, 20), digit(f, 16), digit(f, 12), digit(f, 8), digit(f, 4), digit(f, 0), DASH,
    ZERO, sampled ? ONE : ZERO,
  );
}

export function makeSpanId(random: Random): string {
  const a = randomWord(random);
  const b = neverZero(randomWord(random), a);
  // biome-ignore format: a line for each of the two words, as they stand in the id.
  return String.fromCharCode(
    digit(a, 28), digit(a, 24), digit(a, 20), digit(a, 16), digit(a, 12), digit(a, 8), digit(a, 4), digit(a, 0),
    digit(b, 28), digit(b, 24), digit(b, 20), digit(b, 16), digit(b, 12), digit(b, 8), digit(b, 4), digit(b, 0),
  );
}

/** The last word of an id, whose words before it are `rest`: an id of zeros is invalid. */
const neverZero = (word: number, rest: number): number => ((word | rest) === 0 ? 1 : word);

/** Character codes of the sixteen digits. */
const DIGIT: readonly number[] = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const ZERO = 0x30;
const ONE = 0x31;
const DASH = 0x2d;

function digit(word: number, shift: number): number {
  return DIGIT[(word >>> shift) & 15] ?? 0;
}

function randomWord(random: Random): number {
  return (random() * 4_294_967_296) >>> 0;
}
