/**
 * The innermost of the chat onion: one question, and the attempts at models that answer it. Decisions are made in pure files beside
 * this one (candidates, attempts, key-standing, stream-clock) and in ../route/; this one asks, holds back, and tells the time of attempts.
 *
 *   asking ──content──▶ answering ──▶ over
 *    │ ▲  └─late─▶ racing ──▲ │ failure: told, and over; or, where the route resumes and there is text alone, asking again
 *    ▼ │ unseen      one of two: the other is aborted
 *   pausing
 *
 * What comes before content (who answers, a role, first figures) is held with the attempt that it came from, so a failure or a stall
 * until then moves on to the next attempt, and nobody sees it. There is one timer, armed for whatever is due first.
 */
import type { Timer } from '../../time/clock.js';
import type { ChatAnswer, ChatEvent } from '../chat/chat-answer.js';
import { type ProviderError, providerError } from '../chat/provider-error.js';
import { affinityOf, drawBy } from '../route/affinity.js';
import { carriesOn, mayEverContinue, Said } from '../route/continuation.js';
import { Hedging } from '../route/hedging.js';
import { planOf } from '../route/plan.js';
import type { AiRules } from './ai-route.js';
import type { Asking } from './asking.js';
import { Attempts, type Left, metBy, type Step } from './attempts.js';
import type { Candidate } from './candidates.js';
import { type AskChat, type ChatAnswering, type ChatAsker, chatFailure, type Question } from './chat-layer.js';
import type { Entrant, Race } from './entrant.js';
import { Entrants } from './entrants.js';
import type { FiredLimit } from './failed-model.js';
import { Lessons } from './lessons.js';
import { Takings } from './takings.js';

/** Before the deadline: two turns of the timer wheel and some, so that a stream can be told why it ends. */
export const LAST_WORD_MS = 20;

export const askModels = (rules: AiRules): AskChat => {
  const { spec, route, ai, services } = rules;
  const hedging = spec.hedge === undefined ? null : new Hedging(spec.hedge, route.id, ai.firstTokens, services.budgets);
  return (question, asker) => {
    const models = new Models(question, asker, rules, hedging);
    models.begin();
    return models;
  };
};

type Ask = Step & { kind: 'ask' };

class Models implements ChatAnswering, Race {
  readonly #question: Question;
  readonly #asker: ChatAsker;
  readonly #rules: AiRules;
  /** Null: one attempt at a time. */
  readonly #hedging: Hedging | null;
  readonly #timer: Timer;
  readonly #candidates: readonly Candidate[];
  readonly #attempts: Attempts;
  readonly #entrants: Entrants;
  readonly #takings: Takings;
  readonly #lessons: Lessons;
  /** What was told; null: nobody carries it on. */
  readonly #said: Said | null;
  #armedAtMs = Number.POSITIVE_INFINITY;
  #hedgeAtMs = Number.POSITIVE_INFINITY;
  #next: { readonly step: Ask; readonly atMs: number } | null = null;
  /** Attempts that are under way: two where a stream is hedged. */
  #live: readonly Entrant[] = [];
  /** Whose answer is told, so that no other takes its place. */
  #chosen: Entrant | null = null;
  /** The one that failed last. */
  #last: Entrant | null = null;
  #isOver = false;
  /** How the last attempt ended that was made, or was not made. */
  #lastError: ProviderError = providerError('timeout', 'There is not enough time left to ask a model.');
  #lastWhere = '';
  #lastLimit: FiredLimit | null = null;

  constructor(question: Question, asker: ChatAsker, rules: AiRules, hedging: Hedging | null) {
    const { services, spec, ai } = rules;
    const { chat, targets, request } = question;
    this.#question = question;
    this.#asker = asker;
    this.#rules = rules;
    this.#hedging = chat.isStream ? hedging : null;
    this.#timer = services.timers.create(() => this.#look());
    this.#takings = new Takings(question.outcome);
    this.#lessons = new Lessons(rules, this.#hedging);
    this.#said = spec.resume === 'continue' && chat.isStream && mayEverContinue(chat) ? new Said() : null;
    const choice = ai.models.get(chat.model)?.choice ?? null;
    const draw = drawBy(affinityOf(choice?.affinity ?? null, chat, request.headers), services.random);
    const plan = planOf(targets, choice, chat, draw, {
      ...{ speeds: ai.speeds, random: services.random, nowMs: services.clock.nowMs(), wallMs: services.clock.wallMs() },
      card: ({ provider, model }) => ai.cards.get(`${provider}/${model}`) ?? null,
    });
    this.#candidates = plan.candidates;
    this.#entrants = new Entrants(this, question, plan.candidates, draw, rules);
    this.#attempts = new Attempts(plan.candidates, spec.attempts, services.random, plan.met);
  }

