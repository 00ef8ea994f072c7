/**
 * What models on Bedrock do beside chats, each in words of its own under InvokeModel: vectors of Amazon Titan and Cohere, rankings of
 * Amazon and Cohere; and CountTokens. Pure. Source: "Inference request parameters" in the user guide, and the API reference of Bedrock Runtime.
 */
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import type { ChatRequest } from '../../chat/chat-request.js';
import type { ProviderError } from '../../chat/provider-error.js';
import { numberOf } from '../../json.js';
import type { TokenCount } from '../../operations/count-tokens.js';
import type { Embeddings, EmbeddingsRequest } from '../../operations/embeddings.js';
import {
  extraLacks,
  given,
  lackIf,
  type OperationQuestion,
  type ProviderOperations,
} from '../../operations/operation.js';
import type { ProviderPlace, ProviderRequest } from '../../provider.js';
import { encodeStep } from '../../uri.js';
import { embedFields, embedLacks, readEmbedded } from '../cohere/operations.js';
import { readRerankAnswer, readVector, wholeVectors } from '../openai-operations/answers.js';
import { countOf, malformed, objectOf } from '../untrusted.js';
import { request } from './request.js';

export const bedrockOperations: ProviderOperations = {
  embeddings: {
    request: (embed, place) => (isCohere(place.model) ? cohereVectors(embed, place) : titanVector(embed, place)),
    answer: readVectors,
  },
  rerank: {
    request: ({ query, documents, top, extra }, place) => ({
      ...invoked(place),
      // The version of Cohere's API; Amazon's model has none.
      body: { query, documents, top_n: top ?? documents.length, ...(isCohere(place.model) ? { api_version: 2 } : {}) },
      lacks: extraLacks(extra, 'Bedrock'),
    }),
    answer: (body, { documents }) => readRerankAnswer(body, documents.length),
  },
  countTokens: { request: countTokens, answer: counted },
};

const isCohere = (model: string): boolean => /(?:^|[./])cohere\./.test(model);

function invoked({ basePath, model }: ProviderPlace) {
  return { path: `${basePath}/model/${encodeStep(model)}/invoke`, query: '', headers: [] };
}

function cohereVectors(embed: EmbeddingsRequest, place: ProviderPlace): OperationQuestion {
  return { ...invoked(place), body: embedFields(embed), lacks: embedLacks(embed) };
}

function titanVector({ input, dimensions, user, extra }: EmbeddingsRequest, place: ProviderPlace): OperationQuestion {
  const texts = input.kind === 'texts' ? input.texts : [];
  const { normalize = null, ...others } = extra;
  return {
    ...invoked(place),
    body: { inputText: texts[0] ?? '', ...given({ dimensions, normalize }) },
    lacks: [
      ...lackIf(texts.length !== 1, 'input', 'Titan takes one text at a time'),
      ...lackIf(dimensions !== null && /v1\b/.test(place.model), 'dimensions', 'this model has one length of vectors'),
      ...lackIf(user !== null, 'user', 'Bedrock has no such field'),
      ...extraLacks(others, 'Titan'),
    ],
  };
}

/** Titan gives one vector, with its count in the body; what Cohere's models have read stands in the head. */
function readVectors(body: unknown, { input }: EmbeddingsRequest, headers: HeaderList): Embeddings | ProviderError {
  const read = objectOf(body);
  if (read['embedding'] !== undefined) {
    const tokens = numberOf(read['inputTextTokenCount']);
    return wholeVectors([readVector(read['embedding'])], tokens === null ? null : countOf(tokens));
  }
  const vectors = readEmbedded(body, input.kind === 'texts' ? input.texts.length : 0);
  if ('kind' in vectors) return vectors;
  const told = Number(headerValue(headers, 'x-amzn-bedrock-input-token-count') ?? Number.NaN);
  return { ...vectors, inputTokens: Number.isInteger(told) ? told : vectors.inputTokens };
}

/** What a count is made of. */
function countTokens(chat: ChatRequest, place: ProviderPlace): ProviderRequest {
  const whole = request({ ...chat, isStream: false }, place);
  const { messages, system = null, toolConfig = null } = whole.body;
  return {
    ...whole,
    path: whole.path.replace(/\/converse$/, '/count-tokens'),
    body: { input: { converse: { ...given({ messages, system, toolConfig }) } } },
  };
}

function counted(body: unknown): TokenCount | ProviderError {
  const tokens = numberOf(objectOf(body)['inputTokens']);
  return tokens === null ? malformed('The answer has no `inputTokens`') : { inputTokens: countOf(tokens) };
}
