/**
 * An answer as it is stored: the neutral one, so that callers of plain answers and of streams share it, with who gave it. What comes back
 * may have been written by another version, or by others: it is read only if it is an answer through and through. Pure.
 */
import type { ChatAnswer, FinishReason } from '../chat/chat-answer.js';
import { isObject, parsedJson, textOf } from '../json.js';

export interface KeptAnswer {
  readonly answer: ChatAnswer;
  /** Who gave it, and by which of its models. */
  readonly provider: string;
  readonly providerModel: string;
  /** Fields of the question that were left out, in the caller's words. */
  readonly dropped: readonly string[];
}

const VERSION = 1;

export function encodeAnswer({ answer, provider, providerModel, dropped }: KeptAnswer): Uint8Array {
  return new TextEncoder().encode(JSON.stringify([VERSION, answer, provider, providerModel, dropped]));
}

/** Null: this version has not written it. */
export function decodeAnswer(pieces: readonly Uint8Array[]): KeptAnswer | null {
  let value: unknown;
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    value = parsedJson(pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode());
  } catch {
    return null;
  }
  if (!Array.isArray(value) || value[0] !== VERSION) return null;
  const [, answer, provider, providerModel, dropped]: readonly unknown[] = value;
  if (!isAnswer(answer) || typeof provider !== 'string' || typeof providerModel !== 'string') return null;
  if (!Array.isArray(dropped) || !dropped.every((field): field is string => typeof field === 'string')) return null;
  return { answer, provider, providerModel, dropped };
}

function isAnswer(value: unknown): value is ChatAnswer {
  if (!isObject(value) || textOf(value['id']) === null || textOf(value['model']) === null) return false;
  const { choices, usage, createdS } = value;
  if (!(createdS === null || Number.isFinite(createdS)) || !(usage === null || isUsage(usage))) return false;
  return Array.isArray(choices) && choices.length > 0 && choices.every(isChoice);
}

const usageCounts = ['input', 'output', 'cachedInput', 'cacheWrite', 'reasoning'] as const;

function isUsage(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value['isEstimated'] === 'boolean' &&
    usageCounts.every((name) => Number.isFinite(value[name]))
  );
}

/** All of them: the compiler misses one that is left out. */
const reasons: Readonly<Record<FinishReason, true>> = {
  ...{ stop: true, length: true, toolCalls: true, contentFilter: true, refusal: true },
  ...{ pause: true, contextExceeded: true, malformedToolCall: true, other: true },
};

function isChoice(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { parts, finish, logprobs } = value;
  if (!isObject(finish) || !Object.hasOwn(reasons, String(finish['reason']))) return false;
  return Array.isArray(parts) && parts.every(isPart) && (logprobs === null || Array.isArray(logprobs));
}

function isPart(value: unknown): boolean {
  if (!isObject(value)) return false;
  switch (value['kind']) {
    case 'text':
      return textOf(value['text']) !== null && Array.isArray(value['citations']);
    case 'refusal':
    case 'reasoning':
      return textOf(value['text']) !== null;
    case 'toolCall':
      return (['id', 'name', 'arguments'] as const).every((name) => textOf(value[name]) !== null);
    case 'native':
      return isObject(value['raw']) && textOf(value['family']) !== null;
    default:
      return false;
  }
}
