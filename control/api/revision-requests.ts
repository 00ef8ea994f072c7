/** What is asked of the revisions, read from JSON. Pure. */
import { sourceBytesMax } from '@weir/proto/config/yaml-source.js';
import { authorLengthMax, isRevisionId, reasonLengthMax } from '../log/revision.js';
import { isObject, type Read, refuse } from './read-request.js';

/** A text, or the number of the revision whose text is meant. */
export type WantedConfig =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'restore'; readonly number: number };

export interface AppendRequest {
  readonly wanted: WantedConfig;
  /** The last revision as the author saw it; 0: none. */
  readonly expected: number;
  readonly author: string;
  readonly reason: string;
  /** Null: none was given, so asking again is another request. */
  readonly id: string | null;
}

const WANTED = 'either text (a config) or restore (the number of a revision)';
const APPEND_KEYS: ReadonlySet<string> = new Set(['text', 'restore', 'expected', 'author', 'reason', 'id']);

export function readAppend(body: unknown): Read<AppendRequest> {
  if (!isObject(body)) return refuse(`Send a JSON object with ${WANTED}, expected, author, and perhaps reason and id.`);
  const unknown = Object.keys(body).find((key) => !APPEND_KEYS.has(key));
  if (unknown !== undefined) return refuse(`There is no ${JSON.stringify(unknown.slice(0, 60))} here.`);
  const wanted = readWanted(body);
  if (!wanted.ok) return wanted;
  const { expected, author, reason = '', id = null } = body;
  if (!isNumber(expected)) return refuse('`expected` is the number of the last revision that you know; 0 for none.');
  if (!isLine(author, authorLengthMax) || author === '') {
    return refuse(`\`author\` is one line of 1 to ${authorLengthMax} characters.`);
  }
  if (!isLine(reason, reasonLengthMax)) return refuse(`\`reason\` is one line of up to ${reasonLengthMax} characters.`);
  if (id !== null && !isRevisionId(id)) return refuse('`id` is 32 hexadecimal digits, drawn at random.');
  return { ok: true, value: { wanted: wanted.value, expected, author, reason, id } };
}

export function readPreview(body: unknown): Read<WantedConfig> {
  return isObject(body) ? readWanted(body) : refuse(`Send a JSON object with ${WANTED}.`);
}

function readWanted({ text, restore }: Readonly<Record<string, unknown>>): Read<WantedConfig> {
  if ((text === undefined) === (restore === undefined)) return refuse(`Send ${WANTED}.`);
  if (text === undefined) {
    return isNumber(restore) && restore > 0
      ? { ok: true, value: { kind: 'restore', number: restore } }
      : refuse('`restore` is the number of a revision.');
  }
  if (typeof text !== 'string') return refuse('`text` is a config, as YAML.');
  if (Buffer.byteLength(text) > sourceBytesMax) {
    return refuse(`A config has at most ${sourceBytesMax / 1024 / 1024} MiB, and this one more.`);
  }
  return { ok: true, value: { kind: 'text', text } };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** One line: what is shown in a table must not break it. */
function isLine(value: unknown, lengthMax: number): value is string {
  return typeof value === 'string' && value.length <= lengthMax && !/\p{Cc}/u.test(value);
}