  begin(): void {
    this.#hedging?.budget.deposit(this.#nowMs());
    this.#go(this.#attempts.first(this.#left()));
  }

  resume(): void {
    if (this.#isOver) return;
    this.#chosen?.asking.clock?.release(this.#nowMs());
    this.#chosen?.asking.resume();
    this.#arm();
  }

  giveUp(): void {
    if (this.#isOver) return;
    const [first = null] = this.#live;
    for (const entrant of this.#live) {
      this.#leave(entrant);
      if (entrant !== first) this.#takings.besides(entrant, 'hedge');
    }
    this.#end(this.#chosen ?? first ?? this.#last);
  }

  #nowMs(): number {
    return this.#rules.services.clock.nowMs();
  }

  #left(): Left {
    const { services, ai } = this.#rules;
    const nowMs = services.clock.nowMs();
    return {
      leftMs: this.#question.request.exchange.deadlineAtMs - LAST_WORD_MS - nowMs,
      leastMs: (index) => {
        const { provider = '', model = '' } = this.#candidates[index] ?? {};
        return ai.waits.leastMs(`${provider}/${model}`, nowMs);
      },
    };
  }

  // Attempts begin.

  #go(step: Step): void {
    if (step.kind === 'end') {
      this.#fail();
      return;
    }
    if (step.afterMs > 0) {
      this.#next = { step, atMs: this.#nowMs() + step.afterMs };
      this.#arm();
    } else this.#begin(step);
  }

  #begin(step: Ask): void {
    this.#next = null;
    const entrant = this.#entrant(step, step.how === 'key' ? (this.#last?.asking ?? null) : null);
    if (entrant === null) {
      this.#go(this.#attempts.unable(step.candidate, this.#left()));
      return;
    }
    const { noKey, candidate } = entrant.asking;
    if (noKey !== null) {
      this.#lastError = noKey;
      this.#lastWhere = candidate.provider;
      this.#go(this.#attempts.failed({ ...metBy(noKey), candidate: step.candidate, hasOtherKey: false }, this.#left()));
      return;
    }
    const { services, route } = this.#rules;
    const { outcome } = this.#question;
    if (step.how !== 'first' && this.#attempts.begun > 0) {
      outcome.moves.push({ how: step.how, provider: outcome.provider, why: this.#lastError.kind });
      services.observer.decided(step.how === 'model' ? 'fallback' : 'retry', route.id);
    }
    this.#takings.stoodIn();
    this.#name(entrant);
    if (this.#hedging !== null && outcome.hedge === null && !this.#takings.hasCarried)
      this.#hedgeAtMs = this.#nowMs() + this.#hedging.delayMs(entrant.asking.name, this.#nowMs());
    this.#start(entrant, step);
  }

  /** Null: its provider can't do what is asked. It may also lack a key. */
  #entrant(step: Ask, before: Asking | null): Entrant | null {
    return this.#entrants.make(step, before, this.#takings.hasCarried ? (this.#said?.text ?? null) : null);
  }

  #start(entrant: Entrant, step: Ask): void {
    this.#question.outcome.usage = null;
    this.#attempts.begin();
    this.#live = [...this.#live, entrant];
    entrant.asking.begin(step, this.#left().leftMs, this.#attempts.hasBehind(step.candidate));
    this.#arm();
  }

  /** The first one is late: another is asked beside it, where there is one, and where there is room for its cost. */
  #hedge(slow: Entrant): void {
    this.#hedgeAtMs = Number.POSITIVE_INFINITY;
    const { services, route } = this.#rules;
    for (;;) {
      const step = this.#attempts.hedge(slow.candidate, slow.asking.hasOtherKey, this.#left());
      if (step === null) return;
      const entrant = this.#entrant(step, step.candidate === slow.candidate ? slow.asking : null);
      if (entrant === null || entrant.asking.noKey !== null) {
        // Left out of this request for good, so this comes to an end.
        if (step.candidate === slow.candidate) return;
        this.#attempts.passOver(step.candidate);
        continue;
      }
      if (this.#hedging?.budget.withdraw(services.clock.nowMs()) !== true) {
        services.observer.decided('hedge_refused_budget', route.id);
        return;
      }
      services.observer.decided('hedge', route.id);
      this.#question.outcome.hedge = 'lost';
      this.#start(entrant, step);
      return;
    }
  }

  /** Who is asked last, or answers. */
  #name({ asking }: Entrant): void {
    const { outcome } = this.#question;
    outcome.provider = asking.candidate.provider;
    outcome.providerModel = asking.candidate.model;
    outcome.dropped = asking.unsupported.map(({ field }) => field);
  }

  // What an attempt tells.

  came(entrant: Entrant, events: readonly ChatEvent[], breaksOff: boolean): boolean {
    if (this.#isOver || !this.#live.includes(entrant)) return false;
    // What came in one piece with its failure is not begun with: it may still go elsewhere, unseen.
    if (this.#chosen === null && breaksOff) return false;
    const isFirst = !(entrant.firstTokenMs >= 0);
    entrant.see(events, this.#nowMs());
    const told =
      entrant.continuing === null
        ? events
        : entrant.continuing.read(events).map((event) => this.#takings.summed(event));
    const isOpen = this.#tell(entrant, told);
    // Whoever reads waits for the first token, and nobody for what is learnt of it.
    if (isFirst && entrant.firstTokenMs >= 0) this.#lessons.began(entrant, this.#nowMs());
    if (!isOpen) entrant.asking.clock?.hold();
    this.#arm();
    return isOpen;
  }

  #tell(entrant: Entrant, events: readonly ChatEvent[]): boolean {
    const kept = this.#chosen === entrant ? events : entrant.hold(events);
    if (kept === null) return true;
    if (this.#chosen === null) this.#choose(entrant);
    if (this.#said !== null) for (const event of kept) this.#said.see(event);
    return kept.length === 0 || this.#asker.events(kept);
  }

  /** From here on nothing is heard of another one. */
  #choose(entrant: Entrant): void {
    const { outcome } = this.#question;
    this.#chosen = entrant;
    this.#hedgeAtMs = Number.POSITIVE_INFINITY;
    for (const other of this.#live) {
      if (other === entrant) continue;
      this.#leave(other);
      this.#takings.besides(other, 'hedge');
    }
    this.#live = [entrant];
    this.#name(entrant);
    if (entrant.isHedge) {
      outcome.hedge = 'won';
      this.#rules.services.observer.decided('hedge_won', this.#rules.route.id);
    }
    const { provider, model } = entrant.asking.candidate;
    if (entrant.continuing !== null)
      outcome.resumed.push({ provider, providerModel: model, how: entrant.continuing.kind });
  }

  endedBy(entrant: Entrant): void {
    if (this.#isOver || !this.#live.includes(entrant)) return;
    if (!entrant.asking.wholeness.isWhole || this.#chosen !== entrant) {
      this.failedBy(entrant, providerError('cut', 'The stream of the provider ended before its answer did.'));
      return;
    }
    this.#takings.ended(entrant);
    this.#lessons.streamed(entrant, this.#nowMs());
    this.#answered(entrant);
    this.#asker.ended();
  }

  answeredBy(entrant: Entrant, answer: ChatAnswer): void {
    if (this.#isOver || !this.#live.includes(entrant)) return;
    this.#question.outcome.usage = answer.usage;
    this.#answered(entrant);
    this.#asker.answered(answer);
  }

  #answered(entrant: Entrant): void {
    entrant.asking.over('answered', null);
    this.#lessons.answered(entrant, this.#nowMs());
    this.#end(entrant);
  }

  failedBy(entrant: Entrant, error: ProviderError): void {
    if (this.#isOver || !this.#live.includes(entrant)) return;
    const { asking } = entrant;
    asking.overBy(error);
    if (!(entrant.firstTokenMs >= 0) && carriesOn(error.kind)) this.#lessons.wasSlow(entrant, this.#nowMs());
    const { candidate, hasOtherKey } = { candidate: entrant.candidate, hasOtherKey: asking.hasOtherKey };
    const met = { ...metBy(error), candidate, hasOtherKey };
    this.#live = this.#live.filter((one) => one !== entrant);
    this.#last = entrant;
    this.#lastError = error;
    this.#lastWhere = asking.candidate.provider;
    this.#lastLimit = asking.fired;
    if (this.#live.length > 0) {
      this.#takings.failedBeside(entrant, error);
      this.#attempts.failedBeside(met);
      this.#arm();
      return;
    }
    this.#hedgeAtMs = Number.POSITIVE_INFINITY;
    const isTold = this.#chosen === entrant;
    if (isTold && (this.#said === null || this.#said.text === null || !carriesOn(error.kind))) {
      this.#fail();
      return;
    }
    const step = this.#attempts.failed(met, this.#left());
    if (!isTold) this.#takings.failedUnseen(entrant, error);
    else if (step.kind === 'ask') {
      this.#takings.carriedOn(entrant);
      this.#chosen = null;
    }
    this.#go(step);
  }

  // The ends.

  #leave(entrant: Entrant): void {
    entrant.asking.giveUp();
    this.#lessons.wasLeft(entrant, this.#nowMs());
  }

  #fail(): void {
    const misread = this.#attempts.begun === 0 ? this.#entrants.unable : null;
    const told = { where: this.#lastWhere, limit: this.#lastLimit, misread };
    this.#end(this.#chosen ?? this.#last);
    this.#asker.failed(chatFailure(this.#lastError, told));
  }

  /** `of`: whose figures are those of the request. */
  #end(of: Entrant | null): void {
    this.#isOver = true;
    this.#next = null;
    this.#live = [];
    this.#timer.cancel();
    const { outcome } = this.#question;
    this.#takings.over(of);
    outcome.contentMs = of?.asking.clock?.contentMs ?? Number.NaN;
    if (!(outcome.firstTokenMs >= 0)) outcome.firstTokenMs = of?.firstTokenMs ?? Number.NaN;
  }

  // Time.

  #look(): void {
    this.#armedAtMs = Number.POSITIVE_INFINITY;
    if (this.#isOver) return;
    const nowMs = this.#nowMs();
    const passed = this.#live.find(({ asking }) => asking.hasPassed(nowMs));
    const [first] = this.#live;
    if (this.#next !== null && nowMs >= this.#next.atMs) this.#begin(this.#next.step);
    else if (passed !== undefined) this.#limitPassed(passed);
    else if (first !== undefined && nowMs >= this.#hedgeAtMs) this.#hedge(first);
    this.#arm();
  }

  #limitPassed(entrant: Entrant): void {
    const { services, route } = this.#rules;
    const { asking } = entrant;
    // All has been said, and the provider only keeps its connection open: that is no failure of the answer.
    if (asking.wholeness.isWhole && asking.endsWhole()) {
      this.endedBy(entrant);
      return;
    }
    const { timer, limitMs } = asking.fire(services.clock.nowMs());
    services.observer.timerFired(timer, route.id);
    const message = `The model was silent, or too slow: the limit \`${timer}\` of ${limitMs} ms passed.`;
    this.failedBy(entrant, providerError('timeout', message));
  }

  #arm(): void {
    if (this.#isOver) return;
    let dueAtMs = Math.min(this.#next?.atMs ?? Number.POSITIVE_INFINITY, this.#hedgeAtMs);
    for (const { asking } of this.#live) dueAtMs = Math.min(dueAtMs, asking.dueAtMs());
    // A timer that looks too early is left alone, and looks again: content comes far more often than limits pass.
    if (dueAtMs >= this.#armedAtMs || dueAtMs === Number.POSITIVE_INFINITY) return;
    this.#armedAtMs = dueAtMs;
    this.#timer.arm(Math.max(0, dueAtMs - this.#nowMs()));
  }
}
