/** The upstreams of one snapshot, and the interface of whoever builds them. */
import type { UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Health } from './health/standing.js';
import type { Target } from './target.js';

export interface Upstream {
  readonly spec: UpstreamSpec;
  readonly targets: readonly Target[];
  /** The breaker of the upstream as a whole. */
  readonly health: Health;
  /** How often an opinion about its targets has changed; left out where nobody counts. */
  readonly opinionChanges?: (() => number) | undefined;
}

export interface Upstreams {
  get(id: string): Upstream | undefined;
}
