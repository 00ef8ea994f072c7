/** The streams of a node that are kept: those that run here, and the store that has them all. Owner of the former. */
import type { KeptStream } from './kept-stream.js';
import type { StreamStore } from './stream-store.js';

export interface AiStreamCounts {
  /** Whose model goes on in this node, and those of them that nobody reads here. */
  readonly running: number;
  readonly abandoned: number;
  readonly stored: number;
  readonly bytes: number;
  readonly isReachable: boolean;
  /** Streams that began and were not kept: the store was away or full. */
  readonly refused: number;
  readonly resumed: number;
}

export class AiStreams {
  readonly store: StreamStore;
  /** By their ids. */
  readonly running = new Map<string, KeptStream>();
  readonly nextId: () => string;
  refused = 0;
  resumed = 0;

  constructor(store: StreamStore, nextId: () => string) {
    this.store = store;
    this.nextId = nextId;
  }

  counts(): AiStreamCounts {
    const { refused, resumed } = this;
    let abandoned = 0;
    for (const stream of this.running.values()) if (!stream.isRead) abandoned += 1;
    return { running: this.running.size, abandoned, refused, resumed, ...this.store.counts() };
  }
}
