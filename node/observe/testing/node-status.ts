/** A node's status with harmless defaults, for tests and benchmarks that care about one field of it. */
import type { NodeStatus } from '@weir/proto/events/node-status.js';

export function nodeStatus(overrides: Partial<NodeStatus> = {}): NodeStatus {
  return {
    pid: 1,
    startedWallMs: 0,
    state: 'serving',
    listening: null,
    snapshot: null,
    connections: 0,
    exchanges: 0,
    armedTimers: 0,
    jobs: { store: 'memory', isReachable: true, running: 0, stored: 0, storedBytes: 0 },
    rssBytes: 0,
    targets: [],
    upstreams: [],
    warnings: [],
    healthChanges: [],
    cluster: null,
    peerOpinions: [],
    ...overrides,
  };
}
