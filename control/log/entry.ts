/**
 * Entries of the revision log as bytes: one version byte, then a MessagePack map.
 *
 *     ┌────┬──────────────────────────────────────────────────────────────────────────────┐
 *     │ 01 │ { kind: 'config', number, before, id, author, …, text: (deflated weir.yaml) }  │   golden/v1.json
 *     └────┴──────────────────────────────────────────────────────────────────────────────┘
 *
 * Each entry holds a whole config, a rollback too: so any tail of the log is enough to know what is in force, and old entries may be
 * given up. `number` is the revision's own and not that of its place in some log, so a lost stream is written anew with the same
 * bytes. `before` is the id of the revision that its author had seen as the last one: an entry that was appended without
 * sight of the present is no revision.
 *
 * Unlike a message of the bus, what a reader does not understand can't be skipped: it may say what is in force. So a version or
 * kind of a later release (changes of single entities, say) stops an earlier one; what is no entry at all changes nothing. In a
 * cluster each entry lies in a frame that control has signed (`sealed-log.ts`); what has none is no entry.
 */
import { entryBytesMax } from '@weir/proto/bus/shared-log.js';
import { isBytes, isCount, isFields, isText } from '@weir/proto/events/guards.js';
import { Packr } from 'msgpackr';
import { authorLengthMax, isRevisionId, type RevisionHead, reasonLengthMax } from './revision.js';

export const entryVersion = 1;

export interface Entry extends RevisionHead {
  /** Id of the revision before it; empty: there was none. */
  readonly before: string;
  /** Deflated. */
  readonly text: Uint8Array;
}

export type DecodedEntry =
  | { readonly ok: true; readonly entry: Entry }
  /** `unknown`: of a later release. `malformed`: no entry. */
  | { readonly ok: false; readonly why: 'unknown' | 'malformed' };

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true, int64AsType: 'number' });

/** The same entry gives the same bytes. */
export function encodeEntry(entry: Entry): Uint8Array {
  const { number, before, id, author, reason, atWallMs, restores, recovers, textBytes, text } = entry;
  const fields = { kind: 'config', number, before, id, author, reason, atWallMs, restores, recovers, textBytes, text };
  const body = packr.pack(fields);
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = entryVersion;
  bytes.set(body, 1);
  return bytes;
}

/** Never throws: bytes come from a server and from disks. */
export function decodeEntry(bytes: Uint8Array): DecodedEntry {
  const [version] = bytes;
  if (version === undefined || version === 0 || bytes.length > entryBytesMax) return { ok: false, why: 'malformed' };
  if (version !== entryVersion) return { ok: false, why: 'unknown' };
  let value: unknown;
  try {
    // A copy: the decoder keeps views into what it is given.
    value = packr.unpack(new Uint8Array(bytes.subarray(1)));
  } catch {
    return { ok: false, why: 'malformed' };
  }
  if (!isFields(value) || typeof value['kind'] !== 'string') return { ok: false, why: 'malformed' };
  if (value['kind'] !== 'config') return { ok: false, why: 'unknown' };
  const entry = readEntry(value);
  return entry === null ? { ok: false, why: 'malformed' } : { ok: true, entry };
}

function readEntry(value: Readonly<Record<string, unknown>>): Entry | null {
  const { number, before, id, author, reason, atWallMs, restores, recovers, textBytes, text } = value;
  if (!isCount(number) || number === 0 || !isRevisionId(id)) return null;
  if (before !== '' && !isRevisionId(before)) return null;
  if (!isText(author, authorLengthMax) || !isText(reason, reasonLengthMax) || !isCount(atWallMs)) return null;
  if (!isCount(restores) || !isCount(recovers) || !isCount(textBytes) || !isBytes(text, entryBytesMax)) return null;
  return { number, before, id, author, reason, atWallMs, restores, recovers, textBytes, text };
}
