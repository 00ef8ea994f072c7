/**
 * Tells other nodes what clients have changed by this one, in batches through the purge log: the first change at once, those behind it
 * together at the pace of the cluster. No client waits for it. What the log does not take is tried again for as long as there is room
 * for it (`change-batches.ts`).
 */
import type { BusClock } from '@weir/proto/bus/bus.js';
import type { Appended } from '@weir/proto/bus/shared-log.js';
import type { ChangedUrl } from '@weir/proto/events/purge-log.js';
import { ChangeBatches, type ChangeCounts } from './change-batches.js';

export interface ChangeTellerParts {
  readonly clock: BusClock;
  readonly append: (urls: readonly ChangedUrl[]) => Promise<Appended>;
  /** Those that share the log, this one included. */
  readonly nodes: () => number;
}

/** Between two batches of one node, at least. */
export const PACE_MS = 100;
/** Of all nodes together come a hundred batches a second at most: each is read by each, and the log keeps so many entries and no more. */
export const PACE_MS_OF_EACH = 10;
export const RETRY_MS = 1_000;
/** A node that ends tells what is left, and waits no longer than this. */
const LAST_WITHIN_MS = 500;

export class ChangeTeller {
  readonly #parts: ChangeTellerParts;
  readonly #batches = new ChangeBatches();
  #cancel: (() => void) | null = null;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #telling: Promise<void> | null = null;
  #isOver = false;

  constructor(parts: ChangeTellerParts) {
    this.#parts = parts;
  }

  changed(url: ChangedUrl): void {
    this.#batches.add(url, this.#parts.clock.nowMs());
    this.#arm();
  }

  counts(): ChangeCounts {
    return this.#batches.counts(this.#parts.clock.nowMs());
  }

  /** Tells once more, if there is something; what then is left is lost. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancel?.();
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.after(LAST_WITHIN_MS, resolve);
    });
    const last = async (): Promise<void> => {
      await this.#telling;
      if (this.#batches.hasPending) await this.#tell();
    };
    await Promise.race([last(), late]);
    cancel();
  }

  #arm(): void {
    if (this.#isOver || this.#cancel !== null || this.#telling !== null || !this.#batches.hasPending) return;
    const { clock } = this.#parts;
    this.#cancel = clock.after(Math.max(0, this.#notBeforeMs - clock.nowMs()), () => {
      this.#cancel = null;
      this.#telling = this.#tell().finally(() => {
        this.#telling = null;
        this.#arm();
      });
    });
  }

  async #tell(): Promise<void> {
    const { clock, nodes, append } = this.#parts;
    this.#notBeforeMs = clock.nowMs() + Math.max(PACE_MS, nodes() * PACE_MS_OF_EACH);
    const appended = await append(this.#batches.take());
    if (appended.ok) this.#batches.told();
    else if (appended.why === 'refused') this.#batches.refused();
    else {
      // Perhaps it is in the log; told twice is told.
      this.#batches.failed();
      this.#notBeforeMs = clock.nowMs() + RETRY_MS;
    }
  }
}
