/**
 * Operations beside chats in OpenAI's words, for all who speak them: OpenAI, Azure, Mistral and the compatible ones. Which of them a
 * provider has, and where they lie, is data. Pure. Source: platform.openai.com/docs/api-reference; of rerank docs.cohere.com and jina.ai/reranker.
 */
import type { OperationWord } from '@weir/proto/ai/compatible-words.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { JsonObject } from '../../json.js';
import type { EmbeddingsRequest } from '../../operations/embeddings.js';
import type { ImagesRequest } from '../../operations/images.js';
import type { ModeratedPart, ModerationsRequest } from '../../operations/moderations.js';
import { given, type Lack, lackIf, type OperationPlace, type ProviderOperations } from '../../operations/operation.js';
import type { RerankRequest } from '../../operations/rerank.js';
import type { SpeechRequest } from '../../operations/speech.js';
import type { ProviderPlace } from '../../provider.js';
import { readEmbeddingsAnswer, readImagesAnswer, readModerationsAnswer, readRerankAnswer } from './answers.js';

/** Below the path of the API, unless it is said otherwise. */
export const operationPaths: Readonly<Record<OperationWord, string>> = {
  embeddings: '/embeddings',
  images: '/images/generations',
  imageEdits: '/images/edits',
  speech: '/audio/speech',
  transcriptions: '/audio/transcriptions',
  moderations: '/moderations',
  rerank: '/rerank',
};

/** In what a provider departs from OpenAI, beside what it does not have. */
export interface OperationWays {
  /** For people. */
  readonly title: string;
  place(place: ProviderPlace, end: string): OperationPlace;
  /** Vectors are asked for as base64 where the caller wants them so; imitators often know numbers alone. */
  readonly knowsBase64?: boolean;
  /** Other names for fields of the body. */
  readonly names?: Readonly<Record<string, string>>;
  /** Fields of the body that it does not take. */
  readonly refuses?: readonly string[];
  /** Images are drawn before the caller's eyes, as events. */
  readonly streamsImages?: boolean;
  readonly moderationModel?: string;
}

type Fields = Readonly<Record<string, JsonObject[string] | null>>;

export function openAiOperations(words: readonly OperationWord[], ways: OperationWays): ProviderOperations {
  const asked = (word: OperationWord, fields: Fields, place: ProviderPlace, more: readonly Lack[] = []) => {
    const { body, lacks } = written(fields, ways);
    return { ...ways.place(place, operationPaths[word]), body, lacks: [...lacks, ...more] };
  };
  const all: Required<Omit<ProviderOperations, 'countTokens' | 'moderationModel'>> = {
    embeddings: {
      request: (request, place) => asked('embeddings', embeddingsFields(request, place.model, ways), place),
      answer: (body, { input }) => readEmbeddingsAnswer(body, countOf(input)),
    },
    images: {
      request: (request, place) =>
        asked('images', imagesFields(request, place.model, ways), place, imagesLacks(request, place.model, ways)),
      answer: readImagesAnswer,
    },
    imageEdits: { place: (place) => ways.place(place, operationPaths.imageEdits), answer: readImagesAnswer },
    moderations: {
      request: (request, place) => asked('moderations', moderationsFields(request, place.model), place),
      answer: (body, { inputs }) => readModerationsAnswer(body, inputs.length),
    },
    rerank: {
      request: (request, place) => asked('rerank', rerankFields(request, place.model), place),
      answer: (body, { documents }) => readRerankAnswer(body, documents.length),
    },
    speech: { request: (request, place) => asked('speech', speechFields(request, place.model), place) },
    transcriptions: { place: (place) => ways.place(place, operationPaths.transcriptions) },
  };
  return {
    ...Object.fromEntries(words.map((word) => [word, all[word]])),
    ...(ways.moderationModel === undefined ? {} : { moderationModel: ways.moderationModel }),
  };
}

export function countOf(input: EmbeddingsRequest['input']): number {
  return input.kind === 'texts' ? input.texts.length : input.tokens.length;
}

