/**
 * The tool calls of one streamed choice: pieces that say which call they belong to, in more ways than one. Pure.
 *
 *   OpenAI       {index: 0, id: "a", function: {name: "f", arguments: ""}}, then {index: 0, function: {arguments: "{"}}, …
 *   without an index (Mistral's whole calls, Gemini's imitation): a new id or a new name begins a call, else the last goes on
 *   with name and id in every piece (several local servers): told once
 */
import type { ChatEvent } from '../../chat/chat-answer.js';
import type { ProviderError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, numberOf, textOf } from '../../json.js';
import { argumentsOf, madeCallId, malformed } from './answer.js';

/** Calls of one choice. OpenAI takes 128 tools; a model that calls more at once than this has lost its way. */
const CALLS_MAX = 512;
/** Characters of arguments that may come before the name of what they are for. */
const HELD_MAX = 65_536;

interface Call {
  readonly number: number;
  id: string;
  name: string;
  /** Arguments that came before the name; null once the call has been told. */
  held: string | null;
}

export class StreamedCalls {
  readonly #answerId: string;
  readonly #choice: number;
  readonly #byIndex = new Map<number, Call>();
  #last: Call | null = null;
  #told = 0;
  count = 0;

  constructor(answerId: string, choice: number) {
    this.#answerId = answerId;
    this.#choice = choice;
  }

  /** The error if a piece can't be told to belong anywhere. */
  read(pieces: unknown, events: ChatEvent[]): ProviderError | null {
    for (const piece of listOf(pieces)) {
      if (!isObject(piece)) return malformed('a piece of a tool call is not an object');
      const failed = this.#readPiece(piece, events);
      if (failed !== null) return failed;
    }
    return null;
  }

  /** A call whose name has never come is none that anybody can make. */
  end(): ProviderError | null {
    return this.#told < this.count ? malformed('a tool call has no name') : null;
  }

  #readPiece(piece: JsonObject, events: ChatEvent[]): ProviderError | null {
    const made = isObject(piece['function']) ? piece['function'] : {};
    const id = textOf(piece['id']) ?? '';
    const name = textOf(made['name']) ?? '';
    const call = this.#callOf(numberOf(piece['index']), id, name);
    if (call === null) return malformed('a choice calls more tools than there can be');
    if (call.id === '') call.id = id;
    if (call.name === '') call.name = name;
    const text = argumentsOf(made['arguments']);
    if (call.held === null) {
      if (text !== '') events.push({ kind: 'toolArguments', choice: this.#choice, call: call.number, text });
      return null;
    }
    call.held += text;
    if (call.held.length > HELD_MAX) return malformed('the arguments of a tool call come without its name');
    if (call.name === '') return null;
    if (call.id === '') call.id = madeCallId(this.#answerId, this.#choice, call.number);
    const told = { choice: this.#choice, call: call.number };
    events.push({ kind: 'toolCall', ...told, id: call.id, name: call.name });
    if (call.held !== '') events.push({ kind: 'toolArguments', ...told, text: call.held });
    call.held = null;
    this.#told += 1;
    return null;
  }

  #callOf(index: number | null, id: string, name: string): Call | null {
    if (index !== null) {
      const known = this.#byIndex.get(index);
      // Some give every call the index 0: another id is another call.
      const isOther =
        known !== undefined && id !== '' && known.id !== '' && known.held === null && id !== known.id && name !== '';
      if (known !== undefined && !isOther) return known;
      const call = this.#begin();
      if (call !== null) this.#byIndex.set(index, call);
      return call;
    }
    const last = this.#last;
    const isNew = last === null || (id !== '' && id !== last.id) || (id === '' && name !== '' && last.held === null);
    if (!isNew) return last;
    this.#last = this.#begin();
    return this.#last;
  }

  #begin(): Call | null {
    if (this.count >= CALLS_MAX) return null;
    const call = { number: this.count, id: '', name: '', held: '' };
    this.count += 1;
    return call;
  }
}
