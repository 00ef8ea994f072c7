/** What it cost what the gateway asked for by itself. Pure. */
import type { AiOutcome } from '../gateway/outcome.js';

/** Null: there was none, or nobody knows what one of them cost. */
export function costOfAsides({ asides }: Pick<AiOutcome, 'asides'>): number | null {
  if (asides.length === 0 || asides.some(({ costMicros }) => costMicros === null)) return null;
  return asides.reduce((sum, { costMicros }) => sum + (costMicros ?? 0), 0);
}
