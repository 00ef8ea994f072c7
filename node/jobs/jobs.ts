/**
 * The jobs that this node runs, and its way to all that are kept. Owns which ones run here, their leases, and what is
 * counted of them; their records are the store's.
 *
 * While a job runs, its lease is renewed four times over, with what is known of its progress. A store that is away for
 * less than a lease is waited for. What is longer ends the job: by then others have been told that it is lost.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { JobsSpec } from '@weir/proto/snapshot/jobs.js';
import type { Clock, Timer, Timers } from '../time/clock.js';
import {
  beginJob,
  type JobEvent,
  type JobFailure,
  type JobProgress,
  type JobRecord,
  type JobState,
  type NewJob,
  type ResultHead,
} from './job.js';
import type { JobIds } from './job-id.js';
import { type JobStore, StoreAway } from './job-store.js';
import type { SpoolKeeper } from './spool.js';

/** What a job is of, and how it is steered from here. Neither is it cancelled nor over before it was made. */
export interface JobRun {
  readonly routeId: string;
  readonly owner: string | null;
  readonly method: string;
  progress(): JobProgress;
  /** Ends the attempts of a job that was cancelled or lost, or that may not go on. */
  cancel(): void;
  /** It is over; called once. */
  ended(state: JobState, failed: JobFailure | null): void;
}

export const refusals = ['store', 'full', 'busy', 'draining'] as const;
/** Why no job was made: the store is away, it is full, this node runs as many as it may, or it is shutting down. */
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
}

export function createJobs(services: JobServices): Jobs {
  return new NodeJobs(services);
}

/** Renewals within one lease: three may be lost. */
const RENEWALS = 4;
const RENEW_MIN_MS = 50;
/** Pause between two tries of what a store that is away did not take. */
const AGAIN_MS = 100;
const IDLE_SWEEP_MS = 1_000;

class NodeJobs implements Jobs {
  readonly epoch: string;
  readonly store: JobStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly running = new Map<string, RunningJob>();
  resultBytes = 0;
  readonly #ids: JobIds;
  readonly #ended: Record<JobState, number> = { pending: 0, done: 0, failed: 0, cancelled: 0, lost: 0 };
  readonly #refused: Record<JobRefusal, number> = { store: 0, full: 0, busy: 0, draining: 0 };
  readonly #tick: Timer;
  #isTicking = false;
  #tickMs = IDLE_SWEEP_MS;
  #isDraining = false;
  #whenIdle: (() => void) | null = null;

  constructor({ clock, timers, store, ids }: JobServices) {
    this.clock = clock;
    this.timers = timers;
    this.store = store;
    this.#ids = ids;
    this.epoch = ids.epoch;
    this.#tick = timers.create(() => this.#ticked());
    store.onCancelled((id) => this.running.get(id)?.stopped('cancelled'));
  }

  async begin(run: JobRun, spec: JobsSpec): Promise<RunningJob | null> {
    if (this.#isDraining) return this.#refuse('draining');
    if (this.running.size >= spec.runningMax) return this.#refuse('busy');
    const { routeId, owner, method } = run;
    const { leaseMs, keepMs } = spec;
    const job: NewJob = { id: this.#ids.next(), routeId, owner, method, leaseMs, keepMs };
    const running = new RunningJob(job, run, this);
    // Counted while it is being made, so that the bound holds.
    this.running.set(job.id, running);
    try {
      const outcome = await this.store.create(job);
      // A drain that was over by then has not cut what was no job yet.
      if (outcome === 'created' && this.running.has(job.id)) {
        running.made();
        this.#tickWithin(Math.max(RENEW_MIN_MS, leaseMs / RENEWALS));
        return running;
      }
      if (outcome === 'full') {
        this.#remove(job.id);
        return this.#refuse('full');
      }
      await running.abandon();
      return this.#refuse('draining');
    } catch (error) {
      this.#remove(job.id);
      if (!(error instanceof StoreAway)) throw error;
      return this.#refuse('store');
    }
  }

  look(id: string): Promise<JobRecord | null> {
    return this.store.apply(id, { kind: 'look' });
  }

  async cancel(id: string): Promise<JobRecord | null> {
    const record = await this.store.apply(id, { kind: 'cancel' });
    if (record?.state === 'cancelled') this.running.get(id)?.stopped('cancelled');
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
      running: this.running.size,
      stored,
      storedBytes: bytes,
      ended: this.#ended,
      refused: this.#refused,
      resultBytes: this.resultBytes,
    };
  }

  async drain(limitMs: number): Promise<{ readonly cut: number }> {
    this.#isDraining = true;
    if (this.running.size > 0 && limitMs > 0) await this.#idleOrPassed(limitMs);
    const left = [...this.running.values()];
    const cut = await Promise.all(left.map((job) => job.cut()));
    return { cut: cut.filter((wasMade) => wasMade).length };
  }

  async close(): Promise<void> {
    this.#tick.cancel();
    await this.store.close();
  }

  /** A job of this node is over. */
  ended(id: string, state: JobState): void {
    if (!this.running.has(id)) return;
    this.#ended[state] += 1;
    this.#remove(id);
  }

  /** It never was one to anybody. */
  dropped(id: string): void {
    this.#remove(id);
  }

  #remove(id: string): void {
    this.running.delete(id);
    if (this.running.size === 0) this.#whenIdle?.();
  }

