/**
 * One request that is no chat, from its body to the end of its answer: attempts at providers by the same rules as for chats, and what the
 * client is told of them.
 *
 *   reading ──▶ asking ──first content──▶ passing ──▶ over
 *                │  ▲ unseen                 │ failure: told, and the connection breaks
 *                ▼  │                        ▼
 *              pausing                     over
 *
 * Decisions are made in pure files (candidates, attempts, key-standing, stream-clock). There is one timer, armed for whatever is due
 * first; one budget for all attempts, which is the deadline of the request. What the client does not take closes the valve of the
 * provider's connection.
 */
import { type Failure, timerFired } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import type { AiTargetSpec } from '@weir/proto/snapshot/ai.js';
import type { Cancel, GatewayRequest, ResponseHandler, ResponseHead } from '../../../pipeline/dispatch.js';
import type { Timer } from '../../../time/clock.js';
import type { MeteredEnd } from '../../budget/metered.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import { believedUsage } from '../../chat/usage-bounds.js';
import type { Misread } from '../../format.js';
import { isWrong, type Read } from '../../operations/read.js';
import type { AiRules } from '../ai-route.js';
import { Attempts, type Left, metBy, type Step } from '../attempts.js';
import { BodyText } from '../body-text.js';
import { type Candidate, inOrder, labelOf } from '../candidates.js';
import { answerOf, failureOf, inWordsOf, shownError } from '../failed-model.js';
import { LAST_WORD_MS } from '../models.js';
import { type AiOutcome, newOutcome } from '../outcome.js';
import { Outlet } from '../outlet.js';
import { PlainAttempt } from './plain-attempt.js';
import { PlainBill } from './plain-bill.js';
import { PlainFailure, refusalOf } from './plain-failure.js';
import type { ErrorWords, Meter, PlainAnswer, PlainQuestion } from './plain-question.js';
import type { PlainAsker, SaidError } from './plain-reply.js';
import { PlainTelling } from './plain-telling.js';

/** What is asked, and in which words. */
export interface PlainRoute {
  /** For metrics and traces. */
  readonly operation: string;
  readonly rules: AiRules;
  readonly words: ErrorWords;
  /** A provider's own refusal goes to the caller as it is. */
  readonly isNative: boolean;
  read(body: Uint8Array, contentType: string): Read<PlainQuestion>;
}

export class PlainCall implements PlainAsker {
  readonly #request: GatewayRequest;
  readonly #route: PlainRoute;
  readonly #rules: AiRules;
  readonly #outlet: Outlet;
  readonly #telling: PlainTelling;
  readonly #timer: Timer;
  #armedAtMs = Number.POSITIVE_INFINITY;
  #text: BodyText | null = null;
  #question: PlainQuestion | null = null;
  #candidates: readonly Candidate[] = [];
  #attempts: Attempts | null = null;
  #attempt: PlainAttempt | null = null;
  #next: { readonly step: Step & { kind: 'ask' }; readonly atMs: number } | null = null;
  readonly #failure = new PlainFailure();
  #outcome: AiOutcome = newOutcome('');
  /** Null: nothing is counted, or nothing was read yet. */
  #bill: PlainBill | null = null;

  constructor(request: GatewayRequest, handler: ResponseHandler, route: PlainRoute) {
    const { clock, timers } = route.rules.services;
    this.#request = request;
    this.#route = route;
    this.#rules = route.rules;
    this.#outlet = new Outlet(handler, clock.nowMs(), () => this.#clientTakes());
    this.#telling = new PlainTelling(this.#outlet);
    this.#timer = timers.create(() => this.#look());
  }

  begin(): Cancel {
    const { body } = this.#request;
    if (body === null) this.#gathered(new Uint8Array());
    else {
      this.#text = new BodyText(body, this.#rules.services.bodies, (got) => this.#gathered(got));
      this.#text.read();
    }
    return this.cancel;
  }

