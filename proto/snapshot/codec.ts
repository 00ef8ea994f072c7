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
export const snapshotFormat = 6 satisfies Snapshot['format'];

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
