/**
 * One attempt at what is no chat, seen from the answer.
 *
 *   head ── 2xx, told ───▶ gathered ─▶ translator ──▶ answer
 *     ├──── 2xx, passed ─▶ meter ──▶ bytes …  ──▶ end
 *     └──── else ────────▶ gathered, at most so much ──▶ error
 *
 * Whole answers are bounded by the route and, all together, by the node; of what passes nothing is kept.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import {
  type Cancel,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../../../pipeline/dispatch.js';
import type { HeldBytes } from '../../../upstream/retry/held-bytes.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import type { Provider } from '../../provider.js';
import { joined, jsonOf } from '../body-text.js';
import { errorOfFailure } from '../failed-model.js';
import { ERROR_BYTES_MAX } from '../reply.js';
import type { Meter, PlainAnswer, PlainReading } from './plain-question.js';

/** What a provider itself has said of a failure, for callers who speak its API. */
export interface SaidError {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Who asked. After `ended`, `answered` or `failed` nothing more comes. */
export interface PlainAsker {
  /** Returns whether there is room for more. `tokens`: of content in the chunk. */
  passed(head: ResponseHead, chunk: Uint8Array, tokens: number): boolean;
  ended(head: ResponseHead, meter: Meter): void;
  answered(answer: PlainAnswer): void;
  failed(error: ProviderError, said: SaidError | null): void;
}

export interface PlainReplyTerms {
  readonly provider: Provider;
  readonly reading: PlainReading;
  readonly bytesMax: number;
  readonly held: HeldBytes;
}

type State = 'head' | 'told' | 'passed' | 'error' | 'over';

export class PlainReply implements ResponseHandler {
  readonly #asker: PlainAsker;
  readonly #terms: PlainReplyTerms;
  #state: State = 'head';
  #head: ResponseHead | null = null;
  #meter: Meter | null = null;
  #cancelNext: Cancel | null = null;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #heldBytes = 0;
  #isPaused = false;

  constructor(asker: PlainAsker, terms: PlainReplyTerms) {
    this.#asker = asker;
    this.#terms = terms;
  }

  get meter(): Meter | null {
    return this.#meter;
  }

  /** Tells how to cancel what was dispatched; it may be over by then. */
  dispatched(cancel: Cancel): void {
    if (this.#state === 'over') cancel();
    else this.#cancelNext = cancel;
  }

  /** For what comes before there is anything to dispatch. */
  waits(cancel: Cancel): void {
    this.#cancelNext ??= cancel;
  }

  giveUp(): void {
    if (this.#state === 'over') return;
    this.#end();
    const cancel = this.#cancelNext ?? nothingToCancel;
    this.#cancelNext = null;
    cancel();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#head?.resume();
  }

  /** Nothing was sent. */
  refused(error: ProviderError): void {
    if (this.#state !== 'over') this.#fail(error, null);
  }

  /** What has been said is all: the connection need not end for that. False: it is not, or nobody knows. */
  endedEarly(): boolean {
    const head = this.#head;
    const meter = this.#meter;
    if (this.#state !== 'passed' || head === null || meter?.isWhole !== true) return false;
    this.giveUp();
    this.#asker.ended(head, meter);
    return true;
  }

  onHeaders(head: ResponseHead): void {
    if (this.#state !== 'head') return;
    this.#head = head;
    const { reading } = this.#terms;
    if (head.status < 200 || head.status >= 300) this.#state = 'error';
    else if (reading.kind === 'told') this.#state = 'told';
    else {
      this.#state = 'passed';
      this.#meter = reading.meter(head.status, head.headers);
    }
  }

  onData(chunk: Uint8Array): boolean {
    switch (this.#state) {
      case 'passed':
        return this.#passed(chunk);
      case 'told':
        return this.#gathered(chunk);
      case 'error':
        this.#chunks.push(chunk);
        this.#bytes += chunk.byteLength;
        if (this.#bytes >= ERROR_BYTES_MAX) this.#tellError();
        return this.#isOn();
      default:
        return false;
    }
  }

  onComplete(): void {
    switch (this.#state) {
      case 'passed':
        this.#passedAll();
        break;
      case 'told':
        this.#tellAnswer();
        break;
      case 'error':
        this.#tellError();
    }
  }

  onError(failed: Failure): void {
    if (this.#state === 'over') return;
    // An error whose body broke off is still that error.
    if (this.#state === 'error' && (this.#head?.status ?? 0) >= 400) this.#tellError();
    else this.#fail(errorOfFailure(failed, this.#head !== null), null);
  }

  /** No model is asked for an upgrade. */
  onUpgrade(_headers: HeaderList, peer: WebSocketPeer): void {
    peer.terminate();
    this.refused(providerError('malformed', 'The provider answered with another protocol.'));
  }

  #isOn(): boolean {
    return this.#state !== 'over';
  }

  #passed(chunk: Uint8Array): boolean {
    const head = this.#head;
    const meter = this.#meter;
    if (head === null || meter === null) return false;
    const tokens = meter.feed(chunk);
    const hasRoom = this.#asker.passed(head, chunk, tokens);
    if (this.#isOn() && meter.error !== null) this.#fail(meter.error, null);
    this.#isPaused = !hasRoom && this.#isOn();
    return hasRoom && this.#isOn();
  }

  #passedAll(): void {
    const head = this.#head;
    const meter = this.#meter;
    if (head === null || meter === null) return;
    const error = meter.end();
    if (error !== null) {
      this.#fail(error, null);
      return;
    }
    this.#end();
    this.#asker.ended(head, meter);
  }

  #gathered(chunk: Uint8Array): boolean {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#terms.bytesMax) {
      const native = 'too-long';
      this.#fail(providerError('malformed', 'The answer is longer than the route allows.', { native }), null);
    } else if (!this.#terms.held.take(chunk.byteLength)) {
      const native = 'no-room';
      this.#fail(providerError('overloaded', 'The gateway has no room for the answer.', { native }), null);
    } else {
      this.#heldBytes += chunk.byteLength;
      this.#chunks.push(chunk);
    }
    return this.#isOn();
  }

  #tellAnswer(): void {
    const { reading } = this.#terms;
    const body = jsonOf(joined(this.#chunks));
    if (reading.kind !== 'told') return;
    const answer =
      body === undefined
        ? providerError('malformed', 'The provider answered with what is no JSON.')
        : reading.answer(body, this.#head?.headers ?? []);
    if ('kind' in answer) {
      this.#fail(answer, null);
      return;
    }
    this.#end();
    this.#asker.answered(answer);
  }

  #tellError(): void {
    const { status = 0, headers = [] } = this.#head ?? {};
    const body = new TextDecoder().decode(joined(this.#chunks));
    if (status >= 400) {
      const type = headerValue(headers, 'content-type') ?? 'application/json';
      this.#fail(this.#terms.provider.error(status, headers, body), { status, type, body });
    } else {
      const native = String(status);
      this.#fail(providerError('malformed', `The provider answered with status ${status}.`, { native }), null);
    }
  }

  #fail(error: ProviderError, said: SaidError | null): void {
    this.giveUp();
    this.#asker.failed(error, said);
  }

  #end(): void {
    this.#state = 'over';
    this.#chunks.length = 0;
    this.#terms.held.giveBack(this.#heldBytes);
    this.#heldBytes = 0;
  }
}
