/**
 * The jobs that this node runs, and its way to all that are kept. Owns which ones run here, when their leases are renewed,
 * and what is counted of them; their records are the store's. What becomes of one that runs is in running-job.ts.
 */
import type { JobsSpec } from '@weir/proto/snapshot/jobs.js';
import type { Clock, Timer, Timers } from '../time/clock.js';
import { IdleWait } from '../time/idle-wait.js';
import type { JobRecord, JobState, NewJob } from './job.js';
import type { JobIds } from './job-id.js';
import { ofOne } from './job-limits.js';
import { type Creation, type JobStore, StoreAway } from './job-store.js';
import { Orphans } from './orphans.js';
import { type JobKeeper, type JobRun, RunningJob } from './running-job.js';

export const refusals = ['store', 'full', 'busy', 'share', 'late', 'draining'] as const;
/**
 * Why no job was made: the store is away, it is full, this node runs as many as it may, one sharer has as many in either
 * as he may, the client's deadline came first, or the node is shutting down.
 */
export type JobRefusal = (typeof refusals)[number];

export interface JobCounts {
  readonly store: JobStore['kind'];
  readonly isReachable: boolean;
  readonly running: number;
  readonly stored: number;
  readonly storedBytes: number;
  readonly ended: Readonly<Record<JobState, number>>;
  readonly refused: Readonly<Record<JobRefusal, number>>;
  readonly resultBytes: number;
  /** Jobs that nobody was told of, and that the store may still have. */
  readonly orphans: number;
}

export interface Jobs {
  readonly epoch: string;
  /** Makes a job of what runs; null when none can be made. */
  begin(run: JobRun, spec: JobsSpec): Promise<RunningJob | null>;
  /** These reject with StoreAway. */
  look(id: string): Promise<JobRecord | null>;
  cancel(id: string): Promise<JobRecord | null>;
  forget(id: string): Promise<void>;
  read(id: string, index: number): Promise<Uint8Array | null>;
  counts(): JobCounts;
  /** Waits for those that run; what is left after `limitMs` fails, and its record says so. */
  drain(limitMs: number): Promise<{ readonly cut: number }>;
  close(): Promise<void>;
}

export interface JobServices {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly store: JobStore;
  readonly ids: JobIds;
  /** Hears of bugs: what the store threw that is no absence. */
  readonly onBug: (error: unknown) => void;
}

export function createJobs(services: JobServices): Jobs {
  return new NodeJobs(services);
}

/** Renewals within one lease: three may be lost. */
const RENEWALS = 4;
const RENEW_MIN_MS = 50;
/** How often what has expired is let go, and the store is asked how much it keeps. */
const SWEEP_MS = 1_000;

class NodeJobs implements Jobs, JobKeeper {
  readonly epoch: string;
  readonly store: JobStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onBug: (error: unknown) => void;
  readonly #running = new Map<string, RunningJob>();
  readonly #orphans: Orphans;
  readonly #idle = new IdleWait();
  readonly #ids: JobIds;
  readonly #ended: Record<JobState, number> = { pending: 0, done: 0, failed: 0, cancelled: 0, lost: 0 };
  readonly #refused: Record<JobRefusal, number> = { store: 0, full: 0, busy: 0, share: 0, late: 0, draining: 0 };
  readonly #renewal: Timer;
  readonly #sweep: Timer;
  /** Until the next renewal; Infinity when nothing runs. */
  #renewMs = Number.POSITIVE_INFINITY;
  #isSweeping = false;
  #isDraining = false;
  #isClosed = false;
  #resultBytes = 0;

