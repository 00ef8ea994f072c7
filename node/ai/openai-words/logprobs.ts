/** Probabilities of tokens in OpenAI's words: `logprobs.content` of a choice. Pure. */
import type { TokenLogprob } from '../chat/chat-answer.js';
import { isObject, type JsonObject, listOf, numberOf, textOf } from '../json.js';

type One = Omit<TokenLogprob, 'top'>;

/** Null where there are none. Entries that can't be read are left out, for they are beside the answer. */
export function readLogprobs(logprobs: unknown): readonly TokenLogprob[] | null {
  if (!isObject(logprobs) || !Array.isArray(logprobs['content'])) return null;
  const read = logprobs['content'].map(readOne).filter((each) => each !== null);
  return read.length === 0 ? null : read;
}

function readOne(entry: unknown): TokenLogprob | null {
  const one = readToken(entry);
  if (one === null || !isObject(entry)) return null;
  const top = listOf(entry['top_logprobs'])
    .map(readToken)
    .filter((each) => each !== null);
  return { ...one, top };
}

function readToken(entry: unknown): One | null {
  if (!isObject(entry)) return null;
  const token = textOf(entry['token']);
  const logprob = numberOf(entry['logprob']);
  if (token === null || logprob === null) return null;
  const bytes = entry['bytes'];
  return { token, logprob, bytes: Array.isArray(bytes) ? bytes.filter((byte) => numberOf(byte) !== null) : null };
}

export function writeLogprobs(logprobs: readonly TokenLogprob[] | null): JsonObject | null {
  if (logprobs === null) return null;
  return { content: logprobs.map(writeLogprob), refusal: null };
}

export function writeLogprob(one: TokenLogprob): JsonObject {
  return { ...writeToken(one), top_logprobs: one.top.map(writeToken) };
}

function writeToken({ token, logprob, bytes }: One): JsonObject {
  return { token, logprob, bytes };
}
