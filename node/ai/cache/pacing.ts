/**
 * An answer that is told as a stream once more, at a pace: pieces of about a token, each when it is due. A stream that would not be told
 * by its deadline goes as much faster as it takes. Pure: times are passed in.
 */
import type { ChatAnswer, ChatEvent } from '../chat/chat-answer.js';
import { eventsOf } from '../chat/gather.js';

/** Of English and of most code; other languages are told a little faster. */
const TOKEN_CHARACTERS = 4;
/** At once, where nobody wants a pace: what the client does not take then waits here. */
const PIECE_CHARACTERS = 16_384;
/** A paced stream is given in steps of at least this: a timer for each of a thousand tokens a second is for nothing. */
export const STEP_MS = 20;

export interface PacingTerms {
  /** Null: as fast as it is taken. */
  readonly tokensPerSecond: number | null;
  readonly nowMs: number;
  /** It must be over by then. */
  readonly endsByMs: number;
}

export class Pacing {
  readonly #events: readonly ChatEvent[];
  readonly #beganAtMs: number;
  /** Tokens of content up to each event, itself included. */
  readonly #tokens: readonly number[];
  readonly #perMs: number;
  #at = 0;

  constructor(answer: ChatAnswer, { tokensPerSecond, nowMs, endsByMs }: PacingTerms) {
    const characters = tokensPerSecond === null ? PIECE_CHARACTERS : TOKEN_CHARACTERS;
    this.#events = eventsOf(answer).flatMap((event) => inPieces(event, characters));
    let tokens = 0;
    this.#tokens = this.#events.map((event) => {
      tokens += 'text' in event && event.text !== '' ? 1 : 0;
      return tokens;
    });
    this.#beganAtMs = nowMs;
    const leastPerMs = tokens / Math.max(1, endsByMs - nowMs);
    this.#perMs = tokensPerSecond === null ? Number.POSITIVE_INFINITY : Math.max(tokensPerSecond / 1_000, leastPerMs);
  }

  get isOver(): boolean {
    return this.#at === this.#events.length;
  }

  /** What is due by now, and was not given yet; without a pace a piece at a time. */
  take(nowMs: number): readonly ChatEvent[] {
    const from = this.#at;
    if (this.#perMs === Number.POSITIVE_INFINITY) {
      // What stands before content and behind it goes with it.
      while (this.#at < this.#events.length && (this.#tokens[this.#at] ?? 0) <= (this.#tokens[from] ?? 0) + 1)
        this.#at += 1;
      return this.#events.slice(from, this.#at);
    }
    // The first token is there at once.
    const due = 1 + Math.floor((nowMs - this.#beganAtMs) * this.#perMs);
    while (this.#at < this.#events.length && (this.#tokens[this.#at] ?? 0) <= due) this.#at += 1;
    return this.#events.slice(from, this.#at);
  }

  /** When the next piece is. */
  dueAtMs(nowMs: number): number {
    const next = this.#tokens[this.#at] ?? 0;
    return Math.max(nowMs + STEP_MS, this.#beganAtMs + (next - 1) / this.#perMs);
  }
}

/** Texts alone fall into pieces, and none of them within a character; probabilities stay with the text that they are of. */
function inPieces(event: ChatEvent, characters: number): readonly ChatEvent[] {
  if (!('text' in event) || event.text.length <= characters) return [event];
  if (event.kind === 'text' && event.logprobs !== null) return [event];
  const pieces: ChatEvent[] = [];
  for (let at = 0; at < event.text.length; ) {
    let end = Math.min(event.text.length, at + characters);
    if (isHighSurrogate(event.text.charCodeAt(end - 1)) && end < event.text.length) end += 1;
    pieces.push({ ...event, text: event.text.slice(at, end) });
    at = end;
  }
  return pieces;
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
