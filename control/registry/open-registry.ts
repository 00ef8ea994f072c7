/**
 * How composition roots open the registry.
 *
 * `weir up`: `openEmbeddedRegistry({ file: join(dataFolder, 'registry.mdb'), … })`, before the admin API listens; whoever is an operator by the
 * data folder executes commands as an actor `via: 'local'`. Compile what nodes run when it has resolved and again, coalesced, after
 * each `onChange`; close it last. It needs nothing else: no clock but `wallMs`, and its own file, which one process writes.
 */
import { drawId } from './draw.js';
import { lmdbStore } from './lmdb-store.js';
import { openLogRegistry } from './log-registry.js';
import type { Registry } from './registry.js';

export interface EmbeddedRegistryOptions {
  /** `registry.mdb` in the data folder. Made with the first command; nothing is written before. */
  readonly file: string;
  readonly wallMs: () => number;
  /** Hears, once each, what is wrong with it. */
  readonly say: (text: string) => void;
  /** Of the config in force: `gateway.jobs.prefix`. Asked for with each command. */
  readonly reservedPaths: () => readonly string[];
}

export async function openEmbeddedRegistry({ file, ...options }: EmbeddedRegistryOptions): Promise<Registry> {
  const store = lmdbStore(file, options.say);
  const { log, checkpoints } = store;
  const parts = { log, checkpoints, writer: 'up', draw: drawId, every: null };
  const registry = await openLogRegistry({ ...options, ...parts });
  const close = registry.close.bind(registry);
  return Object.assign(registry, {
    async close() {
      await close();
      await store.close();
    },
  });
}
