/**
 * Holds the answers of a prompt to its schema: the outermost layer around the models, for prompts that have one. What fits is passed on
 * as plain JSON. What does not is asked for once more, where the prompt says so, with the fault told; or fails as a 502 that names it.
 * Of a stream the text has been told already, so there it is the end that fails: no `done` follows what does not fit.
 */
import type { ChatAnswer, ChatEvent, FinishReason, Usage } from '../chat/chat-answer.js';
import type { ChatRequest } from '../chat/chat-request.js';
import { textPart } from '../chat/part.js';
import { providerError } from '../chat/provider-error.js';
import {
  type AskChat,
  type ChatAnswering,
  type ChatAsker,
  type ChatFailure,
  chatFailure,
  type Question,
} from '../gateway/chat-layer.js';
import type { PromptVersion } from './compiled-prompt.js';
import { type Fit, type Fitted, fitted } from './fit.js';
import { textOf } from './prompt-format.js';

/** Null: the prompt's output is a text. `charactersMax`: of a streamed answer, which is kept until it is checked. */
export function fitting(version: PromptVersion, charactersMax: number): ((next: AskChat) => AskChat) | null {
  const { fit } = version;
  if (fit === null) return null;
  return (next) => (question, asker) => {
    const layer = new Fitting(question, asker, next, fit, version.mayAskAgain, charactersMax);
    layer.begin(question.chat);
    return layer;
  };
}

class Fitting implements ChatAsker, ChatAnswering {
  readonly #question: Question;
  readonly #asker: ChatAsker;
  readonly #next: AskChat;
  readonly #fit: Fit;
  readonly #charactersMax: number;
  #mayAskAgain: boolean;
  #answering: ChatAnswering | null = null;
  /** Which question is on: one that is answered before it returns must not stand in for the one after it. */
  #turn = 0;
  #isOver = false;
  #text = '';
  #finish: FinishReason | null = null;
  /** Of the answer before. */
  #usage: Usage | null = null;

  constructor(
    ...[question, asker, next, fit, mayAskAgain, charactersMax]: readonly [
      Question,
      ChatAsker,
      AskChat,
      Fit,
      boolean,
      number,
    ]
  ) {
    this.#question = question;
    this.#asker = asker;
    this.#next = next;
    this.#fit = fit;
    this.#mayAskAgain = mayAskAgain;
    this.#charactersMax = charactersMax;
  }

  begin(chat: ChatRequest): void {
    this.#turn += 1;
    const turn = this.#turn;
    const answering = this.#next({ ...this.#question, chat }, this);
    if (turn === this.#turn) this.#answering = answering;
  }

  resume(): void {
    if (!this.#isOver) this.#answering?.resume();
  }

  giveUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#answering?.giveUp();
  }

  events(events: readonly ChatEvent[]): boolean {
    if (this.#isOver) return false;
    for (const event of events) {
      if ('choice' in event && event.choice !== 0) continue;
      if (event.kind === 'text' || event.kind === 'refusal') this.#text += event.text;
      else if (event.kind === 'finish') this.#finish = event.finish.reason;
    }
    if (this.#text.length > this.#charactersMax) {
      this.giveUp();
      this.#asker.failed(misfit('it is longer than the route allows'));
      return false;
    }
    return this.#asker.events(events);
  }

  ended(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const result = fitted(this.#text, this.#finish, this.#fit);
    if (result.ok) this.#asker.ended();
    else this.#asker.failed(misfit(result.fault));
  }

  answered(answer: ChatAnswer): void {
    if (this.#isOver) return;
    const text = textOf(answer.choices[0]?.parts ?? []);
    const result = fitted(text, answer.choices[0]?.finish.reason ?? null, this.#fit);
    const usage = sum(this.#usage, answer.usage);
    this.#question.outcome.usage = usage;
    if (!result.ok && this.#mayAskAgain) {
      this.#mayAskAgain = false;
      this.#usage = usage;
      this.begin(askedAgain(this.#question.chat, text, result.fault));
      return;
    }
    this.#isOver = true;
    if (result.ok) this.#asker.answered({ ...withOutput(answer, result), usage });
    else this.#asker.failed(misfit(result.fault));
  }

  failed(failed: ChatFailure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#asker.failed(failed);
  }
}

function misfit(fault: string): ChatFailure {
  const message = `The output of the model does not fit the schema of the prompt: ${fault}.`;
  return chatFailure(providerError('malformed', message, { native: 'output_misfit' }));
}

/** What was mended is passed on as it is now. */
function withOutput(answer: ChatAnswer, { value }: Fitted & { ok: true }): ChatAnswer {
  const [first] = answer.choices;
  if (first === undefined) return answer;
  return { ...answer, choices: [{ ...first, parts: [textPart(JSON.stringify(value))] }] };
}

/** Of an answer that was no output, this much is shown to the model again. */
const SHOWN_MAX = 20_000;

function askedAgain(chat: ChatRequest, text: string, fault: string): ChatRequest {
  const correction = `This can't be used: ${fault}. Answer again, with JSON alone that fits the schema.`;
  return {
    ...chat,
    messages: [
      ...chat.messages,
      { role: 'assistant', parts: [textPart(text.slice(0, SHOWN_MAX) || '(nothing)')], name: null },
      { role: 'user', parts: [textPart(correction)], name: null },
    ],
  };
}

function sum(a: Usage | null, b: Usage | null): Usage | null {
  if (a === null || b === null) return a ?? b;
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cachedInput: a.cachedInput + b.cachedInput,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    reasoning: a.reasoning + b.reasoning,
    isEstimated: a.isEstimated || b.isEstimated,
  };
}
