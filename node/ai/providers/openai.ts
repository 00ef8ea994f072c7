/** OpenAI's chat completions (platform.openai.com/docs/api-reference/chat). Pure. */

import type { OperationWord } from '@weir/proto/ai/compatible-words.js';
import { operationWords } from '@weir/proto/ai/compatible-words.js';
import type { Provider } from '../provider.js';
import { compatibleProvider } from './compatible/compatible.js';
import type { CompatibleSpec } from './compatible/spec.js';
import { openAiExtras } from './compatible/spec.js';
import { openAiOperations, plainPlace } from './openai-operations/openai-operations.js';

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

/** OpenAI ranks no documents. */
export const openAiHas: readonly OperationWord[] = operationWords.filter((word) => word !== 'rerank');

export const openAi: Provider = {
  ...compatibleProvider(openAiSpec, {
    // API reference, "Developer message": "With o1 models and newer, `developer` messages replace the previous `system` messages."
    systemRole: (model) => (reasons(model) ? 'developer' : 'system'),
  }),
  operations: openAiOperations(openAiHas, {
    title: 'OpenAI',
    place: plainPlace,
    knowsBase64: true,
    streamsImages: true,
    moderationModel: 'omni-moderation-latest',
  }),
};

/** The first two, o1-mini and o1-preview, know neither role; they are left with the one that their error names. */
function reasons(model: string): boolean {
  return /^(?:o[1-9]|gpt-[5-9])/.test(model) && !/^o1-(?:mini|preview)/.test(model);
}
