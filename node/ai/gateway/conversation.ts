/**
 * One question and its answer: the driver of an AI request. Decisions are made in pure files beside this one (attempts, key-standing,
 * stream-clock); this one reads the body, asks, translates and tells the time.
 *
 *   gathering ──▶ asking ──content──▶ answering ──▶ over
 *       │          │  ▲                  │ failure: the format's error event, then the connection breaks
 *       │          ▼  │ unseen           │
 *       │         pausing                │
 *       └── refused: an answer of its own┘
 *
 * Until the first content has come, nothing of an attempt has been seen (telling.ts), so a failure or a stall moves on to the next one.
 * There is one timer for all that is waited for, which is armed for whatever is due first.
 */
import { type Failure, failure, timerFired } from '@weir/proto/http/failures.js';
import { type Cancel, type GatewayRequest, nothingToCancel, type ResponseHandler } from '../../pipeline/dispatch.js';
import type { Timer } from '../../time/clock.js';
import { type ChatAnswer, type ChatEvent, isContent, type Usage } from '../chat/chat-answer.js';
import type { ChatRequest } from '../chat/chat-request.js';
import { type ProviderError, providerError } from '../chat/provider-error.js';
import { isMisread, type Misread } from '../format.js';
import type { AiRules } from './ai-route.js';
import { Asking } from './asking.js';
import { Attempts, type Left, type Step } from './attempts.js';
import { BodyText, jsonOf } from './body-text.js';
import { type Candidate, inOrder, targetsOf } from './candidates.js';
import { answerOf, type FiredLimit, failureOf, shownError } from './failed-model.js';
import type { Operation } from './operations.js';
import { type AiOutcome, newOutcome } from './outcome.js';
import { Outlet } from './outlet.js';
import { tokensIn } from './stream-clock.js';
import { Telling } from './telling.js';

/** Before the deadline: two turns of the timer wheel and some, so that a stream can be told why it ends. */
const LAST_WORD_MS = 20;

type Chat = Operation & { kind: 'chat' };

export class Conversation {
  readonly #request: GatewayRequest;
  readonly #operation: Chat;
  readonly #rules: AiRules;
  readonly #outlet: Outlet;
  readonly #timer: Timer;
  #armedAtMs = Number.POSITIVE_INFINITY;
  #text: BodyText | null = null;
  #questionBytes = 0;
  /** Null: nothing was asked for yet. */
  #telling: Telling | null = null;
  #candidates: readonly Candidate[] = [];
  #attempts: Attempts | null = null;
  #asking: Asking | null = null;
  #next: { readonly step: Step & { kind: 'ask' }; readonly atMs: number } | null = null;
  /** How the last attempt ended that was made, or was not made. */
  #lastError: ProviderError = providerError('timeout', 'There is not enough time left to ask a model.');
  #lastWhere = '';
  #lastLimit: FiredLimit | null = null;
  /** A field that a candidate can't do, where that is why it was not asked. */
  #unable: Misread | null = null;
  #characters = 0;
  #outcome: AiOutcome = newOutcome('');

  constructor(request: GatewayRequest, handler: ResponseHandler, operation: Chat, rules: AiRules) {
    const { clock, timers } = rules.services;
    this.#request = request;
    this.#operation = operation;
    this.#rules = rules;
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
    this.#asking?.giveUp();
    this.#end();
  };

