/** Node → all: it has changed its mind about a target or an upstream (`health.ts`). Sent at once, so it may be missed. */
import type { z } from 'zod';
import { isCount, isFields, isName } from './guards.js';
import { type HealthChange, healthChange } from './health.js';

export interface Opinion {
  readonly kind: 'opinion';
  readonly id: string;
  /** Of the sender's life: what an earlier one has thought is over with it. */
  readonly incarnation: number;
  /** Of the stream `health`. */
  readonly seq: number;
  readonly change: HealthChange;
}

/** Of names and of the reason; the evidence is a handful of numbers. */
const TEXT_MAX = 1_024;
const EVIDENCE_MAX = 32;
export const boundedChange: z.ZodType<HealthChange> = healthChange.refine(
  ({ upstream, target, reason, evidence }) =>
    [upstream, target ?? '', reason].every(({ length }) => length <= TEXT_MAX) &&
    Object.keys(evidence).length <= EVIDENCE_MAX,
);

export function readOpinion(value: unknown): Opinion | null {
  if (!isFields(value) || !isName(value['id']) || !isCount(value['seq'])) return null;
  const { incarnation } = value;
  if (!isCount(incarnation)) return null;
  const change: z.ZodSafeParseResult<HealthChange> = boundedChange.safeParse(value['change']);
  return change.success
    ? { kind: 'opinion', id: value['id'], incarnation, seq: value['seq'], change: change.data }
    : null;
}
