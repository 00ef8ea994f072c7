/**
 * The snapshot as bytes: one format byte, then MessagePack. Written for the bus, the disk and the hash.
 *
 * The byte comes first so that a node can refuse a format it does not know before it decodes anything. Records (a
 * msgpackr extension) are off: plain maps can be read by any MessagePack library, and encoding the same snapshot twice
 * gives the same bytes, which is what makes a hash of it mean something.
 */
import { Packr } from 'msgpackr';
import { mapHeadAt, valueEnd } from './pack-scan.js';
import type { Snapshot } from './snapshot.js';

/**
 * Raised with each member that nodes rely on: they read no default of their own, so a snapshot that was kept by an earlier
 * build must be refused here, and not fall over when half of it is in force.
 */
export const snapshotFormat = 7 satisfies Snapshot['format'];

/** A snapshot of ten thousand routes is about 10 MiB; what is larger has not been made by this code. */
export const snapshotBytesMax = 64 * 1024 * 1024;

export type DecodeError = 'empty' | 'too-large' | 'unknown-format' | 'malformed';

export type DecodedSnapshot =
  | { readonly ok: true; readonly snapshot: Snapshot }
  | { readonly ok: false; readonly error: DecodeError; readonly detail: string };

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true, int64AsType: 'number' });

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const body = packr.pack(snapshot);
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = snapshotFormat;
  bytes.set(body, 1);
  return bytes;
}

/** Never throws: bytes come from the network and from disks. */
export function decodeSnapshot(bytes: Uint8Array): DecodedSnapshot {
  const wrong = headProblem(bytes);
  if (wrong !== null) return wrong;
  let value: unknown;
  try {
    // A copy: the decoder keeps views into what it is given.
    value = packr.unpack(bytes.slice(1));
  } catch (error) {
    return malformed(error);
  }
  return shaped(value);
}

/** What it is packed to, as a part of a snapshot. */
export function packed(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** The value that lies there. Of a copy: the decoder keeps views into what it is given. */
export function unpacked(bytes: Uint8Array, begin: number, end: number): unknown {
  return packr.unpack(bytes.slice(begin, end));
}

/** All values that lie there, one after the other. */
export function unpackedAll(bytes: Uint8Array, begin: number, end: number): readonly unknown[] {
  return packr.unpackMultiple(bytes.slice(begin, end)) ?? [];
}

/** Of what is no snapshot of this format, whatever stands behind its first byte. */
export function headProblem(bytes: Uint8Array): Extract<DecodedSnapshot, { readonly ok: false }> | null {
  const [format] = bytes;
  if (format === undefined) return refused('empty', 'there are no bytes');
  if (bytes.length > snapshotBytesMax) return refused('too-large', `${bytes.length} bytes`);
  if (format === snapshotFormat) return null;
  return refused('unknown-format', `format ${format}; this version knows ${snapshotFormat}`);
}

export function shaped(value: unknown): DecodedSnapshot {
  const problem = shapeProblem(value);
  if (problem !== null) return refused('malformed', problem);
  return { ok: true, snapshot: value as Snapshot }; // shapeProblem found its outline; signatures vouch for the rest
}

/** Of what encodeSnapshot has made, what hashContent hashes, without encoding it again. Throws for what is no such bytes. */
export function contentOf(bytes: Uint8Array): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const head = mapHeadAt(bytes, 1);
  let [from, at] = [0, head?.begin ?? bytes.length];
  for (let left = head?.length ?? 0, found = 0; left > 0 && found < 2; left -= 1) {
    const end = valueEnd(bytes, at);
    const next = valueEnd(bytes, end);
    const key: unknown = packr.unpack(bytes.slice(at, end));
    if (key === 'version' || key === 'createdWallMs') {
      pieces.push(bytes.subarray(from, end), ZERO);
      from = next;
      found += 1;
    }
    at = next;
  }
  return [...pieces, bytes.subarray(from)];
}

/** As MessagePack has it. */
const ZERO = new Uint8Array([0]);

export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Hash of what a snapshot says, without its number and its time: equal when a reload changed nothing. */
export function hashContent(snapshot: Snapshot, sha256Hex: (bytes: Uint8Array) => string): string {
  return sha256Hex(encodeSnapshot({ ...snapshot, version: 0, createdWallMs: 0 }));
}

export function malformed(error: unknown): Extract<DecodedSnapshot, { readonly ok: false }> {
  return refused('malformed', error instanceof Error ? error.message : String(error));
}

function refused(error: DecodeError, detail: string): Extract<DecodedSnapshot, { readonly ok: false }> {
  return { ok: false, error, detail };
}

/** What is wrong with the outline of a decoded value, or null. */
function shapeProblem(value: unknown): string | null {
  if (!isRecord(value)) return 'not a mapping';
  if (value['format'] !== snapshotFormat) return `format ${String(value['format'])} inside format ${snapshotFormat}`;
  for (const name of ['version', 'createdWallMs'])
    if (!Number.isSafeInteger(value[name])) return `${name} is not a whole number`;
  if (!isRecord(value['gateway'])) return 'no gateway';
  for (const name of ['upstreams', 'routes', 'consumers']) {
    const list = value[name];
    if (!Array.isArray(list)) return `${name} is not a list`;
    if (!list.every((entry) => isRecord(entry) && typeof entry['id'] === 'string'))
      return `an entry of ${name} has no id`;
  }
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
