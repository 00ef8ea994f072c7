/**
 * The events of a stream, added up to the whole answer that they are; and a whole answer, taken apart into events. Pure.
 *
 *   gather(eventsOf(answer)) is the answer again, for every answer.
 */

import type { JsonObject } from '../json.js';
import type { ChatAnswer, ChatEvent, Choice, Finish, TokenLogprob, Usage } from './chat-answer.js';
import type { Part } from './part.js';
import type { ProviderError } from './provider-error.js';

/** Bounds what a stream may make us keep: the caller says, for it knows what the route allows. */
export interface GatherBounds {
  readonly charactersMax: number;
}

/** Grows with each event. `error` is set once the stream has failed, or has outgrown its bound. */
export class Gathering {
  #start: { id: string; model: string; createdS: number | null } = { id: '', model: '', createdS: null };
  #usage: Usage | null = null;
  #characters = 0;
  readonly #choices: GatheringChoice[] = [];
  readonly #bounds: GatherBounds;
  error: ProviderError | 'too-long' | null = null;

  constructor(bounds: GatherBounds) {
    this.#bounds = bounds;
  }

  add(event: ChatEvent): void {
    if (this.error !== null) return;
    if ('text' in event) this.#characters += event.text.length;
    if (this.#characters > this.#bounds.charactersMax) {
      this.error = 'too-long';
      return;
    }
    if (event.kind === 'start') this.#start = { id: event.id, model: event.model, createdS: event.createdS };
    else if (event.kind === 'usage') this.#usage = event.usage;
    else if (event.kind === 'error') this.error = event.error;
    else this.#choiceAt(event.choice).add(event);
  }

  /** Every choice that has begun has said why it ended. */
  get isWhole(): boolean {
    return this.error === null && this.#choices.length > 0 && this.#choices.every((choice) => choice.finish !== null);
  }

  /** Null while it is not whole. */
  answer(): ChatAnswer | null {
    if (!this.isWhole) return null;
    const choices = this.#choices.map((choice) => choice.whole()).filter((choice) => choice !== null);
    return { ...this.#start, choices, usage: this.#usage };
  }

  /** A choice may come before those that are numbered below it; a number beyond all sense is not followed. */
  #choiceAt(index: number): GatheringChoice {
    while (this.#choices.length <= Math.min(index, CHOICES_MAX - 1)) this.#choices.push(new GatheringChoice());
    return this.#choices[Math.min(index, CHOICES_MAX - 1)] ?? new GatheringChoice();
  }
}

/** As many as any provider gives at once (OpenAI: 128). */
export const CHOICES_MAX = 128;

type ChoiceEvent = Exclude<ChatEvent, { kind: 'start' | 'usage' | 'error' }>;

interface Mutable {
  kind: 'text' | 'reasoning' | 'refusal';
  text: string;
  citations: JsonObject[];
  signature: string | null;
}

class GatheringChoice {
  finish: Finish | null = null;
  readonly #parts: (Mutable | Part | { kind: 'call'; call: number })[] = [];
  readonly #calls = new Map<number, { id: string; name: string; arguments: string }>();
  #open: Mutable | null = null;
  #logprobs: TokenLogprob[] | null = null;

  add(event: ChoiceEvent): void {
    switch (event.kind) {
      case 'text':
      case 'refusal':
      case 'reasoning':
        if (event.text !== '') this.#opened(event.kind).text += event.text;
        if (event.kind === 'text' && event.logprobs !== null) {
          this.#logprobs ??= [];
          this.#logprobs.push(...event.logprobs);
        }
        break;
      case 'citation':
        this.#opened('text').citations.push(event.citation);
        break;
      case 'reasoningSignature':
        this.#opened('reasoning').signature = event.signature;
        this.#open = null;
        break;
      case 'reasoningRedacted':
        this.#open = null;
        this.#parts.push({ kind: 'reasoning', text: '', signature: null, redacted: event.redacted });
        break;
      case 'native':
        this.#open = null;
        this.#parts.push(event.part);
        break;
      case 'toolCall':
        this.#open = null;
        if (!this.#calls.has(event.call)) this.#parts.push({ kind: 'call', call: event.call });
        this.#calls.set(event.call, { id: event.id, name: event.name, arguments: '' });
        break;
      case 'toolArguments': {
        const call = this.#calls.get(event.call);
        if (call !== undefined) call.arguments += event.text;
        break;
      }
      case 'finish':
        this.finish = event.finish;
        break;
    }
  }

  whole(): Choice | null {
    return (
      this.finish && {
        parts: this.#parts.map((part) => this.#wholePart(part)),
        finish: this.finish,
        logprobs: this.#logprobs,
      }
    );
  }

  #opened(kind: Mutable['kind']): Mutable {
    if (this.#open?.kind === kind) return this.#open;
    const opened: Mutable = { kind, text: '', citations: [], signature: null };
    this.#parts.push(opened);
    this.#open = opened;
    return opened;
  }

  #wholePart(part: Mutable | Part | { kind: 'call'; call: number }): Part {
    if (part.kind === 'call') {
      const call = this.#calls.get(part.call) ?? { id: '', name: '', arguments: '' };
      return { kind: 'toolCall', ...call };
    }
    if (!('citations' in part && 'signature' in part)) return part;
    if (part.kind === 'text') return { kind: 'text', text: part.text, cache: null, citations: part.citations };
    if (part.kind === 'refusal') return { kind: 'refusal', text: part.text };
    return { kind: 'reasoning', text: part.text, signature: part.signature, redacted: null };
  }
}

/** In the order of a stream: start, each choice whole, usage. */
export function eventsOf(answer: ChatAnswer): ChatEvent[] {
  const { id, model, createdS } = answer;
  const events: ChatEvent[] = [{ kind: 'start', id, model, createdS }];
  for (const [choice, { parts, finish, logprobs }] of answer.choices.entries()) {
    let calls = 0;
    let probabilities = logprobs;
    for (const part of parts) {
      if (part.kind === 'toolCall') {
        events.push({ kind: 'toolCall', choice, call: calls, id: part.id, name: part.name });
        events.push({ kind: 'toolArguments', choice, call: calls, text: part.arguments });
        calls += 1;
        continue;
      }
      events.push(...eventsOfPart(part, choice, probabilities));
      if (part.kind === 'text') probabilities = null;
    }
    if (probabilities !== null) events.push({ kind: 'text', choice, text: '', logprobs: probabilities });
    events.push({ kind: 'finish', choice, finish });
  }
  if (answer.usage !== null) events.push({ kind: 'usage', usage: answer.usage });
  return events;
}

function eventsOfPart(part: Part, choice: number, logprobs: readonly TokenLogprob[] | null): ChatEvent[] {
  switch (part.kind) {
    case 'text':
      return [
        { kind: 'text', choice, text: part.text, logprobs },
        ...part.citations.map((citation): ChatEvent => ({ kind: 'citation', choice, citation })),
      ];
    case 'refusal':
      return [{ kind: 'refusal', choice, text: part.text }];
    case 'native':
      return [{ kind: 'native', choice, part }];
    case 'reasoning': {
      if (part.redacted !== null) return [{ kind: 'reasoningRedacted', choice, redacted: part.redacted }];
      const said: ChatEvent = { kind: 'reasoning', choice, text: part.text };
      return part.signature === null
        ? [said]
        : [said, { kind: 'reasoningSignature', choice, signature: part.signature }];
    }
    default:
      // Media in answers have no streamed form in any of the formats here.
      return [];
  }
}
