/** Google Gemini: the Gemini API, `generateContent` and `streamGenerateContent`. Vertex AI has a file of its own. */
import type { Provider } from '../../provider.js';
import { error } from './error.js';
import { geminiOperations } from './operations.js';
import { request } from './request.js';
import { answer, GeminiStream } from './stream.js';

export const gemini: Provider = {
  kind: 'gemini',
  title: 'Google Gemini',
  defaultUrl: 'https://generativelanguage.googleapis.com/v1beta',
  credential: { kind: 'header', name: 'x-goog-api-key', prefix: '' },
  framing: 'sse',
  request,
  answer,
  stream: () => new GeminiStream(),
  error,
  operations: geminiOperations,
};
