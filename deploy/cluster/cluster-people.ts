/**
 * What people manage, as a control of a cluster holds it: the registry that all share, what it adds to a config, the secrets of teams, and up to
 * where nodes are concerned by all of it. Owns the timer of the next key that expires.
 */
import type { RegistrySource } from '@weir/control/cluster/release-maker.js';
import { KeyExpiries } from '@weir/control/publish/managed/key-expiries.js';
import type { ManagedConfig, ManagedService } from '@weir/control/publish/managed/managed-config.js';
import { namesOf } from '@weir/control/publish/managed/merge-managed.js';
import { ManagedProjection } from '@weir/control/publish/managed/projection.js';
import { concernsNodes } from '@weir/control/publish/managed/relevance.js';
import { type ClusterRegistryOptions, openClusterRegistry } from '@weir/control/registry/cluster-registry.js';
import type { Registry } from '@weir/control/registry/registry.js';
import type { Sealing } from '@weir/control/secrets/seal.js';
import { type SharedSecrets, sharedSecrets } from '@weir/control/secrets/shared-secrets.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { WeirConfig } from '@weir/proto/config/document.js';
import type { Signer } from '@weir/proto/signing/signed-frame.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';

export interface ClusterPeople extends RegistrySource {
  readonly registry: Registry;
  readonly secrets: SharedSecrets;
  /** The weir.yaml that was compiled last; null: none was. */
  config(): WeirConfig | null;
  /** For whoever compiles. */
  readonly project: (config: WeirConfig) => ManagedConfig;
  /** Ahead of it, piece by piece. */
  readonly preparing: (config: WeirConfig) => Generator<void, readonly ManagedService[]>;
  /** Why this control can't publish what it has compiled; empty: it can. */
  readonly whyNot: (snapshot: Snapshot) => string;
  /** Paths that no service may have. */
  readonly reservedPaths: () => readonly string[];
  close(): Promise<void>;
}

export interface ClusterPeopleOptions extends Omit<ClusterRegistryOptions, 'reservedPaths' | 'sealing'> {
  /** Around entries of the registry. */
  readonly entrySealing: ClusterRegistryOptions['sealing'];
  /** Of secrets of teams; null: this control was given no key for them. */
  readonly secretSealing: Sealing | null;
  readonly presence: Presence;
  readonly signer: Signer;
}

const TIMER_MAX_MS = 2 ** 31 - 1;
const JOBS = '/.weir';

export async function openClusterPeople(options: ClusterPeopleOptions): Promise<ClusterPeople> {
  const { entrySealing, secretSealing, presence, signer, ...rest } = options;
  let config: WeirConfig | null = null;
  const reservedPaths = (): readonly string[] => [config?.gateway.jobs.prefix ?? JOBS];
  const registry = await openClusterRegistry({ ...rest, sealing: entrySealing, reservedPaths });
  const { cluster } = options.subjects;
  const secrets = sharedSecrets({ registry, sealing: secretSealing, cluster, signer });
  const endAnswering = presence.hear('secrets.question', (question, raw) => {
    const answer = secrets.answer(question);
    if (answer !== null) raw.reply(answer);
  });
  const projection = new ManagedProjection(registry, (secret) => secrets.canOpen(secret));
  const news = followNews(registry, projection);
  let trouble = secrets.trouble();
  /** What can be opened is judged anew where it was judged otherwise before. */
  const judgeAnew = (): void => {
    const now = secrets.trouble();
    if (now !== trouble) projection.forget();
    trouble = now;
  };
  return {
    ...{ registry, secrets, reservedPaths, config: () => config, position: news.position, onChange: news.onChange },
    preparing(compiled) {
      judgeAnew();
      return projection.preparing(Date.now(), namesOf(compiled));
    },
    project(compiled) {
      config = compiled;
      judgeAnew();
      return projection.project(Date.now(), namesOf(compiled));
    },
    whyNot: ({ secrets: named = [] }) => (named.length === 0 ? '' : secrets.trouble()),
    async close() {
      endAnswering();
      news.close();
      await registry.close();
    },
  };
}

/** Up to where nodes are concerned, and when that has changed: by an entry, by another log, by time. */
function followNews(registry: Registry, projection: ManagedProjection): RegistrySource & { close(): void } {
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
    position: () => ({ number: concerned, expiredWallMs: expiries.latest(Date.now()) }),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      cancelTimer();
      endListening();
      endRebuilt();
      listeners.clear();
    },
  };
}