  /** The client has left, or a layer above has ended the exchange. */
  readonly cancel: Cancel = () => {
    if (this.#outlet.isOver) return;
    this.#outlet.close();
    this.#attempt?.giveUp();
    this.#settle('cut');
    this.#end();
  };

  #gathered(got: Uint8Array | Failure): void {
    if (this.#outlet.isOver) return;
    if (!(got instanceof Uint8Array)) {
      this.#fail(got);
      return;
    }
    const question = this.#route.read(got, headerValue(this.#request.headers, 'content-type') ?? '');
    if (isWrong(question)) this.#refuse(question);
    else this.#ask(question);
  }

  #ask(question: PlainQuestion): void {
    const { names, spec, services } = this.#rules;
    const { model } = question;
    const targets = question.targets(names);
    if (targets === null) {
      const error = providerError('notFound', `The model \`${model}\` is not offered here.`, { param: 'model' });
      this.#fail(failureOf(error, '', this.#route.words, null));
      return;
    }
    this.#outcome = newOutcome(labelOf(model, targets, names), this.#route.operation);
    this.#request.exchange.ai = this.#outcome;
    this.#question = question;
    this.#candidates = inOrder(targets, services.random);
    this.#attempts = new Attempts(this.#candidates, spec.attempts, services.random);
    const attempts = this.#attempts;
    const first = () => this.#go(attempts.first(this.#left()));
    this.#bill = this.#billOf(question, targets, first);
    if (this.#bill === null) first();
    else this.#bill.ticket.begin();
    this.#arm();
  }

  #billOf(question: PlainQuestion, targets: readonly AiTargetSpec[], first: () => void): PlainBill | null {
    const { gate } = this.#rules;
    if (gate === null) return null;
    return new PlainBill(
      gate,
      { request: this.#request, outcome: this.#outcome, question, targets },
      {
        admitted: first,
        refused: ({ error, failure: failed }) => {
          this.#outcome.error = error.kind;
          this.#fail(inWordsOf(this.#route.words, failed));
        },
      },
    );
  }

  #settle(end: MeteredEnd): void {
    this.#bill?.settle(end, this.#attempt, this.#outlet.hasHead);
  }

