/**
 * The AI store of a node, which loads what answers by models (formats, translators, signatures: 6 MiB) when the first snapshot has
 * providers. Nothing but types may be imported from node/ai where every node loads it (test/tidy holds that): what layers need at run
 * time comes with `CompiledAi`. Owns the store.
 */
import type { SecretText, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { BudgetStoreParts } from '../budget/budget-store.js';
import type { AiStore, CompiledAi, KeyReading } from './ai-store.js';

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

  close(): void {
    this.#store?.close();
  }

  keys(nowMs: number): Iterable<KeyReading> {
    return this.#store?.keys(nowMs) ?? [];
  }
}

export async function loadAiStore(shared: BudgetStoreParts): Promise<AiStore> {
  const { clock } = shared;
  const [{ AiStore }, { digests }, { googleOutside }] = await Promise.all([
    import('./ai-store.js'),
    import('../aws/digests.js'),
    import('../google/outside.js'),
  ]);
  return new AiStore(
    { digests, wallMs: () => clock.wallMs() },
    {
      google: googleOutside(clock),
      shared,
    },
  );
}
