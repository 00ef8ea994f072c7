/**
 * One part of a composition, from the moment that it can be asked to its value: one request, or one for each element of a list, some of
 * them at once. It settles once, or is cancelled.
 */
import { type Failure, timerFired } from '@weir/proto/http/failures.js';
import type { PartSpec } from '@weir/proto/snapshot/compose.js';
import { InnerCall } from '../../calls/inner-call.js';
import { innerRequest, timeLeftMs } from '../../calls/inner-request.js';
import type { Ways } from '../../calls/ways.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import type { ChainServices } from '../../pipeline/services.js';
import { compileQuery, type Evaluated, type Evaluator, type Meter } from './evaluate.js';
import { type Context, compileCall, type FillCall } from './fill.js';
import type { AnsweredPart } from './freshness.js';
import { jsonWithin } from './json-text.js';
import { failed, notAsked, type PartError, type PartOutcome, partOutcome } from './outcome.js';

export interface CompiledPart {
  readonly spec: PartSpec;
  readonly fill: FillCall;
  readonly when: Evaluator | null;
  readonly list: Evaluator | null;
}

export function compilePart(spec: PartSpec): CompiledPart {
  return {
    spec,
    fill: compileCall(spec.call),
    when: spec.when === null ? null : compileQuery(spec.when),
    list: spec.each === null ? null : compileQuery(spec.each.in),
  };
}

/** What became of a part. */
export interface Settled {
  readonly value: unknown;
  /** Of its answer, or a list of those; null: there is none. */
  readonly status: unknown;
  readonly errors: readonly PartError[];
  /** The whole fails with this one. */
  readonly isFatal: boolean;
  /** Answers that its value is made of. */
  readonly answers: readonly AnsweredPart[];
  readonly outcome: 'ok' | 'failed' | 'skipped';
}

export interface PartWorld {
  readonly services: ChainServices;
  readonly ways: Ways;
  readonly request: GatewayRequest;
  readonly meter: Meter;
}

const SKIPPED: Settled = { value: null, status: null, errors: [], isFatal: false, answers: [], outcome: 'skipped' };

export class PartRun {
  readonly #part: CompiledPart;
  readonly #world: PartWorld;
  readonly #done: (settled: Settled) => void;
  readonly #beganMs: number;
  readonly #calls = new Set<InnerCall>();
  #contexts: readonly Context[] = [];
  #outcomes: (PartOutcome | null)[] = [];
  #next = 0;
  #running = 0;
  #isOver = false;

  constructor(part: CompiledPart, world: PartWorld, done: (settled: Settled) => void) {
    this.#part = part;
    this.#world = world;
    this.#done = done;
    this.#beganMs = world.services.clock.nowMs();
  }

  begin(context: Context): void {
    const { when, list, spec } = this.#part;
    const { meter } = this.#world;
    const asks = when === null ? null : when(context, meter);
    if (asks?.ok === false) this.#settleAll([notAsked(asks.why)], true);
    else if (asks !== null && !isTrue(asks.value)) this.#settle(SKIPPED);
    else if (list === null) this.#run([context]);
    else this.#runEach(list(context, meter), spec.each?.max ?? 0, context);
  }

