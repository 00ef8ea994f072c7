/** How long a message would be, without an answer. Source: https://docs.anthropic.com/en/api/messages-count-tokens. Pure. */
import type { JsonObject } from '../json.js';

export { readCountBody as readCountTokens } from '../formats/anthropic-messages/request.js';

export interface TokenCount {
  readonly inputTokens: number;
}

export function countTokensAnswer(inputTokens: number): JsonObject {
  return { input_tokens: inputTokens };
}
