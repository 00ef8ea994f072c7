/**
 * The innermost of the chat onion: one question, and the attempts at models that answer it. Decisions are made in pure files beside
 * this one (candidates, attempts, key-standing, stream-clock); this one asks, holds back, and tells the time of attempts.
 *
 *   asking ──content──▶ answering ──▶ over
 *    │  ▲                  │ failure: told, and over
 *    ▼  │ unseen           │
 *   pausing
 *
 * What comes before content (who answers, a role, first figures) is held with the attempt that it came from, so a failure or a stall
 * until then moves on to the next attempt, and nobody sees it. There is one timer, armed for whatever is due first.
 */
import type { Timer } from '../../time/clock.js';
import { type ChatAnswer, type ChatEvent, isContent, type Usage } from '../chat/chat-answer.js';
import { type ProviderError, providerError } from '../chat/provider-error.js';
import type { Misread } from '../format.js';
import type { AiRules } from './ai-route.js';
import { Asking } from './asking.js';
import { Attempts, type Left, type Step } from './attempts.js';
import { type Candidate, inOrder } from './candidates.js';
import { type AskChat, type ChatAnswering, type ChatAsker, chatFailure, type Question } from './chat-layer.js';
import type { FiredLimit } from './failed-model.js';
import type { Asker } from './reply.js';
import { tokensIn } from './stream-clock.js';

/** Before the deadline: two turns of the timer wheel and some, so that a stream can be told why it ends. */
export const LAST_WORD_MS = 20;

/** Events that say nothing to a reader, before those that do; a provider that sends more than these has begun. */
const HELD_EVENTS_MAX = 64;

export const askModels =
  (rules: AiRules): AskChat =>
  (question, asker) => {
    const models = new Models(question, asker, rules);
    models.begin();
    return models;
  };

class Models implements ChatAnswering, Asker {
  readonly #question: Question;
  readonly #asker: ChatAsker;
  readonly #rules: AiRules;
  readonly #timer: Timer;
  readonly #candidates: readonly Candidate[];
  readonly #attempts: Attempts;
  #armedAtMs = Number.POSITIVE_INFINITY;
  #asking: Asking | null = null;
  #next: { readonly step: Step & { kind: 'ask' }; readonly atMs: number } | null = null;
  #held: ChatEvent[] = [];
  /** Something of an attempt was told, so no other can take its place. */
  #hasBegun = false;
  #isOver = false;
  /** How the last attempt ended that was made, or was not made. */
  #lastError: ProviderError = providerError('timeout', 'There is not enough time left to ask a model.');
  #lastWhere = '';
  #lastLimit: FiredLimit | null = null;
  /** A field that a candidate can't do, where that is why it was not asked. */
  #unable: Misread | null = null;
  #characters = 0;

  constructor(question: Question, asker: ChatAsker, rules: AiRules) {
    const { timers, random } = rules.services;
    this.#question = question;
    this.#asker = asker;
    this.#rules = rules;
    this.#timer = timers.create(() => this.#look());
    this.#candidates = inOrder(question.targets, random);
    this.#attempts = new Attempts(this.#candidates, rules.spec.attempts, random);
  }

  begin(): void {
    this.#go(this.#attempts.first(this.#left()));
  }

