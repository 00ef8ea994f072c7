/**
 * The AI store of a node, which loads what answers by models (formats, translators, signatures: 6 MiB) when the first snapshot has
 * providers. Nothing but types may be imported from node/ai where every node loads it (test/tidy holds that): what layers need at run
 * time comes with `CompiledAi`. Owns the store.
 */
import type { AiSpec } from '@weir/proto/snapshot/ai.js';
import type { SecretText } from '@weir/proto/snapshot/snapshot.js';
import type { Clock } from '../../time/clock.js';
import type { AiStore, CompiledAi, KeyReading } from './ai-store.js';

export class LateAi {
  readonly #load: () => Promise<AiStore>;
  #store: AiStore | null = null;

  constructor(load: () => Promise<AiStore>) {
    this.#load = load;
  }

  /** Rejects with the reason where a provider can't be asked as it is configured. Not called again before it is done. */
  async compile(spec: AiSpec | null, reveal: (text: SecretText) => string): Promise<CompiledAi | null> {
    if (spec === null) return null;
    this.#store = this.#store ?? (await this.#load());
    await this.#store.load(spec);
    return this.#store.compile(spec, reveal);
  }

  /** What stands in no snapshot any more is forgotten. */
  use(ai: CompiledAi | null): void {
    this.#store?.use(ai);
  }

  keys(nowMs: number): Iterable<KeyReading> {
    return this.#store?.keys(nowMs) ?? [];
  }
}

export async function loadAiStore(clock: Clock): Promise<AiStore> {
  const [{ AiStore }, { digests }, { googleOutside }] = await Promise.all([
    import('./ai-store.js'),
    import('../aws/digests.js'),
    import('../google/outside.js'),
  ]);
  return new AiStore({ digests, wallMs: () => clock.wallMs() }, googleOutside(clock));
}
