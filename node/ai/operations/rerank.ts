/**
 * Rerank: documents in the order in which they answer a query. OpenAI has no such API; this is the one of Cohere that Jina, vLLM,
 * Together and others share. Source: https://docs.cohere.com/reference/rerank. Pure.
 */
import { bodyObject, kindOf, Reading, unread } from '../formats/reading.js';
import { isObject, type JsonObject, textOf } from '../json.js';
import type { Read } from './read.js';

export interface RerankRequest {
  readonly model: string;
  readonly query: string;
  readonly documents: readonly string[];
  /** How many of the best; null: all. */
  readonly top: number | null;
  /** The caller wants the texts again with the answer. */
  readonly wantsDocuments: boolean;
  /** Fields that have no place here, for providers of the same family. */
  readonly extra: JsonObject;
}

export interface Reranking {
  readonly id: string;
  /** In any order. `index` counts the documents of the request. */
  readonly results: readonly { readonly index: number; readonly score: number }[];
  readonly inputTokens: number | null;
}

/** As many as Cohere takes at once. */
const DOCUMENTS_MAX = 10_000;
const known = new Set(['model', 'query', 'documents', 'top_n', 'return_documents']);

export function readRerank(unknownBody: unknown): Read<RerankRequest> {
  const reading = new Reading();
  const body = bodyObject(reading, unknownBody);
  const request: RerankRequest = {
    model: reading.name(body, '', 'model'),
    query: reading.name(body, '', 'query'),
    documents: readDocuments(reading, body),
    top: reading.whole(body, '', 'top_n', 1),
    wantsDocuments: reading.flag(body, '', 'return_documents') ?? false,
    extra: unread(body, known),
  };
  return reading.misread ?? request;
}

function readDocuments(reading: Reading, body: JsonObject): readonly string[] {
  const documents = reading.list(body, '', 'documents') ?? [];
  if (documents.length === 0) reading.wrong('documents', '`documents` is missing: give a list of at least one text.');
  if (documents.length > DOCUMENTS_MAX) {
    reading.wrong(
      'documents',
      `\`documents\` holds ${documents.length} texts: give ${DOCUMENTS_MAX} or fewer at once.`,
    );
  }
  return documents.map((document, index) => {
    const text = textOf(document) ?? (isObject(document) ? textOf(document['text']) : null);
    const path = `documents[${index}]`;
    if (text === null)
      reading.wrong(path, `\`${path}\` is ${kindOf(document)}: give a string, or an object with its \`text\`.`);
    return text ?? '';
  });
}

/** The best first, and no more of them than were asked for. */
export function rerankAnswer({ id, results, inputTokens }: Reranking, request: RerankRequest): JsonObject {
  const best = results
    .filter(({ index }) => index < request.documents.length)
    .toSorted((one, other) => other.score - one.score);
  return {
    id,
    model: request.model,
    results: best.slice(0, request.top ?? best.length).map(({ index, score }) => ({
      index,
      relevance_score: score,
      ...(request.wantsDocuments ? { document: { text: request.documents[index] ?? '' } } : {}),
    })),
    ...(inputTokens === null ? {} : { usage: { prompt_tokens: inputTokens, total_tokens: inputTokens } }),
  };
}
