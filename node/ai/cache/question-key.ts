/**
 * Which questions are one question: those whose answers can't differ but by chance. A key is made of all of the neutral request, of who
 * asks, and of the models that may answer; what does not change the answer is named below, one member after the other, so that a
 * member that is new is part of the key or does not compile. Pure.
 */
import type { AiProviderSpec, AiTargetSpec } from '@weir/proto/snapshot/ai.js';
import type { ChatRequest } from '../chat/chat-request.js';
import type { Message } from '../chat/part.js';

/** `telling`: how the answer is told, and nothing of what it says. */
const bearing = {
  model: 'answer',
  messages: 'answer',
  tools: 'answer',
  toolChoice: 'answer',
  parallelToolCalls: 'answer',
  answerFormat: 'answer',
  maxTokens: 'answer',
  temperature: 'answer',
  topP: 'answer',
  topK: 'answer',
  frequencyPenalty: 'answer',
  presencePenalty: 'answer',
  seed: 'answer',
  stop: 'answer',
  choices: 'answer',
  logprobs: 'answer',
  logitBias: 'answer',
  reasoning: 'answer',
  // An application says it to keep its own users apart.
  user: 'answer',
  isStream: 'telling',
  wantsStreamUsage: 'telling',
  extra: 'answer',
  family: 'answer',
} as const satisfies Record<keyof ChatRequest, 'answer' | 'telling'>;

const isTelling = (name: string): boolean =>
  Object.hasOwn(bearing, name) && bearing[name as keyof ChatRequest] === 'telling'; // A key of it, as was just seen.

/** What two questions must have in common beside what they say. */
export interface KeyPlace {
  readonly routeId: string;
  /** In the form of `keyedConsumer`; null: nobody, or all together. */
  readonly consumer: string | null;
  readonly targets: readonly AiTargetSpec[];
  /** Of the targets. */
  readonly providers: readonly AiProviderSpec[];
  readonly unsupported: 'refuse' | 'drop';
}

/** The same text for the same question, and never for another. */
export function questionText(chat: ChatRequest, place: KeyPlace): string {
  return canonical([placeOf(place), spoken(chat, chat.messages)]);
}

/** A question that may mean what another one means: the last words of the user, and all else, which has to be the same. */
export interface Meaning {
  readonly scope: string;
  readonly text: string;
}

/** Null: it does not end with words of the user alone. */
export function meaningOf(chat: ChatRequest, place: KeyPlace): Meaning | null {
  const last = chat.messages.at(-1);
  if (last?.role !== 'user' || last.parts.length === 0) return null;
  const texts = last.parts.map((part) => (part.kind === 'text' && part.citations.length === 0 ? part.text : null));
  if (texts.includes(null)) return null;
  const others = spoken(chat, chat.messages.slice(0, -1));
  const text = texts.join('\n');
  return text.trim() === '' ? null : { scope: canonical([placeOf(place), others, last.name]), text };
}

/** Keys are secrets and say nothing of the answer, so they are left out; whatever else a provider is asked by is in it. */
function placeOf({ routeId, consumer, targets, providers, unsupported }: KeyPlace): unknown {
  const whose = providers.map(({ keys: _keys, ...provider }) => provider);
  return [routeId, consumer, targets.map(({ provider, model, when }) => [provider, model, when]), whose, unsupported];
}

function spoken(chat: ChatRequest, messages: readonly Message[]): Record<string, unknown> {
  const all = Object.entries({ ...chat, messages: messages.map(withoutPaths) });
  return Object.fromEntries(all.filter(([name]) => !isTelling(name)));
}

/** Where a message stood in its body says nothing. */
function withoutPaths({ paths: _paths, ...message }: Message): Omit<Message, 'paths'> {
  return message;
}

/** JSON with the members of objects in one order. What is undefined is not there. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
