/**
 * One question to the models for all who ask the same: the first one's, whoever of them leaves. What comes is kept as it comes, so that
 * each reads it from its begin, at its own pace; and when it is whole, and good, it is stored.
 *
 *   leader ──▶ models ──events──▶ log ──▶ all who wait ──▶ stored
 *                        └─ failed: the leader hears why, and one of the others asks next
 *                        └─ longer than what is kept: nobody joins any more, and it is not stored
 */
import type { Lease } from '../../cache/l2/l2.js';
import type { PurgeSubject } from '../../cache/purge/marks.js';
import type { ChatAnswer, ChatEvent } from '../chat/chat-answer.js';
import { Gathering } from '../chat/gather.js';
import type { AskChat, ChatAnswering, ChatAsker, ChatFailure, Question } from '../gateway/chat-layer.js';
import { type LogReading, SharedLog } from '../streams/shared-log.js';
import type { Asked } from './kept-answers.js';

export type FlightEnd =
  | { readonly kind: 'ended'; readonly answer: ChatAnswer | null }
  | { readonly kind: 'answered'; readonly answer: ChatAnswer }
  | { readonly kind: 'failed'; readonly failure: ChatFailure };

/** One who waits for it. */
export interface Passenger {
  items(events: readonly ChatEvent[]): boolean;
  ended(end: FlightEnd): void;
  /** It has grown too long to be gathered: whoever needs it whole asks by himself. */
  overflowed(): void;
}

export interface FlightParts {
  readonly question: Question;
  readonly next: AskChat;
  readonly asked: Asked;
  readonly subject: PurgeSubject;
  /** That this node asks for all nodes; ends with the flight. */
  readonly lease: Lease | null;
  readonly sizeMax: number;
  readonly memory: { take(bytes: number): boolean; giveBack(bytes: number): void };
  /** It is whole; the lease is the receiver's. */
  keep(answer: ChatAnswer, lease: Lease | null): void;
  /** Nobody joins it any more. */
  left(): void;
}

export class Flight implements ChatAsker {
  readonly question: Question;
  readonly asked: Asked;
  readonly subject: PurgeSubject;
  readonly #parts: FlightParts;
  readonly #log: SharedLog<ChatEvent, FlightEnd>;
  readonly #gathering: Gathering;
  readonly #passengers = new Set<Passenger>();
  #leader: Passenger | null = null;
  #hasLeader = true;
  #billed: unknown = null;
  #lease: Lease | null;
  #answering: ChatAnswering | null = null;
  #isOver = false;

  constructor(parts: FlightParts) {
    this.question = parts.question;
    this.asked = parts.asked;
    this.subject = parts.subject;
    this.#parts = parts;
    this.#lease = parts.lease;
    const { sizeMax, memory } = parts;
    const onRoom = (): void => this.#answering?.resume();
    this.#log = new SharedLog({ sizeMax, sizeOf: sizeOfEvent, memory, onRoom });
    this.#gathering = new Gathering({ charactersMax: sizeMax });
  }

  /** After the first has joined. */
  begin(): void {
    this.#answering = this.#parts.next(this.question, this);
    if (this.#isOver) this.#answering.giveUp();
  }

  get isJoinable(): boolean {
    return !this.#isOver && this.#log.isWhole;
  }

  /** The reading begins closed. */
  join(passenger: Passenger): LogReading | null {
    const reading = this.#log.join(passenger, 0);
    if (reading === null) return null;
    this.#leader ??= passenger;
    this.#passengers.add(passenger);
    const leave = (): void => {
      this.#passengers.delete(passenger);
      if (passenger === this.#leader && !this.#isOver) this.#hasLeader = false;
      reading.leave();
      if (!this.#isOver && this.#passengers.size === 0) this.#giveUp();
    };
    return { resume: () => reading.resume(), leave };
  }

  /** Whose log line tells what it took: the leader's, or where he has left that of the first who asks for it. */
  bills(passenger: Passenger): boolean {
    this.#billed ??= this.#hasLeader ? this.question : passenger;
    return this.#billed === passenger;
  }

  events(events: readonly ChatEvent[]): boolean {
    if (this.#isOver) return false;
    const wasWhole = this.#log.isWhole;
    for (const event of events) this.#gathering.add(event);
    const hasRoom = this.#log.add(events);
    if (wasWhole && !this.#log.isWhole) this.#overflowed();
    return hasRoom && !this.#isOver;
  }

  ended(): void {
    const answer = this.#log.isWhole ? this.#gathering.answer() : null;
    this.#over(answer, { kind: 'ended', answer });
  }

  answered(answer: ChatAnswer): void {
    this.#over(answer, { kind: 'answered', answer });
  }

  failed(failure: ChatFailure): void {
    this.#over(null, { kind: 'failed', failure });
  }

  #over(answer: ChatAnswer | null, end: FlightEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts.left();
    const lease = this.#lease;
    this.#lease = null;
    if (answer === null) lease?.release(false);
    else this.#parts.keep(answer, lease);
    this.#log.end(end);
  }

  #overflowed(): void {
    this.#parts.left();
    this.#lease?.release(false);
    this.#lease = null;
    for (const passenger of [...this.#passengers]) passenger.overflowed();
  }

  #giveUp(): void {
    this.#isOver = true;
    this.#parts.left();
    this.#lease?.release(false);
    this.#lease = null;
    this.#answering?.giveUp();
    this.#log.close();
  }
}

/** As it counts against what is kept: text, and what each event takes beside it. */
function sizeOfEvent(event: ChatEvent): number {
  if ('text' in event) return EVENT_BYTES + event.text.length;
  return EVENT_BYTES + (event.kind === 'native' ? JSON.stringify(event.part.raw).length : 0);
}

const EVENT_BYTES = 64;
