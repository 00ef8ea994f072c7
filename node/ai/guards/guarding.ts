/**
 * The layers of guards around the models, outside of all others: what a cache keeps and a budget counts is what has passed them. Each
 * guard is a layer of its own, so questions pass them in the order of the route, and answers in reverse.
 *
 *   question ─▶ limits, injection ─▶ masked or refused ─▶ webhook ─▶ next
 *   answer  ◀── webhook ◀── masked or refused, and put back ◀── answer
 *
 * Text of a stream is held back as far as it may still become a match. With a webhook for answers a stream is held as a whole: nobody can
 * judge half an answer. A refusal is a 403 in the caller's format; behind the first content it is an error in the stream.
 */
import { failure } from '@weir/proto/http/failures.js';
import { type Cancel, nothingToCancel } from '../../pipeline/dispatch.js';
import { type ChatAnswer, type ChatEvent, isContent } from '../chat/chat-answer.js';
import type { ChatRequest } from '../chat/chat-request.js';
import { eventsOf, Gathering } from '../chat/gather.js';
import { providerError } from '../chat/provider-error.js';
import type { AiRules } from '../gateway/ai-route.js';
import {
  type AskChat,
  type ChatAnswering,
  type ChatAsker,
  type ChatFailure,
  type ChatLayer,
  chatFailure,
  type Question,
} from '../gateway/chat-layer.js';
import type { GuardedHow } from '../gateway/outcome.js';
import { AnswerFilter } from './answer-filter.js';
import { type CompiledGuard, maskedText, questionFault } from './compiled-guard.js';
import { forRequest } from './detector.js';
import { Placeholders } from './placeholders.js';
import { type MapText, mapAnswer, mapQuestion, textsOf } from './texts.js';
import { askWebhook, type Verdict } from './webhook.js';

export const guards: ChatLayer = (rules) => {
  const { guards: names } = rules.spec;
  if (names.length === 0) return null;
  const compiled = names.map((name) => {
    const guard = rules.ai.guards.get(name);
    if (guard === undefined) throw new Error(`the snapshot has no guard "${name}"`);
    return guard;
  });
  return (next) => compiled.reduceRight<AskChat>((inner, guard) => guarded(guard, rules, inner), next);
};

const guarded =
  (guard: CompiledGuard, rules: AiRules, next: AskChat): AskChat =>
  (question, asker) => {
    const guarding = new Guarding(question, asker, guard, rules, next);
    guarding.begin();
    return guarding;
  };

/** Events before content: a provider that sends more than these has begun. */
const HELD_EVENTS_MAX = 64;

type Side = 'request' | 'answer';

class Guarding implements ChatAsker, ChatAnswering {
  readonly #question: Question;
  readonly #asker: ChatAsker;
  readonly #guard: CompiledGuard;
  readonly #rules: AiRules;
  readonly #next: AskChat;
  readonly #placeholders: Placeholders;
  readonly #filter: AnswerFilter;
  #answering: ChatAnswering | null = null;
  #cancelWebhook: Cancel = nothingToCancel;
  /** Of a stream: what has no content yet, or waits for a webhook. */
  #held: ChatEvent[] = [];
  #gathering: Gathering | null = null;
  #hasBegun = false;
  #hasRoom = true;
  #isOver = false;

  constructor(question: Question, asker: ChatAsker, guard: CompiledGuard, rules: AiRules, next: AskChat) {
    this.#question = question;
    this.#asker = asker;
    this.#guard = { ...guard, detectors: forRequest(guard.detectors) };
    this.#rules = rules;
    this.#next = next;
    this.#placeholders = new Placeholders(guard.spec.restores);
    this.#filter = new AnswerFilter(this.#guard, this.#placeholders);
  }

