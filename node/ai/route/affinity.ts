/**
 * What requests have in common that should go to the same model by the same key: a session, or the text that stands before all that
 * differs. Providers keep what they have read for a while, for each account by itself, and read it again for a tenth of the price.
 *
 * Targets and keys are chosen by weighted rendezvous hashing (Thaler and Ravishankar, 1998): each of them draws a number from the
 * request's key and its own name, and the draws go through the same order by weight as those of chance. So each has its share of the
 * keys, all nodes choose alike without a word to each other, and one that is out moves its own keys and no others. Pure.
 */
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import type { AiAffinitySpec } from '@weir/proto/snapshot/ai.js';
import type { Random } from '../../time/clock.js';
import { hash32, shareOf } from '../../upstream/balance/hash.js';
import type { ChatRequest } from '../chat/chat-request.js';
import type { Message } from '../chat/part.js';

/** In [0, 1), for a target or a key by its name. */
export type Draw = (name: string) => number;

/** Null: by chance. */
export function drawBy(key: number | null, random: Random): Draw {
  return key === null ? () => random() : (name) => shareOf(hash32(name, key));
}

export function affinityOf(spec: AiAffinitySpec | null, chat: ChatRequest, headers: HeaderList): number | null {
  if (spec === null) return null;
  const session = spec.kind === 'session' ? sessionOf(chat, headers, spec.header) : null;
  return session === null ? prefixHash(chat) : hash32(session, SESSION_SEED);
}

const SESSION_SEED = 1;

function sessionOf({ extra, user }: ChatRequest, headers: HeaderList, header: string): string | null {
  const cacheKey = extra['prompt_cache_key'];
  for (const named of [headerValue(headers, header), cacheKey, user]) {
    if (typeof named === 'string' && named !== '') return named;
  }
  return null;
}

/** Of each part: what differs only far behind has the same beginning, and images may have millions of characters. */
const CHARACTERS_MAX = 4_096;

/** In the order in which providers keep prefixes: tools, instructions, and what the conversation began with. */
function prefixHash({ tools, messages }: ChatRequest): number {
  let hash = 0;
  const take = (text: string): void => {
    hash = hash32(text.slice(0, CHARACTERS_MAX), hash ^ text.length);
  };
  for (const tool of tools) take(JSON.stringify(tool));
  const first = messages.findIndex(({ role }) => role !== 'system');
  for (const message of messages.slice(0, first === -1 ? messages.length : first + 1)) takeMessage(message, take);
  return hash;
}

function takeMessage({ role, parts }: Message, take: (text: string) => void): void {
  take(role);
  for (const part of parts) {
    if (part.kind === 'text') take(part.text);
    else if ('source' in part && part.source.kind === 'base64') take(part.source.base64);
    else take(JSON.stringify(part).slice(0, CHARACTERS_MAX));
  }
}
