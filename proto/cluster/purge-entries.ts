/**
 * Entries of the purge log as bytes, and who may say what: purges and "put out" are control's and signed by it; joining, leaving, and which
 * URLs clients have changed, are a member's own word and unsigned. Whatever stands in the log has its number, and a node that has passed it acknowledges that; so an entry
 * of control that a node can't read must mean no less than it may say:
 *
 *   signed by a known key, not understood     a purge of a later release: taken for one of everything
 *   signed by a key that is not pinned here   a control with a new key, or a stranger: the same. Who may append is for the server to
 *                                             say (permissions), and a stranger who may gains cold caches, no more
 *   signed by a known key, and changed        nothing
 *   not this writer's to say                  nothing
 *   a member's goodbye, over NATS             that it is out, not that its lease is over: others may have said it
 */
import type { StreamBounds } from '../bus/jetstream-stream.js';
import { entryBytesMax, type LogRecord } from '../bus/shared-log.js';
import { nothingMeant, type PurgeEntry } from '../events/purge-log.js';
import { decodeMessage, encodeMessage } from '../events/wire.js';
import { type KeyRing, openFrame, type Signer, sealFrame } from '../signing/signed-frame.js';

/** Name of the log, and its writers. */
export const PURGE_LOG = 'purges';
export const ORDER = 'order';
export const MEMBER = 'member';

/**
 * What the stream keeps: by number alone, for who has joined must stay in it for as long as it takes to join again. A node that was away
 * for longer than that purges everything. A gigabyte is a bound for entries of the largest size, of which it holds eight thousand.
 */
export function purgeLogBounds(replicas: number): StreamBounds {
  return { replicas, messagesMax: 100_000, bytesMax: 2 ** 30, ageMaxMs: null, entryBytesMax };
}

/** `keys` null: all who reach the log are of one machine, and nothing is signed. */
export interface EntryTrust {
  readonly cluster: string;
  readonly keys: KeyRing | null;
}

export interface ReadEntry {
  readonly content: PurgeEntry;
  /** `refused`: not signed as it must be, or not this writer's to say. `unread`: rightly there, and not understood. */
  readonly fate: 'read' | 'refused' | 'unread';
}

const everything: PurgeEntry = { entry: 'purge', targets: [{ kind: 'all' }], isSoft: false };

export function orderBytes(content: PurgeEntry, cluster: string, signer: Signer | null): Uint8Array {
  const body = encodeMessage({ kind: 'log', number: 0, content });
  return signer === null ? body : sealFrame(body, { cluster, purpose: 'message' }, signer);
}

export function memberBytes(content: PurgeEntry): Uint8Array {
  return encodeMessage({ kind: 'log', number: 0, content });
}

export function readEntry({ writer, bytes }: Pick<LogRecord, 'writer' | 'bytes'>, trust: EntryTrust): ReadEntry {
  if (writer === ORDER) return readOrder(bytes, trust);
  const content = writer === MEMBER ? contentOf(bytes) : null;
  if (content?.entry === 'join' || content?.entry === 'change') return { content, fate: 'read' };
  if (content?.entry !== 'out' || !content.isOwn) return { content: nothingMeant, fate: 'refused' };
  // Whoever may append here can say goodbye in another's name, which may serve on: it is put out, and waited for while its lease lasts.
  return { content: { ...content, isOwn: trust.keys === null }, fate: 'read' };
}

function readOrder(bytes: Uint8Array, { cluster, keys }: EntryTrust): ReadEntry {
  let body = bytes;
  if (keys !== null) {
    const opened = openFrame(bytes, { cluster, purpose: 'message' }, keys);
    if (!opened.ok) {
      const mayBeControls = opened.why === 'unknown-key' || opened.why === 'unknown-version';
      return { content: mayBeControls ? everything : nothingMeant, fate: 'refused' };
    }
    ({ body } = opened);
  }
  const content = contentOf(body);
  return content === null ? { content: everything, fate: 'unread' } : { content, fate: 'read' };
}

function contentOf(bytes: Uint8Array): PurgeEntry | null {
  const decoded = decodeMessage(bytes);
  return decoded.ok && decoded.message.kind === 'log' ? decoded.message.content : null;
}
