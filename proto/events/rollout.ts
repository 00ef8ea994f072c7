/**
 * Where the rollout of a snapshot stands: an entry of the log of rollouts, which controls share. Each entry says all, so the last
 * one is the state, and the earlier ones are the history of what was done and why. Signed, as all that control says.
 * What follows from it is decided in control/rollout.
 */
import { z } from 'zod';
import { canaryNodesMax } from './announcement.js';
import { isLabel } from './labels.js';
import { criteria, type RolloutPlan } from './rollout-plan.js';

/** One compiled snapshot. */
export interface Release {
  readonly version: number;
  /** Of the config that it was compiled from; 0: not known. */
  readonly revision: number;
  /** Numbers may be given to two revisions where their log was lost, ids are not; left out: by a release that told none. */
  readonly revisionId?: string;
  /** SHA-256 of its bytes, under which they are stored. */
  readonly hash: string;
  readonly sizeBytes: number;
  /** How much of the registry is in it; left out: it was made without one. */
  readonly registry?: RegistryMark;
}

export interface RegistryMark {
  /** Of its last entry. */
  readonly number: number;
  /** When it was looked at, by the clock of who made the release: keys expire. */
  readonly atWallMs: number;
}

/**
 *                         bad, or abort
 *      canary ⇄ paused ────────────────▶ rolledBack
 *         └───┬────┘                         ▲
 *             ▼          all refuse, or abort│
 *         everywhere ────────────────────────┘
 *             └───────────▶ done                      each leads to the canary or everywhere of a newer version
 */
export const rolloutStages = ['canary', 'paused', 'everywhere', 'done', 'rolledBack'] as const;
export type RolloutStage = (typeof rolloutStages)[number];

export interface RolloutRecord {
  readonly kind: 'rollout';
  readonly stage: RolloutStage;
  readonly target: Release;
  /** What all others run, and what is gone back to; null: there was nothing before. */
  readonly base: Release | null;
  readonly plan: RolloutPlan;
  /** Names of the nodes that try it out. */
  readonly canary: readonly string[];
  /** Who wanted the revision, or the latest step; `control` where nobody did. */
  readonly by: string;
  /** What led to this stage, for people. */
  readonly why: string;
  /** Which control wrote it, and when, by its clock: to be shown, not to be reckoned with. */
  readonly control: string;
  readonly atWallMs: number;
  /** When it is over: nodes that do not run it, and why. */
  readonly missing: readonly MissingFrom[];
  /** How later revisions are rolled out that don't say it themselves; left out: everywhere at once. */
  readonly policy?: RolloutPlan;
  /** Who wanted that, also where it was to leave the policy out; left out: nobody has since the log began, or an earlier release wrote it. */
  readonly policySet?: PolicySet;
}

export interface PolicySet {
  readonly by: string;
  readonly control: string;
  readonly atWallMs: number;
}

export interface MissingFrom {
  readonly id: string;
  readonly why: string;
}

export const whyLengthMax = 1_000;
export const missingMax = 100;

const count = z.number().int().nonnegative();
const name = z.string().regex(/^[\w-]{1,64}$/);
const text = z.string().max(whyLengthMax);
const release: z.ZodType<Release> = z
  .object({
    version: count,
    revision: count,
    revisionId: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .optional(),
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    sizeBytes: count,
    registry: z.object({ number: count, atWallMs: z.number().nonnegative() }).optional(),
  })
  .transform(({ revisionId, registry, ...rest }) => ({
    ...rest,
    ...(revisionId === undefined ? {} : { revisionId }),
    ...(registry === undefined ? {} : { registry }),
  }));

export const rolloutPlan: z.ZodType<RolloutPlan> = z.object({
  sharePermille: z.number().int().min(0).max(1_000),
  label: z.string().refine((text) => text === '' || isLabel(text)),
  bakeMs: z
    .number()
    .int()
    .min(0)
    .max(24 * 3_600_000),
  exchangesMin: count,
  unjudged: z.array(z.enum(criteria)).max(criteria.length),
});

const record = z.object({
  kind: z.literal('rollout'),
  stage: z.enum(rolloutStages),
  target: release,
  base: release.nullable(),
  plan: rolloutPlan,
  canary: z.array(name).max(canaryNodesMax),
  by: z.string().max(256),
  why: text,
  control: name,
  atWallMs: z.number().nonnegative(),
  missing: z.array(z.object({ id: name, why: text })).max(missingMax),
  policy: rolloutPlan.optional(),
  policySet: z.object({ by: z.string().max(256), control: name, atWallMs: z.number().nonnegative() }).optional(),
});

export function readRolloutRecord(value: unknown): RolloutRecord | null {
  const parsed = record.safeParse(value);
  if (!parsed.success) return null;
  const { policy, policySet, ...rest } = parsed.data;
  return {
    ...rest,
    ...(policy === undefined ? {} : { policy }),
    ...(policySet === undefined ? {} : { policySet }),
  };
}
