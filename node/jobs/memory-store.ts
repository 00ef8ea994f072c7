/**
 * Jobs in the memory of the node: for a node on its own. They end with the process. Its owner is whoever created it;
 * bounded by the number of jobs and the bytes of their results.
 *
 * Its time is that of the wall when it was made, and goes on evenly from there: a wall clock that is set must neither take
 * the lease from a job nor give it one.
 */
import type { Clock } from '../time/clock.js';
import { beginJob, expiresAtMs, type JobEvent, type JobRecord, type NewJob, step } from './job.js';
import type { JobStore, StoreBounds, StoreCounts } from './job-store.js';

interface Kept {
  record: JobRecord;
  pieces: Uint8Array[];
  bytes: number;
}

export function createMemoryStore(clock: Clock, bounds: () => StoreBounds): JobStore {
  return new MemoryStore(clock, bounds);
}

class MemoryStore implements JobStore {
  readonly kind = 'memory';
  readonly #clock: Clock;
  readonly #bounds: () => StoreBounds;
  readonly #jobs = new Map<string, Kept>();
  readonly #wallAheadMs: number;
  #bytes = 0;

  constructor(clock: Clock, bounds: () => StoreBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#wallAheadMs = clock.wallMs() - clock.nowMs();
  }

  #nowMs(): number {
    return this.#clock.nowMs() + this.#wallAheadMs;
  }

  async create(job: NewJob): Promise<'created' | 'full'> {
    if (this.#jobs.has(job.id)) return 'created';
    if (this.#jobs.size >= this.#bounds().jobsMax) this.#dropExpired();
    if (this.#jobs.size >= this.#bounds().jobsMax) return 'full';
    this.#jobs.set(job.id, { record: beginJob(job, this.#nowMs()), pieces: [], bytes: 0 });
    return 'created';
  }

  async apply(id: string, event: JobEvent): Promise<JobRecord | null> {
    const kept = this.#find(id);
    if (kept === null) return null;
    kept.record = step(kept.record, event, this.#nowMs());
    if (kept.record.state !== 'pending' && kept.record.state !== 'done') this.#dropResult(kept);
    return kept.record;
  }

  async write(id: string, index: number, piece: Uint8Array): Promise<'written' | 'full' | 'over'> {
    const kept = this.#find(id);
    if (kept === null || kept.record.state !== 'pending') return 'over';
    if (kept.pieces[index] !== undefined) return 'written';
    if (this.#bytes + piece.byteLength > this.#bounds().bytesMax) this.#dropExpired();
    if (this.#bytes + piece.byteLength > this.#bounds().bytesMax) return 'full';
    kept.pieces[index] = piece;
    kept.bytes += piece.byteLength;
    this.#bytes += piece.byteLength;
    return 'written';
  }

  async read(id: string, index: number): Promise<Uint8Array | null> {
    return this.#find(id)?.pieces[index] ?? null;
  }

  async forget(id: string): Promise<void> {
    const kept = this.#jobs.get(id);
    if (kept === undefined) return;
    this.#dropResult(kept);
    this.#jobs.delete(id);
  }

  /** Nobody else can reach this memory. */
  onCancelled(): void {}

  async sweep(): Promise<void> {
    this.#dropExpired();
  }

  #dropExpired(): void {
    for (const id of this.#jobs.keys()) this.#find(id);
  }

  counts(): StoreCounts {
    return { stored: this.#jobs.size, bytes: this.#bytes, isReachable: true };
  }

  async close(): Promise<void> {}

  #find(id: string): Kept | null {
    const kept = this.#jobs.get(id);
    if (kept === undefined) return null;
    if (this.#nowMs() < expiresAtMs(kept.record)) return kept;
    this.#dropResult(kept);
    this.#jobs.delete(id);
    return null;
  }

  #dropResult(kept: Kept): void {
    this.#bytes -= kept.bytes;
    kept.bytes = 0;
    kept.pieces = [];
  }
}
