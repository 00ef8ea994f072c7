/**
 * Turns a failure into an answer. Above this layer there are only answers, below it failures.
 *
 * Before the head of a response has passed, a failure becomes a problem document that names the timer, the phases and
 * the attempts. After it, the answer can't be taken back: the failure goes on up, and the listener breaks the message
 * visibly. Writes `exchange.failure`, and gives every answer the request id, so that whoever holds an answer can find
 * its line in the log.
 */
import { type Failure, failureTable } from '@weir/proto/http/failures.js';
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import { type ProblemContext, problemAnswer } from '@weir/proto/http/problem.js';
import type { NamesSpec } from '@weir/proto/snapshot/gateway.js';
import type { CompiledAi } from '../ai/gateway/ai-store.js';
import { type PublicNames, publicNamesOf } from '../observe/public-names.js';
import type { Place } from '../pipeline/chain.js';
import {
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import { EditedHead } from '../pipeline/edited-response.js';
import { evidenceOf } from '../pipeline/exchange.js';
import { FieldAdded } from '../pipeline/field-added.js';
import type { Clock } from '../time/clock.js';

/** What all exchanges of a route answer their failures with. */
interface Answers {
  readonly clock: Clock;
  readonly names: NamesSpec;
  readonly publicNames: PublicNames;
  readonly requestId: FieldAdded;
  /** Where clients speak a protocol of models, they read errors in its words, whichever layer they come from. */
  readonly words: CompiledAi | null;
}

export const answerFailure: Place = (route, services) => {
  const answers: Answers = {
    clock: services.clock,
    names: services.gateway.names,
    publicNames: publicNamesOf(route, services.upstreams),
    requestId: new FieldAdded(services.gateway.names.requestIdHeader),
    words: route.action.kind === 'ai' ? services.ai : null,
  };
  return (next) => (request, handler) => {
    const answering = new Answering(request, handler, answers);
    answering.cancelNext = next(request, answering);
    return answering.cancel;
  };
};

class Answering implements ResponseHandler {
  cancelNext: Cancel = nothingToCancel;
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  readonly #answers: Answers;
  #headPassed = false;
  #cancelled = false;

  constructor(request: GatewayRequest, handler: ResponseHandler, answers: Answers) {
    this.#request = request;
    this.#handler = handler;
    this.#answers = answers;
  }

  readonly cancel: Cancel = () => {
    this.#cancelled = true;
    this.cancelNext();
  };

  onHeaders(head: ResponseHead): void {
    this.#headPassed = true;
    this.#handler.onHeaders(new EditedHead(head, this.#withRequestId(head.headers)));
  }

  onData(chunk: Uint8Array): boolean {
    return this.#handler.onData(chunk);
  }

  onComplete(): void {
    this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    this.#request.exchange.failure = failed;
    // Nobody is left who could hear an answer, or one has begun already.
    if (this.#headPassed || failureTable[failed.code].status === 499) this.#handler.onError(failed);
    else this.#answer(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(this.#withRequestId(headers), peer);
  }

  #withRequestId(headers: HeaderList): HeaderList {
    return this.#answers.requestId.to(headers, this.#request.exchange.id);
  }

  #answer(failed: Failure): void {
    const concealed = { ...failed, detail: this.#answers.publicNames.conceal(failed.detail) };
    const answer = problemAnswer(this.#inWords(concealed), this.#context(failed));
    const body = new TextEncoder().encode(answer.body);
    this.#headPassed = true;
    // The body is one small chunk, so there is nothing to hold back and nothing to resume.
    this.#handler.onHeaders({
      status: answer.status,
      headers: answer.headers,
      lengthBytes: body.byteLength,
      resume: () => {},
    });
    if (this.#request.method !== 'HEAD' && !this.#cancelled) this.#handler.onData(body);
    if (!this.#cancelled) this.#handler.onComplete();
  }

  #inWords(failed: Failure): Failure {
    const { words } = this.#answers;
    if (words === null) return failed;
    const { path, headers } = this.#request;
    return words.inWords(words.formatOf(path, headerValue(headers, 'anthropic-version')), failed);
  }

  #context(failed: Failure): ProblemContext {
    const { clock, names, publicNames } = this.#answers;
    const { exchange } = this.#request;
    const { elapsedMs, attempts } = evidenceOf(exchange, failed, clock.nowMs());
    return {
      requestId: exchange.id,
      requestIdHeader: names.requestIdHeader,
      via: names.via,
      elapsedMs,
      attempts: attempts.map((attempt) => ({ ...attempt, target: publicNames.target(attempt.target) })),
    };
  }
}
