/**
 * From bytes of a network or a disk to what control has said: an announcement as it is meant for this host, and the snapshot
 * that it announces. Nothing is decoded before its signature is known to be right. Pure: cryptography is passed in.
 */
import { type Announcement, announcedFor } from '@weir/proto/events/announcement.js';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import { decodeMessage } from '@weir/proto/events/wire.js';
import { acceptAnnouncement, type Position } from '@weir/proto/signing/accept.js';
import { type KeyRing, type Opened, openFrame } from '@weir/proto/signing/signed-frame.js';
import { type DecodedSnapshot, decodeSnapshot } from '@weir/proto/snapshot/codec.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';

export interface Trust {
  readonly cluster: string;
  /** Of the host. */
  readonly id: string;
  readonly keys: KeyRing;
  readonly sha256Hex: (bytes: Uint8Array) => string;
}

type NotOpened = Extract<Opened, { readonly ok: false }>['why'];

/** What becomes of an announcement that was heard. `nonsense`: signed, and no announcement. */
export const hearings = [
  ...(['followed', 'repeat', 'replay', 'falls', 'conflict'] as const),
  ...(['malformed', 'unknown-version', 'unknown-key', 'forged', 'nonsense'] as const),
] as const;
export type Hearing = (typeof hearings)[number];

export type OpenedAnnouncement =
  | { readonly ok: true; readonly announced: Announcement }
  | { readonly ok: false; readonly why: NotOpened | 'nonsense' };

export function openAnnouncement(frame: Uint8Array, { cluster, id, keys }: Trust): OpenedAnnouncement {
  const opened = openFrame(frame, { cluster, purpose: 'message' }, keys);
  if (!opened.ok) return opened;
  const decoded = decodeMessage(opened.body);
  if (!decoded.ok || decoded.message.kind !== 'snapshot') return { ok: false, why: 'nonsense' };
  return { ok: true, announced: announcedFor(decoded.message, id) };
}

/**
 * Order is judged by the latest announcement that was followed, and versions by what is in force: one that was refused here
 * is nothing that could be fallen back from.
 */
export function judge(followed: Announcement | null, inForce: Announcement | null, announced: Announcement): Hearing {
  const { serial, version, hash } = announced;
  if (followed !== null && serial === followed.serial)
    return version === followed.version && hash === followed.hash ? 'repeat' : 'conflict';
  const position: Position = {
    serial: followed?.serial ?? 0,
    version: inForce?.version ?? 0,
    hash: inForce?.hash ?? '',
  };
  const acceptance = acceptAnnouncement(position, announced);
  return acceptance.accept ? 'followed' : acceptance.why;
}

export type OpenedSnapshot =
  | { readonly ok: true; readonly offer: SnapshotOffer; readonly snapshot: Snapshot }
  | { readonly ok: false; readonly reason: string };

export function openSnapshot(frame: Uint8Array, announced: Announcement, trust: Trust): OpenedSnapshot {
  const found = bodyOf(frame, announced, trust);
  return found.ok ? offered(found.body, decodeSnapshot(found.body), announced) : found;
}

/** The same beside others: `read` says what bytes say, and never rejects. */
export async function openingSnapshot(
  frame: Uint8Array,
  announced: Announcement,
  trust: Trust,
  read: (bytes: Uint8Array) => Promise<DecodedSnapshot>,
): Promise<OpenedSnapshot> {
  const found = bodyOf(frame, announced, trust);
  return found.ok ? offered(found.body, await read(found.body), announced) : found;
}

type Body = { readonly ok: true; readonly body: Uint8Array } | { readonly ok: false; readonly reason: string };

function bodyOf(frame: Uint8Array, announced: Announcement, { cluster, keys, sha256Hex }: Trust): Body {
  const opened = openFrame(frame, { cluster, purpose: 'snapshot' }, keys);
  if (!opened.ok) return { ok: false, reason: `what is stored as the snapshot is not control's (${opened.why})` };
  const { body } = opened;
  if (body.length !== announced.sizeBytes || sha256Hex(body) !== announced.hash)
    return { ok: false, reason: 'what is stored as the snapshot is another one than was announced' };
  return { ok: true, body };
}

function offered(body: Uint8Array, decoded: DecodedSnapshot, announced: Announcement): OpenedSnapshot {
  if (!decoded.ok) return { ok: false, reason: `the snapshot can't be read: ${decoded.error} (${decoded.detail})` };
  const { snapshot } = decoded;
  if (snapshot.version !== announced.version)
    return { ok: false, reason: `the snapshot says that it is ${snapshot.version}, not ${announced.version}` };
  // The bytes are those that control has signed, so their hash names what they say; workers look at it again.
  const { version, hash } = announced;
  return { ok: true, offer: { v: 1, kind: 'snapshot.offer', version, hash, digest: hash, bytes: body }, snapshot };
}
