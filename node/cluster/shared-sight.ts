/** What a node of a cluster shares of what it sees: health and latency, put together. Null for a node by itself. */
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { HealthChange } from '@weir/proto/events/health.js';
import type { PeerOpinion } from '@weir/proto/events/node-status.js';
import type { LatencyStore } from '../latency/latency-store.js';
import type { Clock, Random, Timers } from '../time/clock.js';
import { type GossipUpstream, HealthGossip, type HealthGossipCounts } from './health-gossip.js';
import { LatencyGossip, type LatencyGossipCounts } from './latency-gossip.js';

export interface SharedSightParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** In use. */
  readonly upstreams: () => readonly GossipUpstream[];
  readonly latencies: LatencyStore;
}

export interface SharedSightCounts {
  readonly health: Readonly<HealthGossipCounts>;
  readonly latency: Readonly<LatencyGossipCounts>;
  readonly droppedReports: number;
  /** Targets that are probed by others in place of this node. */
  readonly probesLeft: number;
  /** Of sketches of others. */
  readonly sketchBytes: number;
}

export interface SharedSight {
  /** This node has changed its mind about a target. */
  changed(change: HealthChange): void;
  /** Another configuration is in force: in the turn of the swap. */
  follow(): void;
  /** What that leaves to do; later. */
  refresh(): void;
  counts(): SharedSightCounts;
  /** What others call out; no more than `max`. */
  opinions(max: number): PeerOpinion[];
  end(): void;
}

export function shareSight(presence: Presence | null, parts: SharedSightParts): SharedSight | null {
  if (presence === null) return null;
  const health = new HealthGossip({ ...parts, presence });
  const latency = new LatencyGossip({ ...parts, presence });
  const { clock } = parts;
  return {
    changed: (change) => health.changed(change),
    follow: () => health.follow(),
    refresh() {
      health.refresh();
      latency.refresh();
    },
    counts: () => ({
      health: health.counts,
      latency: latency.counts,
      droppedReports: health.droppedReports,
      probesLeft: health.probesLeft,
      sketchBytes: latency.keptBytes,
    }),
    opinions: (max) =>
      health.standing(max).map(({ peer, upstream, target, kind, reason, evidence, heardAtMs, isRefuted }) => ({
        ...{ peer, upstream, target, kind, reason, evidence, isRefuted },
        weight: health.weightOf(peer),
        heardWallMs: clock.wallMs() - (clock.nowMs() - heardAtMs),
      })),
    end() {
      health.end();
      latency.end();
    },
  };
}
