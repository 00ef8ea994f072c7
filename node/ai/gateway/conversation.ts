/**
 * One question and its answer, on the client's side: reads the body, asks through the chat onion (chat-layer.ts), and tells what comes
 * back in the caller's format, in time.
 *
 *   gathering ──▶ asking ──▶ answering ──▶ over
 *       │            │           │ failure: the format's error event, then the connection breaks
 *       └────────────┴── failure: an answer of its own
 *
 * There is one timer for all that is waited for here, which is armed for whatever is due first: the deadline's last word, a
 * heartbeat, the break of a stream that failed.
 */
import { type Failure, failure, timerFired } from '@weir/proto/http/failures.js';
import { type Cancel, type GatewayRequest, nothingToCancel, type ResponseHandler } from '../../pipeline/dispatch.js';
import { tokenCame } from '../../pipeline/pieces.js';
import type { Timer } from '../../time/clock.js';
import type { ChatAnswer, ChatEvent } from '../chat/chat-answer.js';
import type { ChatRequest } from '../chat/chat-request.js';
import { type ProviderError, providerError } from '../chat/provider-error.js';
import { isMisread, type Misread } from '../format.js';
import type { AiRules } from './ai-route.js';
import { BodyText, jsonOf } from './body-text.js';
import { labelOf, targetsOf } from './candidates.js';
import type { AskChat, ChatAnswering, ChatAsker, ChatFailure, Question } from './chat-layer.js';
import { answerOf, failureOf, inWordsOf, shownError } from './failed-model.js';
import { LAST_WORD_MS } from './models.js';
import type { Operation } from './operations.js';
import { newOutcome } from './outcome.js';
import { Outlet } from './outlet.js';
import { Telling } from './telling.js';

type Chat = Operation & { kind: 'chat' };

export class Conversation implements ChatAsker {
  readonly #request: GatewayRequest;
  readonly #operation: Chat;
  readonly #rules: AiRules;
  readonly #askChat: AskChat;
  readonly #outlet: Outlet;
  readonly #timer: Timer;
  #armedAtMs = Number.POSITIVE_INFINITY;
  #text: BodyText | null = null;
  #questionBytes = 0;
  /** Null: nothing was asked for yet. */
  #telling: Telling | null = null;
  #answering: ChatAnswering | null = null;
  #forgetJob: () => void = () => {};

  constructor(request: GatewayRequest, handler: ResponseHandler, operation: Chat, rules: AiRules, askChat: AskChat) {
    const { clock, timers } = rules.services;
    this.#request = request;
    this.#operation = operation;
    this.#rules = rules;
    this.#askChat = askChat;
    this.#outlet = new Outlet(handler, clock.nowMs(), () => this.#clientTakes());
    this.#timer = timers.create(() => this.#look());
  }

  begin(): Cancel {
    const { body } = this.#request;
    if (body === null) {
      this.#refuseField({ field: '', message: 'The request has no body.' });
      return nothingToCancel;
    }
    this.#text = new BodyText(body, this.#rules.services.bodies, (got) => this.#gathered(got));
    this.#text.read();
    return this.cancel;
  }

  /** The client has left, or a layer above has ended the exchange. */
  readonly cancel: Cancel = () => {
    if (this.#outlet.isOver) return;
    this.#outlet.close();
    this.#answering?.giveUp();
    this.#end();
  };

  #gathered(got: Uint8Array | Failure): void {
    if (this.#outlet.isOver) return;
    if (!(got instanceof Uint8Array)) {
      this.#fail(got, providerError('server', got.detail));
      return;
    }
    const { format } = this.#operation;
    this.#questionBytes = got.byteLength;
    const body = jsonOf(got);
    const chat = body === undefined ? { field: '', message: 'The body is no JSON in UTF-8.' } : format.read(body);
    if (isMisread(chat)) this.#refuseField(chat);
    else this.#ask(chat);
  }

  #ask(chat: ChatRequest): void {
    const { names, services } = this.#rules;
    const { format, idPrefix } = this.#operation;
    const { exchange } = this.#request;
    const targets = targetsOf(chat.model, names);
    if (targets === null) {
      const error = providerError('notFound', `The model \`${chat.model}\` is not offered here.`, { param: 'model' });
      this.#fail(failureOf(error, '', format, null), error);
      return;
    }
    const outcome = newOutcome(labelOf(chat.model, targets, names), format.operation);
    exchange.ai = outcome;
    const id = `${idPrefix}${exchange.id}`;
    const terms = { id, model: chat.model, nowS: Math.floor(services.clock.wallMs() / 1_000), request: chat };
    this.#telling = new Telling(this.#outlet, format, terms, outcome);
    // Without a job it is the client's deadline that holds, and that is sooner.
    this.#forgetJob = exchange.noJob?.listen(() => this.#arm()) ?? this.#forgetJob;
    this.#arm();
    const question: Question = {
      chat,
      targets,
      request: this.#request,
      bytes: this.#questionBytes,
      outcome,
      nameOf: (unsupported) => format.fieldName(unsupported, chat),
    };
    this.#answering = this.#askChat(question, this);
  }