  /** Of how soon a model answers a chat, nothing follows for what is none. */
  #left(): Left {
    const leftMs = this.#lastWordAtMs() - this.#rules.services.clock.nowMs();
    return { leftMs, leastMs: () => 0 };
  }

  #go(step: Step): void {
    if (step.kind === 'end') this.#giveUp();
    else if (step.afterMs === 0) this.#begin(step);
    else {
      this.#next = { step, atMs: this.#rules.services.clock.nowMs() + step.afterMs };
      this.#arm();
    }
  }

  #begin(step: Step & { kind: 'ask' }): void {
    const attempts = this.#attempts;
    const candidate = this.#candidates[step.candidate];
    if (attempts === null || candidate === undefined) throw new Error('nothing was asked for yet');
    this.#next = null;
    const provider = this.#rules.ai.providers.get(candidate.provider);
    if (provider === undefined) throw new Error(`the snapshot has no AI provider "${candidate.provider}"`);
    const asked = this.#question === null ? null : this.#failure.askedOf(candidate, this.#question, this.#rules);
    if (asked === null) {
      this.#go(attempts.unable(step.candidate, this.#left()));
      return;
    }
    const before = step.how === 'key' ? this.#attempt : null;
    const attempt = new PlainAttempt({ request: this.#request, candidate, provider, asked, before }, this.#rules, this);
    const { refusal } = attempt.lease;
    if (refusal !== null) {
      this.#failure.note(refusal, null, candidate, null);
      this.#go(attempts.failed({ ...metBy(refusal), candidate: step.candidate, hasOtherKey: false }, this.#left()));
      return;
    }
    this.#bill?.moved(this.#attempt);
    this.#moved(step, candidate);
    this.#outcome.dropped = asked.lacks.map(({ field }) => field);
    this.#outcome.usage = null;
    attempts.begin();
    this.#attempt = attempt;
    this.#telling.forget();
    attempt.begin(step.how, this.#left().leftMs, attempts.hasBehind(step.candidate));
    this.#arm();
  }

  #moved({ how }: Step & { kind: 'ask' }, candidate: Candidate): void {
    const { services, route } = this.#rules;
    if (how !== 'first' && (this.#attempts?.begun ?? 0) > 0) {
      this.#outcome.moves.push({ how, provider: this.#outcome.provider, why: this.#failure.error.kind });
      services.observer.decided(how === 'model' ? 'fallback' : 'retry', route.id);
    }
    this.#outcome.provider = candidate.provider;
    this.#outcome.providerModel = candidate.model;
  }

  // What an attempt tells.

  passed(head: ResponseHead, chunk: Uint8Array, tokens: number): boolean {
    const attempt = this.#attempt;
    if (attempt === null || this.#outlet.isOver) return false;
    const nowMs = this.#rules.services.clock.nowMs();
    // What came in one piece with its failure is not begun with: it may still go elsewhere, unseen.
    const hasFailed = (attempt.reply.meter?.error ?? null) !== null;
    if (!this.#outlet.hasHead && hasFailed) return false;
    if (tokens > 0) attempt.contentCame(tokens, nowMs);
    const isContent = this.#telling.pass(chunk, tokens, nowMs);
    // From here on no other attempt takes its place.
    if (isContent) this.#telling.begin(head, attempt.asked.reading, this.#outcome, nowMs);
    if (!this.#outlet.isOpen) attempt.clock?.hold();
    this.#arm();
    return this.#outlet.isOpen;
  }

  ended(head: ResponseHead, { usage }: Meter): void {
    const attempt = this.#attempt;
    if (attempt === null || this.#outlet.isOver) return;
    this.#outcome.usage = usage && believedUsage(usage);
    this.#answered(attempt);
    this.#settle('whole');
    const nowMs = this.#rules.services.clock.nowMs();
    if (!this.#outlet.hasHead) this.#telling.begin(head, attempt.asked.reading, this.#outcome, nowMs);
    this.#end();
    this.#outlet.end();
  }

  answered(answer: PlainAnswer): void {
    const attempt = this.#attempt;
    if (attempt === null || this.#outlet.isOver) return;
    this.#outcome.usage = answer.usage && believedUsage(answer.usage);
    this.#answered(attempt);
    this.#settle('whole');
    this.#outcome.headers.push(...(this.#rules.gate?.costFields(this.#outcome) ?? []));
    this.#end();
    this.#telling.whole(answer, this.#outcome);
  }

  #answered(attempt: PlainAttempt): void {
    attempt.answered();
    this.#outcome.firstTokenMs = attempt.firstTokenMs;
  }

  failed(error: ProviderError, said: SaidError | null): void {
    const attempt = this.#attempt;
    if (attempt === null || this.#attempts === null || this.#outlet.isOver) return;
    const usage = attempt.reply.meter?.usage ?? null;
    this.#outcome.usage = usage && believedUsage(usage);
    attempt.failed(error);
    this.#failure.note(error, said, attempt.candidate, attempt.fired);
    if (this.#outlet.hasHead) {
      this.#giveUp();
      return;
    }
    const met = {
      ...metBy(error),
      candidate: this.#candidates.indexOf(attempt.candidate),
      hasOtherKey: attempt.lease.hasOther,
    };
    this.#go(this.#attempts.failed(met, this.#left()));
  }

  // The ends.

  #giveUp(): void {
    const { unable, error } = this.#failure;
    if (unable !== null && this.#attempts?.begun === 0) {
      const answer = this.#question?.fallBack() ?? null;
      if (answer === null) this.#refuse(unable);
      else {
        this.#settle('refused');
        this.#end();
        this.#telling.whole(answer, this.#outcome);
      }
      return;
    }
    this.#outcome.error = error.kind;
    this.#fail(this.#failure.told(this.#route.words, this.#route.isNative));
  }

  #refuse(misread: Misread): void {
    if (this.#outcome.model !== '') this.#outcome.error = 'invalidRequest';
    this.#fail(refusalOf(misread, this.#route.words));
  }

  #fail(failed: Failure): void {
    const { clock } = this.#rules.services;
    const reading = this.#attempt?.asked.reading;
    // An error that the provider has told in its stream has passed already.
    const isSaid = this.#attempt?.reply.meter?.isErrorTold ?? false;
    const isTold = this.#outlet.hasHead && reading?.kind === 'passed' && !isSaid;
    const text = isTold ? reading.errorEvent(shownError(this.#failure.error)) : '';
    this.#attempt?.giveUp();
    const { kind } = this.#failure.error;
    this.#settle(kind === 'timeout' || kind === 'cut' ? 'cut' : 'refused');
    this.#outlet.fail(failed, text, clock.nowMs());
    if (this.#outlet.isOver) this.#end();
    else this.#arm();
  }

  #end(): void {
    this.#next = null;
    this.#telling.forget();
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
    this.#attempt?.clock?.release(this.#rules.services.clock.nowMs());
    this.#attempt?.reply.resume();
    this.#arm();
  }

  #look(): void {
    this.#armedAtMs = Number.POSITIVE_INFINITY;
    if (this.#outlet.isOver) return;
    const nowMs = this.#rules.services.clock.nowMs();
    if (nowMs >= this.#outlet.breaksAtMs) {
      this.#outlet.break();
      this.#end();
      return;
    }
    if (this.#outlet.isBreaking) return;
    if (nowMs >= this.#lastWordAtMs()) this.#deadlinePassed();
    else if (this.#next !== null && nowMs >= this.#next.atMs) this.#begin(this.#next.step);
    else if (this.#next === null && this.#attempt?.hasPassed(nowMs) === true) this.#limitPassed(this.#attempt, nowMs);
    this.#arm();
  }

  #limitPassed(attempt: PlainAttempt, nowMs: number): void {
    const { services, route } = this.#rules;
    // All has been said, and the provider only keeps its connection open.
    if (attempt.reply.endedEarly()) return;
    const { timer, limitMs } = attempt.fire(nowMs);
    services.observer.timerFired(timer, route.id);
    const message = `The model was silent, or too slow: the limit \`${timer}\` of ${limitMs} ms passed.`;
    this.failed(providerError('timeout', message), null);
  }

  #deadlinePassed(): void {
    const { services, route } = this.#rules;
    const { deadlineAtMs, receivedAtMs } = this.#request.exchange;
    const limitMs = Math.round(deadlineAtMs - receivedAtMs);
    const error = providerError('timeout', `The deadline of the request passed, after ${limitMs} ms.`);
    this.#failure.timedOut(error);
    this.#outcome.error = 'timeout';
    services.observer.timerFired('total', route.id);
    const answer = answerOf(this.#route.words.error(error));
    this.#fail({ ...timerFired('total', limitMs), answer });
  }

  #lastWordAtMs(): number {
    return this.#request.exchange.deadlineAtMs - LAST_WORD_MS;
  }

  #arm(): void {
    if (this.#outlet.isOver || this.#attempts === null) return;
    // Once the last word is said there is only its way to wait for.
    const dueAtMs = this.#outlet.isBreaking
      ? this.#outlet.breaksAtMs
      : Math.min(this.#lastWordAtMs(), this.#next?.atMs ?? this.#attempt?.dueAtMs() ?? Number.POSITIVE_INFINITY);
    // A timer that looks too early is left alone, and looks again: content comes far more often than limits pass.
    if (dueAtMs >= this.#armedAtMs || dueAtMs === Number.POSITIVE_INFINITY) return;
    this.#armedAtMs = dueAtMs;
    this.#timer.arm(Math.max(0, dueAtMs - this.#rules.services.clock.nowMs()));
  }
}
