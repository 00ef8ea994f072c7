/**
 * What people manage, as a control of a cluster holds it: the registry that all share, what it adds to a config, and up to where nodes are
 * concerned by it. Owns the timer of the next key that expires. Secrets of teams do not reach the nodes of a cluster yet: services that use some
 * are left out and told of.
 */
import type { RegistrySource } from '@weir/control/cluster/release-maker.js';
import { KeyExpiries } from '@weir/control/publish/managed/key-expiries.js';
import type { ManagedConfig, ManagedService } from '@weir/control/publish/managed/managed-config.js';
import { namesOf } from '@weir/control/publish/managed/merge-managed.js';
import { ManagedProjection } from '@weir/control/publish/managed/projection.js';
import { concernsNodes } from '@weir/control/publish/managed/relevance.js';
import { type ClusterRegistryOptions, openClusterRegistry } from '@weir/control/registry/cluster-registry.js';
import type { Registry } from '@weir/control/registry/registry.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import type { WeirConfig } from '@weir/proto/config/document.js';

export interface ClusterPeople extends RegistrySource {
  readonly registry: Registry;
  /** The weir.yaml that was compiled last; null: none was. */
  config(): WeirConfig | null;
  /** For whoever compiles. */
  readonly project: (config: WeirConfig) => ManagedConfig;
  /** Ahead of it, piece by piece. */
  readonly preparing: (config: WeirConfig) => Generator<void, readonly ManagedService[]>;
  close(): Promise<void>;
}

const TIMER_MAX_MS = 2 ** 31 - 1;
const JOBS = '/.weir';

export async function openClusterPeople(
  options: Omit<ClusterRegistryOptions, 'reservedPaths'>,
): Promise<ClusterPeople> {
  let config: WeirConfig | null = null;
  const reservedPaths = (): readonly string[] => [config?.gateway.jobs.prefix ?? JOBS];
  const registry = await openClusterRegistry({ ...options, reservedPaths });
  const projection = new ManagedProjection(registry, () => false);
  let expiries = new KeyExpiries(registry.all('key'));
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  let concerned = registry.number;
  let cancelTimer = (): void => {};
  const arm = (): void => {
    cancelTimer();
    const next = expiries.next(Date.now());
    if (next === null) return;
    cancelTimer = realClock.after(Math.min(next - Date.now() + 1, TIMER_MAX_MS), () => {
      tell();
      arm();
    });
  };
  arm();
  const endListening = registry.onChange((entry) => {
    projection.note(entry);
    expiries.note(entry);
    if (!concernsNodes(entry)) return;
    concerned = entry.number;
    if (entry.changes.some(({ kind }) => kind === 'key')) arm();
    tell();
  });
  const endRebuilt = registry.onRebuilt(() => {
    projection.forget();
    expiries = new KeyExpiries(registry.all('key'));
    concerned = registry.number;
    arm();
    tell();
  });
  return {
    registry,
    config: () => config,
    preparing: (compiled) => projection.preparing(Date.now(), namesOf(compiled)),
    project(compiled) {
      config = compiled;
      return projection.project(Date.now(), namesOf(compiled));
    },
    position: () => ({ number: concerned, expiredWallMs: expiries.latest(Date.now()) }),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      cancelTimer();
      endListening();
      endRebuilt();
      listeners.clear();
      await registry.close();
    },
  };
}
