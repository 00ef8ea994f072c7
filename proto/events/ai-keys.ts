/**
 * Node → all, when a key of an AI provider was refused, has to rest, or was taken again, and now and then while it is not well: what this
 * node has met with itself. And now and then how fast the models were that it has asked. Names of keys are digests of their references;
 * never is a key told, nor any part of one.
 */
import { isCount, isFields, isListOf, isName, isText } from './guards.js';

export interface AiKeys {
  readonly kind: 'ai.keys';
  readonly id: string;
  readonly incarnation: number;
  readonly keys: readonly AiKeyReport[];
  /** Left out: none was asked. An earlier release passes it over. */
  readonly speeds?: readonly AiSpeedReport[];
}

export const aiKeyWords = ['well', 'resting', 'out'] as const;
export type AiKeyWord = (typeof aiKeyWords)[number];

/** As a list: the key's digest; the model that it is said of, or empty for all; what of it; and for how many milliseconds from now. */
export type AiKeyReport = readonly [key: string, model: string, word: AiKeyWord, forMs: number];

/** As a list: `provider/model`; the wait for its first token, in milliseconds; and tokens of a second, in thousandths, or 0: nobody knows. */
export type AiSpeedReport = readonly [model: string, firstTokenMs: number, milliTokensPerS: number];

/** What does not fit goes into the next message. */
export const aiKeysMax = 500;
/** The latest ones; the others are of little use to anybody. */
export const aiSpeedsMax = 200;
const KEY_MAX = 64;
export const AI_KEY_MODEL_LENGTH_MAX = 256;
/** A provider that wants to be left alone for longer is asked by each node on its own. */
export const AI_KEY_MAX_MS = 30 * 60_000;

export function readAiKeys(value: unknown): AiKeys | null {
  if (!isFields(value)) return null;
  const { id, incarnation, keys } = value;
  if (!isName(id) || !isCount(incarnation) || !isListOf(keys, aiKeysMax, isReport)) return null;
  const { speeds } = value;
  if (speeds === undefined) return { kind: 'ai.keys', id, incarnation, keys };
  return isListOf(speeds, aiSpeedsMax, isSpeed) ? { kind: 'ai.keys', id, incarnation, keys, speeds } : null;
}

function isSpeed(value: unknown): value is AiSpeedReport {
  if (!Array.isArray(value)) return false;
  const [model, firstTokenMs, milliTokensPerS]: unknown[] = value;
  return isText(model, AI_KEY_MODEL_LENGTH_MAX) && model !== '' && isCount(firstTokenMs) && isCount(milliTokensPerS);
}

function isReport(value: unknown): value is AiKeyReport {
  if (!Array.isArray(value)) return false;
  const [key, model, word, forMs]: unknown[] = value;
  if (!isText(key, KEY_MAX) || key === '' || !isText(model, AI_KEY_MODEL_LENGTH_MAX)) return false;
  return aiKeyWords.some((known) => known === word) && isCount(forMs) && forMs <= AI_KEY_MAX_MS;
}
