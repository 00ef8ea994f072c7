/**
 * The AI store of a node, which loads what answers by models (formats, translators, signatures: 6 MiB) when the first snapshot has
 * providers. Nothing but types may be imported from node/ai where every node loads it (test/tidy holds that): what layers need at run
 * time comes with `CompiledAi`. Owns the store.
 */
import type { SecretText, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { jobIds } from '../../jobs/job-id.js';
import type { SharedStores } from '../../shared-stores.js';
import type { Clock } from '../../time/clock.js';
import type { BudgetStoreParts } from '../budget/budget-store.js';
import type { AiStreamCounts } from '../streams/ai-streams.js';
import type { AiCounts, AiStore, CompiledAi, KeyReading } from './ai-store.js';

export class LateAi {
  readonly #load: () => Promise<AiStore>;
  #store: AiStore | null = null;

  constructor(load: () => Promise<AiStore>) {
    this.#load = load;
  }

  /** Rejects with the reason where a provider can't be asked as it is configured. Not called again before it is done. */
  async compile(
    snapshot: Pick<Snapshot, 'ai' | 'routes'>,
    reveal: (text: SecretText) => string,
  ): Promise<CompiledAi | null> {
    if (snapshot.ai === null) return null;
    this.#store = this.#store ?? (await this.#load());
    await this.#store.load(snapshot);
    return this.#store.compile(snapshot.ai, reveal);
  }

  /** What stands in no snapshot any more is forgotten. */
  use(ai: CompiledAi | null): void {
    this.#store?.use(ai);
  }

  /** What is shown of it. */
  sources(clock: Clock): AiSourcesOfNode {
    return {
      aiKeys: () => this.#store?.keys(clock.nowMs()) ?? [],
      aiStreams: () => this.#store?.streams?.counts() ?? noStreams,
      aiCounts: () => this.#store?.counts() ?? noCounts,
    };
  }

  close(): void {
    this.#store?.close();
  }
}

export interface AiSourcesOfNode {
  aiKeys(): Iterable<KeyReading>;
  aiStreams(): AiStreamCounts;
  aiCounts(): AiCounts;
}

const noCounts: AiCounts = { budgets: null, vectors: { late: 0, failed: 0, count: 0, bytes: 0, shared: null } };

const noStreams: AiStreamCounts = {
  ...{ running: 0, abandoned: 0, stored: 0, bytes: 0, isReachable: false, refused: 0, resumed: 0 },
};

/** `randomHex` must not be guessable. */
export function lateAi(
  stores: Pick<SharedStores, 'streams' | 'vectors'>,
  randomHex: (bytes: number) => string,
  shared: BudgetStoreParts,
): LateAi {
  const { clock, timers } = shared;
  return new LateAi(async () => {
    const [{ AiStore }, { digests }, { googleOutside }, { AiStreams }, stored, vectors] = await Promise.all([
      import('./ai-store.js'),
      import('../aws/digests.js'),
      import('../google/outside.js'),
      import('../streams/ai-streams.js'),
      stores.streams(timers),
      stores.vectors(timers),
    ]);
    const streams = new AiStreams(stored, jobIds(randomHex).next);
    const signing = { digests, wallMs: () => clock.wallMs() };
    return new AiStore(signing, { google: googleOutside(clock), shared, streams, vectors });
  });
}
