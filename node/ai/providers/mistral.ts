/**
 * Mistral's chat completions (docs.mistral.ai/api, "Chat"). Close to OpenAI's, but it refuses every field that it does not
 * know with a 422, and ids of calls other than nine letters and digits with a 400. Pure.
 */
import type { ChatRequest } from '../chat/chat-request.js';
import type { Part } from '../chat/part.js';
import type { Provider } from '../provider.js';
import { compatibleProvider } from './compatible/compatible.js';
import type { CompatibleSpec } from './compatible/spec.js';
import { openAiOperations, plainPlace } from './openai-operations/openai-operations.js';

const spec: CompatibleSpec = {
  id: 'mistral',
  title: 'Mistral',
  defaultUrl: 'https://api.mistral.ai/v1',
  refuses: ['logprobs', 'top_logprobs', 'logit_bias', 'user', 'messages.name'],
  names: { seed: 'random_seed' },
  // "Document QnA": a part by an address, or by the id of an uploaded file.
  takes: ['document_url', 'metadata', 'prediction'],
  // "Prefix": the answer holds it as well.
  prefix: { by: 'prefix', echoes: true, unlessReasoning: true },
  // "Reasoning": the models that can be told take these two; those of the line Magistral reason always.
  reasoning: { efforts: ['none', 'high'] },
  // The last chunk has it.
  streamUsage: 'unasked',
  finishWords: { model_length: 'contextExceeded' },
  errorKinds: {
    invalid_request_message_order: 'invalidRequest',
    '1300': 'rateLimited',
    '3505': 'overloaded',
  },
};

const plain = compatibleProvider(spec);

export const mistral: Provider = {
  ...plain,
  request: (chat, place) => plain.request(withShortIds(chat), place),
  // "Embeddings", "Classifiers" and "Audio transcription" of the same reference.
  operations: openAiOperations(['embeddings', 'moderations', 'transcriptions'], {
    title: 'Mistral',
    place: plainPlace,
    names: { dimensions: 'output_dimension' },
    refuses: ['user'],
    moderationModel: 'mistral-moderation-latest',
  }),
};

function withShortIds(chat: ChatRequest): ChatRequest {
  const messages = chat.messages.map((message) => ({ ...message, parts: message.parts.map(withShortId) }));
  return { ...chat, messages };
}

function withShortId(part: Part): Part {
  if (part.kind === 'toolCall') return { ...part, id: shortId(part.id) };
  return part.kind === 'toolResult' ? { ...part, callId: shortId(part.callId) } : part;
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The same nine characters for the same id each time, so that results find their calls; Mistral's own ids stay. */
export function shortId(id: string): string {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id;
  // FNV-1a, twice with different starts: 62^9 is a little below 2^54.
  let high = 0x811c9dc5;
  let low = 0x9747b28c;
  for (let i = 0; i < id.length; i += 1) {
    const code = id.charCodeAt(i);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x01000193) ^ (high >>> 15);
  }
  let rest = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  let short = '';
  for (let i = 0; i < 9; i += 1) {
    short += DIGITS[Number(rest % 62n)] ?? '0';
    rest /= 62n;
  }
  return short;
}