  #gathered(got: Uint8Array | Failure): void {
    if (this.#outlet.isOver) return;
    if (!(got instanceof Uint8Array)) {
      this.#fail(got);
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
    const { names, spec, services } = this.#rules;
    const { format, idPrefix } = this.#operation;
    const { exchange } = this.#request;
    const isNamed = names.models.has(chat.model) || names.allowed.has(chat.model);
    const targets = targetsOf(chat.model, names);
    if (targets === null) {
      const error = providerError('notFound', `The model \`${chat.model}\` is not offered here.`, { param: 'model' });
      this.#fail(failureOf(error, '', format, null));
      return;
    }
    this.#outcome = newOutcome(isNamed ? chat.model : `${targets[0]?.provider ?? ''}/*`);
    exchange.ai = this.#outcome;
    const id = `${idPrefix}${exchange.id}`;
    const terms = { id, model: chat.model, nowS: Math.floor(services.clock.wallMs() / 1_000), request: chat };
    this.#telling = new Telling(this.#outlet, format, terms);
    this.#candidates = inOrder(targets, services.random);
    this.#attempts = new Attempts(this.#candidates, spec.attempts, services.random);
    this.#go(this.#attempts.first(this.#left()));
  }

  #left(): Left {
    const { services, ai } = this.#rules;
    const nowMs = services.clock.nowMs();
    return {
      leftMs: this.#request.exchange.deadlineAtMs - LAST_WORD_MS - nowMs,
      leastMs: (index) => {
        const { provider = '', model = '' } = this.#candidates[index] ?? {};
        return ai.waits.leastMs(`${provider}/${model}`, nowMs);
      },
    };
  }

