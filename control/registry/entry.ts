/**
 * Entries of the registry's log as bytes: one version byte, then a MessagePack map.
 *
 *     ┌────┬───────────────────────────────────────────────────────────────────────────────────────────────┐
 *     │ 01 │ { kind: 'change', number, before, id, what, on, actor, …, isDeflated, body: (changes, designs) } │  golden/v1.json
 *     └────┴───────────────────────────────────────────────────────────────────────────────────────────────┘
 *
 * Changes hold whole values, so what an entry means does not depend on what was before it. A design that stands in several of them
 * (a published draft, in its service and in its release) is written once, and is one object again when it is read. `number` is the
 * entry's own and not that of its place in some log, and `before` the id of the entry that its author had seen as the last: what was
 * appended without sight of it is void.
 *
 * What a reader does not understand can't be skipped: it may say who is an operator. So a version, kind or kind of entity of a
 * later release stops an earlier one; what is no entry at all changes nothing.
 */
import { entryBytesMax } from '@weir/proto/bus/shared-log.js';
import { type Fields, isBytes, isCount, isFields, isText } from '@weir/proto/events/guards.js';
import { Packr } from 'msgpackr';
import type { Actor, AuditEntry, Change, Design, EntityKind } from '../model/entities.js';
import { kinds } from './lookup.js';
import { deflated, inflated } from './pack-bytes.js';

export const entryVersion = 1;

export interface Entry extends AuditEntry {
  /** Id of the entry before it; empty: there was none. */
  readonly before: string;
}

export type DecodedEntry =
  | { readonly ok: true; readonly entry: Entry }
  /** `unknown`: of a later release. `malformed`: no entry. */
  | { readonly ok: false; readonly why: 'unknown' | 'malformed' };

/** Shorter ones would hardly become less. */
const DEFLATED_FROM_BYTES = 512;
const CHANGES_MAX = 400_000;
const ID = /^[!-~]{1,128}$/;

/** Of an idempotency key as well. */
export function isEntryId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

/**
 * `KEY~FINGERPRINT`: which request made it, and a hash of what that said. So the log itself knows a key that comes again with something else. Without
 * the second part, as ids are that were drawn here, it is its key.
 */
export function keyOfId(id: string): string {
  const at = id.indexOf('~');
  return at < 0 ? id : id.slice(0, at);
}

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true, int64AsType: 'number' });

/** The same entry gives the same bytes, as long as zlib is the same. */
export function encodeEntry(entry: Entry): Uint8Array {
  const { number, before, id, what, on, atWallMs, reason } = entry;
  const { userId, login, via, from } = entry.actor;
  const plain = encodeChanges(entry.changes);
  const isDeflated = plain.length > DEFLATED_FROM_BYTES;
  const body = isDeflated ? deflated(plain) : plain;
  const actor = { userId, login, via, from };
  const fields = { kind: 'change', number, before, id, what, on, actor, atWallMs, reason, isDeflated, body };
  const { recovers = 0 } = entry;
  return versioned(packr.pack(recovers === 0 ? fields : { ...fields, recovers }));
}

function versioned(body: Uint8Array): Uint8Array {
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
  const value = unpacked(bytes.subarray(1));
  if (!isFields(value) || typeof value['kind'] !== 'string') return { ok: false, why: 'malformed' };
  if (value['kind'] !== 'change') return { ok: false, why: 'unknown' };
  return readEntry(value) ?? { ok: false, why: 'malformed' };
}

function readEntry(value: Fields): DecodedEntry | null {
  const read = readHead(value);
  if (read === null) return null;
  const changes = changesIn(read);
  if (typeof changes === 'string') return { ok: false, why: changes };
  return { ok: true, entry: { ...read.head, changes } };
}

/** All but what it has changed, which may be megabytes, and is deflated. */
interface ReadHead {
  readonly head: Omit<Entry, 'changes'>;
  readonly isDeflated: boolean;
  readonly body: Uint8Array;
}

function readHead(value: Fields): ReadHead | null {
  const { number, before, id, what, on, actor, atWallMs, reason, isDeflated, body, recovers = 0 } = value;
  if (!isCount(number) || number === 0 || !isEntryId(id) || (before !== '' && !isEntryId(before))) return null;
  if (!isText(what, 100) || !isText(on, 300) || !isCount(atWallMs) || !isText(reason, 10_000)) return null;
  const who = readActor(actor);
  if (!isCount(recovers)) return null;
  if (who === null || typeof isDeflated !== 'boolean' || !isBytes(body, entryBytesMax)) return null;
  const head = { number, before, id, what, on, actor: who, atWallMs, reason };
  return { head: recovers === 0 ? head : { ...head, recovers }, isDeflated, body };
}

