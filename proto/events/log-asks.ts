/**
 * Questions about a shared log to the process that has it, and what it answers and tells, over a bus: for members that have no server
 * to ask (`proto/bus/asked-log.ts`). MessagePack maps behind a version byte, as all of the bus; both sides are of one release
 * mostly, but what is not understood is dropped and never thrown.
 */
import { Packr } from 'msgpackr';
import type { Appended, LogBounds, LogRecord } from '../bus/shared-log.js';
import { isWord } from '../bus/subject.js';
import { isBytes, isCount, isFields, isText } from './guards.js';
import { isPlainPack } from './plain-pack.js';

export type LogQuestion =
  /** `after` is null where nothing is expected. */
  | { readonly ask: 'append'; readonly writer: string; readonly bytes: Uint8Array; readonly after: number | null }
  | { readonly ask: 'bounds' }
  | { readonly ask: 'read'; readonly from: number; readonly max: number };

export type LogAnswer =
  | { readonly answer: 'append'; readonly appended: Appended }
  | { readonly answer: 'bounds'; readonly bounds: LogBounds | null }
  | { readonly answer: 'read'; readonly records: readonly LogRecord[] | null };

const VERSION = 1;
const BYTES_MAX = 1024 * 1024;
const TEXT_MAX = 1_024;
export const recordsAtOnceMax = 10_000;

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true, int64AsType: 'number' });

export function encodeLogWord(word: LogQuestion | LogAnswer | LogRecord): Uint8Array {
  const body = packr.pack(word);
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = VERSION;
  bytes.set(body, 1);
  return bytes;
}

/** Null for what is none. */
export function readLogQuestion(bytes: Uint8Array): LogQuestion | null {
  const value = unpacked(bytes);
  if (!isFields(value)) return null;
  const { ask, writer, bytes: body, after, from, max } = value;
  if (ask === 'bounds') return { ask };
  if (ask === 'read') return isCount(from) && isCount(max) ? { ask, from, max } : null;
  if (ask !== 'append' || !isText(writer, TEXT_MAX) || !isBytes(body, BYTES_MAX)) return null;
  if (after !== null && !isCount(after)) return null;
  return { ask, writer, bytes: new Uint8Array(body), after };
}

export function readLogAnswer(bytes: Uint8Array): LogAnswer | null {
  const value = unpacked(bytes);
  if (!isFields(value)) return null;
  const { answer, appended, bounds, records } = value;
  if (answer === 'append') {
    const read = appendedOf(appended);
    return read === null ? null : { answer, appended: read };
  }
  if (answer === 'bounds') {
    if (bounds === null) return { answer, bounds };
    const read = boundsOf(bounds);
    return read === null ? null : { answer, bounds: read };
  }
  if (answer !== 'read') return null;
  if (records === null) return { answer, records };
  if (!Array.isArray(records) || records.length > recordsAtOnceMax) return null;
  const read = records.map(recordOf);
  return read.every((each) => each !== null) ? { answer, records: read } : null;
}

export function readLogRecord(bytes: Uint8Array): LogRecord | null {
  return recordOf(unpacked(bytes));
}

function recordOf(value: unknown): LogRecord | null {
  if (!isFields(value)) return null;
  const { number, writer, bytes } = value;
  if (!isCount(number) || number < 1 || typeof writer !== 'string' || !isWord(writer)) return null;
  return isBytes(bytes, BYTES_MAX) ? { number, writer, bytes: new Uint8Array(bytes) } : null;
}

function appendedOf(value: unknown): Appended | null {
  if (!isFields(value)) return null;
  const { ok, number, why, detail } = value;
  if (ok === true) return isCount(number) ? { ok, number } : null;
  if (ok !== false || !isText(detail, TEXT_MAX)) return null;
  const isKnown = why === 'conflict' || why === 'refused' || why === 'away' || why === 'uncertain';
  return isKnown ? { ok, why, detail } : null;
}

function boundsOf(value: unknown): LogBounds | null {
  if (!isFields(value)) return null;
  const { first, last, identity, agoMs } = value;
  if (!isCount(first) || !isCount(last)) return null;
  if (identity !== undefined && !isText(identity, TEXT_MAX)) return null;
  if (agoMs !== undefined && !isCount(agoMs)) return null;
  return { first, last, ...(identity === undefined ? {} : { identity }), ...(agoMs === undefined ? {} : { agoMs }) };
}

function unpacked(bytes: Uint8Array): unknown {
  if (bytes[0] !== VERSION || bytes.length > BYTES_MAX) return null;
  // A copy: the decoder keeps views into what it is given.
  const packed = new Uint8Array(bytes.subarray(1));
  if (!isPlainPack(packed, 'documents')) return null;
  try {
    return packr.unpack(packed);
  } catch {
    return null;
  }
}
