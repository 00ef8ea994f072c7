/** A registry in memory, for all who test against one: the real thing over a log that is forgotten with it. Only tests import this file. */
import { memoryLog } from '@weir/proto/bus/memory-log.js';
import type { LogRecord, SharedLog } from '@weir/proto/bus/shared-log.js';
import type { Actor } from '../../model/entities.js';
import { openLogRegistry } from '../log-registry.js';
import type { Command, Registry } from '../registry.js';

export interface MemoryRegistryOptions {
  /** Starts at 1,000 and goes on by one with each look; left out: so. */
  readonly wallMs?: () => number;
  readonly reservedPaths?: readonly string[];
  /** Left out: an empty one. */
  readonly log?: SharedLog;
  /** Left out: `d000000` and so on. */
  readonly draw?: () => string;
}

export interface MemoryRegistry extends Registry {
  /** Executes as whoever may do everything, or as `actor`; throws where it is refused. Returns the id of what was made or changed first. */
  must(what: string, input: unknown, options?: Partial<Omit<Command, 'what' | 'input'>>): Promise<string>;
}

/** Whoever may read the data folder of control. */
export const local: Actor = { userId: 'local', login: 'local', via: 'local', from: '127.0.0.1' };

export async function memoryRegistry(options: MemoryRegistryOptions = {}): Promise<MemoryRegistry> {
  let [drawn, wallMs] = [0, 1_000];
  const registry = await openLogRegistry({
    log: options.log ?? emptyLog(),
    checkpoints: null,
    writer: 'control',
    wallMs: options.wallMs ?? (() => wallMs++),
    draw: options.draw ?? (() => `d${String(drawn++).padStart(6, '0')}`),
    every: null,
    say: () => {},
    reservedPaths: () => options.reservedPaths ?? ['/.weir/jobs'],
  });
  return Object.assign(registry, {
    async must(what: string, input: unknown, more: Partial<Omit<Command, 'what' | 'input'>> = {}): Promise<string> {
      const executed = await registry.execute({ actor: local, ...more, what, input });
      if (!executed.ok) throw new Error(`${what}: ${executed.why}: ${executed.detail}`);
      return executed.entry.changes[0]?.id ?? '';
    },
  });
}

const emptyLog = (): SharedLog => memoryLog({ messagesMax: 1_000_000, bytesMax: 1024 * 1024 * 1024 });

/** One that can be as it was again, for tests that try many things on the same. Whoever has it keeps it. */
export interface ResettableRegistry {
  readonly registry: MemoryRegistry;
  /** What is there now is what it is reset to. */
  keep(): Promise<void>;
  reset(): Promise<void>;
}

export async function resettableRegistry(
  options: Pick<MemoryRegistryOptions, 'wallMs'> = {},
): Promise<ResettableRegistry> {
  let drawn = 0;
  const shared = { ...options, draw: (): string => `d${String(drawn++).padStart(6, '0')}` };
  let log = emptyLog();
  let present = await memoryRegistry({ ...shared, log });
  let kept: readonly LogRecord[] = [];
  const registry = new Proxy(present, {
    get(_, name): unknown {
      const value: unknown = Reflect.get(present, name, present);
      return typeof value === 'function' ? value.bind(present) : value;
    },
  });
  return {
    registry,
    async keep() {
      kept = (await log.read(1, 1_000_000)) ?? [];
      if (kept.length !== present.number) throw new Error('the log is larger than one answer');
    },
    async reset() {
      log = emptyLog();
      for (const { writer, bytes } of kept) await log.append(writer, bytes);
      present = await memoryRegistry({ ...shared, log });
    },
  };
}
