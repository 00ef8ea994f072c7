/**
 * Keeps the store of snapshots as the log of rollouts needs it: what the latest record names is put there again when the store has lost it,
 * and what no kept record names is removed, or the store would fill and take nothing more. Each control does so; whatever two of
 * them do at once is the same.
 * Owns the bytes of the snapshots that nodes may be told to run: two, and one that is being stored.
 */
import type { BlobFate, BlobShelf } from '@weir/proto/bus/blob-store.js';
import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import { neededBy, shelfPlan } from '../rollout/shelf.js';

export interface ShelfParts {
  readonly blobs: BlobShelf;
  readonly nowMs: () => number;
  /** Records, the newest first, as the log has them; null: that can't be known now. */
  readonly history: (max: number) => Promise<readonly RolloutRecord[] | null>;
  readonly say: (text: string) => void;
}

/** Their snapshots stay: sixteen rollouts of two records each. */
const RECORDS_KEPT = 32;
/** While something is to be removed soon, or there is another record. */
const BUSY_EVERY_MS = 60_000;
/** The store may have lost something by itself. */
const IDLE_EVERY_MS = 300_000;
/** Not more often, whatever happens. */
const HURRY_MS = 2_000;

export class SnapshotShelf {
  readonly #parts: ShelfParts;
  readonly #held = new Map<string, Uint8Array>();
  #unnamedSince: ReadonlyMap<string, number> = new Map();
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #everyMs = 0;
  #isBusy = false;
  #latest = '';
  /** A hash of which nobody here has the bytes, and that was told. */
  #lamented = '';

  constructor(parts: ShelfParts) {
    this.#parts = parts;
  }

  /** Stores one of which no record tells yet, and holds it. */
  async put(name: string, bytes: Uint8Array): Promise<BlobFate> {
    this.#held.set(name, bytes);
    const fate = await this.#parts.blobs.put(name, bytes);
    if (fate === 'stored') return fate;
    this.#held.delete(name);
    // It may be full of what can be removed.
    this.hurry();
    return fate;
  }

  /** The store, or the log, may have changed. */
  hurry(): void {
    this.#everyMs = HURRY_MS;
  }

  /** Looks after the store when that is due. */
  async look(latest: RolloutRecord): Promise<void> {
    const { blobs, history, nowMs } = this.#parts;
    if (latest.target.hash !== this.#latest) this.#everyMs = Math.min(this.#everyMs, BUSY_EVERY_MS);
    this.#latest = latest.target.hash;
    if (this.#isBusy || nowMs() - this.#lookedAtMs < this.#everyMs) return;
    this.#isBusy = true;
    this.#lookedAtMs = nowMs();
    this.#everyMs = BUSY_EVERY_MS;
    try {
      const names = await blobs.names();
      const records = names === null ? null : await history(RECORDS_KEPT);
      if (names === null || records === null) return;
      const sight = { names, records: [latest, ...records], unnamedSince: this.#unnamedSince, nowMs: nowMs() };
      const { missing, remove, unnamedSince } = shelfPlan(sight);
      for (const name of missing) await this.#putAgain(name, latest);
      await this.#hold(neededBy(latest), missing);
      const removed = new Set<string>();
      for (const name of remove) if (await blobs.remove(name)) removed.add(name);
      this.#unnamedSince = new Map([...unnamedSince].filter(([name]) => !removed.has(name)));
      if (this.#unnamedSince.size === 0 && missing.length === 0) this.#everyMs = IDLE_EVERY_MS;
    } finally {
      this.#isBusy = false;
    }
  }

  async #putAgain(name: string, { target, base }: RolloutRecord): Promise<void> {
    const { blobs, say } = this.#parts;
    const bytes = this.#held.get(name);
    const version = name === target.hash ? target.version : base?.version;
    if (bytes !== undefined) {
      const fate = await blobs.put(name, bytes);
      const became = fate === 'stored' ? 'is there again' : `can’t be put there: ${fate.detail}`;
      say(`the store of snapshots had lost that of version ${version}; it ${became}`);
    } else if (this.#lamented !== name) {
      this.#lamented = name;
      say(`the store of snapshots has lost that of version ${version}, and no copy is here; nodes that have it go on`);
    }
  }

  /** Also what another control has made, which may end before the store loses it. */
  async #hold(needed: readonly string[], missing: readonly string[]): Promise<void> {
    for (const name of needed) {
      if (this.#held.has(name) || missing.includes(name)) continue;
      const bytes = await this.#parts.blobs.get(name);
      if (bytes !== null) this.#held.set(name, bytes);
    }
    const kept = new Set([...needed, [...this.#held.keys()].at(-1)]);
    for (const name of this.#held.keys()) if (!kept.has(name)) this.#held.delete(name);
  }
}