  constructor({ clock, timers, store, ids, onBug }: JobServices) {
    this.clock = clock;
    this.timers = timers;
    this.store = store;
    this.onBug = onBug;
    this.#ids = ids;
    this.#orphans = new Orphans(store);
    this.epoch = ids.epoch;
    this.#renewal = timers.create(() => this.#renew());
    this.#sweep = timers.create(() => this.#swept());
    store.onCancelled((id) => this.#running.get(id)?.stopped('cancelled'));
    this.#sweepLater();
  }

  async begin(run: JobRun, spec: JobsSpec): Promise<RunningJob | null> {
    if (this.#isDraining) return this.#refuse('draining');
    if (this.#running.size >= spec.runningMax) return this.#refuse('busy');
    const { routeId, owner, sharer, method } = run;
    if (this.#runningOf(sharer) >= ofOne(spec.runningMax, spec.ownerShare)) return this.#refuse('share');
    const { leaseMs, keepMs } = spec;
    const job: NewJob = { id: this.#ids.next(), routeId, owner, sharer, method, leaseMs, keepMs };
    run.named(job.id);
    const running = new RunningJob(job, run, this);
    // Counted while it is being made, so that the bound holds.
    this.#running.set(job.id, running);
    let outcome: Creation;
    try {
      outcome = await this.store.create(job);
    } catch (error) {
      this.#remove(job.id);
      if (!(error instanceof StoreAway)) throw error;
      // It may be there all the same, if only the answer was lost.
      this.#orphans.add(job.id);
      this.#sweepLater();
      return this.#refuse('store');
    }
    if (outcome !== 'created') {
      this.#remove(job.id);
      return this.#refuse(outcome);
    }
    // A drain that was over by then has not cut what was no job yet.
    if (!this.#running.has(job.id)) {
      running.abandon();
      return this.#refuse('draining');
    }
    running.made();
    this.#renewWithin(Math.max(RENEW_MIN_MS, leaseMs / RENEWALS));
    this.#sweepLater();
    return running;
  }

  look(id: string): Promise<JobRecord | null> {
    return this.store.apply(id, { kind: 'look' });
  }

  async cancel(id: string): Promise<JobRecord | null> {
    const record = await this.store.apply(id, { kind: 'cancel' });
    if (record?.state === 'cancelled') this.#running.get(id)?.stopped('cancelled');
    return record;
  }

  forget(id: string): Promise<void> {
    return this.store.forget(id);
  }

  read(id: string, index: number): Promise<Uint8Array | null> {
    return this.store.read(id, index);
  }

  counts(): JobCounts {
    const { stored, bytes, isReachable } = this.store.counts();
    return {
      store: this.store.kind,
      isReachable,
      running: this.#running.size,
      stored,
      storedBytes: bytes,
      ended: this.#ended,
      refused: this.#refused,
      resultBytes: this.#resultBytes,
      orphans: this.#orphans.size,
    };
  }

  async drain(limitMs: number): Promise<{ readonly cut: number }> {
    this.#isDraining = true;
    if (this.#running.size > 0 && limitMs > 0) await this.#idle.within(limitMs, this.timers);
    const left = [...this.#running.values()];
    const cut = await Promise.all(left.map((job) => job.cut()));
    return { cut: cut.filter((wasMade) => wasMade).length };
  }

  async close(): Promise<void> {
    this.#renewal.cancel();
    this.#sweep.cancel();
    this.#isClosed = true;
    await this.store.close();
  }

  // What the jobs that run tell.

  wrote(bytes: number): void {
    this.#resultBytes += bytes;
  }

  ended(id: string, state: JobState): void {
    if (!this.#running.has(id)) return;
    this.#ended[state] += 1;
    this.#remove(id);
  }

  dropped(id: string): void {
    this.#remove(id);
  }

  orphaned(id: string): void {
    this.#orphans.add(id);
    this.#sweepLater();
    this.#unlessAway(this.#orphans.forget());
  }

  refusedLate(): void {
    this.#refused.late += 1;
  }

  /** Looked for where a job is made, which is rare beside all that happens to it. */
  #runningOf(sharer: string): number {
    let count = 0;
    for (const { record } of this.#running.values()) if (record.sharer === sharer) count += 1;
    return count;
  }

  #remove(id: string): void {
    this.#running.delete(id);
    if (this.#running.size === 0) this.#idle.reached();
  }

  #refuse(reason: JobRefusal): null {
    this.#refused[reason] += 1;
    return null;
  }

  #renewWithin(ms: number): void {
    if (this.#renewMs <= ms) return;
    this.#renewMs = ms;
    this.#renewal.arm(ms);
  }

  #renew(): void {
    for (const job of this.#running.values()) job.renew();
    if (this.#running.size > 0) this.#renewal.arm(this.#renewMs);
    else this.#renewMs = Number.POSITIVE_INFINITY;
  }

  /** In Redis others keep jobs as well, and it may go away while nobody asks it for anything. */
  #sweepLater(): void {
    const isDue = this.store.kind === 'redis' || this.store.counts().stored > 0 || this.#orphans.size > 0;
    if (this.#isSweeping || this.#isClosed || !isDue) return;
    this.#isSweeping = true;
    this.#sweep.arm(SWEEP_MS);
  }

  #swept(): void {
    const swept = this.store.sweep().then(() => this.#orphans.forget());
    this.#unlessAway(
      swept.finally(() => {
        this.#isSweeping = false;
        this.#sweepLater();
      }),
    );
  }

  /** For what is tried again by itself. */
  #unlessAway(done: Promise<void>): void {
    done.catch((error: unknown) => {
      if (!(error instanceof StoreAway)) this.onBug(error);
    });
  }
}
