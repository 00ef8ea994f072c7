/**
 * Writes a stream into the store behind its client: what came meanwhile in one step, one step at a time, so that events stay in order. What
 * has no answer is written again, for as long as a lease; the store takes no event twice.
 */
import type { FailureCode } from '@weir/proto/http/failures.js';
import type { Timer, Timers } from '../../time/clock.js';
import { LEASE_MS, type StreamEnd, type StreamStore } from './stream-store.js';

/** What comes within this is one step: readers at other nodes look as seldom. */
const GATHER_MS = 20;
const AGAIN_MS = 250;
/** In one step: some 100 KiB of a usual stream. */
const EVENTS_AT_ONCE = 512;

export interface StoreWriterParts {
  readonly id: string;
  readonly store: StreamStore;
  readonly timers: Timers;
  nowMs(): number;
  /** Somebody at another node has read it so long ago. */
  wasRead(sinceMs: number): void;
  /** It is not kept any more: the store has no room, or has lost it. */
  lost(why: 'full' | 'gone'): void;
  /** The store knows its end, or will never. */
  told(): void;
  onBug(error: unknown): void;
}

export class StoreWriter {
  readonly #parts: StoreWriterParts;
  readonly #timer: Timer;
  #unwritten: string[] = [];
  #written = 0;
  #end: { readonly state: StreamEnd; readonly failure: FailureCode | null } | null = null;
  #isWriting = false;
  #isOver = false;
  #answeredAtMs: number;

  constructor(parts: StoreWriterParts) {
    this.#parts = parts;
    this.#answeredAtMs = parts.nowMs();
    this.#timer = parts.timers.create(() => this.#step());
    this.#timer.arm(LEASE_MS / 4);
  }

  add(events: readonly string[]): void {
    if (this.#isOver) return;
    const isFirst = this.#unwritten.length === 0;
    this.#unwritten.push(...events);
    if (isFirst && !this.#isWriting) this.#timer.arm(GATHER_MS);
  }

  end(state: StreamEnd, failure: FailureCode | null): void {
    if (this.#isOver || this.#end !== null) return;
    this.#end = { state, failure };
    // Its begin is of no use without the rest.
    if (state === 'tooLong') this.#unwritten = [];
    if (!this.#isWriting) this.#step();
  }

  #step(): void {
    if (this.#isOver || this.#isWriting) return;
    this.#isWriting = true;
    this.#timer.cancel();
    this.#write().then(
      () => this.#went(),
      () => this.#failed(),
    );
  }

  async #write(): Promise<void> {
    const { id, store, wasRead, lost } = this.#parts;
    if (this.#end !== null && this.#unwritten.length === 0) {
      await store.end(id, this.#end.state, this.#end.failure);
      this.#over();
      return;
    }
    const batch = this.#unwritten.slice(0, EVENTS_AT_ONCE);
    const said = await store.append(id, this.#written, batch);
    if (said === 'gone' || said === 'full') {
      if (said === 'full') await store.end(id, 'tooLong', null);
      this.#over();
      lost(said);
      return;
    }
    this.#unwritten.splice(0, batch.length);
    this.#written += batch.length;
    wasRead(said);
  }

  #went(): void {
    this.#isWriting = false;
    this.#answeredAtMs = this.#parts.nowMs();
    if (this.#isOver) return;
    if (this.#end !== null || this.#unwritten.length >= EVENTS_AT_ONCE) this.#step();
    else this.#timer.arm(this.#unwritten.length > 0 ? GATHER_MS : LEASE_MS / 4);
  }

  #failed(): void {
    this.#isWriting = false;
    if (this.#isOver) return;
    // Others take it for lost by now.
    if (this.#end !== null && this.#parts.nowMs() - this.#answeredAtMs > LEASE_MS) this.#over();
    else this.#timer.arm(AGAIN_MS);
  }

  #over(): void {
    this.#isOver = true;
    this.#unwritten = [];
    this.#timer.cancel();
    const { store, id, told } = this.#parts;
    store.forget(id);
    told();
  }
}
