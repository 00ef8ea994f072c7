/** From the bytes of an offer to the snapshot that it claims to be, or the reason why it is not. */
import type { OfferName, SnapshotOffer } from '@weir/proto/events/snapshot.js';
import { contentOf, snapshotBytesMax } from '@weir/proto/snapshot/codec.js';
import { applyDelta } from '@weir/proto/snapshot/delta.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { SnapshotReader } from '@weir/proto/snapshot/snapshot-reader.js';
import { sha256InSlices } from './sha256.js';

/** Of all offers of a process: what is as it was in the one before is neither sent nor decoded again. Owns the one that was opened last. */
export class OfferReader {
  readonly #reader = new SnapshotReader();
  #latest: (OfferName & Pick<SnapshotOffer, 'bytes'>) | null = null;

  /**
   * Rejects with the reason: the agent turns it into a refusal. In slices, for this process has traffic to serve: ten thousand
   * routes are 7 MB, which take a tenth of a second to decode.
   */
  async open(offer: SnapshotOffer, pause: () => Promise<unknown>): Promise<Snapshot> {
    const { hash, digest, version } = offer;
    const bytes = this.#bytesOf(offer);
    if (digest !== undefined && (await sha256InSlices([bytes], pause)) !== digest)
      throw new Error(`the bytes of snapshot ${version} are not those that were announced`);
    const decoded = await this.#reader.read(bytes, pause);
    if (!decoded.ok) throw new Error(`the snapshot could not be read: ${decoded.error} (${decoded.detail})`);
    const { snapshot } = decoded;
    const actual = digest === undefined ? await sha256InSlices(contentOf(bytes), pause) : hash;
    if (actual !== hash || snapshot.version !== version) {
      throw new Error(
        `the snapshot is not the one that was announced: ${snapshot.version} ${actual}, not ${version} ${hash}`,
      );
    }
    this.#latest = { version, hash, bytes };
    return snapshot;
  }

  #bytesOf({ bytes, base, version }: SnapshotOffer): Uint8Array {
    if (base === undefined) return bytes;
    const known = this.#latest?.version === base.version && this.#latest.hash === base.hash ? this.#latest : null;
    const made = known === null ? null : applyDelta(known.bytes, bytes, snapshotBytesMax);
    if (made === null) throw new Error(`snapshot ${version} can't be made of ${base.version} here; it is needed whole`);
    return made;
  }
}
