/**
 * Embeddings: vectors of texts. Source: https://platform.openai.com/docs/api-reference/embeddings. Official clients ask for
 * base64 (of 32-bit floats, little-endian) where nobody has told them otherwise, so vectors go out as they were asked for,
 * whichever way they came. Pure.
 */
import { bodyObject, Reading, unread } from '../formats/reading.js';
import type { JsonObject } from '../json.js';
import type { Read } from './read.js';

export interface EmbeddingsRequest {
  readonly model: string;
  readonly input:
    | { readonly kind: 'texts'; readonly texts: readonly string[] }
    /** One model's own tokens; no other can be given them. */
    | { readonly kind: 'tokens'; readonly tokens: readonly (readonly number[])[] };
  readonly dimensions: number | null;
  readonly encoding: 'float' | 'base64' | null;
  readonly user: string | null;
  /** Fields that have no place here, for providers of the same family. */
  readonly extra: JsonObject;
}

export type Vector =
  | { readonly kind: 'floats'; readonly floats: readonly number[] }
  | { readonly kind: 'base64'; readonly base64: string };

export interface Embeddings {
  /** In the order of the inputs. */
  readonly vectors: readonly Vector[];
  readonly inputTokens: number | null;
}

/** As many as OpenAI takes at once. */
const INPUTS_MAX = 2048;
const known = new Set(['model', 'input', 'dimensions', 'encoding_format', 'user']);

export function readEmbeddings(unknownBody: unknown): Read<EmbeddingsRequest> {
  const reading = new Reading();
  const body = bodyObject(reading, unknownBody);
  const request: EmbeddingsRequest = {
    model: reading.name(body, '', 'model'),
    input: readInput(reading, body),
    dimensions: reading.whole(body, '', 'dimensions', 1),
    encoding: reading.oneOf(body, '', 'encoding_format', ['float', 'base64']),
    user: reading.text(body, '', 'user'),
    extra: unread(body, known),
  };
  return reading.misread ?? request;
}

function readInput(reading: Reading, body: JsonObject): EmbeddingsRequest['input'] {
  const input = body['input'];
  if (typeof input === 'string') return { kind: 'texts', texts: [input] };
  const list = reading.list(body, '', 'input') ?? [];
  if (list.length === 0) reading.wrong('input', '`input` is missing: give a string or a list of strings.');
  if (list.length > INPUTS_MAX && typeof list[0] !== 'number') {
    reading.wrong('input', `\`input\` holds ${list.length} texts: give ${INPUTS_MAX} or fewer at once.`);
  }
  if (typeof list[0] === 'number') return { kind: 'tokens', tokens: [tokensOf(reading, list, 'input')] };
  if (Array.isArray(list[0])) {
    return { kind: 'tokens', tokens: list.map((tokens, index) => tokensOf(reading, tokens, `input[${index}]`)) };
  }
  return { kind: 'texts', texts: reading.texts(list, 'input') };
}

function tokensOf(reading: Reading, tokens: unknown, path: string): readonly number[] {
  if (Array.isArray(tokens) && tokens.length > 0 && tokens.every((token) => Number.isInteger(token) && token >= 0))
    return tokens;
  reading.wrong(path, `\`${path}\` is no list of tokens: give whole numbers, or the text itself.`);
  return [];
}

export function embeddingsAnswer(embeddings: Embeddings, request: EmbeddingsRequest): JsonObject {
  const tokens = embeddings.inputTokens ?? 0;
  const isBase64 = request.encoding === 'base64';
  return {
    object: 'list',
    data: embeddings.vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: isBase64 ? base64Of(vector) : floatsOf(vector),
    })),
    model: request.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

const FLOAT_BYTES = 4;

export function base64Of(vector: Vector): string {
  if (vector.kind === 'base64') return vector.base64;
  const bytes = new Uint8Array(vector.floats.length * FLOAT_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, float] of vector.floats.entries()) view.setFloat32(index * FLOAT_BYTES, float, true);
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Of base64 that is none, nothing is made: an empty vector is seen to be wrong by whoever wants its length. */
export function floatsOf(vector: Vector): readonly number[] {
  if (vector.kind === 'floats') return vector.floats;
  const bytes = bytesOf(vector.base64);
  const view = new DataView(bytes.buffer);
  const count = Math.floor(bytes.length / FLOAT_BYTES);
  return Array.from({ length: count }, (_, index) => view.getFloat32(index * FLOAT_BYTES, true));
}

function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
