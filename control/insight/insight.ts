/**
 * What control knows of the calls of all nodes: charts, the latest calls, who has the most of what, and what models took. Hears what nodes
 * tell; owns the series, the call log, what was spent and what budgets have left. Each control of a cluster hears all of it, so any can be asked; one that was away has gaps.
 */
import type { Presence } from '@weir/proto/cluster/presence.js';
import { BudgetsLeft } from './budgets-left.js';
import { CallLog } from './call-log.js';
import type { InsightStore } from './insight-store.js';
import type { Point } from './point.js';
import { ALL, type Closed, Series } from './series.js';
import { Spends } from './spends.js';

export interface InsightParts {
  readonly presence: Pick<Presence, 'hear'>;
  readonly wallMs: () => number;
  /** Runs `task` regularly; returns how to stop it. */
  readonly every: (intervalMs: number, task: () => void) => () => void;
  /** Left out: charts end with this process. */
  readonly store?: InsightStore;
}

const TICK_MS = 1_000;
/** Closed points that wait to be written: five minutes of as many tracks as there may be. */
const UNWRITTEN_MAX = 10_000;

/** A second in which nobody has called: that it has passed is told, so that what is drawn moves on. */
export interface QuietSecond {
  /** As a point has it. */
  readonly t: number;
}

export class Insight {
  readonly calls = new CallLog();
  readonly spends = new Spends();
  readonly budgets = new BudgetsLeft();
  readonly series: Series;
  readonly #parts: InsightParts;
  readonly #ends: readonly (() => void)[];
  readonly #onSecond = new Set<(second: Point | QuietSecond) => void>();
  #unwritten: Closed[] = [];
  #writtenAtMs: number;

  constructor(parts: InsightParts) {
    this.#parts = parts;
    const { presence, wallMs, every, store } = parts;
    this.#writtenAtMs = wallMs();
    this.series = new Series((closed) => {
      if (closed.step !== '1s' && this.#unwritten.length < UNWRITTEN_MAX) this.#unwritten.push(closed);
    });
    for (const closed of store?.load() ?? []) this.series.restore(closed);
    for (const bucket of store?.loadSpends() ?? []) this.spends.restore(bucket);
    this.#ends = [
      presence.hear('calls', ({ id, rows, records, untold, spends = [], budgets = [] }) => {
        this.series.add(rows, wallMs());
        this.calls.add(id, records, untold);
        this.spends.add(spends, wallMs());
        this.budgets.hear(id, budgets, wallMs());
      }),
      every(TICK_MS, () => this.#tick()),
    ];
  }

  /** Hears the last whole second, once a second. */
  onSecond(listener: (second: Point | QuietSecond) => void): () => void {
    this.#onSecond.add(listener);
    return () => void this.#onSecond.delete(listener);
  }

  async close(): Promise<void> {
    for (const end of this.#ends) end();
    this.#write();
    await this.#parts.store?.close();
  }

  #tick(): void {
    const nowMs = this.#parts.wallMs();
    this.series.tick(nowMs);
    const second = Math.floor(nowMs / TICK_MS) * TICK_MS;
    const t = second - TICK_MS;
    const [last = { t }] = this.series.points(ALL, '1s', t, second);
    for (const listener of this.#onSecond) listener(last);
    if (nowMs - this.#writtenAtMs >= 60_000) this.#write();
  }

  #write(): void {
    this.#writtenAtMs = this.#parts.wallMs();
    const closed = this.#unwritten;
    this.#unwritten = [];
    this.#parts.store?.put(closed, this.#writtenAtMs);
    this.#parts.store?.putSpends(this.spends.takeChanged(), this.#writtenAtMs);
  }
}
