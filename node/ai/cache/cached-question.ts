/**
 * One question on its way through the cache.
 *
 *   looking ── stored here, or at other nodes ──▶ told again
 *      │  └─── somebody asks the same now ──────▶ flying ── failed before a word of it ──▶ looking
 *      └────── nobody does ─────────────────────▶ flying, as the one who asks
 *
 * Who waits in vain for the answer of another one is not worse off than without: he asks next.
 */

import { formatCacheStatus } from '@weir/proto/http/cache-status.js';
import { failure } from '@weir/proto/http/failures.js';
import type { Lease } from '../../cache/l2/l2.js';
import { costOfAsides } from '../budget/aside-cost.js';
import type { ChatAnswer, ChatEvent } from '../chat/chat-answer.js';
import { providerError } from '../chat/provider-error.js';
import { type ChatAnswering, type ChatAsker, chatFailure, type Question } from '../gateway/chat-layer.js';
import { LAST_WORD_MS } from '../gateway/models.js';
import type { LogReading } from '../streams/shared-log.js';
import type { AiCacheRoute } from './ai-cache.js';
import type { CachePlan } from './cache-plan.js';
import type { Flight, FlightEnd, Passenger } from './flight.js';
import type { FoundAnswer } from './kept-answers.js';
import { Replay } from './replay.js';
import type { Likeness } from './semantic.js';

export type Word = 'hit' | 'hit-similar' | 'collapsed' | 'miss' | 'bypass';

export class CachedQuestion implements ChatAnswering, Passenger {
  readonly #question: Question;
  readonly #asker: ChatAsker;
  readonly #route: AiCacheRoute;
  readonly #plan: CachePlan & { kind: 'use' };
  readonly #key: string;
  #below: ChatAnswering | null = null;
  #flight: Flight | null = null;
  #reading: LogReading | null = null;
  #cancelLooking: () => void = () => {};
  #likeness: Likeness | null = null;
  #hasTold = false;
  #isOver = false;

  constructor(question: Question, asker: ChatAsker, plan: CachePlan & { kind: 'use' }, route: AiCacheRoute) {
    this.#question = question;
    this.#asker = asker;
    this.#route = route;
    this.#plan = plan;
    this.#key = route.keyOf(question);
  }

  begin(): void {
    const found = this.#route.kept.find(this.#key);
    if (found !== null && this.#isYoung(found)) this.#hit(found, 'hit');
    else if (this.#plan.ageMaxMs < 0) this.#lead(null);
    else if (!this.#join()) this.#lookFurther();
  }

  resume(): void {
    this.#below?.resume();
    this.#reading?.resume();
  }

  giveUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelLooking();
    this.#likeness?.giveUp();
    this.#below?.giveUp();
    this.#reading?.leave();
  }

  #isYoung({ ageMs }: FoundAnswer): boolean {
    return ageMs <= this.#plan.ageMaxMs;
  }

  #lookFurther(): void {
    const { kept, spec } = this.#route;
    this.#cancelLooking = kept.findElsewhere(this.#key, spec.collapses, (found, lease) => {
      if (found !== null && this.#isYoung(found)) {
        lease?.release(false);
        if (!this.#isOver) this.#hit(found, 'hit');
      } else if (this.#isOver) lease?.release(false);
      else this.#lookAlike(lease);
    });
  }

  /** What means the same, where the route wants that; else the models. */
  #lookAlike(lease: Lease | null): void {
    const likeness = this.#route.likenessOf(this.#question);
    this.#likeness = likeness;
    if (likeness === null) {
      this.#ask(lease);
      return;
    }
    likeness.look((keys) => this.#tryAlike(likeness, keys, lease));
  }

  /** The nearest whose answer is kept, here or at other nodes; of those that may be had. */
  #tryAlike(likeness: Likeness, [key, ...others]: readonly string[], lease: Lease | null): void {
    const { kept } = this.#route;
    if (this.#isOver) {
      lease?.release(false);
      return;
    }
    if (key === undefined) {
      this.#ask(lease);
      return;
    }
    const judge = (found: FoundAnswer | null): void => {
      if (found === null && kept.knowsAll) likeness.withoutAnswer(key);
      if (this.#isOver || found === null || !this.#isYoung(found)) this.#tryAlike(likeness, others, lease);
      else {
        lease?.release(false);
        this.#hit(found, 'hit-similar');
      }
    };
    const here = kept.find(key);
    if (here !== null) judge(here);
    else this.#cancelLooking = kept.findElsewhere(key, false, (found) => judge(found));
  }

  #ask(lease: Lease | null): void {
    if (this.#plan.onlyIfCached) {
      lease?.release(false);
      this.#unavailable();
    } else if (lease === null && this.#join()) return;
    else this.#lead(lease);
  }

