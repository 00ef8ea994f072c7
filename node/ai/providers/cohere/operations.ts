/** Cohere's vectors and rankings (docs.cohere.com/reference/embed and /rerank, v2), which Bedrock has in nearly the same words. Pure. */
import type { ProviderError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, numberOf } from '../../json.js';
import type { Embeddings, EmbeddingsRequest } from '../../operations/embeddings.js';
import { extraLacks, given, type Lack, lackIf, type ProviderOperations } from '../../operations/operation.js';
import { readRerankAnswer, readVector, wholeVectors } from '../openai-operations/answers.js';
import { countOf, malformed, objectOf } from '../untrusted.js';

/** As many as it takes at once. */
const TEXTS_MAX = 96;

export const cohereOperations: ProviderOperations = {
  embeddings: {
    request: (request, { basePath, model }) => ({
      ...{ path: `${basePath}/v2/embed`, query: '', headers: [] },
      body: { model, ...embedFields(request) },
      lacks: embedLacks(request),
    }),
    answer: (body, { input }) => readEmbedded(body, textsOf(input).length),
  },
  rerank: {
    request: ({ query, documents, top, extra }, { basePath, model }) => {
      const { max_tokens_per_doc: bound = null, ...others } = extra;
      return {
        ...{ path: `${basePath}/v2/rerank`, query: '', headers: [] },
        body: { model, query, documents, ...given({ top_n: top, max_tokens_per_doc: bound }) },
        lacks: extraLacks(others, 'Cohere'),
      };
    },
    answer: (body, { documents }) => readRerankAnswer(body, documents.length),
  },
};

const textsOf = (input: EmbeddingsRequest['input']): readonly string[] => (input.kind === 'texts' ? input.texts : []);

/** What a vector is meant for has to be said; callers of OpenAI's words have none for it, and most store documents. */
export function embedFields({ input, dimensions, extra }: EmbeddingsRequest): JsonObject {
  return {
    texts: textsOf(input),
    input_type: extra['input_type'] ?? 'search_document',
    embedding_types: ['float'],
    ...given({ output_dimension: dimensions, truncate: extra['truncate'] ?? null }),
  };
}

export function embedLacks({ input, user, extra }: EmbeddingsRequest): readonly Lack[] {
  const { input_type: _type, truncate: _truncate, ...others } = extra;
  return [
    ...lackIf(input.kind === 'tokens', 'input', 'Cohere takes texts, and no tokens of other models'),
    ...lackIf(textsOf(input).length > TEXTS_MAX, 'input', `Cohere takes ${TEXTS_MAX} texts at once`),
    ...lackIf(user !== null, 'user', 'Cohere has no such field'),
    ...extraLacks(others, 'Cohere'),
  ];
}

/** By type, or as one list where the model knows no types (on Bedrock). */
export function readEmbedded(body: unknown, inputs: number): Embeddings | ProviderError {
  const read = objectOf(body);
  const { embeddings } = read;
  const vectors = listOf(isObject(embeddings) ? embeddings['float'] : embeddings).map(readVector);
  if (vectors.length !== inputs) return malformed(`The answer has vectors for ${vectors.length} of ${inputs} inputs`);
  const tokens = numberOf(objectOf(objectOf(read['meta'])['billed_units'])['input_tokens']);
  return wholeVectors(vectors, tokens === null ? null : countOf(tokens));
}
