/** What is answered in OpenAI's words to operations beside chats, and in those of its imitators. Pure. */
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, numberOf, textOf } from '../../json.js';
import type { Embeddings, Vector } from '../../operations/embeddings.js';
import type { Images } from '../../operations/images.js';
import type { Moderation, Moderations } from '../../operations/moderations.js';
import type { Reranking } from '../../operations/rerank.js';
import { countOf, malformed, objectOf } from '../untrusted.js';

/** A vector for each input, in their order, whichever order they come in. */
export function readEmbeddingsAnswer(body: unknown, inputs: number): Embeddings | ProviderError {
  const read = objectOf(body);
  const vectors = new Array<Vector | null>(inputs).fill(null);
  for (const [at, member] of listOf(read['data']).entries()) {
    const one = objectOf(member);
    const index = numberOf(one['index']) ?? at;
    if (index in vectors) vectors[index] = readVector(one['embedding']);
  }
  return wholeVectors(vectors, tokensOf(read));
}

/** Null: it is no vector. */
export function readVector(value: unknown): Vector | null {
  if (typeof value === 'string' && value !== '') return { kind: 'base64', base64: value };
  if (!Array.isArray(value) || value.length === 0) return null;
  return value.every((float) => typeof float === 'number' && Number.isFinite(float))
    ? { kind: 'floats', floats: value }
    : null;
}

export function wholeVectors(
  vectors: readonly (Vector | null)[],
  inputTokens: number | null,
): Embeddings | ProviderError {
  const whole = vectors.filter((vector) => vector !== null);
  if (whole.length < vectors.length || whole.length === 0)
    return malformed(`The answer has vectors for ${whole.length} of ${vectors.length} inputs`);
  return { vectors: whole, inputTokens };
}

/** `total_tokens` alone is what servers say that know no output. */
function tokensOf(read: JsonObject): number | null {
  const usage = objectOf(read['usage']);
  const tokens = numberOf(usage['prompt_tokens']) ?? numberOf(usage['total_tokens']);
  return tokens === null ? null : countOf(tokens);
}

export function readImagesAnswer(body: unknown): Images | ProviderError {
  const read = objectOf(body);
  const drawn = listOf(read['data']).filter(isObject);
  const images = drawn.flatMap((image) => {
    const base64 = textOf(image['b64_json']) ?? '';
    const url = textOf(image['url']) ?? '';
    if (base64 === '' && url === '') return [];
    const content = base64 === '' ? ({ kind: 'url', url } as const) : ({ kind: 'base64', base64 } as const);
    return [{ content, revisedPrompt: textOf(image['revised_prompt']) }];
  });
  if (images.length === 0 || images.length < drawn.length) return malformed('The answer has no images, or empty ones');
  const { usage } = read;
  const tokens = isObject(usage)
    ? { input: countOf(usage['input_tokens']), output: countOf(usage['output_tokens']) }
    : null;
  return { createdS: countOf(read['created']), images, tokens };
}

/** Mistral says no `flagged`: what any category says is that. */
export function readModerationsAnswer(body: unknown, inputs: number): Moderations | ProviderError {
  const read = objectOf(body);
  const results = listOf(read['results']).filter(isObject).map(readModeration);
  if (results.length !== inputs) return malformed(`The answer judges ${results.length} of ${inputs} inputs`);
  return { id: textOf(read['id']) ?? '', model: textOf(read['model']) ?? '', results };
}

function readModeration(result: JsonObject): Moderation {
  const categories = only(objectOf(result['categories']), (value) => typeof value === 'boolean');
  const judged = result['category_applied_input_types'];
  return {
    isFlagged: typeof result['flagged'] === 'boolean' ? result['flagged'] : Object.values(categories).includes(true),
    categories,
    scores: only(objectOf(result['category_scores']), (value) => typeof value === 'number'),
    judged: isObject(judged)
      ? only(judged, (value): value is readonly string[] => listOf(value).every((word) => typeof word === 'string'))
      : null,
  };
}

function only<Value>(from: JsonObject, holds: (value: unknown) => value is Value): Readonly<Record<string, Value>> {
  const kept: [string, Value][] = [];
  for (const [name, value] of Object.entries(from)) if (holds(value)) kept.push([name, value]);
  return Object.fromEntries(kept);
}

/** Jina, vLLM and Together say `results`, each with `relevance_score`; Voyage says `data`. A search unit is no token. */
export function readRerankAnswer(body: unknown, documents: number): Reranking | ProviderError {
  const read = objectOf(body);
  const listed = listOf(read['results'] ?? read['data']);
  const results = listed.filter(isObject).flatMap((result) => {
    const index = numberOf(result['index']);
    const score = numberOf(result['relevance_score']);
    const isKnown = index !== null && Number.isInteger(index) && index >= 0 && index < documents;
    return isKnown && score !== null ? [{ index, score }] : [];
  });
  if (results.length === 0 || results.length < listed.length)
    return providerError('malformed', 'The answer has no ranking, or ranks documents that were not asked about');
  return { id: textOf(read['id']) ?? '', results, inputTokens: tokensOf(read) };
}
