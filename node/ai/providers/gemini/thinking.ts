/**
 * How much a Gemini is to think: a level from 3 on, a number of tokens at 2.5. Pure. Source: "Thinking"; the numbers for an
 * effort are those of Google's own "OpenAI compatibility".
 */
import type { ChatRequest, ReasoningEffort } from '../../chat/chat-request.js';
import type { JsonObject } from '../../json.js';
import type { Gaps } from '../gaps.js';
import { alwaysThinks, isPro, thinkingStyle } from './models.js';

const budgets: Readonly<Record<ReasoningEffort, number>> = {
  none: 0,
  minimal: 1_024,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
};

const levels: Readonly<Record<ReasoningEffort, string>> = {
  none: 'MINIMAL',
  minimal: 'MINIMAL',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  xhigh: 'HIGH',
  max: 'HIGH',
};

export function thinkingConfig(chat: ChatRequest, model: string, gaps: Gaps): JsonObject {
  const { reasoning } = chat;
  if (reasoning === null) return {};
  const style = thinkingStyle(model);
  if (style === 'none') {
    gaps.addSaid(chat, ['reasoning']);
    return {};
  }
  const { effort, budgetTokens, isShown } = reasoning;
  if (effort === 'none' && alwaysThinks(model)) gaps.add('reasoning', '', 'can not keep this model from thinking');
  const config = {
    ...amount(effort, budgetTokens, style, model),
    ...(isShown === null ? {} : { includeThoughts: isShown }),
  };
  return Object.keys(config).length === 0 ? {} : { thinkingConfig: config };
}

/** A number that the caller gave is taken by both generations; the two together are refused. */
function amount(
  effort: ReasoningEffort | null,
  budgetTokens: number | null,
  style: 'budget' | 'level',
  model: string,
): JsonObject {
  if (budgetTokens !== null) return { thinkingBudget: budgetTokens };
  if (effort === null) return {};
  if (style === 'budget') return { thinkingBudget: effort === 'none' && isPro(model) ? 128 : budgets[effort] };
  const level = levels[effort];
  return { thinkingLevel: level === 'MINIMAL' && isPro(model) ? 'LOW' : level };
}
