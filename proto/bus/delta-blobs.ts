/**
 * Snapshots in a store together with what makes each of the ones before it, where that is much smaller: who has the one before
 * fetches some hundred bytes in the place of megabytes. Whoever has no base, or finds no delta, takes the whole.
 */
import { applyDelta, encodeDeltaInSlices } from '../snapshot/delta.js';
import type { BlobFate, BlobShelf, BlobStore } from './blob-store.js';
import type { BusClock } from './bus.js';

/** Below it the whole is fetched as quickly as a delta is looked for. */
export const DELTA_FROM_BYTES = 256 * 1024;
/** A delta that is no smaller than this share is not kept. */
const WORTH_SHARE = 1 / 4;
/** Bases that a new one is compared with: the one before, and the one before a canary that was taken back. */
const BASES = 2;
/** So long whoever puts waits for a delta: nodes that were told sooner would all fetch the whole. 2 MiB take less. */
export const PATIENCE_MS = 250;

export interface Blob {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const deltaName = (name: string, base: string): string => `${name}-from-${base}`;

/**
 * For whoever puts them. The delta from the one before is there when `put` says that it is stored, unless it takes too long: then it comes
 * later, as the one from the one before that always does, and who asks before fetches the whole. Owns the latest ones that were put, and what is being compared.
 */
export function deltaBlobs(blobs: BlobShelf, clock: Pick<BusClock, 'after'>): BlobShelf {
  let bases: readonly Blob[] = [];
  let making: Promise<void> = Promise.resolve();
  let latest = '';
  let isOver = false;
  const pass = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
  /** `onFirst`: the one that nodes ask for is stored, or there is none. */
  const make = async (own: Blob, others: readonly Blob[], stored: Promise<BlobFate>, onFirst: () => void) => {
    const { name, bytes } = own;
    // What something newer has replaced is not worth the time.
    const isWanted = (): boolean => !isOver && latest === name;
    for (const base of others) {
      if (!isWanted()) break;
      const delta = await encodeDeltaInSlices(base.bytes, bytes, () => pass(0).then(isWanted));
      if ((await stored) !== 'stored') break;
      // One that is not there is not missed.
      if (delta !== null && delta.length < bytes.length * WORTH_SHARE)
        await blobs.put(deltaName(name, base.name), delta);
      onFirst();
    }
    onFirst();
  };
  return {
    async put(name, bytes) {
      if (bytes.length < DELTA_FROM_BYTES) return blobs.put(name, bytes);
      const own = { name, bytes: new Uint8Array(bytes) };
      const others = bases.filter((base) => base.name !== name);
      latest = name;
      // Compared while it is on its way to the store.
      const storing = blobs.put(name, own.bytes);
      const first = new Promise<void>((resolve) => {
        making = making.then(() => make(own, others, storing, resolve));
      });
      const fate = await storing;
      if (fate !== 'stored') return fate;
      bases = [own, ...others].slice(0, BASES);
      await Promise.race([first, pass(PATIENCE_MS)]);
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
