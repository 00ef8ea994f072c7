/**
 * A change of opinion about a target, or about an upstream as a whole, with the evidence for it. Plain data: kept by the
 * node that changed its mind, counted, shown by status, and fit to be told to other nodes.
 */
import { z } from 'zod';

/**
 * - `well`: as many attempts as come.
 * - `trial`: one attempt may try it, and is the proof.
 * - `out`: none.
 */
export const standings = ['well', 'trial', 'out'] as const;
export type Standing = (typeof standings)[number];

/**
 * Who changed its mind: active probes, the comparison of real answers with those of peers, a circuit breaker, or what other
 * nodes say. The last is hearsay and is never told to others.
 */
export const opinionKinds = ['probe', 'outlier', 'breaker', 'peers'] as const;
export type OpinionKind = (typeof opinionKinds)[number];

export interface HealthChange {
  readonly kind: OpinionKind;
  readonly upstream: string;
  /** Null: the upstream as a whole. */
  readonly target: string | null;
  readonly from: Standing;
  readonly to: Standing;
  /** In words for people; empty when it is well. */
  readonly reason: string;
  /** The numbers that decided, by name; what they are depends on the reason. */
  readonly evidence: Readonly<Record<string, number>>;
  readonly atWallMs: number;
}

export const healthChange: z.ZodType<HealthChange> = z.object({
  kind: z.enum(opinionKinds),
  upstream: z.string(),
  target: z.string().nullable(),
  from: z.enum(standings),
  to: z.enum(standings),
  reason: z.string(),
  evidence: z.record(z.string(), z.number()),
  atWallMs: z.number(),
});