  #runEach(list: Evaluated, max: number, context: Context): void {
    if (!list.ok) this.#settleAll([notAsked(list.why)], true);
    else if (!Array.isArray(list.value))
      this.#settleAll([notAsked('what it is asked for each element of is no list')], true);
    else if (list.value.length > max)
      this.#settleAll([notAsked(`the list has ${list.value.length} elements, and ${max} are the most`)], true);
    else this.#run(list.value.map((item: unknown) => ({ ...context, item })));
  }

  #run(contexts: readonly Context[]): void {
    this.#contexts = contexts;
    this.#outcomes = contexts.map(() => null);
    this.#goOn();
  }

  #goOn(): void {
    const most = this.#part.spec.each?.concurrency ?? 1;
    while (!this.#isOver && this.#running < most && this.#next < this.#contexts.length) {
      const index = this.#next;
      this.#next += 1;
      this.#running += 1;
      this.#ask(index);
    }
    if (!this.#isOver && this.#running === 0)
      this.#settleAll(
        this.#outcomes.flatMap((one) => one ?? []),
        false,
      );
  }

  #ask(index: number): void {
    const context = this.#contexts[index];
    const below = context === undefined ? notAsked('it is gone') : this.#prepared(context);
    if ('ok' in below) {
      this.#answered(index, below);
      return;
    }
    const way = this.#world.ways.to(this.#part.spec.call.route, below);
    if (way === null) {
      this.#answered(index, notAsked(`the route ${this.#part.spec.call.route} does not take ${below.path}`));
      return;
    }
    const { heldBytes } = this.#world.services;
    const call = new InnerCall({ answerBytesMax: this.#part.spec.answerBytesMax, heldBytes }, (end) => {
      const outcome = partOutcome(end);
      // What was read is a value now, or of no use; the value is bounded by what it was read from.
      call.release();
      this.#calls.delete(call);
      this.#answered(index, outcome);
    });
    this.#calls.add(call);
    call.begin(way, below);
  }

  /** An outcome: nobody is asked, and why. */
  #prepared(context: Context): GatewayRequest | PartOutcome {
    const { spec, fill } = this.#part;
    const { services, request, ways, meter } = this.#world;
    const filled = fill(context, meter);
    if (typeof filled === 'string') return notAsked(filled);
    const { path, query, headers, body } = filled;
    if (path.length + query.length > services.gateway.limits.urlBytes) return notAsked('its URL would be too long');
    const text = body === undefined ? null : jsonWithin(body, spec.answerBytesMax);
    if (body !== undefined && text === null) return notAsked('its body would be longer than `maxAnswer`');
    const timeMs = this.#leftMs();
    if (timeMs < 1) return failed(outOfTime(timerFired('total', spec.timeoutMs)));
    const asked = {
      ...{ method: spec.call.method, host: spec.call.host, path, query, timeMs, vouches: true },
      headers: [
        'accept',
        'application/json',
        ...(text === null ? [] : ['content-type', 'application/json']),
        ...headers,
      ],
      body: text === null ? null : new TextEncoder().encode(text),
      auth: ways.authOf(spec.call.route),
    };
    return innerRequest(request, asked, services);
  }

  #leftMs(): number {
    const { services, request } = this.#world;
    const { timeoutMs } = this.#part.spec;
    const nowMs = services.clock.nowMs();
    const ownMs = timeoutMs === 0 ? Number.POSITIVE_INFINITY : this.#beganMs + timeoutMs - nowMs;
    return Math.min(ownMs, timeLeftMs(request.exchange, nowMs));
  }

  #answered(index: number, outcome: PartOutcome): void {
    if (this.#isOver) return;
    this.#outcomes[index] = outcome;
    this.#running -= 1;
    if (!outcome.ok && this.#part.spec.onFailure.kind === 'fail') this.#settleAll([outcome], false);
    else this.#goOn();
  }

  /** `isWhole`: of the part as a whole, though it may have a list. */
  #settleAll(outcomes: readonly PartOutcome[], isWhole: boolean): void {
    const { spec } = this.#part;
    const { name, onFailure } = spec;
    const isList = spec.each !== null && !isWhole;
    const values = outcomes.map((one) => (one.ok ? one.value : onFailure.kind === 'default' ? onFailure.value : null));
    const statuses = outcomes.map((one) => (one.ok ? one.status : one.fault.status));
    const errors = outcomes.flatMap((one, index) =>
      one.ok ? [] : [{ part: name, ...(isList ? { index } : {}), ...one.fault }],
    );
    this.#settle({
      value: isList ? values : (values[0] ?? null),
      status: isList ? statuses : (statuses[0] ?? null),
      errors,
      isFatal: errors.length > 0 && onFailure.kind === 'fail',
      answers: outcomes.flatMap((one) => (one.ok ? [{ method: spec.call.method, headers: one.headers }] : [])),
      outcome: errors.length > 0 ? 'failed' : 'ok',
    });
  }

  #settle(settled: Settled): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Others of its list, where the whole fails with one of them.
    for (const call of this.#calls) call.cancel(null);
    this.#done(settled);
  }

  cancel(why: Failure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const call of this.#calls) call.cancel(why);
  }
}

function isTrue(value: unknown): boolean {
  return value !== null && value !== false && value !== 0 && value !== '';
}

function outOfTime({ code, detail, timer }: Failure) {
  return { status: null, type: `urn:weir:problem:${code}`, detail, ...(timer === undefined ? {} : { timer }) };
}
