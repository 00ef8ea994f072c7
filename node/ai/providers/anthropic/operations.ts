/** What Anthropic does beside messages: it counts them. Pure. Source: https://docs.anthropic.com/en/api/messages-count-tokens. */
import type { ChatRequest } from '../../chat/chat-request.js';
import type { ProviderError } from '../../chat/provider-error.js';
import { type JsonObject, numberOf } from '../../json.js';
import type { TokenCount } from '../../operations/count-tokens.js';
import type { ProviderOperations } from '../../operations/operation.js';
import type { ProviderPlace, ProviderRequest } from '../../provider.js';
import { countOf, malformed, objectOf } from '../untrusted.js';
import { request } from './request.js';

export const anthropicOperations: ProviderOperations = { countTokens: { request: countTokens, answer: counted } };

/** What a count is made of; the bound of the answer and the rest say nothing about its question, and are refused. */
const counts = ['messages', 'system', 'tools', 'tool_choice', 'thinking', 'output_config', 'mcp_servers'];

export function countFields(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([name]) => counts.includes(name)));
}

function countTokens(chat: ChatRequest, place: ProviderPlace): ProviderRequest {
  const whole = request({ ...chat, isStream: false }, place);
  return { ...whole, path: `${whole.path}/count_tokens`, body: { model: place.model, ...countFields(whole.body) } };
}

export function counted(body: unknown): TokenCount | ProviderError {
  const tokens = numberOf(objectOf(body)['input_tokens']);
  return tokens === null ? malformed('The answer has no `input_tokens`') : { inputTokens: countOf(tokens) };
}
