/** Moderations: whether texts and images are harmful, and in which way. Source: https://platform.openai.com/docs/api-reference/moderations. Pure. */
import type { MediaSource } from '../chat/part.js';
import { mediaSource } from '../formats/openai-words/media.js';
import { bodyObject, Reading, unread, within } from '../formats/reading.js';
import type { JsonObject } from '../json.js';
import type { Read } from './read.js';

export type ModeratedPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'image'; readonly source: MediaSource };

export interface ModerationsRequest {
  /** Null: whichever the route has. */
  readonly model: string | null;
  /** Each is judged by itself, and gets one result. */
  readonly inputs: readonly (readonly ModeratedPart[])[];
  /** Fields that have no place here, for providers of the same family. */
  readonly extra: JsonObject;
}

export interface Moderation {
  readonly isFlagged: boolean;
  readonly categories: Readonly<Record<string, boolean>>;
  readonly scores: Readonly<Record<string, number>>;
  /** Category → the kinds of input that were judged for it; null where the provider does not say. */
  readonly judged: Readonly<Record<string, readonly string[]>> | null;
}

export interface Moderations {
  readonly id: string;
  readonly model: string;
  readonly results: readonly Moderation[];
}

const known = new Set(['model', 'input']);

export function readModerations(unknownBody: unknown): Read<ModerationsRequest> {
  const reading = new Reading();
  const body = bodyObject(reading, unknownBody);
  const inputs = readInputs(reading, body);
  const request = { model: reading.text(body, '', 'model'), inputs, extra: unread(body, known) };
  return reading.misread ?? request;
}

/** A list of strings is many inputs; a list of objects is one that has several parts. */
function readInputs(reading: Reading, body: JsonObject): ModerationsRequest['inputs'] {
  const input = body['input'];
  if (typeof input === 'string') return [[{ kind: 'text', text: input }]];
  const list = reading.list(body, '', 'input') ?? [];
  if (list.length === 0) reading.wrong('input', '`input` is missing: give a string, or a list of strings or parts.');
  if (typeof list[0] === 'string') return reading.texts(list, 'input').map((text) => [{ kind: 'text', text }]);
  return [reading.objects(list, 'input').map(({ object, at }) => readPart(reading, object, at))];
}

function readPart(reading: Reading, part: JsonObject, at: string): ModeratedPart {
  const type = reading.oneOf(part, at, 'type', ['text', 'image_url']);
  if (type === 'image_url') {
    const image = reading.object(part, at, 'image_url') ?? {};
    const path = within(at, 'image_url');
    return { kind: 'image', source: mediaSource(reading, reading.name(image, path, 'url'), `${path}.url`) };
  }
  if (type === null) reading.wrong(within(at, 'type'), `\`${at}.type\` is missing: give \`text\` or \`image_url\`.`);
  return { kind: 'text', text: reading.name(part, at, 'text') };
}

export function moderationsAnswer({ id, model, results }: Moderations): JsonObject {
  return {
    id,
    model,
    results: results.map(({ isFlagged, categories, scores, judged }) => ({
      flagged: isFlagged,
      categories,
      category_scores: scores,
      ...(judged === null ? {} : { category_applied_input_types: judged }),
    })),
  };
}
