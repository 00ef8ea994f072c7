/** The operations beside chats, each from the caller's body to a question that the driver can carry. Pure. */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { Usage } from '../../chat/chat-answer.js';
import type { ChatRequest } from '../../chat/chat-request.js';
import type { ProviderError } from '../../chat/provider-error.js';
import { isMisread, type Misread } from '../../format.js';
import { anthropicMessages } from '../../formats/anthropic-messages/anthropic-messages.js';
import type { JsonObject } from '../../json.js';
import { countTokensAnswer, readCountTokens } from '../../operations/count-tokens.js';
import { type EmbeddingsRequest, embeddingsAnswer, readEmbeddings } from '../../operations/embeddings.js';
import { estimateTokens } from '../../operations/estimate-tokens.js';
import { withContent } from '../../operations/form.js';
import { type ImageEdit, readImageEdit } from '../../operations/image-edits.js';
import { type Images, type ImagesRequest, imagesAnswer, readImages } from '../../operations/images.js';
import { type ModerationsRequest, moderationsAnswer, readModerations } from '../../operations/moderations.js';
import {
  isFailed,
  type OperationName,
  type OperationPlace,
  type OperationQuestion,
  type ProviderOperations,
  type Translator,
} from '../../operations/operation.js';
import { isWrong, type Read } from '../../operations/read.js';
import { type RerankRequest, readRerank, rerankAnswer } from '../../operations/rerank.js';
import { readSpeech } from '../../operations/speech.js';
import { readTranscription, type TranscriptionRequest, transcriptAnswer } from '../../operations/transcriptions.js';
import type { Provider, ProviderPlace } from '../../provider.js';
import { joined, jsonOf } from '../body-text.js';
import { type Names, targetsOf } from '../candidates.js';
import { drawnReading } from './drawn.js';
import { soundReading, textReading } from './passed.js';
import type { PlainAnswer, PlainAsked, PlainQuestion, PlainReading } from './plain-question.js';
import {
  imagesSize,
  moderationSize,
  rerankSize,
  type SizeOf,
  soundSize,
  speechSize,
  textsSize,
  tokensSize,
} from './plain-size.js';

/** What a body says is told by its route; what it lacks may be known there. */
export interface PlainTerms {
  readonly nowS: number;
  /** The model of moderations for callers who name none; null: there is none that is meant. */
  readonly moderationModel: string | null;
}

export function readPlain(
  name: OperationName,
  body: Uint8Array,
  contentType: string,
  terms: PlainTerms,
): Read<PlainQuestion> {
  if (name === 'transcriptions') return heard(readTranscription(body, contentType), contentType);
  if (name === 'imageEdits') return edited(readImageEdit(body, contentType), contentType, terms);
  const json = jsonOf(body);
  return json === undefined ? { field: '', message: 'The body is no JSON in UTF-8.' } : readers[name](json, terms);
}

/**
 * The model for callers who name none, which clients of OpenAI's moderations usually do: the one that the route offers, if it is one; else
 * that of the first provider that has one.
 */
export function usualModeration(
  providers: ReadonlyMap<string, { readonly provider: Provider }>,
  { allowed, providers: named }: Pick<Names, 'allowed' | 'providers'>,
): string | null {
  const [only, ...others] = allowed;
  if (only !== undefined) return others.length === 0 ? only : null;
  for (const [name, id] of named) {
    const model = providers.get(id)?.provider.operations?.moderationModel;
    if (model !== undefined) return `${name}/${model}`;
  }
  return null;
}

const MODEL_MISSING: Misread = {
  field: 'model',
  message: '`model` is missing: name one of those that are offered here.',
};

const readers: Readonly<
  Record<
    Exclude<OperationName, 'transcriptions' | 'imageEdits'>,
    (json: unknown, terms: PlainTerms) => Read<PlainQuestion>
  >
