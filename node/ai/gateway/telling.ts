/**
 * What the client is told of an answer, in the words of its format: whole, or event by event. The head goes out with the first event,
 * or with a heartbeat before it.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { ChatAnswer, ChatEvent } from '../chat/chat-answer.js';
import type { ProviderError } from '../chat/provider-error.js';
import type { AnswerTerms, ChatFormat, StreamWriter } from '../format.js';
import type { AiOutcome } from './outcome.js';
import type { Outlet } from './outlet.js';

const DROPPED = 'x-weir-dropped';
const RESUMED = 'x-weir-resumed';
const ESTIMATED: HeaderList = ['x-weir-estimated', 'usage'];

/** Proxies on the way that gather answers before they pass them on would make a heartbeat and a stream useless (nginx). */
const streamFields: HeaderList = [
  ...['content-type', 'text/event-stream; charset=utf-8', 'cache-control', 'no-cache'],
  ...['x-accel-buffering', 'no'],
];

export class Telling {
  readonly terms: AnswerTerms;
  readonly #outlet: Outlet;
  readonly #format: ChatFormat;
  #writer: StreamWriter | null = null;
  readonly #outcome: AiOutcome;
  /** What the head has told of fields that were dropped. */
  #told = '';
  #resumedTold = 0;

  constructor(outlet: Outlet, format: ChatFormat, terms: AnswerTerms, outcome: AiOutcome) {
    this.#outlet = outlet;
    this.#format = format;
    this.terms = terms;
    this.#outcome = outcome;
  }

  /** Whether the client takes more. */
  tell(events: readonly ChatEvent[], nowMs: number): boolean {
    if (this.#writer !== null) return this.#write(this.#writer, events, this.#resumedLate(), nowMs);
    const late = this.#outlet.hasHead ? this.#droppedLate() : '';
    this.#begin();
    this.#writer = this.#format.stream(this.terms);
    return this.#write(this.#writer, events, late, nowMs);
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
    const format = this.#format;
    const body = format.answerText?.(answer, this.terms) ?? JSON.stringify(format.answer(answer, this.terms));
    const estimated = answer.usage?.isEstimated === true ? ESTIMATED : [];
    const fields = ['content-type', 'application/json', ...this.#outcome.headers, ...estimated];
    this.#outlet.whole([...fields, ...this.#droppedField()], body);
  }

  /** The event that a failure is told by, where the head is out. */
  errorEvent(error: ProviderError): string {
    if (!this.#outlet.hasHead) return '';
    this.#writer ??= this.#format.stream(this.terms);
    return this.#writer.fail(error);
  }

  #write(writer: StreamWriter, events: readonly ChatEvent[], before: string, nowMs: number): boolean {
    let text = before;
    for (const event of events) {
      if (event.kind === 'usage' && event.usage.isEstimated) text += this.#estimatedLate();
      text += writer.write(event);
    }
    return this.#outlet.write(text, nowMs);
  }

  #begin(): void {
    if (!this.#outlet.hasHead) this.#outlet.begin([...streamFields, ...this.#outcome.headers, ...this.#droppedField()]);
  }

  /** The head is out, and formats have no place for it: a comment, which clients pass over as they do heartbeats. */
  #resumedLate(): string {
    const { resumed } = this.#outcome;
    if (resumed.length === this.#resumedTold) return '';
    const late = resumed.slice(this.#resumedTold);
    this.#resumedTold = resumed.length;
    return late
      .map((one) => `: ${RESUMED}: ${listed([`${one.provider}/${one.providerModel}`])}; ${one.how}\n\n`)
      .join('');
  }

  /** For who is told figures, and does not learn from them that they were counted here. */
  #estimatedLate(): string {
    return this.terms.request.wantsStreamUsage ? `: ${ESTIMATED.join(': ')}\n\n` : '';
  }

  #droppedField(): HeaderList {
    this.#told = listed(this.#outcome.dropped);
    return this.#told === '' ? [] : [DROPPED, this.#told];
  }

  /** The head went with a heartbeat, and told of another model: comments are heard by nobody but people, and still say it. */
  #droppedLate(): string {
    const dropped = listed(this.#outcome.dropped);
    return dropped === this.#told ? '' : `: ${DROPPED}: ${dropped}\n\n`;
  }
}

/** Names of fields may come from the caller, and go into a field or a line. */
function listed(fields: readonly string[]): string {
  const text = fields.join(', ').replace(/[^\x20-\x7e]/g, '?');
  return text.slice(0, 1_000);
}