  #unavailable(): void {
    this.#isOver = true;
    this.#question.request.exchange.cache = 'unavailable';
    const error = providerError('notFound', 'No stored answer was found, and the caller wanted no other.');
    this.#asker.failed(chatFailure(error, { failure: failure('not_cached', 'nothing is stored that answers it') }));
  }

  #hit(found: FoundAnswer, word: Word): void {
    const { outcome } = this.#question;
    const { answer, provider, providerModel, dropped } = found;
    Object.assign(outcome, { provider, providerModel, dropped, saved: answer.usage });
    // To find it may have cost something.
    outcome.costMicros = costOfAsides(outcome);
    this.#say(word, found.leftMs);
    this.#replay(answer);
  }

  #replay(answer: ChatAnswer): void {
    const { clock, timers } = this.#route.services;
    const { request, chat } = this.#question;
    const endsByMs = request.exchange.deadlineAtMs - LAST_WORD_MS;
    const { tokensPerSecond } = this.#route.spec;
    const replay = new Replay(answer, this.#asker, {
      isStream: chat.isStream,
      tokensPerSecond,
      endsByMs,
      clock,
      timers,
    });
    this.#below = replay;
    replay.begin();
  }

  /** Goes with the question of another one, where there is one. */
  #join(): boolean {
    const flight = this.#route.flightOf(this.#key);
    if (flight === null || this.#isOver) return false;
    const reading = flight.join(this);
    if (reading === null) return false;
    this.#flight = flight;
    this.#reading = reading;
    this.#say('collapsed', null);
    reading.resume();
    return true;
  }

  #lead(lease: Lease | null): void {
    const flight = this.#route.fly(this.#key, this.#question, lease, this.#likeness);
    this.#flight = flight;
    this.#reading = flight.join(this);
    this.#say('miss', null);
    this.#reading?.resume();
    flight.begin();
  }

  #say(word: Word, leftMs: number | null): void {
    say(this.#question, word, this.#route.name, leftMs);
  }

  // What the flight tells.

  items(events: readonly ChatEvent[]): boolean {
    if (this.#isOver) return false;
    // Who wants it whole takes it at its end.
    if (!this.#question.chat.isStream) return true;
    if (!this.#hasTold) this.#learn();
    this.#hasTold = true;
    return this.#asker.events(events);
  }

  ended(end: FlightEnd): void {
    if (this.#isOver) return;
    this.#reading = null;
    if (end.kind === 'failed' && !this.#hasTold && !this.#isLeader) {
      this.#next();
      return;
    }
    if (end.kind === 'failed') {
      this.#isOver = true;
      this.#asker.failed(end.failure);
      return;
    }
    this.#learn();
    this.#bill();
    if (end.kind === 'answered') {
      this.#replayOrTell(end.answer);
      return;
    }
    this.#isOver = true;
    if (this.#question.chat.isStream) this.#asker.ended();
    else if (end.answer !== null) this.#asker.answered(end.answer);
    else this.#asker.failed(chatFailure(providerError('malformed', 'The answer is longer than the route allows.')));
  }

  #replayOrTell(answer: ChatAnswer): void {
    if (this.#question.chat.isStream) {
      this.#replay(answer);
      return;
    }
    this.#isOver = true;
    this.#asker.answered(answer);
  }

  overflowed(): void {
    if (this.#isOver || this.#question.chat.isStream) return;
    this.#reading?.leave();
    this.#reading = null;
    this.#flight = null;
    this.#below = this.#route.next(this.#question, this.#asker);
  }

  get #isLeader(): boolean {
    return this.#flight?.question === this.#question;
  }

  /** The one whose answer it was to be has failed, or has left with its time. */
  #next(): void {
    this.#flight = null;
    if (!this.#join()) this.#lead(null);
  }

  /** Who answers: what the leader's models have written down is true for all. */
  #learn(): void {
    if (this.#flight === null || this.#isLeader) return;
    const { provider, providerModel, dropped } = this.#flight.question.outcome;
    Object.assign(this.#question.outcome, { provider, providerModel, dropped });
  }

  /** What it took is told once. */
  #bill(): void {
    if (this.#flight === null || this.#isLeader) return;
    const { usage } = this.#flight.question.outcome;
    if (this.#flight.bills(this)) this.#question.outcome.usage = usage;
    else this.#question.outcome.saved = usage;
  }
}

/** In the field of HTTP's caches, in one that is read without a parser, and in the access log. */
export function say(
  { outcome, request }: Question,
  word: Word,
  name: string,
  leftMs: number | null,
  why?: string,
): void {
  const { headers } = outcome;
  const isHit = word === 'hit' || word === 'hit-similar';
  const status = formatCacheStatus({
    name,
    forward: isHit ? null : word === 'bypass' ? 'bypass' : 'miss',
    collapsed: word === 'collapsed' ? true : undefined,
    ttlS: leftMs === null ? undefined : leftMs / 1_000,
    detail: word === 'hit-similar' ? 'similar' : why,
  });
  for (const [field, value] of [
    ['x-weir-cache', word],
    ['cache-status', status],
  ] as const) {
    const at = headers.indexOf(field);
    if (at === -1) headers.push(field, value);
    else headers[at + 1] = value;
  }
  request.exchange.cache = isHit ? 'hit' : word === 'collapsed' ? 'collapsed' : word === 'bypass' ? 'bypass' : 'miss';
}
