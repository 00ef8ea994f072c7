/**
 * How much a Claude model is to think. Two ways that exclude each other, by the model (models.ts): a number of tokens, or an
 * effort. Pure.
 */
import type { ChatRequest, Reasoning } from '../../chat/chat-request.js';
import { effortWithin, tokensOfEffort } from '../../chat/reasoning-steps.js';
import type { JsonObject } from '../../json.js';
import type { Gaps } from '../gaps.js';
import { takesBudget, thinkingStyle } from './models.js';

export interface Thinking {
  readonly thinking: JsonObject | null;
  readonly effort: string | null;
}

const NOTHING: Thinking = { thinking: null, effort: null };
const TOKENS_MIN = 1024;
const EFFORTS = ['low', 'medium', 'high'] as const;

export function thinkingOf(chat: ChatRequest, model: string, maxTokens: number, gaps: Gaps): Thinking {
  const { reasoning } = chat;
  if (reasoning === null) return NOTHING;
  const style = thinkingStyle(model);
  if (style === 'none') {
    gaps.addSaid(chat, ['reasoning']);
    return NOTHING;
  }
  const isCounted = style === 'budget' || (reasoning.budgetTokens !== null && takesBudget(model));
  return isCounted ? withinBudget(reasoning, maxTokens, gaps) : adaptive(reasoning);
}

function withinBudget(reasoning: Reasoning, maxTokens: number, gaps: Gaps): Thinking {
  const { effort, budgetTokens } = reasoning;
  if (effort === 'none') return { thinking: { type: 'disabled' }, effort: null };
  const wanted = budgetTokens ?? tokensOfEffort[effort ?? 'medium'];
  // What is thought counts as output: a budget beyond the bound of all output would be refused, and could not be used.
  const budget = Math.min(wanted, maxTokens - 1);
  if (budget < TOKENS_MIN) {
    gaps.add('reasoning', '', `thinks with ${TOKENS_MIN} tokens at least, and within the bound of all output`);
    return NOTHING;
  }
  // An effort that was said beside a number is how eager the answer itself is to be.
  const told = budgetTokens === null ? null : effort;
  return { thinking: { type: 'enabled', budget_tokens: budget, ...display(reasoning) }, effort: told };
}

/** Where a number was said alone, it becomes an effort. */
function adaptive(reasoning: Reasoning): Thinking {
  const { effort, budgetTokens } = reasoning;
  if (effort === 'none') return { thinking: { type: 'disabled' }, effort: null };
  const said = effort ?? (budgetTokens === null ? null : effortWithin(budgetTokens, EFFORTS));
  const told = said === 'minimal' ? 'low' : said;
  return { thinking: { type: 'adaptive', ...display(reasoning) }, effort: told };
}

function display({ isShown }: Reasoning): JsonObject {
  return isShown === null ? {} : { display: isShown ? 'summarized' : 'omitted' };
}

/** What may not be said besides while the model thinks. */
export function thinkingGaps(chat: ChatRequest, { thinking }: Thinking, gaps: Gaps): void {
  if (thinking === null || thinking['type'] === 'disabled') return;
  const { temperature, topK, topP, toolChoice } = chat;
  if (temperature !== null && temperature !== 1) gaps.add('temperature', '', 'takes none but 1 while it thinks');
  if (topK !== null) gaps.add('topK', '', 'takes none while it thinks');
  if (topP !== null && topP < 0.95) gaps.add('topP', '', 'takes 0.95 to 1 while it thinks');
  if (toolChoice?.kind === 'required' || toolChoice?.kind === 'tool') {
    gaps.add('toolChoice', '', 'can not be made to call a tool while it thinks');
  }
}