function changesIn({ isDeflated, body }: ReadHead): ReturnType<typeof decodeChanges> {
  const plain = isDeflated ? inflated(body) : body;
  return plain === null ? 'malformed' : decodeChanges(plain);
}

/**
 * For an audit, which reads a thousand entries to show ten: what an entry has changed is unpacked when somebody looks. Of one that the registry was made
 * of, so it is sound; null for what is no entry at all.
 */
export function decodeForAudit(bytes: Uint8Array): { readonly before: string; readonly entry: AuditEntry } | null {
  if (bytes[0] !== entryVersion || bytes.length > entryBytesMax) return null;
  const value = unpacked(bytes.subarray(1));
  const read = isFields(value) && value['kind'] === 'change' ? readHead(value) : null;
  if (read === null) return null;
  const { before, ...head } = read.head;
  let known: readonly Change[] | null = null;
  const entry: AuditEntry = {
    ...head,
    get changes() {
      const changes = known ?? changesIn(read);
      known = typeof changes === 'string' ? [] : changes;
      return known;
    },
  };
  return { before, entry };
}

function readActor(value: unknown): Actor | null {
  if (!isFields(value)) return null;
  const { userId, login, via, from } = value;
  if (!isText(userId, 100) || !isText(login, 200) || !isText(from, 100)) return null;
  if (via !== 'session' && via !== 'token' && via !== 'local' && via !== 'none') return null;
  return { userId, login, via, from };
}

/** Also what a checkpoint is made of. */
export function encodeChanges(changes: Iterable<Change>): Uint8Array {
  const designs: Design[] = [];
  const places = new Map<Design, number>();
  const placeOf = (design: Design): number => {
    const known = places.get(design);
    if (known !== undefined) return known;
    places.set(design, designs.length);
    designs.push(design);
    return designs.length - 1;
  };
  const list = [...changes].map(({ kind, id, value }) => {
    if (value === null) return [kind, id, null];
    if (kind === 'service') return [kind, id, { ...value, draft: placeOf(value.draft) }];
    if (kind === 'release') return [kind, id, { ...value, design: placeOf(value.design) }];
    return [kind, id, value];
  });
  return packr.pack({ designs, changes: list });
}

export function decodeChanges(bytes: Uint8Array): Change[] | 'unknown' | 'malformed' {
  const value = unpacked(bytes);
  if (!isFields(value) || !Array.isArray(value['designs']) || !Array.isArray(value['changes'])) return 'malformed';
  const { designs, changes } = value as { designs: unknown[]; changes: unknown[] };
  if (changes.length > CHANGES_MAX) return 'malformed';
  const found: Change[] = [];
  for (const change of changes) {
    const read = readChange(change, designs);
    if (typeof read === 'string') return read;
    found.push(read);
  }
  return found;
}

/** Where the design of such an entity stands. */
const designField: { readonly [K in EntityKind]?: string } = { service: 'draft', release: 'design' };

function readChange(change: unknown, designs: readonly unknown[]): Change | 'unknown' | 'malformed' {
  if (!Array.isArray(change) || change.length !== 3) return 'malformed';
  const [kind, id, written] = change as unknown[];
  if (typeof kind !== 'string' || !isText(id, 300)) return 'malformed';
  if (!kinds.some((known) => known === kind)) return 'unknown';
  if (written === null) return { kind: kind as EntityKind, id, value: null };
  if (!isFields(written) || written['id'] !== id || !isCount(written['version'])) return 'malformed';
  const field = designField[kind as EntityKind];
  let value: Fields = written;
  if (field !== undefined) {
    const place = written[field];
    const design = isCount(place) ? designs[place] : undefined;
    if (!isFields(design) || !isText(design['contract'], Number.POSITIVE_INFINITY)) return 'malformed';
    value = { ...written, [field]: design };
  }
  // Its fields are those of its kind: whoever may write to the log has had it decided by the model.
  return { kind, id, value } as unknown as Change;
}

function unpacked(bytes: Uint8Array): unknown {
  try {
    // A copy: the decoder keeps views into what it is given.
    return packr.unpack(new Uint8Array(bytes));
  } catch {
    return null;
  }
}
