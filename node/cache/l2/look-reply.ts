/**
 * What the script of a look-up answers (scripts.ts), read without trust: others may write to that Redis, and a member that
 * is not what it must be makes the whole a miss. Pure.
 */
import type { StoredBody } from '../store/body.js';
import { decodeHead, type KeptHead } from './entry-codec.js';
import { FIELDS_MIN, type Generation } from './generations.js';
import type { LogLine } from './heard.js';

/** Bodies are cut into these, so that no command moves more: some 50 µs of a Redis in which nothing else moves meanwhile. */
export const PIECE_BYTES = 64 * 1024;

export const piecesOf = (bytes: number): number => Math.ceil(bytes / PIECE_BYTES);

export interface Look {
  /** Null: Redis does not know of any; it is new, or has lost its memory. */
  readonly present: Generation | null;
  readonly redisMs: number;
  readonly what: Looked;
}

export type Looked =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'index';
      readonly generation: string;
      /** Sets of names, the latest first. */
      readonly varied: readonly (readonly string[])[];
    }
  | {
      readonly kind: 'entry';
      /** Which of the places that were asked for, from 0. */
      readonly place: number;
      readonly seq: number;
      readonly head: KeptHead;
      readonly marks: readonly (string | null)[];
      /** Of a body in pieces; null: `first` is all of it. */
      readonly bodyId: string | null;
      readonly first: Uint8Array;
    }
  /** Something is there that no node of this version has written, or not all of it is there. */
  | { readonly kind: 'unusable'; readonly why: 'malformed' | 'incomplete' };

/** Null when Redis answered something else altogether. */
export function readLook(reply: unknown, bodyBytesMax: number): Look | null {
  if (!Array.isArray(reply)) return null;
  const [epoch, seq, redisMs, kind, ...more]: unknown[] = reply;
  if (!isWhole(redisMs)) return null;
  const number = wholeFrom(seq);
  const present = isBytes(epoch) && number !== null ? { epoch: textOf(epoch), seq: number } : null;
  return { present, redisMs, what: looked(textFrom(kind), more, bodyBytesMax) };
}

export interface Since {
  readonly present: Generation | null;
  readonly redisMs: number;
  /** Oldest first; what can't be read has a number that follows nothing. */
  readonly lines: readonly LogLine[];
}

/** What SINCE answers. */
export function readSince(reply: unknown): Since | null {
  const look = Array.isArray(reply) ? readLook(reply.slice(0, 3), 0) : null;
  const lines: unknown = Array.isArray(reply) ? reply[3] : null;
  if (look === null || !Array.isArray(lines)) return null;
  return { present: look.present, redisMs: look.redisMs, lines: lines.map(lineFrom) };
}

const UNREADABLE: LogLine = { seq: -1, by: '', text: '' };

function lineFrom(line: unknown): LogLine {
  const [id, fields]: unknown[] = Array.isArray(line) ? line : [];
  const seq = /^(\d{1,15})-0$/.exec(textFrom(id) ?? '')?.[1];
  const [b, by, t, text] = Array.isArray(fields) ? fields.map(textFrom) : [];
  if (seq === undefined || b !== 'b' || t !== 't' || by == null || text == null) return UNREADABLE;
  return { seq: Number(seq), by, text };
}

/** What ADOPT answers. */
export function readAdopted(reply: unknown): { readonly present: Generation; readonly redisMs: number } | null {
  const look = readLook(reply, 0);
  return look === null || look.present === null ? null : { present: look.present, redisMs: look.redisMs };
}

const MALFORMED: Looked = { kind: 'unusable', why: 'malformed' };
const INCOMPLETE: Looked = { kind: 'unusable', why: 'incomplete' };

function looked(kind: string | null, more: readonly unknown[], bodyBytesMax: number): Looked {
  if (kind === 'none') return { kind: 'none' };
  if (kind === 'index') return indexFrom(more);
  return kind === 'entry' ? entryFrom(more, bodyBytesMax) : MALFORMED;
}

/** More sets than any node writes are not tried. */
export const VARIED_SETS_MAX = 8;

function indexFrom([g, v]: readonly unknown[]): Looked {
  const generation = textFrom(g);
  const lines = textFrom(v);
  if (generation === null || lines === null || !lines.endsWith('\n')) return MALFORMED;
  const varied = lines.slice(0, -1).split('\n', VARIED_SETS_MAX);
  return { kind: 'index', generation, varied: varied.map((line) => (line === '' ? [] : line.split(','))) };
}

function entryFrom(members: readonly unknown[], bodyBytesMax: number): Looked {
  const [place, s, h, marks, n, b, there, first] = members;
  const seq = wholeFrom(s);
  const head = isBytes(h) ? decodeHead(h) : null;
  const bodyId = textFrom(b);
  if (!isWhole(place) || seq === null || head === null || bodyId === null) return MALFORMED;
  if (!Array.isArray(marks) || head.bytes > bodyBytesMax) return MALFORMED;
  const values = marks.map(textFrom);
  // As many as there are of `fieldsOf`.
  if (values.length !== head.tags.length + FIELDS_MIN) return MALFORMED;
  if (!isBytes(first)) return INCOMPLETE;
  const outline = { kind: 'entry', place: place - 1, seq, head, marks: values, first } as const;
  if (bodyId === '') return first.length === head.bytes ? { ...outline, bodyId: null } : MALFORMED;
  const count = piecesOf(head.bytes);
  if (wholeFrom(n) !== count || head.bytes <= PIECE_BYTES) return MALFORMED;
  return there === count && first.length === PIECE_BYTES ? { ...outline, bodyId } : INCOMPLETE;
}

/** How long a piece of a body must be. */
export function pieceBytes(bytes: number, index: number): number {
  return Math.min(PIECE_BYTES, bytes - index * PIECE_BYTES);
}

/** One piece of a body as it is written: a view where it can be one, otherwise a copy. */
export function pieceOf(body: StoredBody, index: number): Uint8Array {
  const from = index * PIECE_BYTES;
  const length = pieceBytes(body.bytes, index);
  const taken: Uint8Array[] = [];
  let at = 0;
  for (const piece of body.pieces) {
    const start = Math.max(0, from - at);
    const end = Math.min(piece.byteLength, from + length - at);
    if (start < end) taken.push(piece.subarray(start, end));
    at += piece.byteLength;
    if (at >= from + length) break;
  }
  const [only] = taken;
  if (only !== undefined && taken.length === 1) return only;
  const whole = new Uint8Array(length);
  let filled = 0;
  for (const piece of taken) {
    whole.set(piece, filled);
    filled += piece.byteLength;
  }
  return whole;
}

const decoder = new TextDecoder();
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);
const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
const textFrom = (value: unknown): string | null => (isBytes(value) ? textOf(value) : null);

/** From a script as it is, from a hash as its text. */
function wholeFrom(value: unknown): number | null {
  if (isWhole(value)) return value >= 0 ? value : null;
  const text = textFrom(value);
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
