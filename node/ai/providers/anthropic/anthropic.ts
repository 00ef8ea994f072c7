/** Anthropic: the Messages API of the platform itself. Google's and Amazon's ways to the same models have files of their own. */
import type { Provider } from '../../provider.js';
import { answer } from './answer.js';
import { error } from './error.js';
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
  answer,
  stream: () => new AnthropicStream(),
  error,
  operations: anthropicOperations,
};