  begin(): void {
    const { spec } = this.#guard;
    if (!spec.onRequest) {
      this.#ask(this.#question.chat);
      return;
    }
    const fault = questionFault(this.#guard, this.#question.chat);
    if (fault !== null) {
      this.#refuse('request', fault);
      return;
    }
    const found = new Set<string>();
    const chat = this.#masked(this.#question.chat, found);
    if (found.size > 0 && spec.action === 'refuse') this.#refuse('request', `it holds ${listed(found)}`);
    else {
      if (found.size > 0) this.#note('request', 'masked');
      this.#check(
        'request',
        (map) => mapQuestion(chat, map),
        (mapped) => this.#ask(mapped),
        chat,
      );
    }
  }

  #masked(chat: ChatRequest, found: Set<string>): ChatRequest {
    const { detectors } = this.#guard;
    if (detectors.length === 0) return chat;
    const replace = (match: string, label: string): string => {
      found.add(label);
      return this.#placeholders.of(match, label);
    };
    return mapQuestion(chat, (text) => maskedText(detectors, replace, text));
  }

  #ask(chat: ChatRequest): void {
    const { spec, detectors } = this.#guard;
    const looksAtAnswer =
      !this.#placeholders.isEmpty ||
      (spec.onAnswer && (detectors.length > 0 || spec.answerCharactersMax !== null || spec.webhook !== null));
    if (looksAtAnswer && chat.logprobs !== null) {
      const field = this.#question.nameOf({ field: 'logprobs', at: '', why: '' });
      const message = `\`${field}\` can not be given: the guard \`${spec.id}\` may change what is answered.`;
      this.#isOver = true;
      this.#asker.failed(chatFailure(providerError('invalidRequest', message), { misread: { field, message } }));
      return;
    }
    if (spec.onAnswer && spec.webhook !== null && chat.isStream)
      this.#gathering = new Gathering({ charactersMax: this.#rules.spec.answerCharsMax });
    const answering = this.#next({ ...this.#question, chat }, looksAtAnswer ? this : this.#asker);
    if (!this.#isOver) this.#answering = answering;
  }

  // What comes back.

  events(events: readonly ChatEvent[]): boolean {
    if (this.#isOver) return false;
    const passed = this.#filter.events(events);
    const fault = this.#answerFault();
    if (fault !== null) {
      this.#refuse('answer', fault);
      return false;
    }
    if (this.#gathering !== null) return this.#gather(passed, this.#gathering);
    if (this.#hasBegun) {
      if (passed.length > 0) this.#hasRoom = this.#asker.events(passed);
      return this.#hasRoom;
    }
    this.#held.push(...passed);
    const says = (event: ChatEvent): boolean => isContent(event) || event.kind === 'finish';
    if (!this.#held.some(says) && this.#held.length < HELD_EVENTS_MAX) return true;
    this.#hasBegun = true;
    this.#hasRoom = this.#asker.events(this.#held.splice(0));
    return this.#hasRoom;
  }

  #gather(passed: readonly ChatEvent[], gathering: Gathering): boolean {
    for (const event of passed) gathering.add(event);
    this.#held.push(...passed);
    if (gathering.error === null) return true;
    this.#refuse('answer', 'it is longer than what can be kept for a check');
    return false;
  }

  ended(): void {
    if (this.#isOver) return;
    this.#noteMasked();
    const answer = this.#gathering?.answer() ?? null;
    if (this.#gathering === null || answer === null) {
      this.#endStream(this.#held);
      return;
    }
    this.#check(
      'answer',
      (map) => mapAnswer(answer, map),
      (mapped) => this.#endStream(mapped === answer ? this.#held : eventsOf(mapped)),
      answer,
    );
  }

  #endStream(held: readonly ChatEvent[]): void {
    this.#isOver = true;
    if (held.length > 0) this.#asker.events(held);
    this.#asker.ended();
  }

  answered(answer: ChatAnswer): void {
    if (this.#isOver) return;
    const passed = this.#filter.whole(answer);
    const fault = this.#answerFault();
    if (fault !== null) {
      this.#refuse('answer', fault);
      return;
    }
    this.#noteMasked();
    const tell = (mapped: ChatAnswer): void => {
      this.#isOver = true;
      this.#asker.answered(mapped);
    };
    if (this.#guard.spec.onAnswer) this.#check('answer', (map) => mapAnswer(passed, map), tell, passed);
    else tell(passed);
  }

  failed(failed: ChatFailure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#asker.failed(failed);
  }

  resume(): void {
    this.#hasRoom = true;
    if (!this.#isOver) this.#answering?.resume();
  }

  giveUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#held = [];
    this.#cancelWebhook();
    this.#answering?.giveUp();
  }

  #answerFault(): string | null {
    const { spec } = this.#guard;
    const { characters, found, held } = this.#filter;
    if (held > this.#rules.spec.answerCharsMax) return 'it is longer than what can be kept for a check';
    if (!spec.onAnswer) return null;
    if (spec.answerCharactersMax !== null && characters > spec.answerCharactersMax)
      return `it has more than the ${spec.answerCharactersMax} characters that are allowed`;
    return spec.action === 'refuse' && found.size > 0 ? `it holds ${listed(found)}` : null;
  }

  /** `walk` maps the texts of `whole`, which is passed on as it is where nothing is replaced. */
  #check<Whole>(on: Side, walk: (map: MapText) => Whole, passed: (whole: Whole) => void, whole: Whole): void {
    const { spec } = this.#guard;
    if (spec.webhook === null) {
      passed(whole);
      return;
    }
    const dispatch = this.#rules.ask.get(spec.webhook.upstream);
    if (dispatch === undefined) throw new Error(`nothing asks the upstream "${spec.webhook.upstream}"`);
    const question = { guard: spec.id, on, model: this.#question.chat.model, texts: textsOf(walk) };
    const heard = (verdict: Verdict): void => {
      if (this.#isOver) return;
      if (verdict.kind === 'replace') {
        this.#note(on, 'masked');
        let index = 0;
        passed(walk((text) => verdict.texts[index++] ?? text));
      } else if (verdict.kind === 'deny') this.#refuse(on, verdict.reason);
      else if (verdict.kind === 'allow') passed(whole);
      else this.#unchecked(on, verdict.why, () => passed(whole));
    };
    const { request } = this.#question;
    this.#cancelWebhook = askWebhook(request, dispatch, spec.webhook, question, this.#rules.services.timers, heard);
  }

  #unchecked(on: Side, why: string, pass: () => void): void {
    const { id, webhook } = this.#guard.spec;
    if (webhook?.isOpen === true) {
      this.#note(on, 'unchecked');
      pass();
      return;
    }
    this.#note(on, 'failed');
    const error = providerError('overloaded', `The guard \`${id}\` could not be asked.`, { native: 'guard_failed' });
    this.#end(chatFailure(error, { failure: failure('guard_failed', `the guard "${id}" could not be asked: ${why}`) }));
  }

  #refuse(on: Side, why: string): void {
    const { id } = this.#guard.spec;
    this.#note(on, 'refused');
    const what = on === 'request' ? 'question' : 'answer';
    const message = `The guard \`${id}\` refuses the ${what}: ${why}.`;
    const error = providerError('contentFiltered', message, { native: 'guard_refused' });
    this.#end(
      chatFailure(error, { failure: failure('guard_refused', `the guard "${id}" refuses the ${what}: ${why}`) }),
    );
  }

  #end(failed: ChatFailure): void {
    this.#isOver = true;
    this.#held = [];
    this.#answering?.giveUp();
    this.#asker.failed(failed);
  }

  #noteMasked(): void {
    if (this.#filter.found.size > 0) this.#note('answer', 'masked');
  }

  #note(on: Side, how: GuardedHow): void {
    this.#question.outcome.guarded.push({ guard: this.#guard.spec.id, on, how });
  }
}

const listed = (found: ReadonlySet<string>): string => [...found].join(', ');
