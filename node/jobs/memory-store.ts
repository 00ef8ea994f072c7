/**
 * Jobs in the memory of the node: for a node on its own. They end with the process. Its owner is whoever created it;
 * bounded by the number of jobs and the bytes of their results.
 *
 * Its time is that of the wall when it was made, and goes on evenly from there: a wall clock that is set must neither take
 * the lease from a job nor give it one.
 */
import type { Clock } from '../time/clock.js';
import { beginJob, expiresAtMs, type JobEvent, type JobRecord, type NewJob, step } from './job.js';
import type { Creation, JobStore, StoreBounds, StoreCounts } from './job-store.js';
import { headBytes } from './kept-head.js';

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
  /** Sharers that have jobs, and how many. */
  readonly #ofEach = new Map<string, number>();
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

  async create(job: NewJob): Promise<Creation> {
    if (this.#jobs.has(job.id)) return 'created';
    if (this.#hasNoRoom(job.sharer) !== null) this.#dropExpired();
    const refused = this.#hasNoRoom(job.sharer);
    if (refused !== null) return refused;
    this.#ofEach.set(job.sharer, this.#of(job.sharer) + 1);
    this.#jobs.set(job.id, { record: beginJob(job, this.#nowMs()), pieces: [], bytes: 0 });
    return 'created';
  }

  async apply(id: string, event: JobEvent): Promise<JobRecord | null> {
    const kept = this.#find(id);
    if (kept === null) return null;
    const { state } = kept.record;
    kept.record = step(kept.record, this.#withRoomFor(event), this.#nowMs());
    if (kept.record.state !== 'pending' && kept.record.state !== 'done') this.#dropResult(kept);
    else if (kept.record.head !== null && state === 'pending') this.#add(kept, headBytes(kept.record.head.headers));
    return kept.record;
  }

  async write(id: string, index: number, piece: Uint8Array): Promise<'written' | 'full' | 'over'> {
    const kept = this.#find(id);
    if (kept === null || kept.record.state !== 'pending') return 'over';
    if (kept.pieces[index] !== undefined) return 'written';
    if (!this.#hasRoomFor(piece.byteLength)) return 'full';
    kept.pieces[index] = piece;
    this.#add(kept, piece.byteLength);
    return 'written';
  }

  async read(id: string, index: number): Promise<Uint8Array | null> {
    return this.#find(id)?.pieces[index] ?? null;
  }

  async forget(id: string): Promise<void> {
    const kept = this.#jobs.get(id);
    if (kept !== undefined) this.#drop(kept);
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
    this.#drop(kept);
    return null;
  }

  #hasNoRoom(sharer: string): 'full' | 'share' | null {
    const { jobsMax, ofOneMax } = this.#bounds();
    if (this.#jobs.size >= jobsMax) return 'full';
    return this.#of(sharer) >= ofOneMax ? 'share' : null;
  }

  #of(sharer: string): number {
    return this.#ofEach.get(sharer) ?? 0;
  }

  #hasRoomFor(bytes: number): boolean {
    const { bytesMax } = this.#bounds();
    if (this.#bytes + bytes > bytesMax) this.#dropExpired();
    return this.#bytes + bytes <= bytesMax;
  }

  /** The fields of an answer take memory as its bytes do. */
  #withRoomFor(event: JobEvent): JobEvent {
    if (event.kind !== 'done' || this.#hasRoomFor(headBytes(event.head.headers))) return event;
    return {
      kind: 'failed',
      failure: { code: 'job_store_full', detail: 'there is no room for the head of this result' },
    };
  }

  #add(kept: Kept, bytes: number): void {
    kept.bytes += bytes;
    this.#bytes += bytes;
  }

  #drop(kept: Kept): void {
    const { id, sharer } = kept.record;
    this.#dropResult(kept);
    this.#jobs.delete(id);
    const left = this.#of(sharer) - 1;
    if (left > 0) this.#ofEach.set(sharer, left);
    else this.#ofEach.delete(sharer);
  }

  #dropResult(kept: Kept): void {
    this.#bytes -= kept.bytes;
    kept.bytes = 0;
    kept.pieces = [];
  }
}
