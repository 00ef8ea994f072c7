/** What Vertex AI does beside chats: `predict` for vectors and images, and counts for either publisher. Pure. Sources: gemini/operations.ts. */
import type { ChatRequest } from '../../chat/chat-request.js';
import type { ProviderError } from '../../chat/provider-error.js';
import { isObject, listOf, numberOf } from '../../json.js';
import type { Embeddings, EmbeddingsRequest } from '../../operations/embeddings.js';
import { given, lackIf, type OperationQuestion, type ProviderOperations } from '../../operations/operation.js';
import type { ProviderPlace, ProviderRequest } from '../../provider.js';
import { counted as countedByAnthropic, countFields } from '../anthropic/operations.js';
import { counted, embeddingLacks, predictedImages, predictImages, textsOf } from '../gemini/operations.js';
import { pathOf } from '../gemini/request.js';
import { geminiHearing } from '../gemini/transcriptions.js';
import { readVector, wholeVectors } from '../openai-operations/answers.js';
import { countOf, malformed, objectOf } from '../untrusted.js';

/** The chat as `vertex.request` writes it, and where the project's models lie. */
export interface VertexWays {
  request(chat: ChatRequest, place: ProviderPlace): ProviderRequest;
  above(place: ProviderPlace): string;
  isClaude(model: string): boolean;
}

export function vertexOperations({ request: chatRequest, above, isClaude }: VertexWays): ProviderOperations {
  const path = (place: ProviderPlace): string => {
    const { model } = place;
    return `${above(place)}/${pathOf(model.includes('/') ? model : `publishers/google/models/${model}`)}`;
  };
  const hearing = geminiHearing(path);
  return {
    embeddings: {
      request: (request, place) => predictVectors(request, place.model, path(place)),
      answer: (body, { input }) => predictedVectors(body, textsOf(input).length),
    },
    images: { request: (request, place) => predictImages(request, place.model, path(place)), answer: predictedImages },
    transcriptions: {
      ...hearing,
      request: (request, place) => {
        const asked = hearing.request(request, place);
        const deaf = lackIf(isClaude(place.model), 'model', 'models of Anthropic hear no sound');
        return { ...asked, lacks: [...deaf, ...asked.lacks] };
      },
    },
    countTokens: {
      request: (chat, place) => {
        const whole = chatRequest({ ...chat, isStream: false }, place);
        if (!isClaude(place.model)) return { ...whole, path: whole.path.replace(/:generateContent$/, ':countTokens') };
        const { anthropic_version: _version, ...body } = whole.body;
        const model = place.model.slice(place.model.lastIndexOf('/') + 1);
        return {
          ...whole,
          path: `${above(place)}/publishers/anthropic/models/count-tokens:rawPredict`,
          body: { model, ...countFields(body) },
        };
      },
      answer: (body) =>
        isObject(body) && body['input_tokens'] !== undefined ? countedByAnthropic(body) : counted(body),
    },
  };
}

/** "Each request can only include a single input text" with this one. */
const takesOne = (model: string): boolean => /gemini-embedding/.test(model);

function predictVectors(request: EmbeddingsRequest, model: string, path: string): OperationQuestion {
  const { task_type: taskType = null, ...others } = request.extra;
  const texts = textsOf(request.input);
  return {
    path: `${path}:predict`,
    query: '',
    headers: [],
    body: {
      instances: texts.map((content) => ({ content, ...given({ task_type: taskType }) })),
      parameters: given({ outputDimensionality: request.dimensions }),
    },
    lacks: [
      ...lackIf(takesOne(model) && texts.length > 1, 'input', 'this model takes one text at a time on Vertex AI'),
      ...embeddingLacks(request, others),
    ],
  };
}

function predictedVectors(body: unknown, inputs: number): Embeddings | ProviderError {
  const predictions = listOf(objectOf(body)['predictions']).map((one) => objectOf(objectOf(one)['embeddings']));
  if (predictions.length !== inputs)
    return malformed(`The answer has vectors for ${predictions.length} of ${inputs} inputs`);
  const counts = predictions.map(({ statistics }) => numberOf(objectOf(statistics)['token_count']));
  const isCounted = counts.every((count) => count !== null);
  return wholeVectors(
    predictions.map(({ values }) => readVector(values)),
    isCounted ? counts.reduce((sum: number, count) => sum + countOf(count), 0) : null,
  );
}
