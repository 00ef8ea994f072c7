/**
 * Which of a model's targets are asked, and in which order: what is known of a request and of models, before anybody is asked. Pure.
 *
 *   first targets ── drawn by weight, or by affinity ──▶ sorted by price or speed ──▶ without those that it can't fit ──▶ fallbacks
 *
 * What the catalogue says is never the reason for asking nobody: it may be wrong, and is an estimate against a window. So where nothing
 * else is left, what does not seem to fit is asked all the same, and its provider says so.
 */
import type { AiChoiceSpec, AiCondition, AiTargetSpec } from '@weir/proto/snapshot/ai.js';
import type { Random } from '../../time/clock.js';
import type { ModelCard } from '../catalogue/card.js';
import { costMicros, ratesAt } from '../catalogue/price.js';
import type { ChatRequest } from '../chat/chat-request.js';
import { inOrder } from '../gateway/candidates.js';
import type { Draw } from './affinity.js';
import { type Lack, lackOf, type Needs, needsOf } from './needs.js';
import { ANSWER_TOKENS, type Speeds } from './speeds.js';

export interface Known {
  /** Null: the catalogue does not know it, or is not there yet. */
  card(target: AiTargetSpec): ModelCard | null;
  readonly speeds: Speeds;
  readonly nowMs: number;
  /** Prices change with the day and the hour. */
  readonly wallMs: number;
  readonly random: Random;
}

export interface Plan {
  readonly candidates: readonly AiTargetSpec[];
  /** Failures that are as good as met, since those that would have had them are not asked. */
  readonly met: readonly AiCondition[];
}

export const nameOf = ({ provider, model }: Pick<AiTargetSpec, 'provider' | 'model'>): string => `${provider}/${model}`;

export function planOf(
  targets: readonly AiTargetSpec[],
  choice: AiChoiceSpec | null,
  chat: ChatRequest,
  draw: Draw,
  known: Known,
): Plan {
  const drawn = inOrder(targets, (target) => draw(nameOf(target)));
  if (choice === null || targets.length < 2) return { candidates: drawn, met: [] };
  const needs = needsOf(chat);
  const isFirst = ({ when }: AiTargetSpec): boolean => when === null;
  const firsts = sorted(drawn.filter(isFirst), choice.balance, needs, known);
  const candidates = [...firsts, ...drawn.filter((target) => !isFirst(target))];
  return choice.fits ? fitting(candidates, needs, known) : { candidates, met: [] };
}

function sorted(
  firsts: readonly AiTargetSpec[],
  balance: AiChoiceSpec['balance'],
  needs: Needs,
  known: Known,
): readonly AiTargetSpec[] {
  if (balance === 'weighted' || firsts.length < 2) return firsts;
  if (balance === 'cheapest') {
    const priced = firsts.map((target) => ({ target, micros: priceOf(known.card(target), needs, known.wallMs) }));
    // Both may be infinite, and their difference no number.
    priced.sort((one, other) => (one.micros === other.micros ? 0 : one.micros - other.micros));
    return priced.map(({ target }) => target);
  }
  const byName = new Map(firsts.map((target) => [nameOf(target), target]));
  const tokens = Math.min(needs.outputTokensMax ?? ANSWER_TOKENS, ANSWER_TOKENS);
  const order = known.speeds.order([...byName.keys()], tokens, known.nowMs, known.random);
  return order.flatMap((name) => byName.get(name) ?? []);
}

/** A price that nobody has said is no low one. */
function priceOf(card: ModelCard | null, { inputTokens, outputTokensMax }: Needs, wallMs: number): number {
  const rates = card === null ? null : ratesAt(card.prices, wallMs);
  if (rates === null) return Number.POSITIVE_INFINITY;
  const output = Math.min(outputTokensMax ?? ANSWER_TOKENS, ANSWER_TOKENS);
  // A thousand times as much, for microdollars are whole, and a short question costs less than one.
  const usage = { input: inputTokens * 1_000, output: output * 1_000, cachedInput: 0, cacheWrite: 0, reasoning: 0 };
  return costMicros({ ...usage, isEstimated: true }, rates);
}

/** Where no first target fits, the fallbacks that are for this failure have their turn at once. */
function fitting(candidates: readonly AiTargetSpec[], needs: Needs, { card }: Known): Plan {
  const lacks = candidates.map((target) => lackOf(card(target), needs));
  if (lacks.every((lack) => lack === null)) return { candidates, met: [] };
  const kept = candidates.filter((_, index) => lacks[index] === null);
  if (kept.some(({ when }) => when === null)) return { candidates: kept, met: [] };
  const met = [
    ...new Set(lacks.flatMap((lack, index) => (lack && candidates[index]?.when === null ? conditions[lack] : []))),
  ];
  const isReached = kept.some(({ when }) => when?.some((condition) => met.includes(condition)) === true);
  return isReached ? { candidates: kept, met } : { candidates, met: [] };
}

const conditions: Readonly<Record<Lack, AiCondition>> = { context: 'contextExceeded', feature: 'error' };
