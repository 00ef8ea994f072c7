/** Cohere's chat (docs.cohere.com/reference/chat, v2; "Errors"). Pure. */
import { readErrorBody, toProviderError } from '../../openai-words/errors.js';
import type { Provider } from '../../provider.js';
import { parsed } from '../compatible/compatible.js';
import { readAnswer } from './answer.js';
import { cohereOperations } from './operations.js';
import { writeRequest } from './request.js';
import { CohereReader } from './stream.js';

/** Its own status for a token that is not valid. */
const INVALID_TOKEN = 498;

export const cohere: Provider = {
  kind: 'cohere',
  title: 'Cohere',
  defaultUrl: 'https://api.cohere.com',
  credential: { kind: 'bearer' },
  framing: 'sse',
  request(chat, { model, basePath }) {
    return { method: 'POST', path: `${basePath}/v2/chat`, query: '', headers: [], ...writeRequest(chat, model) };
  },
  answer: readAnswer,
  stream: () => new CohereReader(),
  error(status, headers, text) {
    const found = readErrorBody(parsed(text)) ?? { message: '', code: null, type: null, param: null, status: null };
    return toProviderError(status === INVALID_TOKEN ? 401 : status, found, {}, headers);
  },
  operations: cohereOperations,
};
