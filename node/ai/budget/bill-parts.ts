/**
 * Who bills what of one request: its answer, by whoever gave each part of it, and what was asked in vain. Pure.
 *
 *   usage of the answer ── carried on ──▶ each at the provider that said it
 *                     └─── the rest ────▶ whoever answered last
 */
import type { Usage } from '../chat/chat-answer.js';
import type { AiCarried, AiOutcome } from '../gateway/outcome.js';
import { withoutUsage } from '../route/usage-sum.js';

export type BillPart = AiCarried;

/** `usage`: of the whole answer; null: nobody has worked for it. */
export function billParts(
  usage: Usage | null,
  { provider, providerModel, carried, besides }: Pick<AiOutcome, 'provider' | 'providerModel' | 'carried' | 'besides'>,
): readonly BillPart[] {
  if (usage === null) return besides;
  if (carried.length === 0) {
    const own = { provider, providerModel, usage };
    return besides.length === 0 ? [own] : [own, ...besides];
  }
  const rest = withoutUsage(
    usage,
    carried.map((part) => part.usage),
  );
  // Whoever was to carry it on may have said nothing.
  const last = rest.input + rest.output === 0 ? [] : [{ provider, providerModel, usage: rest }];
  return [...carried, ...last, ...besides];
}
