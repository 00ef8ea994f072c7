/**
 * Node → control, and back: a client has sent PURGE to a node of the cluster, and is answered when control knows what became of it on all.
 * A node may ask for URLs alone, for that is what a client may purge; so whoever has the credentials of a node gains no more than
 * caches that ask again for some URLs.
 */
import { z } from 'zod';
import { type PurgeTarget, purgeTarget, purgeTargetsMax } from './cache.js';

/** What controls answer under. */
export const PURGE_URLS_QUESTION = 'purge-urls';
/** Longer than a purge takes: a lease, and what comes on top of it. */
export const purgeWithinMsMax = 20_000;

export type UrlTarget = Extract<PurgeTarget, { readonly kind: 'url' }>;

export interface PurgeQuestion {
  readonly kind: 'purge.question';
  readonly targets: readonly UrlTarget[];
  readonly isSoft: boolean;
  /** By then it is to be answered, with those who are missing. */
  readonly withinMs: number;
}

/** Of no more than so many nodes; of the others it is known that they are there. */
export const verdictNodesMax = 1_000;

export interface PurgeVerdict {
  readonly kind: 'purge.verdict';
  /** Those that have acknowledged it. */
  readonly obeyed: readonly string[];
  /** Those that did not, and serve nothing that they had stored. */
  readonly lapsed: readonly string[];
  /** Who may still serve it, and why: a node, or what it could not be written to. Empty: it is in force everywhere. */
  readonly missing: readonly { readonly node: string; readonly reason: string }[];
}

const question: z.ZodType<PurgeQuestion> = z.object({
  kind: z.literal('purge.question'),
  targets: z
    .array(purgeTarget)
    .min(1)
    .max(purgeTargetsMax)
    .refine((targets): targets is UrlTarget[] => targets.every(({ kind }) => kind === 'url')),
  isSoft: z.boolean(),
  withinMs: z.number().int().nonnegative().max(purgeWithinMsMax),
});

const names = z.array(z.string().max(200)).max(verdictNodesMax);
const verdict: z.ZodType<PurgeVerdict> = z.object({
  kind: z.literal('purge.verdict'),
  obeyed: names,
  lapsed: names,
  missing: z.array(z.object({ node: z.string().max(200), reason: z.string().max(1_000) })).max(verdictNodesMax),
});

export function readPurgeQuestion(value: unknown): PurgeQuestion | null {
  const parsed = question.safeParse(value);
  return parsed.success ? parsed.data : null;
}

export function readPurgeVerdict(value: unknown): PurgeVerdict | null {
  const parsed = verdict.safeParse(value);
  return parsed.success ? parsed.data : null;
}
