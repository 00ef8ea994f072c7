/**
 * What the client is told of an answer, in the words of its format: nothing of a stream before it has content, then event by event.
 *
 *   held ──content, or an end──▶ told ──▶ end
 *    │ forget: another attempt takes its place
 *
 * What comes before content (who answers, a role, first figures) is held until then, so that it goes with the attempt that it came
 * from. The head goes out with the first event, or with a heartbeat before it.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { type ChatAnswer, type ChatEvent, isContent } from '../chat/chat-answer.js';
import type { ProviderError } from '../chat/provider-error.js';
import type { AnswerTerms, ChatFormat, StreamWriter } from '../format.js';
import type { Outlet } from './outlet.js';

/** Events that say nothing to a reader, before those that do; a provider that sends more than these has begun. */
const HELD_EVENTS_MAX = 64;

const DROPPED = 'x-weir-dropped';

/** Proxies on the way that gather answers before they pass them on would make a heartbeat and a stream useless (nginx). */
const streamFields: HeaderList = [
  ...['content-type', 'text/event-stream; charset=utf-8', 'cache-control', 'no-cache'],
  ...['x-accel-buffering', 'no'],
];

export class Telling {
  readonly terms: AnswerTerms;
  /** Fields that the attempt which is on has left out, in the caller's words. */
  dropped: readonly string[] = [];
  readonly #outlet: Outlet;
  readonly #format: ChatFormat;
  #writer: StreamWriter | null = null;
  #held: ChatEvent[] = [];
  /** What the head has told of fields that were dropped. */
  #told = '';

  constructor(outlet: Outlet, format: ChatFormat, terms: AnswerTerms) {
    this.#outlet = outlet;
    this.#format = format;
    this.terms = terms;
  }

  /** Something of an attempt was told, so no other can take its place. */
  get hasBegun(): boolean {
    return this.#writer !== null;
  }

  /** Of the attempt before, nothing was seen, and nothing is told. */
  forget(): void {
    this.#held = [];
  }

  /** Whether the client takes more. */
  tell(events: readonly ChatEvent[], nowMs: number): boolean {
    if (this.#writer !== null) return this.#write(this.#writer, events, '', nowMs);
    this.#held.push(...events);
    const says = (event: ChatEvent): boolean => isContent(event) || event.kind === 'finish';
    if (!events.some(says) && this.#held.length < HELD_EVENTS_MAX) return true;
    const late = this.#outlet.hasHead ? this.#droppedLate() : '';
    this.#begin();
    this.#writer = this.#format.stream(this.terms);
    return this.#write(this.#writer, this.#held.splice(0), late, nowMs);
  }

  heartbeat(nowMs: number): void {
    this.#begin();
    this.#outlet.heartbeat(nowMs);
  }

  /** A valve that is closed is of no matter: the listener keeps what little the end is. */
  end(nowMs: number): void {
    this.#outlet.write(this.#writer?.end() ?? '', nowMs);
    this.#outlet.end();
  }

  whole(answer: ChatAnswer): void {
    const body = JSON.stringify(this.#format.answer(answer, this.terms));
    this.#outlet.whole(['content-type', 'application/json', ...this.#droppedField()], body);
  }

  /** The event that a failure is told by, where the head is out. */
  errorEvent(error: ProviderError): string {
    if (!this.#outlet.hasHead) return '';
    this.#writer ??= this.#format.stream(this.terms);
    return this.#writer.fail(error);
  }

  #write(writer: StreamWriter, events: readonly ChatEvent[], before: string, nowMs: number): boolean {
    return this.#outlet.write(before + events.map((event) => writer.write(event)).join(''), nowMs);
  }

  #begin(): void {
    if (!this.#outlet.hasHead) this.#outlet.begin([...streamFields, ...this.#droppedField()]);
  }

  #droppedField(): HeaderList {
    this.#told = listed(this.dropped);
    return this.#told === '' ? [] : [DROPPED, this.#told];
  }

  /** The head went with a heartbeat, and told of another model: comments are heard by nobody but people, and still say it. */
  #droppedLate(): string {
    const dropped = listed(this.dropped);
    return dropped === this.#told ? '' : `: ${DROPPED}: ${dropped}\n\n`;
  }
}

/** Names of fields may come from the caller, and go into a field or a line. */
function listed(fields: readonly string[]): string {
  const text = fields.join(', ').replace(/[^\x20-\x7e]/g, '?');
  return text.slice(0, 1_000);
}
