/**
 * Snapshots in a store together with what makes each of the ones before it, where that is much smaller: who has the one before
 * fetches some hundred bytes in the place of megabytes. Whoever has no base, or finds no delta, takes the whole.
 */
import { applyDelta, encodeDeltaInSlices } from '../snapshot/delta.js';
import type { BlobShelf, BlobStore } from './blob-store.js';
import type { BusClock } from './bus.js';

/** Below it the whole is fetched as quickly as a delta is looked for. */
export const DELTA_FROM_BYTES = 256 * 1024;
/** A delta that is no smaller than this share is not kept. */
const WORTH_SHARE = 1 / 4;
/** Bases that a new one is compared with: the one before, and the one before a canary that was taken back. */
const BASES = 2;
/** So long whoever puts waits for deltas: nodes that were told sooner would all fetch the whole. 2 MiB take less. */
export const PATIENCE_MS = 250;

export interface Blob {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const deltaName = (name: string, base: string): string => `${name}-from-${base}`;

/**
 * For whoever puts them. Deltas are there when `put` says that it is stored, unless they take too long: then they come later, and who asks
 * before fetches the whole. Owns the latest ones that were put, and what is being compared.
 */
export function deltaBlobs(blobs: BlobShelf, clock: Pick<BusClock, 'after'>): BlobShelf {
  let bases: readonly Blob[] = [];
  let making: Promise<void> = Promise.resolve();
  let latest = '';
  let isOver = false;
  const pass = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
  const make = async (name: string, bytes: Uint8Array, others: readonly Blob[]): Promise<void> => {
    // What something newer has replaced is not worth the time.
    const isWanted = (): boolean => !isOver && latest === name;
    for (const base of others) {
      if (!isWanted()) return;
      const delta = await encodeDeltaInSlices(base.bytes, bytes, () => pass(0).then(isWanted));
      // One that is not there is not missed.
      if (delta !== null && delta.length < bytes.length * WORTH_SHARE)
        await blobs.put(deltaName(name, base.name), delta);
    }
  };
  return {
    async put(name, bytes) {
      const fate = await blobs.put(name, bytes);
      if (fate !== 'stored' || bytes.length < DELTA_FROM_BYTES) return fate;
      const others = bases.filter((base) => base.name !== name);
      const own = { name, bytes: new Uint8Array(bytes) };
      bases = [own, ...others].slice(0, BASES);
      latest = name;
      making = making.then(() => make(name, own.bytes, others));
      await Promise.race([making, pass(PATIENCE_MS)]);
      return fate;
    },
    get: (name) => blobs.get(name),
    names: () => blobs.names(),
    remove: (name) => blobs.remove(name),
    async close() {
      isOver = true;
      await making;
      await blobs.close();
    },
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