export function plainPlace({ basePath }: ProviderPlace, end: string, headers: HeaderList = []): OperationPlace {
  return { path: `${basePath}${end}`, query: '', headers };
}

function written(fields: Fields, { names = {}, refuses = [], title }: OperationWays) {
  const said = Object.entries(given(fields));
  const lacks = said.filter(([name]) => refuses.includes(name)).map(([field]) => lackOf(field, title));
  const body: JsonObject = Object.fromEntries(
    said
      .filter(([name]) => !refuses.includes(name))
      .map(([name, value]) => [Object.hasOwn(names, name) ? (names[name] ?? name) : name, value]),
  );
  return { body, lacks };
}

const lackOf = (field: string, title: string): Lack => ({ field, why: `${title} has no such field` });

function embeddingsFields(
  { input, dimensions, encoding, user, extra }: EmbeddingsRequest,
  model: string,
  { knowsBase64 = false }: OperationWays,
): Fields {
  return {
    ...extra,
    model,
    input: input.kind === 'texts' ? input.texts : input.tokens,
    dimensions,
    encoding_format: knowsBase64 && encoding === 'base64' ? 'base64' : 'float',
    user,
  };
}

/** These draw base64 alone, and refuse to be told so. */
const drawsBase64 = (model: string): boolean => /^(?:gpt-image|chatgpt-image)/.test(model);

/** The models of OpenAI before those. */
const drawsWhole = (model: string): boolean => /^dall-e-/.test(model);

function imagesFields(
  { prompt, count, size, quality, wants, user, isStream, partials, extra }: ImagesRequest,
  model: string,
  { streamsImages = false }: OperationWays,
): Fields {
  const format = wants === 'base64' ? 'b64_json' : wants;
  const streams = isStream && streamsImages && !drawsWhole(model);
  return {
    ...extra,
    ...{ model, prompt, n: count, size, quality, user },
    response_format: drawsBase64(model) ? null : format,
    ...(streams ? { stream: true, partial_images: partials } : {}),
  };
}

function imagesLacks(
  { isStream, partials, wants }: ImagesRequest,
  model: string,
  { title, streamsImages = false }: OperationWays,
): readonly Lack[] {
  const who = streamsImages ? 'this model' : title;
  const isLost = !streamsImages || drawsWhole(model);
  return [
    ...lackIf(isStream && isLost, 'stream', `${who} gives images when they are whole, and none before`),
    ...lackIf(partials !== null && isLost, 'partial_images', `${who} has no unfinished images`),
    ...lackIf(wants === 'url' && drawsBase64(model), 'response_format', 'this model gives its images as `b64_json`'),
  ];
}

/** Several inputs are texts; one may have images. */
function moderationsFields({ inputs, extra }: ModerationsRequest, model: string): Fields {
  const texts = inputs.map(([first, ...more]) => (first?.kind === 'text' && more.length === 0 ? first.text : null));
  const isTexts = texts.every((text) => text !== null);
  return { ...extra, model, input: isTexts ? texts : (inputs[0] ?? []).map(partOf) };
}

function partOf(part: ModeratedPart): JsonObject {
  if (part.kind === 'text') return { type: 'text', text: part.text };
  const { source } = part;
  const url =
    source.kind === 'base64'
      ? `data:${source.mediaType};base64,${source.base64}`
      : source.kind === 'url'
        ? source.url
        : '';
  return { type: 'image_url', image_url: { url } };
}

/** The texts of the documents need not come back: they are known here. */
function rerankFields({ query, documents, top, extra }: RerankRequest, model: string): Fields {
  return { ...extra, model, query, documents, top_n: top };
}

function speechFields(
  { text, voice, format, speed, instructions, isEvents, extra }: SpeechRequest,
  model: string,
): Fields {
  return {
    ...extra,
    ...{ model, input: text, voice, response_format: format, speed, instructions },
    stream_format: isEvents ? 'sse' : null,
  };
}