  #go(step: Step): void {
    if (step.kind === 'end') {
      this.#giveUp();
      return;
    }
    const nowMs = this.#rules.services.clock.nowMs();
    if (step.afterMs > 0) {
      this.#next = { step, atMs: nowMs + step.afterMs };
      this.#arm();
    } else this.#begin(step);
  }

  #begin(step: Step & { kind: 'ask' }): void {
    const telling = this.#telling;
    const attempts = this.#attempts;
    const candidate = this.#candidates[step.candidate];
    if (telling === null || attempts === null || candidate === undefined) throw new Error('nothing was asked for yet');
    this.#next = null;
    const asking = new Asking(this.#request, telling.terms, candidate, this.#rules, this);
    const unsupported = asking.unsupported(this.#operation.format);
    if (unsupported.length > 0 && this.#rules.spec.unsupported === 'refuse') {
      this.#unable ??= unsupported[0] ?? null;
      this.#go(attempts.unable(step.candidate, this.#left()));
      return;
    }
    asking.takeKey(step.how === 'key' ? this.#asking : null);
    if (asking.noKey !== null) {
      this.#lastError = asking.noKey;
      this.#lastWhere = candidate.provider;
      this.#go(
        attempts.failed({ ...metBy(asking.noKey), candidate: step.candidate, hasOtherKey: false }, this.#left()),
      );
      return;
    }
    this.#moved(step, candidate);
    telling.dropped = unsupported.map(({ field }) => field);
    this.#outcome.dropped = telling.dropped;
    attempts.begin();
    this.#asking = asking;
    telling.forget();
    this.#outcome.usage = null;
    asking.begin(step, this.#left().leftMs, this.#candidates.length > 1 && attempts.begun < this.#rules.spec.attempts);
    this.#arm();
  }

  #moved({ how }: Step & { kind: 'ask' }, candidate: Candidate): void {
    const { services, route } = this.#rules;
    if (how !== 'first' && this.#attempts !== null && this.#attempts.begun > 0) {
      this.#outcome.moves.push({ how, provider: this.#outcome.provider, why: this.#lastError.kind });
      services.observer.decided(how === 'model' ? 'fallback' : 'retry', route.id);
    }
    this.#outcome.provider = candidate.provider;
    this.#outcome.providerModel = candidate.model;
  }

  // What an attempt tells.

  events(events: readonly ChatEvent[], breaksOff: boolean): boolean {
    const asking = this.#asking;
    const telling = this.#telling;
    if (asking === null || telling === null || this.#outlet.isOver) return false;
    // What came in one piece with its failure is not begun with: it may still go elsewhere, unseen.
    if (!telling.hasBegun && breaksOff) return false;
    const nowMs = this.#rules.services.clock.nowMs();
    for (const event of events) this.#see(event, asking, nowMs);
    const isOpen = telling.tell(events, nowMs);
    if (!isOpen) asking.clock?.hold();
    this.#arm();
    return isOpen;
  }

  #see(event: ChatEvent, asking: Asking, nowMs: number): void {
    asking.wholeness.see(event);
    if (event.kind === 'usage') this.#outcome.usage = event.usage;
    if (!isContent(event)) return;
    const characters = 'text' in event ? event.text.length : 0;
    this.#characters += characters;
    asking.clock?.content(tokensIn(characters), nowMs);
  }

  ended(): void {
    const asking = this.#asking;
    const telling = this.#telling;
    if (asking === null || telling === null || this.#outlet.isOver) return;
    if (!asking.wholeness.isWhole || !telling.hasBegun) {
      this.failed(providerError('cut', 'The stream of the provider ended before its answer did.'));
      return;
    }
    this.#answered(asking);
    telling.end(this.#rules.services.clock.nowMs());
    this.#end();
  }

  answered(answer: ChatAnswer): void {
    const asking = this.#asking;
    if (asking === null || this.#telling === null || this.#outlet.isOver) return;
    this.#outcome.usage = answer.usage;
    this.#answered(asking);
    this.#end();
    this.#telling.whole(answer);
  }

  #answered(asking: Asking): void {
    const nowMs = this.#rules.services.clock.nowMs();
    asking.over('answered', null);
    const firstTokenMs = asking.clock?.firstTokenMs ?? Number.NaN;
    this.#outcome.firstTokenMs = firstTokenMs;
    if (firstTokenMs >= 0) this.#rules.ai.waits.seen(asking.name, firstTokenMs, nowMs);
  }

  failed(error: ProviderError): void {
    const asking = this.#asking;
    if (asking === null || this.#attempts === null || this.#outlet.isOver) return;
    asking.overBy(error);
    this.#lastError = error;
    this.#lastWhere = asking.candidate.provider;
    this.#lastLimit = asking.fired;
    if (this.#telling?.hasBegun === true) {
      this.#giveUp();
      return;
    }
    const met = {
      ...metBy(error),
      candidate: this.#candidates.indexOf(asking.candidate),
      hasOtherKey: asking.hasOtherKey,
    };
    this.#go(this.#attempts.failed(met, this.#left()));
  }

  // The ends.

  #giveUp(): void {
    const { format } = this.#operation;
    this.#outcome.error = this.#lastError.kind;
    if (this.#unable !== null && this.#attempts?.begun === 0) {
      this.#refuseField(this.#unable);
      return;
    }
    this.#fail(failureOf(this.#lastError, this.#lastWhere, format, this.#lastLimit));
  }

  #refuseField(misread: Misread): void {
    const answer = answerOf(this.#operation.format.misread(misread));
    this.#fail(failure('model_refused', 'the request can not be read, or not be done', { answer }), misread.message);
  }

  /** `message`: for a stream that has begun with a heartbeat, where the last error is not the reason. */
  #fail(failed: Failure, message: string | null = null): void {
    const { services } = this.#rules;
    const error = message === null ? shownError(this.#lastError) : providerError('invalidRequest', message);
    const text = this.#telling?.errorEvent(error) ?? '';
    this.#asking?.giveUp();
    this.#countUsage();
    this.#outlet.fail(failed, text, services.clock.nowMs());
    if (this.#outlet.isOver) this.#end();
    else this.#arm();
  }

  /** Without a word from the provider, for its answer was not heard to the end. */
  #countUsage(): void {
    if (this.#outcome.usage !== null || this.#characters === 0) return;
    const usage: Usage = {
      ...{ input: tokensIn(this.#questionBytes), output: tokensIn(this.#characters) },
      ...{ cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: true },
    };
    this.#outcome.usage = usage;
  }

  #end(): void {
    this.#countUsage();
    if (this.#asking !== null && !(this.#outcome.firstTokenMs >= 0))
      this.#outcome.firstTokenMs = this.#asking.clock?.firstTokenMs ?? Number.NaN;
    this.#next = null;
    this.#timer.cancel();
    this.#text?.release();
  }

  // Time.

  #clientTakes(): void {
    if (this.#outlet.isBreaking) {
      this.#outlet.break();
      this.#end();
      return;
    }
    const asking = this.#asking;
    asking?.clock?.release(this.#rules.services.clock.nowMs());
    asking?.resume();
    this.#arm();
  }

  #look(): void {
    this.#armedAtMs = Number.POSITIVE_INFINITY;
    if (this.#outlet.isOver) return;
    const { services } = this.#rules;
    const nowMs = services.clock.nowMs();
    if (nowMs >= this.#outlet.breaksAtMs) {
      this.#outlet.break();
      this.#end();
      return;
    }
    if (this.#outlet.isBreaking) return;
    if (nowMs >= this.#lastWordAtMs()) this.#deadlinePassed();
    else if (this.#next !== null && nowMs >= this.#next.atMs) this.#begin(this.#next.step);
    else if (this.#asking?.hasPassed(nowMs) === true) this.#limitPassed(this.#asking);
    else if (nowMs >= this.#heartbeatAtMs()) this.#telling?.heartbeat(nowMs);
    this.#arm();
  }

  #limitPassed(asking: Asking): void {
    const { services, route } = this.#rules;
    // All has been said, and the provider only keeps its connection open: that is no failure of the answer.
    if (asking.wholeness.isWhole && asking.endsWhole()) {
      this.ended();
      return;
    }
    const { timer, limitMs } = asking.fire(services.clock.nowMs());
    services.observer.timerFired(timer, route.id);
    this.failed(
      providerError('timeout', `The model was silent, or too slow: the limit \`${timer}\` of ${limitMs} ms passed.`),
    );
  }

  #deadlinePassed(): void {
    const { services, route } = this.#rules;
    const { deadlineAtMs, receivedAtMs } = this.#request.exchange;
    const { format } = this.#operation;
    const limitMs = Math.round(deadlineAtMs - receivedAtMs);
    this.#lastError = providerError('timeout', `The deadline of the request passed, after ${limitMs} ms.`);
    this.#outcome.error = 'timeout';
    services.observer.timerFired('total', route.id);
    this.#fail({ ...timerFired('total', limitMs), answer: answerOf(format.error(this.#lastError)) });
  }

  #lastWordAtMs(): number {
    return this.#request.exchange.deadlineAtMs - LAST_WORD_MS;
  }

  #heartbeatAtMs(): number {
    const { heartbeatMs } = this.#rules.spec;
    const mayBeat = heartbeatMs > 0 && this.#telling?.terms.request.isStream === true && this.#outlet.isOpen;
    return mayBeat ? this.#outlet.lastSentAtMs + heartbeatMs : Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    if (this.#outlet.isOver || this.#attempts === null) return;
    const nowMs = this.#rules.services.clock.nowMs();
    // Once the last word is said there is only its way to wait for.
    const dueAtMs = this.#outlet.isBreaking
      ? this.#outlet.breaksAtMs
      : Math.min(
          this.#lastWordAtMs(),
          this.#next?.atMs ?? Number.POSITIVE_INFINITY,
          this.#next === null ? (this.#asking?.dueAtMs() ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
          this.#heartbeatAtMs(),
        );
    // A timer that looks too early is left alone, and looks again: content comes far more often than limits pass.
    if (dueAtMs >= this.#armedAtMs || dueAtMs === Number.POSITIVE_INFINITY) return;
    this.#armedAtMs = dueAtMs;
    this.#timer.arm(Math.max(0, dueAtMs - nowMs));
  }
}

function metBy({ kind, retryAfterMs }: ProviderError) {
  return { error: kind, retryAfterMs };
}
