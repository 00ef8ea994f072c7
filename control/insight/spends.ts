/**
 * What requests to models took: minute by minute for three hours, hour by hour (of UTC, as windows of budgets) for a month, by route,
 * consumer, team, model and provider. Fed with what nodes tell; it counts when it is heard. Pure: time is passed in, and what has changed is
 * handed to whoever keeps it.
 *
 * Bounded by what one bucket tells apart (proto/events/spends.ts) and by rows in all: then the oldest minutes go, and after them the oldest
 * hours. `since` says from when on all is there.
 */
import { type SpendRow, SpendTable } from '@weir/proto/events/spends.js';
import { stepMs } from './point.js';

export const spendSteps = ['1m', '1h'] as const;
export type SpendStep = (typeof spendSteps)[number];

export const spendRowsKept = 200_000;
const BUCKET_ROWS_MAX = 2_000;
/** Three hours, and a month of 31 days. */
export const keptBuckets: Readonly<Record<SpendStep, number>> = { '1m': 180, '1h': 744 };

export interface SpendBucket {
  readonly step: SpendStep;
  /** Begin of its time, a multiple of the step. */
  readonly t: number;
  readonly rows: readonly SpendRow[];
}

interface Bucket {
  readonly t: number;
  readonly table: SpendTable;
  isChanged: boolean;
}

export class Spends {
  /** Oldest first. */
  readonly #buckets: Readonly<Record<SpendStep, Bucket[]>> = { '1m': [], '1h': [] };
  /** What was before it had no room. */
  readonly #since: Record<SpendStep, number> = { '1m': 0, '1h': 0 };
  #rows = 0;

  get size(): number {
    return this.#rows;
  }

  add(rows: readonly SpendRow[], nowMs: number): void {
    if (rows.length === 0) return;
    for (const step of spendSteps) this.#addTo(step, nowMs, rows, true);
    this.#bound();
  }

  /** Of an earlier life of this process, in the order of their times. */
  restore({ step, t, rows }: SpendBucket): void {
    this.#addTo(step, t, rows, false);
    this.#bound();
  }

  /** Of all time that begins from the one on and before the other. */
  rows(step: SpendStep, fromMs: number, toMs: number): readonly SpendRow[] {
    return this.#buckets[step].filter(({ t }) => t >= fromMs && t < toMs).flatMap(({ table }) => table.rows());
  }

  /**
   * What whoever may see a team only since a time may see: null, not at all. The hour in which that time lies is looked at by its minutes, as
   * far as they are kept.
   */
  rowsSince(step: SpendStep, fromMs: number, sinceOf: (team: string) => number | null): readonly SpendRow[] {
    const isSeen = ([[, , team]]: SpendRow, t: number): boolean => t >= (sinceOf(team) ?? Number.POSITIVE_INFINITY);
    const found = this.#buckets[step].flatMap(({ t, table }) =>
      t < fromMs ? [] : table.rows().filter((row) => isSeen(row, t)),
    );
    if (step === '1m') return found;
    const first = this.#buckets['1m'].flatMap(({ t, table }) => {
      const hour = Math.floor(t / stepMs['1h']) * stepMs['1h'];
      return hour < fromMs ? [] : table.rows().filter((row) => isSeen(row, t) && !isSeen(row, hour));
    });
    return [...found, ...first];
  }

  since(step: SpendStep): number {
    return this.#since[step];
  }

  /** Whole, since it was asked last. */
  takeChanged(): readonly SpendBucket[] {
    return spendSteps.flatMap((step) =>
      this.#buckets[step]
        .filter(({ isChanged }) => isChanged)
        .map((bucket) => {
          bucket.isChanged = false;
          return { step, t: bucket.t, rows: bucket.table.rows() };
        }),
    );
  }

  #addTo(step: SpendStep, atMs: number, rows: readonly SpendRow[], isChanged: boolean): void {
    const bucket = this.#bucketAt(step, Math.floor(atMs / stepMs[step]) * stepMs[step]);
    const before = bucket.table.size;
    for (const row of rows) bucket.table.add(row);
    this.#rows += bucket.table.size - before;
    bucket.isChanged ||= isChanged;
  }

  /** The latest one also for a clock that was set back: what was spent is counted once, and not lost. */
  #bucketAt(step: SpendStep, t: number): Bucket {
    const buckets = this.#buckets[step];
    const last = buckets.at(-1);
    if (last !== undefined && last.t >= t) return last;
    const made = { t, table: new SpendTable(BUCKET_ROWS_MAX), isChanged: false };
    buckets.push(made);
    const oldest = t - (keptBuckets[step] - 1) * stepMs[step];
    while ((buckets[0]?.t ?? t) < oldest) this.#drop(step);
    return made;
  }

  #bound(): void {
    while (this.#rows > spendRowsKept) {
      const step = spendSteps.find((one) => this.#buckets[one].length > 1);
      if (step === undefined) return;
      const [oldest] = this.#buckets[step];
      this.#since[step] = (oldest?.t ?? 0) + stepMs[step];
      this.#drop(step);
    }
  }

  #drop(step: SpendStep): void {
    this.#rows -= this.#buckets[step].shift()?.table.size ?? 0;
  }
}
