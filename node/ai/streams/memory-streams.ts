/** Streams in the memory of a node: they end with its process. Owner of them; bounded by their number and their characters. */
import type { FailureCode } from '@weir/proto/http/failures.js';
import type { Clock } from '../../time/clock.js';
import type { NewStream, StreamCounts, StreamEnd, StreamReading, StreamStore } from './stream-store.js';

interface Kept {
  readonly stream: NewStream;
  readonly events: string[];
  state: 'running' | StreamEnd;
  failure: FailureCode | null;
  size: number;
  /** Infinity while it runs: its node is this one. */
  untilMs: number;
  readAtMs: number;
}

/** Of all streams together. */
const SIZE_MAX = 64 * 1024 * 1024;

export function createMemoryStreams(clock: Clock, sizeMax = SIZE_MAX): StreamStore {
  return new MemoryStreams(clock, sizeMax);
}

class MemoryStreams implements StreamStore {
  readonly kind = 'memory';
  readonly #clock: Clock;
  readonly #sizeMax: number;
  readonly #streams = new Map<string, Kept>();
  #size = 0;

  constructor(clock: Clock, sizeMax: number) {
    this.#clock = clock;
    this.#sizeMax = sizeMax;
  }

  open(): void {}

  async begin(stream: NewStream): Promise<'begun' | 'full'> {
    this.#sweep();
    let ofRoute = 0;
    for (const one of this.#streams.values()) if (one.stream.routeId === stream.routeId) ofRoute += 1;
    if (ofRoute >= stream.streamsMax || this.#size >= this.#sizeMax) return 'full';
    const times = { untilMs: Number.POSITIVE_INFINITY, readAtMs: Number.NEGATIVE_INFINITY };
    this.#streams.set(stream.id, { stream, events: [], state: 'running', failure: null, size: 0, ...times });
    return 'begun';
  }

  async append(id: string, at: number, events: readonly string[]): Promise<number | 'gone' | 'full'> {
    const kept = this.#streams.get(id);
    if (kept === undefined || kept.state !== 'running' || at > kept.events.length) return 'gone';
    const added = events.slice(kept.events.length - at);
    const size = added.reduce((sum, event) => sum + event.length, 0);
    if (this.#size + size > this.#sizeMax) this.#sweep();
    if (this.#size + size > this.#sizeMax) return 'full';
    kept.events.push(...added);
    kept.size += size;
    this.#size += size;
    return this.#clock.nowMs() - kept.readAtMs;
  }

  async end(id: string, state: StreamEnd, failure: FailureCode | null): Promise<void> {
    const kept = this.#streams.get(id);
    if (kept === undefined || kept.state !== 'running') return;
    Object.assign(kept, { state, failure, untilMs: this.#clock.nowMs() + kept.stream.keepMs });
    if (state === 'tooLong') this.#empty(kept);
  }

  /** It always knows an end that was told. */
  forget(): void {}

  async read(id: string, from: number, max: number, isHis: boolean): Promise<StreamReading | null> {
    this.#sweep();
    const kept = this.#streams.get(id);
    if (kept === undefined) return null;
    if (isHis) kept.readAtMs = this.#clock.nowMs();
    const { stream, state, failure, events } = kept;
    return { stream, state, failure, length: events.length, events: events.slice(from, from + max) };
  }

  counts(): StreamCounts {
    this.#sweep();
    return { stored: this.#streams.size, bytes: this.#size, isReachable: true };
  }

  close(): void {
    this.#streams.clear();
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs();
    for (const [id, kept] of this.#streams) {
      if (kept.untilMs > nowMs) continue;
      this.#streams.delete(id);
      this.#empty(kept);
    }
  }

  #empty(kept: Kept): void {
    this.#size -= kept.size;
    kept.size = 0;
    kept.events.length = 0;
  }
}
