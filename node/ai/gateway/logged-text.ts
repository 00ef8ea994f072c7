/**
 * The layer that keeps what was asked and answered for the access log, on routes that say so. It stands inside of the guards: what they mask of
 * a question is masked in the log. What they do with answers is done outside of it, so where a guard looks at answers none is kept.
 */
import type { ChatAnswer, ChatEvent } from '../chat/chat-answer.js';
import type { ChatRequest } from '../chat/chat-request.js';
import { eventsOf } from '../chat/gather.js';
import type { Part } from '../chat/part.js';
import type { AiRules } from './ai-route.js';
import type { AskChat, ChatAsker } from './chat-layer.js';

export interface LoggedText {
  readonly question: string;
  /** Null: a guard looks at answers, and this is what it was given. */
  answer: string | null;
}

export const logText = ({ spec, ai }: AiRules): ((next: AskChat) => AskChat) | null => {
  const { loggedChars } = spec;
  if (loggedChars === undefined) return null;
  const isGuarded = spec.guards.some((name) => ai.guards.get(name)?.spec.onAnswer !== false);
  return (next) => (question, asker) => {
    const logged: LoggedText = { question: questionText(question.chat, loggedChars), answer: isGuarded ? null : '' };
    question.outcome.logged = logged;
    return next(question, isGuarded ? asker : new Listener(asker, logged, loggedChars));
  };
};

class Listener implements ChatAsker {
  readonly #asker: ChatAsker;
  readonly #logged: LoggedText;
  readonly #max: number;

  constructor(asker: ChatAsker, logged: LoggedText, max: number) {
    this.#asker = asker;
    this.#logged = logged;
    this.#max = max;
  }

  events(events: readonly ChatEvent[]): boolean {
    this.#hear(events);
    return this.#asker.events(events);
  }

  ended(): void {
    this.#asker.ended();
  }

  answered(answer: ChatAnswer): void {
    this.#hear(eventsOf(answer));
    this.#asker.answered(answer);
  }

  failed: ChatAsker['failed'] = (failed) => this.#asker.failed(failed);

  #hear(events: readonly ChatEvent[]): void {
    const left = this.#max - (this.#logged.answer?.length ?? 0);
    if (left > 0) this.#logged.answer += events.map(eventText).join('').slice(0, left);
  }
}

/** Of several choices the first. */
function eventText(event: ChatEvent): string {
  if (!('choice' in event) || event.choice !== 0) return '';
  switch (event.kind) {
    case 'text':
    case 'refusal':
    case 'toolArguments':
      return event.text;
    case 'toolCall':
      return `\n[${event.name}] `;
    default:
      return '';
  }
}

/** The end of a conversation says more of a question than its beginning, which is the same each time. */
function questionText({ messages }: ChatRequest, max: number): string {
  let text = '';
  for (const { role, parts } of messages.toReversed()) {
    text = `${role}: ${parts.map(partText).join(' ')}${text === '' ? '' : '\n'}${text}`;
    if (text.length >= max) return text.slice(-max);
  }
  return text;
}

function partText(part: Part): string {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return part.text;
    case 'toolCall':
      return `[${part.name}] ${part.arguments}`;
    case 'toolResult':
      return `[result] ${part.content.map(partText).join(' ')}`;
    default:
      return `[${part.kind}]`;
  }
}