> = {
  embeddings: (json) =>
    translated(
      what<EmbeddingsRequest>('embeddings', ({ input }) =>
        input.kind === 'texts' ? textsSize(input.texts) : tokensSize(input.tokens),
      ),
      readEmbeddings(json),
      ({ model }) => model,
      (has) => has.embeddings,
      (answer, request) => ({
        body: embeddingsAnswer(answer, request),
        usage: usageOf(answer.inputTokens, 0),
      }),
    ),
  images: (json, terms) => {
    const request = readImages(json);
    return isWrong(request) ? request : drawn(request, terms);
  },
  moderations: (json, { moderationModel }) =>
    translated(
      what<ModerationsRequest>('moderations', ({ inputs }) => moderationSize(inputs)),
      readModerations(json),
      ({ model }) => model ?? moderationModel,
      (has) => has.moderations,
      (answer) => ({
        body: moderationsAnswer(answer),
        usage: null,
      }),
    ),
  rerank: (json) =>
    translated(
      what<RerankRequest>('rerank', ({ query, documents }) => rerankSize(query, documents)),
      readRerank(json),
      ({ model }) => model,
      (has) => has.rerank,
      (answer, request) => ({
        body: rerankAnswer(answer, request),
        usage: usageOf(answer.inputTokens, 0),
      }),
    ),
  speech: (json) => {
    const request = readSpeech(json);
    if (isWrong(request)) return request;
    const size = speechSize([request.text, request.instructions ?? '']);
    return question({ title: 'speech', size }, request.model, ({ speech }, place) => {
      if (speech === undefined) return null;
      return asked(speech.request(request, place), soundReading(request));
    });
  },
  countTokens: (json) => {
    const chat = readCountTokens(json);
    return isMisread(chat) ? chat : countOf(chat);
  },
};

type Asking<Request, Answer> = (operations: ProviderOperations) => Translator<Request, Answer> | undefined;

interface What<Request> {
  readonly title: string;
  sizeOf(request: Request): SizeOf;
}

const what = <Request>(title: string, sizeOf: (request: Request) => SizeOf): What<Request> => ({ title, sizeOf });

function translated<Request extends object, Answer extends object>(
  { title, sizeOf }: What<Request>,
  request: Read<Request>,
  modelOf: (request: Request) => string | null,
  translatorOf: Asking<Request, Answer>,
  write: (answer: Answer, request: Request) => { readonly body: JsonObject; readonly usage: Usage | null },
): Read<PlainQuestion> {
  if (isWrong(request)) return request;
  const model = modelOf(request);
  if (model === null) return MODEL_MISSING;
  return question({ title, size: sizeOf(request) }, model, (operations, place) => {
    const translator = translatorOf(operations);
    if (translator === undefined) return null;
    const answer = (body: unknown, headers: HeaderList): PlainAnswer | ProviderError => {
      const read = translator.answer(body, request, headers);
      return isFailed(read) ? read : { ...write(read, request), headers: [] };
    };
    return asked(translator.request(request, place), { kind: 'told', answer });
  });
}

function usageOf(input: number | null, output: number): Usage | null {
  return input === null ? null : { input, output, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: false };
}

function question(
  { title, size }: Pick<PlainQuestion, 'title' | 'size'>,
  model: string,
  ask: (operations: ProviderOperations, place: ProviderPlace) => PlainAsked | null,
  fallBack: () => PlainAnswer | null = () => null,
): PlainQuestion {
  return {
    title,
    model,
    size,
    targets: (names: Names) => targetsOf(model, names),
    asked: ({ operations = {} }, place) => ask(operations, place),
    fallBack,
  };
}

const JSON_FIELDS: HeaderList = ['content-type', 'application/json'];

function asked({ path, query, headers, body, lacks }: OperationQuestion, reading: PlainReading): PlainAsked {
  return {
    ...{ method: 'POST', path, query },
    headers: [...headers, ...JSON_FIELDS],
    body: new TextEncoder().encode(JSON.stringify(body)),
    lacks: lacks.map(({ field, why }) => ({ field, message: `\`${field}\`: ${why}.` })),
    reading,
  };
}

/** Where a provider counts nothing, the count is a guess, and says so. */
const ESTIMATED: HeaderList = ['x-weir-estimated', 'input_tokens'];

