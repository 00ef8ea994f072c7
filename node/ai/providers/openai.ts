/** OpenAI's chat completions (platform.openai.com/docs/api-reference/chat). Pure. */

import { compatibleProvider } from './compatible/compatible.js';
import type { CompatibleSpec } from './compatible/spec.js';
import { openAiExtras } from './compatible/spec.js';

export const openAiSpec: CompatibleSpec = {
  id: 'openai',
  title: 'OpenAI',
  defaultUrl: 'https://api.openai.com/v1',
  takes: ['document', 'audio', 'provider_tools', 'refusal', ...openAiExtras],
  // `max_tokens` is deprecated, and refused by the models that reason.
  maxTokens: 'max_completion_tokens',
  // "Reasoning models": what a model thinks is told in the Responses API only, as a summary.
  reasoning: { efforts: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'], isHidden: true },
};

export const openAi = compatibleProvider(openAiSpec, {
  // API reference, "Developer message": "With o1 models and newer, `developer` messages replace the previous `system` messages."
  systemRole: (model) => (reasons(model) ? 'developer' : 'system'),
});

/** The first two, o1-mini and o1-preview, know neither role; they are left with the one that their error names. */
function reasons(model: string): boolean {
  return /^(?:o[1-9]|gpt-[5-9])/.test(model) && !/^o1-(?:mini|preview)/.test(model);
}
