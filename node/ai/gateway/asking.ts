/**
 * One attempt at one model by one key: the request in the provider's words, the key that it goes by, the limits of its time, and the
 * reply. Its owner is models.ts; what a key has given is given back here, once, however the attempt ends.
 */

import type { MutableHeaderList } from '@weir/proto/http/headers.js';
import { combinedValue } from '@weir/proto/http/headers.js';
import { WholeBody } from '../../cache/whole-body.js';
import { withQuestion } from '../../pipeline/derived-request.js';
import type { AttemptCause, Cancel, GatewayRequest } from '../../pipeline/dispatch.js';
import type { ProviderError } from '../chat/provider-error.js';
import { withToldSchema } from '../chat/told-schema.js';
import type { Misread } from '../format.js';
import type { ProviderRequest } from '../provider.js';
import type { Draw } from '../route/affinity.js';
import type { AiRules } from './ai-route.js';
import type { AiKey, AiProvider } from './ai-store.js';
import { causes, type Step, wholeLimitMs } from './attempts.js';
import { bytesOf } from './body-text.js';
import type { Candidate } from './candidates.js';
import type { Question } from './chat-layer.js';
import type { FiredLimit } from './failed-model.js';
import { KeyLease } from './key-lease.js';
import { type KeyVerdict, verdictOf } from './key-standing.js';
import { type Asker, Reply } from './reply.js';
import { StreamClock } from './stream-clock.js';
import { Wholeness } from './wholeness.js';

export class Asking {
  readonly candidate: Candidate;
  readonly wholeness = new Wholeness();
  /** Null: a whole answer is asked for, or nothing yet. */
  clock: StreamClock | null = null;
  /** The limit that ended it. */
  fired: FiredLimit | null = null;
  readonly #question: Question;
  readonly #rules: AiRules;
  readonly #provider: AiProvider;
  readonly #asked: ProviderRequest;
  readonly #reply: Reply;
  #lease: KeyLease | null = null;
  #wholeEndsAtMs = Number.POSITIVE_INFINITY;
  #wholeLimitMs = 0;
  #isOver = false;

  /** When it began; NaN: it has not. */
  startedAtMs = Number.NaN;