  #refuse(reason: JobRefusal): null {
    this.#refused[reason] += 1;
    return null;
  }

  #idleOrPassed(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.timers.create(resolve);
      timer.arm(limitMs);
      this.#whenIdle = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #tickWithin(ms: number): void {
    if (this.#isTicking && this.#tickMs <= ms) return;
    this.#isTicking = true;
    this.#tickMs = ms;
    this.#tick.arm(ms);
  }

  #ticked(): void {
    this.store.sweep();
    for (const job of this.running.values()) job.renew();
    const { stored } = this.store.counts();
    this.#isTicking = this.running.size > 0 || (this.store.kind === 'memory' && stored > 0);
    if (this.running.size === 0) this.#tickMs = IDLE_SWEEP_MS;
    if (this.#isTicking) this.#tick.arm(this.#tickMs);
  }
}

/** One job that this node runs: what its spool is given to, and what its end is told to. */
export class RunningJob implements SpoolKeeper {
  readonly record: JobRecord;
  readonly #run: JobRun;
  readonly #jobs: NodeJobs;
  /** Until its store has taken it, it is no job to anybody: nothing renews it, and nothing ends it from elsewhere. */
  #isMade = false;
  #isRenewing = false;
  #isOver = false;

  constructor(job: NewJob, run: JobRun, jobs: NodeJobs) {
    this.record = beginJob(job, jobs.clock.wallMs());
    this.#run = run;
    this.#jobs = jobs;
  }

  get id(): string {
    return this.record.id;
  }

  made(): void {
    this.#isMade = true;
  }

  async write(index: number, piece: Uint8Array): Promise<'written' | 'full' | 'over'> {
    const outcome = await this.#insist(() => this.#jobs.store.write(this.id, index, piece));
    if (outcome === 'written') this.#jobs.resultBytes += piece.byteLength;
    if (outcome === null) this.stopped('lost');
    return outcome ?? 'over';
  }

  done(head: ResultHead, bytes: number, pieces: number): void {
    void this.#end({ kind: 'done', head, bytes, pieces }, null);
  }

  failed({ code, detail, timer, limitMs }: Failure): void {
    const told: JobFailure = {
      code,
      detail,
      ...(timer === undefined ? {} : { timer }),
      ...(limitMs === undefined ? {} : { limitMs }),
    };
    void this.#end({ kind: 'failed', failure: told }, told);
  }

  /** Nobody was told of it: the client left, or the node was drained, while it was being made. */
  async abandon(): Promise<void> {
    this.#isOver = true;
    this.#jobs.dropped(this.id);
    await this.#jobs.store.forget(this.id).catch(ignoreAway);
  }

  /** It was ended from elsewhere. */
  stopped(state: 'cancelled' | 'lost'): void {
    if (this.#isOver || !this.#isMade) return;
    this.#run.cancel();
    this.#over(state, null);
  }

  /** The node ends before it: the record tells the truth, unless its store is away; then the lease does. False for no job. */
  async cut(): Promise<boolean> {
    if (this.#isOver) return false;
    if (!this.#isMade) {
      this.#jobs.dropped(this.id);
      return false;
    }
    this.#run.cancel();
    const told: JobFailure = { code: 'draining', detail: 'the node that ran the job was shut down' };
    this.#over('failed', told);
    await this.#jobs.store.apply(this.id, { kind: 'failed', failure: told }).catch(ignoreAway);
    return true;
  }

  renew(): void {
    // One at a time: a store that is slow is not sent more.
    if (this.#isRenewing || this.#isOver || !this.#isMade) return;
    this.#isRenewing = true;
    this.#jobs.store
      .apply(this.id, { kind: 'renew', progress: this.#run.progress() })
      .then((record) => {
        if (record === null || record.state === 'lost') this.stopped('lost');
        else if (record.state === 'cancelled') this.stopped('cancelled');
      })
      .catch(ignoreAway)
      .finally(() => {
        this.#isRenewing = false;
      });
  }

  async #end(event: JobEvent, failed: JobFailure | null): Promise<void> {
    const record = await this.#insist(() => this.#jobs.store.apply(this.id, event));
    const state = record?.state ?? 'lost';
    this.#over(state, state === 'failed' ? failed : null);
  }

  #over(state: JobState, failed: JobFailure | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#jobs.ended(this.id, state);
    this.#run.ended(state, failed);
  }

  /** Tries for as long as the lease would last without a renewal; null when that was not enough, or it is over. */
  async #insist<T>(act: () => Promise<T>): Promise<T | null> {
    const untilMs = this.#jobs.clock.nowMs() + this.record.leaseMs;
    while (!this.#isOver) {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof StoreAway)) throw error;
        if (this.#jobs.clock.nowMs() >= untilMs) return null;
        await new Promise<void>((resolve) => this.#jobs.timers.create(resolve).arm(AGAIN_MS));
      }
    }
    return null;
  }
}

function ignoreAway(error: unknown): void {
  if (!(error instanceof StoreAway)) throw error;
}
