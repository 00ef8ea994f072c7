/** Anthropic: the Messages API of the platform itself. Google's and Amazon's ways to the same models have files of their own. */
import type { ChatRequest } from '../../chat/chat-request.js';
import type { Provider, ProviderPlace } from '../../provider.js';
import { answer } from './answer.js';
import { error } from './error.js';
import { takesPrefill } from './models.js';
import { anthropicOperations } from './operations.js';
import { request } from './request.js';
import { AnthropicStream } from './stream.js';

/** Settings: `version` and `beta` (headers), `maxTokens` (where a caller names no bound of output). */
export const anthropic: Provider = {
  kind: 'anthropic',
  title: 'Anthropic',
  defaultUrl: 'https://api.anthropic.com/v1',
  credential: { kind: 'header', name: 'x-api-key', prefix: '' },
  framing: 'sse',
  request,
  continues,
  answer,
  stream: () => new AnthropicStream(),
  error,
  operations: anthropicOperations,
};

/** Wherever its models are served. While it thinks, an answer can't be begun for it. */
export function continues({ reasoning, extra }: ChatRequest, { model }: ProviderPlace): 'prefix' | null {
  // The last message of the assistant is gone on from as it is, so nothing need be said of it.
  return takesPrefill(model) && reasoning === null && !('thinking' in extra) ? 'prefix' : null;
}
