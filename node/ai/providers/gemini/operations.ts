/**
 * What Google's models do beside chats: vectors, images (Imagen) and counts, on the Gemini API and on Vertex AI. Pure. Source: "Embeddings",
 * "Imagen" and "Counting tokens" in the API reference of Gemini; "Text embeddings API" and "Imagen API" in that of Vertex AI.
 */

import type { ChatRequest } from '../../chat/chat-request.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, numberOf, textOf } from '../../json.js';
import type { TokenCount } from '../../operations/count-tokens.js';
import type { Embeddings, EmbeddingsRequest } from '../../operations/embeddings.js';
import type { Images, ImagesRequest } from '../../operations/images.js';
import {
  extraLacks,
  given,
  type Lack,
  lackIf,
  type OperationQuestion,
  type ProviderOperations,
} from '../../operations/operation.js';
import type { ProviderPlace, ProviderRequest } from '../../provider.js';
import { readVector, wholeVectors } from '../openai-operations/answers.js';
import { countOf, malformed, objectOf } from '../untrusted.js';
import { request as chatRequest, pathOf } from './request.js';
import { geminiHearing } from './transcriptions.js';

const modelPath = (model: string): string => (model.includes('/') ? model : `models/${model}`);

export const geminiOperations: ProviderOperations = {
  embeddings: { request: batchEmbedContents, answer: (body, { input }) => embedded(body, textsOf(input).length) },
  images: {
    request: (request, place) =>
      predictImages(request, place.model, `${place.basePath}/${pathOf(modelPath(place.model))}`),
    answer: (body) => predictedImages(body),
  },
  transcriptions: geminiHearing(({ basePath, model }) => `${basePath}/${pathOf(modelPath(model))}`),
  countTokens: { request: countTokens, answer: counted },
};

/** Its own word for what a vector is meant for may be said in the caller's body. */
function batchEmbedContents(request: EmbeddingsRequest, { basePath, model }: ProviderPlace): OperationQuestion {
  const { dimensions, extra } = request;
  const name = modelPath(model);
  const { task_type: taskType = null, ...others } = extra;
  const each = given({ outputDimensionality: dimensions, taskType });
  return {
    path: `${basePath}/${pathOf(name)}:batchEmbedContents`,
    query: '',
    headers: [],
    body: {
      requests: textsOf(request.input).map((text) => ({ model: name, content: { parts: [{ text }] }, ...each })),
    },
    lacks: embeddingLacks(request, others),
  };
}

export function embeddingLacks({ input, user }: EmbeddingsRequest, extra: JsonObject): readonly Lack[] {
  return [
    ...lackIf(input.kind === 'tokens', 'input', 'Gemini takes texts, and no tokens of other models'),
    ...lackIf(user !== null, 'user', 'Gemini has no such field'),
    ...extraLacks(extra, 'Gemini'),
  ];
}

export const textsOf = (input: EmbeddingsRequest['input']): readonly string[] =>
  input.kind === 'texts' ? input.texts : [];

function embedded(body: unknown, inputs: number): Embeddings | ProviderError {
  const vectors = listOf(objectOf(body)['embeddings']).map((one) => readVector(objectOf(one)['values']));
  if (vectors.length !== inputs) return malformed(`The answer has vectors for ${vectors.length} of ${inputs} inputs`);
  const tokens = numberOf(objectOf(objectOf(body)['usageMetadata'])['promptTokenCount']);
  return wholeVectors(vectors, tokens === null ? null : countOf(tokens));
}

/** Width to height, of what Imagen draws. */
const ratios: readonly (readonly [ratio: string, value: number])[] = [
  ['1:1', 1],
  ['3:4', 3 / 4],
  ['4:3', 4 / 3],
  ['9:16', 9 / 16],
  ['16:9', 16 / 9],
];

/** Null: no such ratio. A size in pixels is one of those that it draws a ratio in, or nearly. */
function ratioOf(size: string): string | null {
  if (ratios.some(([ratio]) => ratio === size)) return size;
  const [, width, height] = /^(\d{2,5})x(\d{2,5})$/.exec(size) ?? [];
  const wanted = Number(width) / Number(height);
  return ratios.find(([, value]) => Math.abs(value - wanted) < value * RATIO_SLACK)?.[0] ?? null;
}

/** 1408x768 is 16:9 to Google. */
const RATIO_SLACK = 0.04;

/** `path` leads to the model. */
export function predictImages(request: ImagesRequest, model: string, path: string): OperationQuestion {
  const { prompt, count, size, quality, wants, user, isStream, partials, extra } = request;
  const aspectRatio = size === null || size === 'auto' ? null : ratioOf(size);
  return {
    path: `${path}:predict`,
    query: '',
    headers: [],
    body: { instances: [{ prompt }], parameters: given({ sampleCount: count ?? 1, aspectRatio }) },
    lacks: [
      ...lackIf(!/imagen/.test(model), 'model', `${model} draws in chats; images are drawn by Imagen`),
      ...lackIf(
        size !== null && size !== 'auto' && aspectRatio === null,
        'size',
        `Imagen draws ${ratios.map(([ratio]) => ratio).join(', ')}`,
      ),
      ...lackIf(wants === 'url', 'response_format', 'Imagen gives images as `b64_json`'),
      ...lackIf(quality !== null && quality !== 'auto', 'quality', 'Imagen has no such field'),
      ...lackIf(user !== null, 'user', 'Imagen has no such field'),
      ...lackIf(isStream, 'stream', 'Imagen draws whole images, and tells nothing of them before'),
      ...lackIf(partials !== null, 'partial_images', 'Imagen has no unfinished images'),
      ...extraLacks(extra, 'Imagen'),
    ],
  };
}

/** An answer without images was filtered, and says nothing but that there are none. */
export function predictedImages(body: unknown): Images | ProviderError {
  const predictions = objectOf(body)['predictions'];
  const drawn = listOf(predictions).filter(isObject);
  const images = drawn.flatMap((one) => {
    const base64 = textOf(one['bytesBase64Encoded']) ?? '';
    return base64 === ''
      ? []
      : [{ content: { kind: 'base64', base64 } as const, revisedPrompt: textOf(one['prompt']) }];
  });
  if (images.length > 0) return { createdS: 0, images, tokens: null };
  const reason = drawn.map((one) => textOf(one['raiFilteredReason'])).find((one) => one !== null);
  if (reason !== undefined || predictions === undefined)
    return providerError('contentFiltered', reason ?? 'Imagen has drawn nothing: its filter held it back');
  return malformed('The answer has no images');
}

/** As the model would read it: with its instructions and its tools. */
function countTokens(chat: ChatRequest, place: ProviderPlace): ProviderRequest {
  const whole = chatRequest({ ...chat, isStream: false }, place);
  const generateContentRequest = { model: modelPath(place.model), ...whole.body };
  return { ...whole, path: whole.path.replace(/:generateContent$/, ':countTokens'), body: { generateContentRequest } };
}

export function counted(body: unknown): TokenCount | ProviderError {
  const tokens = numberOf(objectOf(body)['totalTokens']);
  return tokens === null ? malformed('The answer has no `totalTokens`') : { inputTokens: countOf(tokens) };
}
