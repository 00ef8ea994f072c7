/** The vectors of a node: those that it keeps to itself, and those that it shares, in one memory with one bound. */
import type { Clock } from '../../time/clock.js';
import { memoryVectors } from './memory-vectors.js';
import type { SharedVectorStore, VectorCounts, VectorStore } from './vector-store.js';
import { Vectors } from './vectors.js';

export class NodeVectors {
  /** Vectors that came too late to be of use, and such as did not come. */
  late = 0;
  failed = 0;
  readonly #known: Vectors;
  readonly #memory: VectorStore;
  readonly #shared: SharedVectorStore | null;

  constructor(known: Vectors, memory: VectorStore, shared: SharedVectorStore | null) {
    this.#known = known;
    this.#memory = memory;
    this.#shared = shared;
  }

  /** Without a Redis a node keeps to itself. */
  of(kind: 'memory' | 'redis'): VectorStore {
    return kind === 'redis' && this.#shared !== null ? this.#shared : this.#memory;
  }

  counts(): VectorCounts {
    const { late, failed } = this;
    const { count, bytes } = this.#known;
    return { late, failed, count, bytes, shared: this.#shared?.counts() ?? null };
  }

  close(): void {
    this.#shared?.close();
  }
}

/** `share`: makes the store that tells other nodes; left out: there is none. */
export function nodeVectors(
  clock: Pick<Clock, 'nowMs'>,
  share: (known: Vectors) => SharedVectorStore | null = () => null,
): NodeVectors {
  const known = new Vectors();
  return new NodeVectors(known, memoryVectors(known, clock), share(known));
}