  resume(): void {
    if (this.#isOver) return;
    this.#asking?.clock?.release(this.#rules.services.clock.nowMs());
    this.#asking?.resume();
    this.#arm();
  }

  giveUp(): void {
    if (this.#isOver) return;
    this.#asking?.giveUp();
    this.#end();
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

  #go(step: Step): void {
    if (step.kind === 'end') {
      this.#fail();
      return;
    }
    if (step.afterMs > 0) {
      this.#next = { step, atMs: this.#rules.services.clock.nowMs() + step.afterMs };
      this.#arm();
    } else this.#begin(step);
  }

  #begin(step: Step & { kind: 'ask' }): void {
    const { spec } = this.#rules;
    const attempts = this.#attempts;
    const candidate = this.#candidates[step.candidate];
    if (candidate === undefined) throw new Error(`there is no candidate ${step.candidate}`);
    this.#next = null;
    const asking = new Asking(this.#question, candidate, this.#rules, this);
    const { unsupported } = asking;
    if (unsupported.length > 0 && spec.unsupported === 'refuse') {
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
    this.#question.outcome.dropped = unsupported.map(({ field }) => field);
    this.#question.outcome.usage = null;
    attempts.begin();
    this.#asking = asking;
    this.#held = [];
    asking.begin(step, this.#left().leftMs, this.#candidates.length > 1 && attempts.begun < spec.attempts);
    this.#arm();
  }

  #moved({ how }: Step & { kind: 'ask' }, candidate: Candidate): void {
    const { services, route } = this.#rules;
    const { outcome } = this.#question;
    if (how !== 'first' && this.#attempts.begun > 0) {
      outcome.moves.push({ how, provider: outcome.provider, why: this.#lastError.kind });
      services.observer.decided(how === 'model' ? 'fallback' : 'retry', route.id);
    }
    outcome.provider = candidate.provider;
    outcome.providerModel = candidate.model;
  }

  // What an attempt tells.

  events(events: readonly ChatEvent[], breaksOff: boolean): boolean {
    const asking = this.#asking;
    if (asking === null || this.#isOver) return false;
    // What came in one piece with its failure is not begun with: it may still go elsewhere, unseen.
    if (!this.#hasBegun && breaksOff) return false;
    const nowMs = this.#rules.services.clock.nowMs();
    for (const event of events) this.#see(event, asking, nowMs);
    const isOpen = this.#tell(events);
    if (!isOpen) asking.clock?.hold();
    this.#arm();
    return isOpen;
  }

  #see(event: ChatEvent, asking: Asking, nowMs: number): void {
    asking.wholeness.see(event);
    if (event.kind === 'usage') this.#question.outcome.usage = event.usage;
    if (!isContent(event)) return;
    const characters = 'text' in event ? event.text.length : 0;
    this.#characters += characters;
    asking.clock?.content(tokensIn(characters), nowMs);
  }

  #tell(events: readonly ChatEvent[]): boolean {
    if (this.#hasBegun) return this.#asker.events(events);
    this.#held.push(...events);
    const says = (event: ChatEvent): boolean => isContent(event) || event.kind === 'finish';
    if (!events.some(says) && this.#held.length < HELD_EVENTS_MAX) return true;
    this.#hasBegun = true;
    return this.#asker.events(this.#held.splice(0));
  }

  ended(): void {
    const asking = this.#asking;
    if (asking === null || this.#isOver) return;
    if (!asking.wholeness.isWhole || !this.#hasBegun) {
      this.failed(providerError('cut', 'The stream of the provider ended before its answer did.'));
      return;
    }
    this.#answered(asking);
    this.#end();
    this.#asker.ended();
  }

  answered(answer: ChatAnswer): void {
    const asking = this.#asking;
    if (asking === null || this.#isOver) return;
    this.#question.outcome.usage = answer.usage;
    this.#answered(asking);
    this.#end();
    this.#asker.answered(answer);
  }

  #answered(asking: Asking): void {
    const nowMs = this.#rules.services.clock.nowMs();
    asking.over('answered', null);
    const firstTokenMs = asking.clock?.firstTokenMs ?? Number.NaN;
    if (firstTokenMs >= 0) this.#rules.ai.waits.seen(asking.name, firstTokenMs, nowMs);
  }

  failed(error: ProviderError): void {
    const asking = this.#asking;
    if (asking === null || this.#isOver) return;
    asking.overBy(error);
    this.#lastError = error;
    this.#lastWhere = asking.candidate.provider;
    this.#lastLimit = asking.fired;
    if (this.#hasBegun) {
      this.#fail();
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

  #fail(): void {
    const misread = this.#attempts.begun === 0 ? this.#unable : null;
    const told = { where: this.#lastWhere, limit: this.#lastLimit, misread };
    this.#asking?.giveUp();
    this.#end();
    this.#asker.failed(chatFailure(this.#lastError, told));
  }

  #end(): void {
    this.#isOver = true;
    this.#next = null;
    this.#held = [];
    this.#timer.cancel();
    this.#countUsage();
    const { outcome } = this.#question;
    if (!(outcome.firstTokenMs >= 0)) outcome.firstTokenMs = this.#asking?.clock?.firstTokenMs ?? Number.NaN;
  }

  /** Without a word from the provider, for its answer was not heard to the end. */
  #countUsage(): void {
    const { outcome, bytes } = this.#question;
    if (outcome.usage !== null || this.#characters === 0) return;
    const usage: Usage = {
      ...{ input: tokensIn(bytes), output: tokensIn(this.#characters) },
      ...{ cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: true },
    };
    outcome.usage = usage;
  }

  // Time.

  #look(): void {
    this.#armedAtMs = Number.POSITIVE_INFINITY;
    if (this.#isOver) return;
    const nowMs = this.#rules.services.clock.nowMs();
    if (this.#next !== null && nowMs >= this.#next.atMs) this.#begin(this.#next.step);
    else if (this.#next === null && this.#asking?.hasPassed(nowMs) === true) this.#limitPassed(this.#asking);
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

  #arm(): void {
    if (this.#isOver) return;
    const dueAtMs = this.#next?.atMs ?? this.#asking?.dueAtMs() ?? Number.POSITIVE_INFINITY;
    // A timer that looks too early is left alone, and looks again: content comes far more often than limits pass.
    if (dueAtMs >= this.#armedAtMs || dueAtMs === Number.POSITIVE_INFINITY) return;
    this.#armedAtMs = dueAtMs;
    this.#timer.arm(Math.max(0, dueAtMs - this.#rules.services.clock.nowMs()));
  }
}

function metBy({ kind, retryAfterMs }: ProviderError) {
  return { error: kind, retryAfterMs };
}
