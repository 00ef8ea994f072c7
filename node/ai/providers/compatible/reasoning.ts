/** How much a model may reason, in the words that a spec gives for it. Pure. */
import type { Reasoning, Unsupported } from '../../chat/chat-request.js';
import { effortWithin, tokensOfEffort } from '../../chat/reasoning-steps.js';
import type { Json, JsonObject } from '../../json.js';
import { type CompatibleSpec, commonEfforts, type ReasoningWords } from './spec.js';

export function writeReasoning(
  reasoning: Reasoning | null,
  spec: CompatibleSpec,
  body: Record<string, Json>,
  unsupported: Unsupported[],
): void {
  if (reasoning === null) return;
  const words: ReasoningWords = spec.reasoning ?? { efforts: commonEfforts };
  if (words.toggle === 'reasoning') {
    Object.assign(body, writeObject(reasoning));
    return;
  }
  const cannot = (at: string, why: string): void => {
    unsupported.push({ field: 'reasoning', at, why: `${spec.title} ${why}` });
  };
  const { effort, budgetTokens, isShown } = reasoning;
  const efforts = words.efforts ?? [];
  if (effort !== null) {
    if (efforts.includes(effort)) body['reasoning_effort'] = effort;
    else if (effort === 'none' && words.toggle !== undefined) Object.assign(body, switched(words.toggle, false));
    else if (effort !== 'none' && efforts.length === 0 && words.budget !== undefined && budgetTokens === null)
      body[words.budget] = tokensOfEffort[effort];
    // Who has no word for reasoning at all is not asked for any by this.
    else if (effort !== 'none' || efforts.length > 0)
      cannot('effort', efforts.length === 0 ? 'knows no efforts' : `knows the efforts ${efforts.join(', ')}`);
  }
  if (budgetTokens !== null) {
    if (words.budget !== undefined) body[words.budget] = budgetTokens;
    // Where both were said, the effort holds.
    else if (effort === null) {
      const within = effortWithin(budgetTokens, efforts);
      if (within === null) cannot('budgetTokens', 'takes neither a number of tokens nor an effort for it');
      else body['reasoning_effort'] = within;
    }
  }
  const isCounted = words.budget !== undefined && body[words.budget] !== undefined;
  const isAsked = budgetTokens !== null || isCounted || (isShown === true && effort === null);
  if (isAsked && words.toggle !== undefined) Object.assign(body, switched(words.toggle, true));
  if (isShown === true && words.isHidden === true) cannot('isShown', 'does not show it in this API');
}

function switched(toggle: Exclude<ReasoningWords['toggle'], undefined>, isOn: boolean): JsonObject {
  if (toggle === 'thinking') return { thinking: { type: isOn ? 'enabled' : 'disabled' } };
  if (toggle === 'chat_template_kwargs') return { chat_template_kwargs: { enable_thinking: isOn } };
  return { enable_thinking: isOn };
}

/** OpenRouter's (openrouter.ai/docs, "Reasoning tokens"): one of `effort` and `max_tokens`. */
function writeObject({ effort, budgetTokens, isShown }: Reasoning): JsonObject {
  const reasoning: Record<string, Json> = {};
  if (budgetTokens !== null) reasoning['max_tokens'] = budgetTokens;
  else if (effort !== null) reasoning['effort'] = effort;
  else if (isShown === true) reasoning['enabled'] = true;
  if (isShown === false) reasoning['exclude'] = true;
  return Object.keys(reasoning).length === 0 ? {} : { reasoning };
}