  constructor(question: Question, candidate: Candidate, rules: AiRules, asker: Asker) {
    const provider = rules.ai.providers.get(candidate.provider);
    if (provider === undefined) throw new Error(`the snapshot has no AI provider "${candidate.provider}"`);
    this.candidate = candidate;
    this.#question = question;
    this.#rules = rules;
    this.#provider = provider;
    const { basePath, settings } = provider.spec;
    const { isStream } = question.chat;
    // What a stream has cost is asked for always: the caller is told only where it wants to be, and the gateway counts.
    const chat = isStream ? { ...question.chat, wantsStreamUsage: true } : question.chat;
    const place = { model: candidate.model, basePath, settings };
    const asked = provider.provider.request(chat, place);
    const told = asked.unsupported.some(({ field }) => field === 'answerFormat') ? withToldSchema(chat) : null;
    this.#asked = told === null ? asked : provider.provider.request(told, place);
    this.#reply = new Reply(asker, {
      provider: provider.provider,
      isStream,
      charactersMax: rules.spec.answerCharsMax,
      held: rules.services.heldBytes,
    });
  }

  /** Of the model that is asked, among all. */
  get name(): string {
    return `${this.candidate.provider}/${this.candidate.model}`;
  }

  /** What the provider can't do of it, in the caller's words. */
  get unsupported(): readonly Misread[] {
    return this.#asked.unsupported.map((one) => {
      const field = this.#question.nameOf(one);
      return { field, message: `\`${field}\`: ${one.why}.` };
    });
  }

  /** `before`: an attempt at the same model, whose key and those before it are not taken again. */
  takeKey(before: Asking | null, draw: Draw): void {
    const { provider, model } = this.candidate;
    const byKey = ({ id }: AiKey): number => draw(`${provider} ${id}`);
    this.#lease = new KeyLease(this.#provider, model, before?.lease ?? null, this.#rules.services.clock, byKey);
  }

  get lease(): KeyLease | null {
    return this.#lease;
  }

  /** Why it can't be made, where no key can be used. */
  get noKey(): ProviderError | null {
    return this.#lease?.refusal ?? null;
  }

  get hasOtherKey(): boolean {
    return this.#lease?.hasOther ?? false;
  }

  /** `hasOthers`: another may be asked behind it. */
  begin({ how }: Step & { kind: 'ask' }, leftMs: number, hasOthers: boolean): void {
    const { services, spec, route, ask } = this.#rules;
    const nowMs = services.clock.nowMs();
    const { firstTokenMs, betweenTokensMs, tokensPerSecondMin } = spec.timers;
    this.startedAtMs = nowMs;
    if (this.#question.chat.isStream) {
      this.clock = new StreamClock({ firstTokenMs, betweenTokensMs, tokensPerSecondMin }, nowMs);
    } else {
      this.#wholeLimitMs = wholeLimitMs(leftMs, route.timeouts.attemptMs, hasOthers);
      this.#wholeEndsAtMs = nowMs + this.#wholeLimitMs;
    }
    const lease = this.#lease;
    if (lease === null) throw new Error('no key was taken');
    lease.begin();
    const dispatch = ask.get(this.#provider.spec.upstream);
    if (dispatch === undefined) throw new Error(`nothing asks the upstream "${this.#provider.spec.upstream}"`);
    const send = (): Cancel => dispatch(this.#sent(lease, causes[how]), this.#reply);
    const cancelWait = lease.whenReady(this.#reply, send, services.onBug);
    this.#reply.waits(cancelWait);
  }

  #sent(lease: KeyLease, cause: AttemptCause | undefined): GatewayRequest {
    const asked = this.#asked;
    const body = bytesOf(JSON.stringify(asked.body));
    const isStream = this.#question.chat.isStream && this.#provider.provider.framing === 'sse';
    const headers: MutableHeaderList = [
      ...asked.headers,
      ...['content-type', 'application/json', 'accept', isStream ? 'text/event-stream' : '*/*'],
      // Nothing is unpacked here.
      ...['accept-encoding', 'identity'],
      ...lease.fields({ asked, body, host: this.#rules.hosts.get(this.#provider.spec.upstream) ?? '' }),
    ];
    const via = combinedValue(this.#question.request.headers, 'via');
    if (via !== undefined) headers.push('via', via);
    const { method, path, query } = asked;
    return withQuestion(this.#question.request, { method, path, query, headers, body: new WholeBody(body), cause });
  }

  resume(): void {
    this.#reply.resume();
  }

  dueAtMs(): number {
    if (this.#isOver) return Number.POSITIVE_INFINITY;
    return this.clock?.dueAtMs() ?? this.#wholeEndsAtMs;
  }

  hasPassed(nowMs: number): boolean {
    if (this.#isOver) return false;
    return this.clock === null ? nowMs >= this.#wholeEndsAtMs : this.clock.passed(nowMs) !== null;
  }

  /** Ends it for the limit that has passed. */
  fire(nowMs: number): FiredLimit {
    const { timers } = this.#rules.spec;
    const timer = this.clock === null ? 'attempt' : (this.clock.passed(nowMs) ?? 'betweenTokens');
    const limits = {
      attempt: Math.round(this.#wholeLimitMs),
      firstToken: timers.firstTokenMs,
      betweenTokens: timers.betweenTokensMs,
    };
    this.fired = { timer, limitMs: timer === 'tokenRate' ? timers.tokensPerSecondMin : limits[timer] };
    this.#reply.giveUp();
    return this.fired;
  }

  /** Ends a stream that has said all. False: its translator says that something is missing. */
  endsWhole(): boolean {
    return this.#reply.endEarly().every(({ kind }) => kind !== 'error');
  }

  /** Left by its owner; nothing is known of its key. */
  giveUp(): void {
    this.#reply.giveUp();
    this.over('unknown', null);
  }

  overBy(error: ProviderError): void {
    this.over(verdictOf(error.kind), error.retryAfterMs);
  }

  over(verdict: KeyVerdict, retryAfterMs: number | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#lease?.end(verdict, retryAfterMs);
  }
}
