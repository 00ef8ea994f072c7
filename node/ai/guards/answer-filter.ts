/**
 * What a guard lets through of an answer, event by event or whole. Text goes on as soon as it is sure (masker.ts); arguments of tools are
 * of no use before they are whole, so they are looked at then, as the JSON that they are. A machine without I/O.
 */
import type { ChatAnswer, ChatEvent } from '../chat/chat-answer.js';
import { CHOICES_MAX } from '../chat/gather.js';
import type { CompiledGuard } from './compiled-guard.js';
import { Masker, type Replace } from './masker.js';
import { type Placeholders, placeholderDetector } from './placeholders.js';
import { mapAnswer, mapJsonText, mapObject } from './texts.js';

type TextKind = 'text' | 'reasoning' | 'refusal';

/** What a call that waits for its end takes beside its arguments, of which it may have none. */
const CALL_CHARACTERS = 64;

interface Open {
  kind: TextKind | null;
  readonly filter: TextFilter;
  /** Arguments by the number of their call. */
  readonly calls: Map<number, string>;
}

/** Masks, and puts back what was masked in the question: what comes back is not looked at again. */
class TextFilter {
  readonly #maskers: readonly Masker[];

  constructor(maskers: readonly Masker[]) {
    this.#maskers = maskers;
  }

  feed(text: string): string {
    return this.#maskers.reduce((piece, masker) => masker.feed(piece), text);
  }

  end(): string {
    return this.#maskers.reduce((piece, masker) => masker.feed(piece) + masker.end(), '');
  }
}

export class AnswerFilter {
  readonly #guard: CompiledGuard;
  readonly #placeholders: Placeholders;
  readonly #choices = new Map<number, Open>();
  readonly #found = new Set<string>();
  #characters = 0;
  #held = 0;

  constructor(guard: CompiledGuard, placeholders: Placeholders) {
    this.#guard = guard;
    this.#placeholders = placeholders;
  }

  /** What was found, by its labels. */
  get found(): ReadonlySet<string> {
    return this.#found;
  }

  /** Characters of the answer so far. */
  get characters(): number {
    return this.#characters;
  }

  /** Characters of calls that wait for their end: their number is bounded with them. */
  get held(): number {
    return this.#held;
  }

  events(events: readonly ChatEvent[]): ChatEvent[] {
    return events.flatMap((event) => ('choice' in event ? this.#ofChoice(event) : [event]));
  }

  whole(answer: ChatAnswer): ChatAnswer {
    const masked = mapAnswer(answer, (text) => {
      this.#characters += text.length;
      return this.#masked(text);
    });
    return { ...masked, choices: masked.choices.map((choice) => ({ ...choice, logprobs: null })) };
  }

  #ofChoice(event: ChatEvent & { readonly choice: number }): ChatEvent[] {
    const { choice } = event;
    const open = this.#openOf(choice);
    switch (event.kind) {
      case 'text':
      case 'reasoning':
      case 'refusal': {
        const before = open.kind === event.kind ? [] : this.#ended(choice, open);
        open.kind = event.kind;
        this.#characters += event.text.length;
        const text = open.filter.feed(event.text);
        return text === '' ? before : [...before, textEvent(event.kind, choice, text)];
      }
      case 'toolArguments': {
        this.#characters += event.text.length;
        this.#held += event.text.length + (open.calls.has(event.call) ? 0 : CALL_CHARACTERS);
        open.calls.set(event.call, (open.calls.get(event.call) ?? '') + event.text);
        return [];
      }
      case 'citation':
        // It is about the text before it, which goes on behind it.
        return [{ ...event, citation: mapObject(event.citation, (text) => this.#masked(text)) }];
      case 'native': {
        const raw = mapObject(event.part.raw, (text) => this.#masked(text));
        return [...this.#ended(choice, open), { ...event, part: { ...event.part, raw } }];
      }
      case 'finish':
        return [...this.#ended(choice, open), ...this.#calls(choice, open), event];
      default:
        return [...this.#ended(choice, open), event];
    }
  }

  /** A number beyond all sense is not followed: providers may say any. */
  #openOf(choice: number): Open {
    const known = Math.min(Math.max(0, choice), CHOICES_MAX - 1);
    let open = this.#choices.get(known);
    if (open === undefined) {
      open = { kind: null, filter: this.#filter(), calls: new Map() };
      this.#choices.set(known, open);
    }
    return open;
  }

  #ended(choice: number, open: Open): ChatEvent[] {
    if (open.kind === null) return [];
    const rest = open.filter.end();
    const { kind } = open;
    open.kind = null;
    return rest === '' ? [] : [textEvent(kind, choice, rest)];
  }

  #calls(choice: number, { calls }: Open): ChatEvent[] {
    const events = [...calls].map(([call, text]): ChatEvent => {
      this.#held -= text.length + CALL_CHARACTERS;
      return { kind: 'toolArguments', choice, call, text: mapJsonText(text, (one) => this.#masked(one)) };
    });
    calls.clear();
    return events;
  }

  #filter(): TextFilter {
    const { spec, detectors } = this.#guard;
    const replace: Replace = (_match, label) => {
      this.#found.add(label);
      return `[${label}]`;
    };
    return new TextFilter([
      ...(spec.onAnswer && detectors.length > 0 ? [new Masker(detectors, replace)] : []),
      ...(this.#placeholders.isEmpty
        ? []
        : [new Masker([placeholderDetector], (match) => this.#placeholders.restored(match))]),
    ]);
  }

  #masked(text: string): string {
    const filter = this.#filter();
    return filter.feed(text) + filter.end();
  }
}

function textEvent(kind: TextKind, choice: number, text: string): ChatEvent {
  return kind === 'text' ? { kind, choice, text, logprobs: null } : { kind, choice, text };
}
