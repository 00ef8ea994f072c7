/** Node → all: it has changed its mind about a target or an upstream (`health.ts`). Sent at once, so it may be missed. */
import { isCount, isFields, isName, isText } from './guards.js';
import { type HealthChange, opinionKinds, standings } from './health.js';

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

export function readOpinion(value: unknown): Opinion | null {
  if (!isFields(value)) return null;
  const { id, incarnation, seq } = value;
  if (!isName(id) || !isCount(incarnation) || !isCount(seq)) return null;
  const change = readChange(value['change']);
  return change === null ? null : { kind: 'opinion', id, incarnation, seq, change };
}

/** Not by `healthChange`, which takes as long as all the rest of hearing it; `wire.test.ts` holds both to say the same. */
export function readChange(value: unknown): HealthChange | null {
  if (!isFields(value)) return null;
  const { kind, upstream, target, from, to, reason, evidence, atWallMs } = value;
  if (!isOneOf(opinionKinds, kind) || !isOneOf(standings, from) || !isOneOf(standings, to)) return null;
  if (!isText(upstream, TEXT_MAX) || !(target === null || isText(target, TEXT_MAX))) return null;
  if (!isText(reason, TEXT_MAX) || !isEvidence(evidence) || !Number.isFinite(atWallMs)) return null;
  // It was looked at, in words that the compiler does not take for a proof.
  return { kind, upstream, target, from, to, reason, evidence: { ...evidence }, atWallMs: Number(atWallMs) };
}

function isEvidence(value: unknown): value is HealthChange['evidence'] {
  if (!isFields(value)) return false;
  const numbers = Object.values(value);
  return numbers.length <= EVIDENCE_MAX && numbers.every(Number.isFinite);
}

function isOneOf<Word extends string>(words: readonly Word[], value: unknown): value is Word {
  return words.some((word) => word === value);
}
