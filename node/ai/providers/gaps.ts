/** What a translator could not say, while it goes through a request. Pure. */
import type { ChatField, ChatRequest, Unsupported } from '../chat/chat-request.js';

export class Gaps {
  readonly found: Unsupported[] = [];
  /** For people: the provider or the model that can't do it. */
  readonly who: string;

  constructor(who: string) {
    this.who = who;
  }

  /** `why` goes on where the name has ended: `takes at most five stop sequences`. */
  add(field: ChatField | 'extra', at: string, why: string): void {
    this.found.push({ field, at, why: `${this.who} ${why}` });
  }

  /** Fields that the provider has no word for. What says the same as nothing at all (a penalty of 0) is no loss. */
  addSaid(chat: ChatRequest, fields: readonly (ChatField & keyof typeof saysNothing)[]): void {
    for (const field of fields) {
      if (!saysNothing[field](chat)) this.add(field, '', 'has nothing like it');
    }
  }

  /** Extra fields in the words of another family. */
  addExtra(chat: ChatRequest): void {
    for (const name of Object.keys(chat.extra)) this.add('extra', name, 'has no such field');
  }
}

const saysNothing = {
  temperature: (chat) => chat.temperature === null,
  topP: (chat) => chat.topP === null,
  topK: (chat) => chat.topK === null,
  frequencyPenalty: (chat) => chat.frequencyPenalty === null || chat.frequencyPenalty === 0,
  presencePenalty: (chat) => chat.presencePenalty === null || chat.presencePenalty === 0,
  seed: (chat) => chat.seed === null,
  choices: (chat) => chat.choices === null || chat.choices === 1,
  logprobs: (chat) => chat.logprobs === null,
  logitBias: (chat) => chat.logitBias === null || Object.keys(chat.logitBias).length === 0,
  user: (chat) => chat.user === null,
  reasoning: (chat) => chat.reasoning === null || chat.reasoning.effort === 'none',
  parallelToolCalls: (chat) => chat.parallelToolCalls !== false,
} as const satisfies Partial<Record<ChatField, (chat: ChatRequest) => boolean>>;
