/** From the bytes of an offer to the snapshot that it claims to be, or the reason why it is not. */
import { createHash } from 'node:crypto';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import { decodeSnapshot, hashContent } from '@weir/proto/snapshot/codec.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';

/** Throws with the reason: the agent turns it into a refusal. */
export function openOffer({ bytes, hash, version }: SnapshotOffer): Snapshot {
  const decoded = decodeSnapshot(bytes);
  if (!decoded.ok) throw new Error(`the snapshot could not be read: ${decoded.error} (${decoded.detail})`);
  const { snapshot } = decoded;
  const actual = hashContent(snapshot, (content) => createHash('sha256').update(content).digest('hex'));
  if (actual !== hash || snapshot.version !== version) {
    throw new Error(
      `the snapshot is not the one that was announced: ${snapshot.version} ${actual}, not ${version} ${hash}`,
    );
  }
  return snapshot;
}
