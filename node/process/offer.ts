/** From the bytes of an offer to the snapshot that it claims to be, or the reason why it is not. */
import type { OfferName, SnapshotOffer } from '@weir/proto/events/snapshot.js';
import { contentOf, shaped, snapshotBytesMax } from '@weir/proto/snapshot/codec.js';
import { applyRunDelta, saidBy } from '@weir/proto/snapshot/run-delta.js';
import { hashOfRuns, isOfRuns, type Members, runsOf } from '@weir/proto/snapshot/runs.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { SnapshotReader, sliceBesideTrafficBytes } from '@weir/proto/snapshot/snapshot-reader.js';
import { sha256, sha256InSlices } from './sha256.js';

type Pause = () => Promise<unknown>;

/** `members` null: it was named by a hash of all bytes at once, and nothing is made of it by its runs. */
interface Opened {
  readonly snapshot: Snapshot;
  readonly hash: string;
  readonly members: Members | null;
}

/** Of all offers of a process: what is as it was in the one before is neither sent, hashed nor decoded again. Owns the one that was opened last. */
export class OfferReader {
  readonly #reader = new SnapshotReader(sliceBesideTrafficBytes);
  #latest: (OfferName & Pick<Opened, 'members'>) | null = null;

  /**
   * Rejects with the reason: the agent turns it into a refusal. In slices, for this process has traffic to serve: ten thousand
   * routes are 7 MB, which take a tenth of a second to decode.
   */
  async open(offer: SnapshotOffer, pause: Pause): Promise<Snapshot> {
    const { hash, version } = offer;
    const opened = await (offer.base === undefined
      ? this.#openWhole(offer, pause)
      : this.#openDelta(offer, offer.base, pause));
    const { snapshot, members } = opened;
    if (opened.hash !== hash || snapshot.version !== version) {
      throw new Error(
        `the snapshot is not the one that was announced: ${snapshot.version} ${opened.hash}, not ${version} ${hash}`,
      );
    }
    this.#latest = { version, hash, members };
    return snapshot;
  }

  async #openWhole({ bytes, hash, digest, version }: SnapshotOffer, pause: Pause): Promise<Opened> {
    if (digest !== undefined && (await sha256InSlices([bytes], pause)) !== digest)
      throw new Error(`the bytes of snapshot ${version} are not those that were announced`);
    const decoded = await this.#reader.read(bytes, pause);
    if (!decoded.ok) throw new Error(`the snapshot could not be read: ${decoded.error} (${decoded.detail})`);
    const { snapshot } = decoded;
    if (isOfRuns(hash)) {
      const members = await runsOf(bytes, snapshot, sha256, pause);
      return { snapshot, hash: hashOfRuns(members, sha256), members };
    }
    return {
      snapshot,
      hash: digest === undefined ? await sha256InSlices(contentOf(bytes), pause) : hash,
      members: null,
    };
  }

  async #openDelta({ bytes, version }: SnapshotOffer, base: OfferName, pause: Pause): Promise<Opened> {
    const { members: known = null } = this.#isLatest(base) ? (this.#latest ?? {}) : {};
    const members = known === null ? null : await applyRunDelta(known, bytes, snapshotBytesMax, sha256, pause);
    if (members === null)
      throw new Error(`snapshot ${version} can't be made of ${base.version} here; it is needed whole`);
    const decoded = shaped(saidBy(members));
    if (!decoded.ok) throw new Error(`the snapshot could not be read: ${decoded.error} (${decoded.detail})`);
    return { snapshot: decoded.snapshot, hash: hashOfRuns(members, sha256), members };
  }

  #isLatest({ version, hash }: OfferName): boolean {
    return this.#latest?.version === version && this.#latest.hash === hash;
  }
}
