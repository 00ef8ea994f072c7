/**
 * Asks a service of the operator's own about a question or an answer, over an upstream of the snapshot as any other call out. POST with
 *
 *   { "guard", "on": "request" | "answer", "model", "texts": ["…"] }
 *
 * and it answers 2xx with { "action": "allow" }, { "action": "deny", "reason" } or { "action": "replace", "texts": ["…"] }, as many as it
 * was given. What is anything else, or late, has failed; what then happens is the guard's to say.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { AiWebhookSpec } from '@weir/proto/snapshot/ai.js';
import { WholeBody } from '../../cache/whole-body.js';
import { withQuestion } from '../../pipeline/derived-request.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../../pipeline/dispatch.js';
import type { Timer, Timers } from '../../time/clock.js';
import { joined, jsonOf } from '../gateway/body-text.js';
import { isObject, type JsonObject } from '../json.js';

export type Verdict =
  | { readonly kind: 'allow' }
  | { readonly kind: 'deny'; readonly reason: string }
  | { readonly kind: 'replace'; readonly texts: readonly string[] }
  /** `why`: for logs. */
  | { readonly kind: 'failed'; readonly why: string };

export interface WebhookQuestion extends JsonObject {
  readonly guard: string;
  readonly on: 'request' | 'answer';
  readonly model: string;
  readonly texts: readonly string[];
}

/** Beyond what was sent: replacements may be longer. */
const ANSWER_MORE_BYTES = 256 * 1024;
const REASON_MAX = 200;

/** `done` is called once, unless it was cancelled before; it may be called before this returns. */
export function askWebhook(
  request: GatewayRequest,
  dispatch: Dispatch,
  { path, timeoutMs }: AiWebhookSpec,
  question: WebhookQuestion,
  timers: Timers,
  done: (verdict: Verdict) => void,
): Cancel {
  const body = new TextEncoder().encode(JSON.stringify(question));
  const call = new WebhookCall(question.texts.length, body.byteLength * 2 + ANSWER_MORE_BYTES, timers, done);
  const [bare = '/', query = ''] = path.split(/\?(.*)/s);
  const headers = ['content-type', 'application/json', 'accept', 'application/json', 'accept-encoding', 'identity'];
  const sent = { method: 'POST', path: bare, query, headers, body: new WholeBody(body), cause: undefined };
  call.begin(timeoutMs, () => dispatch(withQuestion(request, sent), call));
  return () => call.cancel();
}

class WebhookCall implements ResponseHandler {
  readonly #texts: number;
  readonly #bytesMax: number;
  readonly #done: (verdict: Verdict) => void;
  readonly #timer: Timer;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #status = 0;
  #cancelNext: Cancel = nothingToCancel;
  #isOver = false;

  constructor(texts: number, bytesMax: number, timers: Timers, done: (verdict: Verdict) => void) {
    this.#texts = texts;
    this.#bytesMax = bytesMax;
    this.#done = done;
    this.#timer = timers.create(() => this.#fail('it was too slow'));
  }

  begin(timeoutMs: number, dispatch: () => Cancel): void {
    this.#timer.arm(timeoutMs);
    const cancel = dispatch();
    if (!this.#isOver) this.#cancelNext = cancel;
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#end();
    this.#cancelNext();
  }

  onHeaders(head: ResponseHead): void {
    this.#status = head.status;
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#isOver) return false;
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#bytesMax) this.#fail('its answer was too long');
    else this.#chunks.push(chunk);
    return !this.#isOver;
  }

  onComplete(): void {
    if (this.#isOver) return;
    const verdict = this.#verdict();
    this.#end();
    this.#done(verdict);
  }

  onError(failed: Failure): void {
    if (this.#isOver) return;
    this.#end();
    this.#done({ kind: 'failed', why: failed.code });
  }

  onUpgrade(_headers: HeaderList, peer: WebSocketPeer): void {
    peer.terminate();
    this.#fail('it answered with another protocol');
  }

  #verdict(): Verdict {
    if (this.#status < 200 || this.#status > 299) return { kind: 'failed', why: `it answered ${this.#status}` };
    return readVerdict(jsonOf(joined(this.#chunks)), this.#texts);
  }

  #fail(why: string): void {
    if (this.#isOver) return;
    this.#end();
    this.#cancelNext();
    this.#done({ kind: 'failed', why });
  }

  #end(): void {
    this.#isOver = true;
    this.#timer.cancel();
    if (this.#status === 0) this.#chunks.length = 0;
  }
}

export function readVerdict(body: unknown, texts: number): Verdict {
  const failed: Verdict = { kind: 'failed', why: 'its answer can not be read' };
  if (!isObject(body)) return failed;
  const { action, reason } = body;
  if (action === 'allow') return { kind: 'allow' };
  if (action === 'deny') {
    const said =
      typeof reason === 'string' ? reason.replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ').slice(0, REASON_MAX) : '';
    return { kind: 'deny', reason: said === '' ? 'a check says so' : said };
  }
  if (action !== 'replace' || !Array.isArray(body['texts']) || body['texts'].length !== texts) return failed;
  const replaced: unknown[] = body['texts'];
  return replaced.every((text) => typeof text === 'string') ? { kind: 'replace', texts: replaced } : failed;
}
