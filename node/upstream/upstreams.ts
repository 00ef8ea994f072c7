/** The upstreams of one snapshot, and the interface of whoever builds them. */
import type { UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Health } from './health/standing.js';
import type { Target } from './target.js';

export interface Upstream {
  readonly spec: UpstreamSpec;
  readonly targets: readonly Target[];
  /** The breaker of the upstream as a whole. */
  readonly health: Health;
}

export interface Upstreams {
  get(id: string): Upstream | undefined;
}
