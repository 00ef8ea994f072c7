/**
 * One attempt at what is no chat: the question in a provider's words, the key that it goes by, the limits of its time, and the reply. Its
 * owner is plain-call.ts; what a key has given is given back here, once, however the attempt ends.
 */
import { combinedValue, type MutableHeaderList } from '@weir/proto/http/headers.js';
import { WholeBody } from '../../../cache/whole-body.js';
import { withQuestion } from '../../../pipeline/derived-request.js';
import type { AttemptCause, Cancel, GatewayRequest } from '../../../pipeline/dispatch.js';
import type { ProviderError } from '../../chat/provider-error.js';
import type { AiRules } from '../ai-route.js';
import type { AiProvider } from '../ai-store.js';
import { causes, type Move, wholeLimitMs } from '../attempts.js';
import type { Candidate } from '../candidates.js';
import type { FiredLimit } from '../failed-model.js';
import { KeyLease } from '../key-lease.js';
import { StreamClock } from '../stream-clock.js';
import type { Pace, PlainAsked } from './plain-question.js';
import { type PlainAsker, PlainReply } from './plain-reply.js';

/** Four bytes are the longest character of UTF-8. */
const CHARACTER_BYTES = 4;

export interface PlainTry {
  readonly request: GatewayRequest;
  readonly candidate: Candidate;
  readonly provider: AiProvider;
  readonly asked: PlainAsked;
  /** An attempt at the same model, whose key and those before it are not taken again. */
  readonly before: PlainAttempt | null;
}

export class PlainAttempt {
  readonly candidate: Candidate;
  readonly asked: PlainAsked;
  readonly lease: KeyLease;
  readonly reply: PlainReply;
  clock: StreamClock | null = null;
  /** The limit that ended it. */
  fired: FiredLimit | null = null;
  /** How it failed. */
  error: ProviderError | null = null;
  readonly #try: PlainTry;
  readonly #rules: AiRules;
  #wholeLimitMs = 0;
  /** What is waited for is the next picture. */
  #isBetween = false;
  #isOver = false;

  constructor(made: PlainTry, rules: AiRules, asker: PlainAsker) {
    const { candidate, provider, asked, before } = made;
    const { clock, random, heldBytes } = rules.services;
    this.candidate = candidate;
    this.asked = asked;
    this.#try = made;
    this.#rules = rules;
    this.lease = new KeyLease(provider, candidate.model, before?.lease ?? null, clock, () => random());
    this.reply = new PlainReply(asker, {
      provider: provider.provider,
      reading: asked.reading,
      bytesMax: rules.spec.answerCharsMax * CHARACTER_BYTES,
      held: heldBytes,
    });
  }

  /** `hasOthers`: then a whole answer may take so long that what comes behind it has its turn. */
  begin(how: Move, leftMs: number, hasOthers: boolean): void {
    const { services, spec, route, ask } = this.#rules;
    const { provider, asked } = this.#try;
    this.#wholeLimitMs = wholeLimitMs(leftMs, route.timeouts.attemptMs, hasOthers);
    const { firstTokenMs, betweenTokensMs } = spec.timers;
    // Of a whole answer there is no content before it is whole, and its limit is the only one.
    const limits = { firstTokenMs: this.#pace === 'stream' ? firstTokenMs : this.#wholeLimitMs, betweenTokensMs };
    this.clock = new StreamClock({ ...limits, tokensPerSecondMin: 0 }, services.clock.nowMs());
    this.lease.begin();
    const dispatch = ask.get(provider.spec.upstream);
    if (dispatch === undefined) throw new Error(`nothing asks the upstream "${provider.spec.upstream}"`);
    const { lease, reply } = this;
    const send = (): Cancel => dispatch(this.#sent(asked, causes[how]), reply);
    const cancelWait = lease.whenReady(reply, send, services.onBug);
    reply.waits(cancelWait);
  }

  #sent({ method, path, query, headers: own, body }: PlainAsked, cause: AttemptCause | undefined): GatewayRequest {
    const { request, provider } = this.#try;
    const host = this.#rules.hosts.get(provider.spec.upstream) ?? '';
    const signed = this.lease.fields({ asked: { method, path, query }, body: body ?? new Uint8Array(), host });
    // Nothing is unpacked here.
    const headers: MutableHeaderList = [...own, 'accept-encoding', 'identity', ...signed];
    const via = combinedValue(request.headers, 'via');
    if (via !== undefined) headers.push('via', via);
    const whole = body === null ? null : new WholeBody(body);
    return withQuestion(request, { method, path, query, headers, body: whole, cause });
  }

  get #pace(): Pace {
    const { reading } = this.#try.asked;
    return reading.kind === 'passed' ? reading.pace : 'whole';
  }

  /** Content has come, as its meter has seen. */
  contentCame(tokens: number, nowMs: number): void {
    this.#isBetween = this.#pace === 'pictures' && this.reply.meter?.isBetween === true;
    this.clock?.content(tokens, nowMs, this.#isBetween ? this.#wholeLimitMs : undefined);
  }

  /** From its begin to its first content; NaN: there was none, or none that says anything. */
  get firstTokenMs(): number {
    return this.#pace === 'whole' ? Number.NaN : (this.clock?.firstTokenMs ?? Number.NaN);
  }

  dueAtMs(): number {
    return this.#isOver || this.clock === null ? Number.POSITIVE_INFINITY : this.clock.dueAtMs();
  }

  hasPassed(nowMs: number): boolean {
    return !this.#isOver && this.clock !== null && this.clock.passed(nowMs) !== null;
  }

  /** Ends it for the limit that has passed. */
  fire(nowMs: number): FiredLimit {
    const { firstTokenMs, betweenTokensMs } = this.#rules.spec.timers;
    const isFirst = this.clock?.passed(nowMs) === 'firstToken';
    if (!isFirst && !this.#isBetween) this.fired = { timer: 'betweenTokens', limitMs: betweenTokensMs };
    else if (this.#pace === 'stream') this.fired = { timer: 'firstToken', limitMs: firstTokenMs };
    else this.fired = { timer: 'attempt', limitMs: Math.round(this.#wholeLimitMs) };
    this.reply.giveUp();
    return this.fired;
  }

  /** Left by its owner; nothing is known of its key. */
  giveUp(): void {
    this.reply.giveUp();
    this.#isOver = true;
    this.lease.end('unknown', null);
  }

  answered(): void {
    this.#isOver = true;
    this.lease.end('answered', null);
  }

  failed(error: ProviderError): void {
    this.#isOver = true;
    this.error = error;
    this.lease.endBy(error);
  }
}