  // What comes back.

  events(events: readonly ChatEvent[]): boolean {
    if (this.#telling === null || this.#outlet.isOver) return false;
    const isOpen = this.#telling.tell(events, this.#rules.services.clock.nowMs());
    tokenCame();
    return isOpen;
  }

  /** A valve that is closed is of no matter: the listener keeps what little the end is. */
  ended(): void {
    if (this.#telling === null || this.#outlet.isOver) return;
    this.#telling.end(this.#rules.services.clock.nowMs());
    this.#end();
  }

  answered(answer: ChatAnswer): void {
    if (this.#telling === null || this.#outlet.isOver) return;
    this.#end();
    this.#telling.whole(answer);
  }

  failed({ error, where, limit, misread, failure: own }: ChatFailure): void {
    const outcome = this.#request.exchange.ai;
    if (this.#outlet.isOver || outcome === null) return;
    const { format } = this.#operation;
    outcome.error = error.kind;
    if (misread !== null) this.#refuseField(misread);
    else if (own !== null) this.#fail(inWordsOf(format, own), error);
    else this.#fail(failureOf(error, where, format, limit), error);
  }

  // The ends.

  #refuseField(misread: Misread): void {
    const answer = answerOf(this.#operation.format.misread(misread));
    const error = providerError('invalidRequest', misread.message);
    this.#fail(failure('model_refused', 'the request can not be read, or not be done', { answer }), error);
  }

  /** `error`: for a stream whose head is out. */
  #fail(failed: Failure, error: ProviderError): void {
    const text = this.#telling?.errorEvent(shownError(error)) ?? '';
    this.#answering?.giveUp();
    this.#outlet.fail(failed, text, this.#rules.services.clock.nowMs());
    if (this.#outlet.isOver) this.#end();
    else this.#arm();
  }

  #end(): void {
    this.#forgetJob();
    this.#timer.cancel();
    this.#text?.release();
  }

  // Time.

  #clientTakes(): void {
    if (this.#outlet.isBreaking) this.#break();
    else this.#answering?.resume();
    this.#arm();
  }

  #break(): void {
    this.#outlet.break();
    this.#end();
  }

  #look(): void {
    this.#armedAtMs = Number.POSITIVE_INFINITY;
    if (this.#outlet.isOver) return;
    const nowMs = this.#rules.services.clock.nowMs();
    if (nowMs >= this.#outlet.breaksAtMs) this.#break();
    else if (!this.#outlet.isBreaking && nowMs >= this.#lastWordAtMs()) this.#deadlinePassed();
    else if (nowMs >= this.#heartbeatAtMs()) this.#telling?.heartbeat(nowMs);
    this.#arm();
  }

  #deadlinePassed(): void {
    const { services, route } = this.#rules;
    const { deadlineAtMs, receivedAtMs, ai: outcome } = this.#request.exchange;
    const limitMs = Math.round(deadlineAtMs - receivedAtMs);
    const until = this.#outlet.hasHead ? '' : ', and no model had answered';
    const error = providerError('timeout', `The deadline of the request passed, after ${limitMs} ms${until}.`);
    if (outcome !== null) outcome.error = 'timeout';
    services.observer.timerFired('total', route.id);
    const answer = answerOf(this.#operation.format.error(error));
    this.#fail({ ...timerFired('total', limitMs), answer }, error);
  }

  #lastWordAtMs(): number {
    return this.#request.exchange.deadlineAtMs - LAST_WORD_MS;
  }

  #heartbeatAtMs(): number {
    const { heartbeatMs } = this.#rules.spec;
    const isStream = this.#telling?.terms.request.isStream === true;
    const mayBeat = heartbeatMs > 0 && isStream && this.#outlet.isOpen && !this.#outlet.isBreaking;
    return mayBeat ? this.#outlet.lastSentAtMs + heartbeatMs : Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    if (this.#outlet.isOver || this.#telling === null) return;
    // Once the last word is said there is only its way to wait for.
    const dueAtMs = this.#outlet.isBreaking
      ? this.#outlet.breaksAtMs
      : Math.min(this.#lastWordAtMs(), this.#heartbeatAtMs());
    // A timer that looks too early is left alone, and looks again: heartbeats are put off by every event.
    if (dueAtMs >= this.#armedAtMs || dueAtMs === Number.POSITIVE_INFINITY) return;
    this.#armedAtMs = dueAtMs;
    this.#timer.arm(Math.max(0, dueAtMs - this.#rules.services.clock.nowMs()));
  }
}
