/**
 * The snapshot as bytes: one format byte, then MessagePack. Written for the bus, the disk and the hash.
 *
 * The byte comes first so that a node can refuse a format it does not know before it decodes anything. Records (a
 * msgpackr extension) are off: plain maps can be read by any MessagePack library, and encoding the same snapshot twice
 * gives the same bytes, which is what makes a hash of it mean something.
 */
import { Packr } from 'msgpackr';
import { listHeadAt, mapHeadAt, valueEnd } from './pack-scan.js';
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

/** Entries of a list that are encoded before others get their turn: some 100 KB. */
const ENTRIES_AT_ONCE = 128;

/** The same bytes, for whoever has others to serve meanwhile: `pause` lets them have their turn. */
export async function encodeSnapshotInSlices(
  snapshot: Snapshot,
  pause: () => Promise<unknown>,
): Promise<Uint8Array<ArrayBuffer>> {
  const members = Object.entries(snapshot) as [string, unknown][];
  // A map of the same keys begins as it does.
  const outline = packr.pack(Object.fromEntries(members.map(([key]) => [key, 0])));
  const pieces: Uint8Array[] = [new Uint8Array([snapshotFormat]), outline.subarray(0, mapHeadAt(outline, 0)?.begin)];
  for (const [key, value] of members) {
    pieces.push(packr.pack(key));
    if (!Array.isArray(value) || value.length <= ENTRIES_AT_ONCE) {
      pieces.push(packr.pack(value));
      continue;
    }
    pieces.push(longListHead(value.length));
    for (let at = 0; at < value.length; at += ENTRIES_AT_ONCE) {
      const some = packr.pack(value.slice(at, at + ENTRIES_AT_ONCE));
      pieces.push(some.subarray(listHeadAt(some, 0)?.begin));
      await pause();
    }
  }
  return joined(pieces);
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
    return refused('malformed', error instanceof Error ? error.message : String(error));
  }
  return shaped(value);
}

/** Decoded before others get their turn: a millisecond or two of a slow core. */
const SLICE_BYTES = 64 * 1024;

/** The same, for whoever has traffic to serve meanwhile: `pause` lets others have their turn. */
export async function decodeSnapshotInSlices(
  bytes: Uint8Array,
  pause: () => Promise<unknown>,
): Promise<DecodedSnapshot> {
  const wrong = headProblem(bytes);
  if (wrong !== null) return wrong;
  try {
    const head = mapHeadAt(bytes, 1);
    if (head === null) return refused('malformed', 'not a mapping');
    const members: [string, unknown][] = [];
    let at = head.begin;
    for (let i = 0; i < head.length; i += 1) {
      const end = valueEnd(bytes, at);
      const key: unknown = packr.unpack(bytes.slice(at, end));
      const member = await valueInSlices(bytes, end, pause);
      members.push([String(key), member.value]);
      at = member.end;
    }
    if (at !== bytes.length) return refused('malformed', 'something stands behind it');
    return shaped(Object.fromEntries(members));
  } catch (error) {
    return refused('malformed', error instanceof Error ? error.message : String(error));
  }
}

/** A list element by element, some at once; anything else in one piece. */
async function valueInSlices(
  bytes: Uint8Array,
  at: number,
  pause: () => Promise<unknown>,
): Promise<{ readonly value: unknown; readonly end: number }> {
  const list = listHeadAt(bytes, at);
  if (list === null) {
    const end = valueEnd(bytes, at);
    return { value: packr.unpack(bytes.slice(at, end)), end };
  }
  const items: unknown[] = [];
  let [from, end] = [list.begin, list.begin];
  for (let i = 1; i <= list.length; i += 1) {
    end = valueEnd(bytes, end);
    if (end - from < SLICE_BYTES && i < list.length) continue;
    for (const item of packr.unpackMultiple(bytes.slice(from, end)) ?? []) items.push(item);
    from = end;
    await pause();
  }
  return { value: items, end };
}

function headProblem(bytes: Uint8Array): Extract<DecodedSnapshot, { readonly ok: false }> | null {
  const [format] = bytes;
  if (format === undefined) return refused('empty', 'there are no bytes');
  if (bytes.length > snapshotBytesMax) return refused('too-large', `${bytes.length} bytes`);
  if (format === snapshotFormat) return null;
  return refused('unknown-format', `format ${format}; this version knows ${snapshotFormat}`);
}

function shaped(value: unknown): DecodedSnapshot {
  const problem = shapeProblem(value);
  if (problem !== null) return refused('malformed', problem);
  return { ok: true, snapshot: value as Snapshot }; // shapeProblem found its outline; signatures vouch for the rest
}

/** The same hash as hashContent's, of what encodeSnapshot has made: nothing is encoded again for it. */
export function hashEncoded(bytes: Uint8Array, sha256Hex: (bytes: Uint8Array) => string): string {
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
  return sha256Hex(joined([...pieces, bytes.subarray(from)]));
}

/** Of more entries than stand in its first byte: with two bytes for their number, or with four. */
function longListHead(length: number): Uint8Array {
  return length < 0x10000
    ? new Uint8Array([0xdc, length >>> 8, length & 0xff])
    : new Uint8Array([0xdd, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff]);
}

/** As MessagePack has it. */
const ZERO = new Uint8Array([0]);

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
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
