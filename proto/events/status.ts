/** Node → control, every second and after each change: what the node tells of itself. */
import { z } from 'zod';
import { clusterStatusSchema } from './cluster-status.js';
import { healthChange, opinionKinds, standings } from './health.js';
import { MESSAGE_VERSION } from './message.js';
import type { NodeStatus } from './node-status.js';

export interface StatusReport {
  readonly v: 1;
  readonly kind: 'node.status';
  readonly status: NodeStatus;
}

const count = z.number().nonnegative();
// A node of an earlier release has no opinions, so all of its targets are well.
const opinion = { standing: z.enum(standings).default('well'), reason: z.string().default('') };

const status: z.ZodType<NodeStatus> = z.object({
  pid: z.number().int(),
  startedWallMs: z.number(),
  state: z.enum(['starting', 'serving', 'draining']),
  listening: z.object({ host: z.string(), port: z.number(), tls: z.boolean() }).nullable(),
  snapshot: z
    .object({ version: count, hash: z.string(), appliedWallMs: z.number(), routes: count, upstreams: count })
    .nullable(),
  connections: count,
  exchanges: count,
  armedTimers: count,
  jobs: z
    .object({
      store: z.enum(['memory', 'redis']),
      isReachable: z.boolean(),
      running: count,
      stored: count,
      storedBytes: count,
    })
    .default({ store: 'memory', isReachable: true, running: 0, stored: 0, storedBytes: 0 }),
  rssBytes: count,
  targets: z.array(
    z.object({
      upstream: z.string(),
      target: z.string(),
      open: count,
      idle: count,
      waiting: count,
      inFlight: count,
      ...opinion,
    }),
  ),
  upstreams: z.array(z.object({ upstream: z.string(), ...opinion })).default([]),
  targetCounts: z.object({ all: count, trial: count, out: count }).optional(),
  warnings: z.array(z.string()).default([]),
  healthChanges: z.array(healthChange).default([]),
  cluster: clusterStatusSchema.nullable().default(null),
  peerOpinions: z
    .array(
      z.object({
        peer: z.string(),
        upstream: z.string(),
        target: z.string().nullable(),
        kind: z.enum(opinionKinds),
        reason: z.string(),
        evidence: z.record(z.string(), z.number()),
        heardWallMs: z.number(),
        weight: count,
        isRefuted: z.boolean(),
      }),
    )
    .default([]),
});

export const statusReport: z.ZodType<StatusReport> = z.object({
  v: z.literal(MESSAGE_VERSION),
  kind: z.literal('node.status'),
  status,
});
