/** What a control of a cluster tells and takes: on its admin API, and when another member asks for its status. */
import { hostname } from 'node:os';
import { controlMetrics } from '@weir/control/api/control-metrics.js';
import { type ControlStatus, toldRoutes, troublesOf } from '@weir/control/api/control-status.js';
import type { RevisionOperations } from '@weir/control/api/revisions-api.js';
import type { AdminOptions } from '@weir/control/api/server.js';
import { inspectNodes } from '@weir/control/cluster/cache-questions.js';
import { Fleet } from '@weir/control/cluster/fleet.js';
import type { Purges } from '@weir/control/cluster/purges.js';
import type { Rollouts } from '@weir/control/cluster/rollouts.js';
import type { Insight } from '@weir/control/insight/insight.js';
import type { Revisions } from '@weir/control/log/revision.js';
import { type CheckedConfig, toldOf } from '@weir/control/publish/check-config.js';
import { type Address, formatAddress } from '@weir/proto/bus/address.js';
import { clusterStatus } from '@weir/proto/cluster/member-table.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import { encodeMessage } from '@weir/proto/events/wire.js';
import { openAccess } from '../up/admin-access.js';
import { showFirst } from '../up/announce.js';
import { managementSources } from '../up/management.js';
import { insightSources } from '../up/open-insight.js';
import { trySources } from '../up/send-try.js';
import { newRevisionId } from '../up/up-revisions.js';
import type { ClusterPeople } from './cluster-people.js';
import type { ControlOptions } from './control.js';
import { gatewaysToTry } from './fleet-gateways.js';

export interface ControlParts {
  readonly options: Pick<ControlOptions, 'version' | 'admin' | 'dataFolder' | 'say' | 'entrance' | 'gateway'>;
  readonly presence: Presence;
  readonly rollouts: Rollouts;
  readonly revisions: Revisions;
  readonly purges: Purges;
  readonly check: (text: string) => CheckedConfig;
  readonly insight: Insight;
  readonly people: ClusterPeople;
  /** What NATS refuses it, or why it is away; empty where nothing is. */
  readonly natsTrouble: () => string;
}

export interface ControlAdmin {
  readonly options: AdminOptions;
  /** Ends what it tries again. */
  close(): void;
}

export async function adminOptions(parts: ControlParts): Promise<ControlAdmin> {
  const { options, presence, rollouts, purges, insight } = parts;
  const fleet = new Fleet(presence);
  const startedWallMs = Date.now();
  const { registry } = parts.people;
  const troubles = () => troublesOf(parts.natsTrouble(), parts.revisions.trouble(), registry.trouble());
  const status = async (): Promise<ControlStatus> => ({
    ...{ version: options.version, pid: process.pid, startedWallMs, configFile: null, publish: null, nodes: [] },
    uptimeMs: Date.now() - startedWallMs,
    ...{ ...inForce(parts), ...troubles() },
    cluster: clusterStatus(presence, { loadPermille: 0, purgeEpoch: purges.reading().epoch }),
    fleet: { ...(await fleet.members()), rollout: rollouts.view(), compilation: rollouts.compilation() },
  });
  const management = managementSources({ ...parts.people, insight });
  const sources = {
    management,
    insight: insightSources(insight, parts.people, status),
    tries: trySources(registry, () => gatewaysOf(parts, fleet), management.conflictOf),
  };
  const { access, first, close } = await openAccess({ ...options, registry, sources });
  if (first !== null) options.say(`sign in as ${showFirst(first)}`);
  const own: AdminOptions = {
    ...{ listen: options.admin, access, insight, status },
    metrics: () => controlMetrics(registry.writes(), troubles().troubles),
    cache: cacheOf(presence, purges),
    rollouts,
    revisions: operationsOf(parts),
  };
  return { options: own, close };
}

/** The one that its operator has named, or nodes that serve. */
async function gatewaysOf({ options, rollouts }: ControlParts, fleet: Fleet) {
  if (options.gateway !== null) return [options.gateway];
  const { members } = await fleet.members();
  const version = rollouts.record()?.target.version ?? 0;
  return gatewaysToTry({ members, version, machine: hostname(), random: Math.random });
}

function inForce({
  rollouts,
  revisions,
}: ControlParts): Pick<ControlStatus, 'revision' | 'snapshot' | 'routes' | 'routeCount'> {
  const target = rollouts.record()?.target;
  const current = revisions.current();
  return {
    revision: current === null ? null : { number: current.number, author: current.author, atWallMs: current.atWallMs },
    snapshot:
      target === undefined
        ? null
        : {
            ...{ version: target.version, hash: target.hash, acceptedWallMs: rollouts.record()?.atWallMs ?? 0 },
            ...(target.registry === undefined ? {} : { registry: target.registry.number }),
          },
    ...toldRoutes(rollouts.compilation()?.routes ?? []),
  };
}

function operationsOf({ revisions, rollouts, check }: ControlParts): RevisionOperations {
  return {
    revisions,
    ...{ followedFile: null, isRolledOut: true },
    // Files that a config names lie on the nodes, and each of them looks at its own.
    check: async (text) => toldOf(check(text)),
    async publish() {
      rollouts.own(revisions.current()?.id ?? '');
      return null;
    },
    newId: newRevisionId,
  };
}

/** Purges go through the log that all nodes follow; what each has stored it is asked for. */
function cacheOf(presence: Presence, purges: Purges): AdminOptions['cache'] {
  return {
    purge: (order) => purges.purge(order),
    inspect: (request) => inspectNodes(presence, request),
  };
}

export function answerStatus(presence: Presence, admin: Address): void {
  const startedWallMs = Date.now();
  presence.answer('status', () =>
    encodeMessage({
      ...{ kind: 'member.status', id: presence.life.id, role: 'control', host: hostname(), pid: process.pid },
      ...{ startedWallMs, state: 'serving', traffic: '', metrics: formatAddress(admin) },
      ...{ snapshotVersion: 0, snapshotHash: '', connections: 0, exchanges: 0, rssBytes: process.memoryUsage.rss() },
      ...{ loadPermille: 0, loopDelayMs: 0, warnings: [] },
    }),
  );
}
