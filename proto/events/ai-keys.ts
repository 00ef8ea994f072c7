/**
 * Node → all, when a key of an AI provider was refused, has to rest, or was taken again, and now and then while it is not well: what this
 * node has met with itself. Names of keys are digests of their references; never is a key told, nor any part of one.
 */
import { isCount, isFields, isListOf, isName, isText } from './guards.js';

export interface AiKeys {
  readonly kind: 'ai.keys';
  readonly id: string;
  readonly incarnation: number;
  readonly keys: readonly AiKeyReport[];
}

export const aiKeyWords = ['well', 'resting', 'out'] as const;
export type AiKeyWord = (typeof aiKeyWords)[number];

/** As a list: the key's digest; the model that it is said of, or empty for all; what of it; and for how many milliseconds from now. */
export type AiKeyReport = readonly [key: string, model: string, word: AiKeyWord, forMs: number];

/** What does not fit goes into the next message. */
export const aiKeysMax = 500;
const KEY_MAX = 64;
export const AI_KEY_MODEL_LENGTH_MAX = 256;
/** A provider that wants to be left alone for longer is asked by each node on its own. */
export const AI_KEY_MAX_MS = 30 * 60_000;

export function readAiKeys(value: unknown): AiKeys | null {
  if (!isFields(value)) return null;
  const { id, incarnation, keys } = value;
  if (!isName(id) || !isCount(incarnation) || !isListOf(keys, aiKeysMax, isReport)) return null;
  return { kind: 'ai.keys', id, incarnation, keys };
}

function isReport(value: unknown): value is AiKeyReport {
  if (!Array.isArray(value)) return false;
  const [key, model, word, forMs]: unknown[] = value;
  if (!isText(key, KEY_MAX) || key === '' || !isText(model, AI_KEY_MODEL_LENGTH_MAX)) return false;
  return aiKeyWords.some((known) => known === word) && isCount(forMs) && forMs <= AI_KEY_MAX_MS;
}
