/**
 * Snapshots in a store together with what makes each of the ones before it, where that is much smaller: who has the one before
 * fetches some hundred bytes in the place of megabytes. Whoever has no base, or finds no delta, takes the whole.
 */
import { applyDelta, encodeDelta } from '../snapshot/delta.js';
import type { BlobShelf, BlobStore } from './blob-store.js';

/** Below it the whole is fetched as quickly as a delta is looked for. */
export const DELTA_FROM_BYTES = 256 * 1024;
/** A delta that is no smaller than this share is not kept. */
const WORTH_SHARE = 1 / 4;
/** Bases that a new one is compared with: the one before, and the one before a canary that was taken back. */
const BASES = 2;

export interface Blob {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const deltaName = (name: string, base: string): string => `${name}-from-${base}`;

/** For whoever puts them: deltas are there when `put` says that it is stored. Owns the latest ones that were put. */
export function deltaBlobs(blobs: BlobShelf): BlobShelf {
  let bases: readonly Blob[] = [];
  return {
    async put(name, bytes) {
      const fate = await blobs.put(name, bytes);
      if (fate !== 'stored' || bytes.length < DELTA_FROM_BYTES) return fate;
      const others = bases.filter((base) => base.name !== name);
      for (const base of others) {
        const delta = encodeDelta(base.bytes, bytes);
        // One that is not there is not missed.
        if (delta.length < bytes.length * WORTH_SHARE) await blobs.put(deltaName(name, base.name), delta);
      }
      bases = [{ name, bytes: new Uint8Array(bytes) }, ...others].slice(0, BASES);
      return fate;
    },
    get: (name) => blobs.get(name),
    names: () => blobs.names(),
    remove: (name) => blobs.remove(name),
    close: () => blobs.close(),
  };
}

/** Made of the base where there is a delta; null otherwise. What it makes is to be verified, and may be wrong. */
export async function getByDelta(
  blobs: Pick<BlobStore, 'get'>,
  name: string,
  base: Blob,
  bytesMax: number,
): Promise<Uint8Array | null> {
  if (base.bytes.length < DELTA_FROM_BYTES) return null;
  const delta = await blobs.get(deltaName(name, base.name));
  return delta === null ? null : applyDelta(base.bytes, delta, bytesMax);
}