function countOf(chat: ChatRequest): PlainQuestion {
  const estimated = (): PlainAnswer => ({
    body: countTokensAnswer(estimateTokens(chat)),
    usage: null,
    headers: ESTIMATED,
  });
  const ask = ({ countTokens }: ProviderOperations, place: ProviderPlace): PlainAsked | null => {
    if (countTokens === undefined) return null;
    const whole = countTokens.request(chat, place);
    const lacks = whole.unsupported.map((one) => ({ field: anthropicMessages.fieldName(one, chat), why: one.why }));
    const answer = (body: unknown): PlainAnswer | ProviderError => {
      const read = countTokens.answer(body);
      return isFailed(read) ? read : { body: countTokensAnswer(read.inputTokens), usage: null, headers: [] };
    };
    return asked({ ...whole, lacks }, { kind: 'told', answer });
  };
  return question({ title: 'count_tokens', size: null }, chat.model, ask, estimated);
}

function drawn(request: ImagesRequest, terms: PlainTerms): Read<PlainQuestion> {
  if (request.model === null) return MODEL_MISSING;
  const size = imagesSize(request.prompt, request.count ?? 1, request.isStream ? (request.partials ?? 0) : 0);
  return question({ title: 'images', size }, request.model, ({ images }, place) => {
    if (images === undefined) return null;
    const whole = images.request(request, place);
    const reading =
      whole.body['stream'] === true ? drawnReading : drawnWhole((body) => images.answer(body, request, []), terms);
    return asked(whole, reading);
  });
}

function drawnWhole(read: (body: unknown) => Images | ProviderError, { nowS }: PlainTerms): PlainReading {
  const answer = (body: unknown): PlainAnswer | ProviderError => {
    const images = read(body);
    if (isFailed(images)) return images;
    const { createdS, tokens } = images;
    return {
      body: imagesAnswer({ ...images, createdS: createdS === 0 ? nowS : createdS }),
      usage: usageOf(tokens?.input ?? null, tokens?.output ?? 0),
      headers: [],
    };
  };
  return { kind: 'told', answer };
}

function edited(request: Read<ImageEdit>, contentType: string, terms: PlainTerms): Read<PlainQuestion> {
  if (isWrong(request)) return request;
  const { prompt, count, partials, images, isStream, modelPart, form } = request;
  const size = imagesSize(prompt, count, isStream ? partials : 0, images);
  return question({ title: 'edits of images', size }, request.model, ({ imageEdits }, place) => {
    if (imageEdits === undefined) return null;
    const reading = isStream ? drawnReading : drawnWhole((body) => imageEdits.answer(body), terms);
    return passedForm(imageEdits.place(place), contentType, withContent(form.body, modelPart, place.model), reading);
  });
}

function passedForm(
  { path, query, headers }: OperationPlace,
  contentType: string,
  body: readonly Uint8Array[],
  reading: PlainReading,
): PlainAsked {
  const fields = [...headers, 'content-type', contentType];
  return { method: 'POST', path, query, headers: fields, body: joined(body), lacks: [], reading };
}

function heard(request: Read<TranscriptionRequest>, contentType: string): Read<PlainQuestion> {
  if (isWrong(request)) return request;
  const { form, modelPart } = request;
  const size = soundSize(form.body.byteLength);
  return question({ title: 'transcriptions', size }, request.model, ({ transcriptions }, place) => {
    if (transcriptions === undefined) return null;
    if ('place' in transcriptions) {
      const body = withContent(form.body, modelPart, place.model);
      return passedForm(transcriptions.place(place), contentType, body, textReading);
    }
    const format = form.text('response_format') ?? 'json';
    const answer = (body: unknown): PlainAnswer | ProviderError => {
      const read = transcriptions.answer(body);
      return isFailed(read) ? read : { body: transcriptAnswer(read, format), usage: read.usage, headers: [] };
    };
    return asked(transcriptions.request(request, place), { kind: 'told', answer });
  });
}
