/**
 * How composition roots open the registry.
 *
 * `weir up`: `openEmbeddedRegistry({ file: join(dataFolder, 'registry.mdb'), … })`, before the admin API listens; whoever is an operator by the
 * data folder executes commands as an actor `via: 'local'`. Compile what nodes run when it has resolved and again, coalesced, after
 * each `onChange`; close it last. It needs nothing else but its own file. Two of them may have one data folder, for it is the same for two
 * config files: each looks every second for what the other one has written, so that whoever was shut out at one is out at both.
 */
import type { BusClock } from '@weir/proto/bus/bus.js';
import { everySoOften } from '../log/every-so-often.js';
import { drawId } from './draw.js';
import { lmdbStore } from './lmdb-store.js';
import { openLogRegistry } from './log-registry.js';
import type { Registry } from './registry.js';

const LOOK_EVERY_MS = 1_000;

export interface EmbeddedRegistryOptions {
  /** `registry.mdb` in the data folder. Made with the first command; nothing is written before. */
  readonly file: string;
  /** Left out: no other process has this folder. */
  readonly clock?: Pick<BusClock, 'after'>;
  readonly wallMs: () => number;
  /** Hears, once each, what is wrong with it. */
  readonly say: (text: string) => void;
  /** Of the config in force: `gateway.jobs.prefix`. Asked for with each command. */
  readonly reservedPaths: () => readonly string[];
}

export async function openEmbeddedRegistry({ file, clock, ...options }: EmbeddedRegistryOptions): Promise<Registry> {
  const store = lmdbStore(file, options.say);
  const { log, checkpoints } = store;
  const parts = {
    log,
    checkpoints,
    writer: 'up',
    draw: drawId,
    every: clock === undefined ? null : everySoOften(clock, LOOK_EVERY_MS),
  };
  const registry = await openLogRegistry({ ...options, ...parts });
  const close = registry.close.bind(registry);
  return Object.assign(registry, {
    async close() {
      await close();
      await store.close();
    },
  });
}
