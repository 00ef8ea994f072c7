/**
 * One composed answer: asks the parts as soon as what they need is there, and answers when the last of them is over. A part that fails is
 * what its route says (null, a default, or the end of it all); whatever ends the whole, a client that leaves or a deadline, ends all parts
 * at once.
 *
 *   reading the body ──▶ asking ─┬─ all parts are over ──▶ merged, one answer
 *                                └─ a part is fatal ──────▶ a problem that names it
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { readyParts } from '@weir/proto/optimize/compose-plan.js';
import { BodyText, jsonOf } from '../../ai/gateway/body-text.js';
import { answerDirectly } from '../../pipeline/direct-answer.js';
import { type Cancel, type GatewayRequest, nothingToCancel, type ResponseHandler } from '../../pipeline/dispatch.js';
import { Ear } from '../../pipeline/ear.js';
import type { ComposeRules } from './compose-route.js';
import { type Meter, STEPS_MAX } from './evaluate.js';
import type { Context } from './fill.js';
import { type AnsweredPart, cacheFieldsOf } from './freshness.js';
import { jsonWithin } from './json-text.js';
import type { PartError } from './outcome.js';
import { PartRun, type Settled } from './part-run.js';
import { fatalAnswer } from './problem-of-part.js';
import { requestContext } from './request-context.js';

export class Composing {
  readonly #request: GatewayRequest;
  readonly #handler: Ear;
  readonly #rules: ComposeRules;
  readonly #meter: Meter = { left: STEPS_MAX };
  readonly #runs = new Map<string, PartRun>();
  readonly #settled = new Map<string, Settled>();
  readonly #values: Record<string, unknown> = {};
  readonly #statuses: Record<string, unknown> = {};
  #context: Context = { request: { params: {} } };
  #body: BodyText | null = null;
  #isStarting = false;
  #isOver = false;

  constructor(request: GatewayRequest, handler: ResponseHandler, rules: ComposeRules) {
    this.#request = request;
    this.#handler = new Ear(handler);
    this.#rules = rules;
  }

  begin(): Cancel {
    const { body } = this.#request;
    this.#request.exchange.parts = [];
    if (body === null) {
      this.#start(null);
      return this.#isOver ? nothingToCancel : this.#cancel;
    }
    this.#body = new BodyText(body, this.#rules.services.bodies, (got) => {
      const value = got instanceof Uint8Array ? jsonOf(got) : got;
      if (got instanceof Uint8Array && value !== undefined) this.#start(value);
      else if (got instanceof Uint8Array) this.#fail(failure('bad_request', 'the body is no JSON, or nested too deep'));
      else this.#fail(got);
    });
    this.#body.read();
    return this.#cancel;
  }

  /** The client has left, or a layer above has ended the exchange. */
  readonly #cancel: Cancel = () => {
    this.#handler.close();
    if (this.#isOver) return;
    const gone = this.#request.exchange.failure ?? failure('client_gone', 'who asked for the whole has left');
    this.#end(gone);
  };

  #start(body: unknown): void {
    if (this.#isOver) return;
    this.#body?.release();
    this.#context = { ...requestContext(this.#request, body) };
    this.#goOn();
  }

  /** Parts may answer while they are being asked, so this calls nothing that calls it back before it is done. */
  #goOn(): void {
    if (this.#isStarting || this.#isOver) return;
    this.#isStarting = true;
    const { needs } = this.#rules;
    for (let ready = this.#ready(); ready.length > 0 && !this.#isOver; ready = this.#ready())
      for (const name of ready) if (!this.#isOver) this.#ask(name);
    this.#isStarting = false;
    if (!this.#isOver && this.#settled.size === needs.size) this.#answer();
  }

  #ready(): string[] {
    return readyParts(this.#rules.needs, new Set(this.#runs.keys()), new Set(this.#settled.keys()));
  }

  #ask(name: string): void {
    const { parts, services, ways } = this.#rules;
    const part = parts.get(name);
    if (part === undefined) throw new Error(`there is no part "${name}"`);
    const beganMs = services.clock.nowMs();
    const world = { services, ways, request: this.#request, meter: this.#meter };
    const run = new PartRun(part, world, (settled) => {
      this.#settled.set(name, settled);
      this.#values[name] = settled.value;
      this.#statuses[name] = settled.status;
      this.#tell(name, settled, services.clock.nowMs() - beganMs);
      const [error] = settled.errors;
      if (settled.isFatal && error !== undefined) this.#failWith(error);
      else this.#goOn();
    });
    this.#runs.set(name, run);
    run.begin({ ...this.#context, ...this.#values, status: this.#statuses });
  }

  #tell(part: string, { outcome, status }: Settled, ms: number): void {
    const { services, routeId } = this.#rules;
    this.#request.exchange.parts?.push({ part, outcome, status: typeof status === 'number' ? status : 0, ms });
    services.observer.joined(`part_${outcome}`, routeId);
  }

  #answer(): void {
    const { merge, spec } = this.#rules;
    const errors = [...this.#rules.needs.keys()].flatMap((name) => this.#settled.get(name)?.errors ?? []);
    const whole = { ...this.#context, ...this.#values, status: this.#statuses, errors };
    const merged = merge === null ? { ok: true as const, value: this.#values } : merge(whole, this.#meter);
    if (!merged.ok) {
      this.#fail(failure('merge_failed', `the answers of the parts can not be merged: ${merged.why}`));
      return;
    }
    const text = jsonWithin(this.#withErrors(merged.value, errors), spec.answerBytesMax);
    const bytes = text === null ? null : new TextEncoder().encode(text);
    if (bytes === null || bytes.byteLength > spec.answerBytesMax) {
      this.#fail(failure('merge_failed', `the answer is longer than ${spec.answerBytesMax} bytes`));
      return;
    }
    const headers = ['content-type', 'application/json', ...this.#cacheFields(errors)];
    this.#end(null);
    answerDirectly(this.#request, this.#handler, 200, headers, bytes);
  }

  #withErrors(value: unknown, errors: readonly PartError[]): unknown {
    const { errorsField, mergesErrors } = this.#rules.spec;
    if (errors.length === 0 || errorsField === '' || mergesErrors || !isObject(value)) return value;
    return Object.hasOwn(value, errorsField) ? value : { ...value, [errorsField]: errors };
  }

  #cacheFields(errors: readonly PartError[]): string[] {
    const { spec, services, defaultS } = this.#rules;
    const answers: AnsweredPart[] = [...this.#settled.values()].flatMap((settled) => settled.answers);
    return cacheFieldsOf(answers, {
      ...{ isPartial: errors.length > 0, isPrivate: spec.isPrivate, varies: spec.varies, defaultS },
      nowWallMs: services.clock.wallMs(),
    });
  }

  #failWith(error: PartError): void {
    const { status, type, body } = fatalAnswer(error, this.#request.exchange.id);
    this.#fail({
      ...failure('part_failed', `the part ${error.part} failed: ${error.detail}`),
      answer: { status, type, body },
    });
  }

  #fail(failed: Failure): void {
    if (this.#isOver) return;
    this.#end(failure('client_gone', 'another part has failed, and the whole with it'));
    this.#handler.onError(failed);
  }

  /** Null: all parts are over. */
  #end(why: Failure | null): void {
    this.#isOver = true;
    this.#body?.release();
    if (why !== null) for (const run of this.#runs.values()) run.cancel(why);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
