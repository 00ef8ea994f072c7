/** From the bytes of an offer to the snapshot that it claims to be, or the reason why it is not. */
import { createHash } from 'node:crypto';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import { hashContent } from '@weir/proto/snapshot/codec.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { SnapshotReader } from '@weir/proto/snapshot/snapshot-reader.js';

const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Rejects with the reason: the agent turns it into a refusal. In slices, for this process has traffic to serve: ten thousand
 * routes are 7 MB, which take a tenth of a second to decode, and as long again to encode for the hash of what they say. `reader`: of
 * all offers of this process, so that what is as it was before is not decoded again.
 */
export async function openOffer(
  { bytes, hash, digest, version }: SnapshotOffer,
  pause: () => Promise<unknown>,
  reader = new SnapshotReader(),
): Promise<Snapshot> {
  if (digest !== undefined && sha256Hex(bytes) !== digest)
    throw new Error(`the bytes of snapshot ${version} are not those that were announced`);
  const decoded = await reader.read(bytes, pause);
  if (!decoded.ok) throw new Error(`the snapshot could not be read: ${decoded.error} (${decoded.detail})`);
  const { snapshot } = decoded;
  const actual = digest === undefined ? hashContent(snapshot, sha256Hex) : hash;
  if (actual !== hash || snapshot.version !== version) {
    throw new Error(
      `the snapshot is not the one that was announced: ${snapshot.version} ${actual}, not ${version} ${hash}`,
    );
  }
  return snapshot;
}
