/** The upstreams of one snapshot, and the interface of whoever builds them. */
import type { UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Target } from './target.js';

export interface Upstream {
  readonly spec: UpstreamSpec;
  readonly targets: readonly Target[];
}

export interface Upstreams {
  get(id: string): Upstream | undefined;
}
