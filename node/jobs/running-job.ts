/**
 * One job that this node runs, from the moment that its store is asked for it to its end: what its spool writes to, and what
 * a renewal, a cancel from elsewhere or a drain does to it.
 *
 * A store that is away is waited for as long as it would still keep the job: its lease, and then `keep`. Longer than the
 * lease does no harm by itself, since nobody can have been told that the job is lost by a store that was away from all; and
 * where it was away from this node alone, the next word of it says so.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { Clock, Timers } from '../time/clock.js';
import {
  beginJob,
  type JobEvent,
  type JobFailure,
  type JobOwner,
  type JobProgress,
  type JobRecord,
  type JobState,
  type NewJob,
  type ResultHead,
} from './job.js';
import { type JobStore, StoreAway } from './job-store.js';
import type { SpoolKeeper } from './spool.js';

/** What a job is of, and how it is steered from here. Neither is it cancelled nor over before it was made. */
export interface JobRun {
  readonly routeId: string;
  readonly owner: JobOwner | null;
  readonly sharer: string;
  readonly method: string;
  /** What its id will be if it is made; called at once. */
  named(id: string): void;
  progress(): JobProgress;
  /** Ends the attempts of a job that was cancelled or lost, or that may not go on. */
  cancel(): void;
  /** It is over; called once. */
  ended(state: JobState, failed: JobFailure | null): void;
}

/** Whoever keeps count of the jobs of this node; see jobs.ts. */
export interface JobKeeper {
  readonly store: JobStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onBug: (error: unknown) => void;
  /** So many bytes of a result are in the store. */
  wrote(bytes: number): void;
  /** A job is over. */
  ended(id: string, state: JobState): void;
  /** It never was a job to anybody. */
  dropped(id: string): void;
  /** Nobody knows of it but the store, perhaps. */
  orphaned(id: string): void;
  /** It came too late for its client. */
  refusedLate(): void;
}

/** Pause between two tries of what a store that is away did not take. */
const AGAIN_MS = 100;
const broken: JobFailure = { code: 'internal_error', detail: 'the gateway failed while it kept the result of the job' };

export class RunningJob implements SpoolKeeper {
  readonly record: JobRecord;
  readonly #run: JobRun;
  readonly #keeper: JobKeeper;
  /** Until its store has taken it, it is no job to anybody: nothing renews it, and nothing ends it from elsewhere. */
  #isMade = false;
  #isRenewing = false;
  #isOver = false;
  /** By what was heard last; behind it the store has let the job go, and there is nothing to wait for. */
  #keptUntilMs = 0;

  constructor(job: NewJob, run: JobRun, keeper: JobKeeper) {
    this.record = beginJob(job, keeper.clock.wallMs());
    this.#run = run;
    this.#keeper = keeper;
  }

  get id(): string {
    return this.record.id;
  }

  made(): void {
    this.#isMade = true;
    this.#heard();
  }

  async write(index: number, piece: Uint8Array): Promise<'written' | 'full' | 'over'> {
    const outcome = await this.#insist(() => this.#keeper.store.write(this.id, index, piece));
    if (outcome === 'written') this.#keeper.wrote(piece.byteLength);
    return outcome ?? 'over';
  }

  done(head: ResultHead, bytes: number, pieces: number): void {
    void this.#end({ kind: 'done', head, bytes, pieces });
  }

  failed({ code, detail, timer, limitMs }: Failure): void {
    const told: JobFailure = {
      code,
      detail,
      ...(timer === undefined ? {} : { timer }),
      ...(limitMs === undefined ? {} : { limitMs }),
    };
    void this.#end({ kind: 'failed', failure: told });
  }

  /** Nobody was told of it: the client left or was answered, or the node was drained, while it was being made. */
  abandon(): void {
    this.#isOver = true;
    this.#keeper.dropped(this.id);
    this.#keeper.orphaned(this.id);
  }

  /** The same, when it is the job that came too late. */
  abandonLate(): void {
    this.#keeper.refusedLate();
    this.abandon();
  }

  /** It was ended from elsewhere. */
  stopped(state: 'cancelled' | 'lost'): void {
    if (this.#isOver || !this.#isMade) return;
    this.#run.cancel();
    this.#over(state, null);
  }

  /** The node ends before it. False for what is no job. */
  async cut(): Promise<boolean> {
    if (this.#isOver) return false;
    if (!this.#isMade) {
      this.#keeper.dropped(this.id);
      return false;
    }
    await this.#fail({ code: 'draining', detail: 'the node that ran the job was shut down' }).catch(
      (error: unknown) => {
        if (!(error instanceof StoreAway)) this.#keeper.onBug(error);
      },
    );
    return true;
  }

  renew(): void {
    // One at a time: a store that is slow is not sent more.
    if (this.#isRenewing || this.#isOver || !this.#isMade) return;
    this.#isRenewing = true;
    this.#keeper.store
      .apply(this.id, { kind: 'renew', progress: this.#run.progress() })
      .then((record) => {
        if (record === null || record.state === 'lost') this.stopped('lost');
        else if (record.state === 'cancelled') this.stopped('cancelled');
        else this.#heard();
      })
      .catch((error: unknown) => this.#notTaken(error))
      .finally(() => {
        this.#isRenewing = false;
      });
  }

  /** Told as the store has it: another end may have come first, or there may have been no room for this one. */
  async #end(event: JobEvent): Promise<void> {
    const record = await this.#insist(() => this.#keeper.store.apply(this.id, event));
    if (record === undefined) return;
    this.#over(record?.state ?? 'lost', record?.failure ?? null);
  }

  #over(state: JobState, failed: JobFailure | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#keeper.ended(this.id, state);
    this.#run.ended(state, failed);
  }

  /** Tries for as long as the store may still have the job; undefined when that was not enough, or it is over. */
  async #insist<T>(act: () => Promise<T>): Promise<T | undefined> {
    while (!this.#isOver) {
      try {
        const answer = await act();
        this.#heard();
        return answer;
      } catch (error) {
        this.#notTaken(error);
        if (!this.#isOver) await new Promise<void>((resolve) => this.#keeper.timers.create(resolve).arm(AGAIN_MS));
      }
    }
    return undefined;
  }

  #heard(): void {
    const { leaseMs, keepMs } = this.record;
    this.#keptUntilMs = this.#keeper.clock.nowMs() + leaseMs + keepMs;
  }

  #notTaken(error: unknown): void {
    if (!(error instanceof StoreAway)) {
      this.#keeper.onBug(error);
      this.#fail(broken).catch(() => {});
    } else if (this.#keeper.clock.nowMs() >= this.#keptUntilMs) {
      this.stopped('lost');
    }
  }

  /** From this side. The record tells the truth, unless its store is away; then the lease does. */
  async #fail(told: JobFailure): Promise<void> {
    if (this.#isOver) return;
    this.#run.cancel();
    this.#over('failed', told);
    await this.#keeper.store.apply(this.id, { kind: 'failed', failure: told });
  }
}
