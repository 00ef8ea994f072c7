/**
 * One attempt at a model, seen from the answer: bytes of a provider go in, and what they say comes out.
 *
 *   head ── 2xx, streamed ──▶ framer ──▶ translator ──▶ events …  ──▶ end
 *     ├──── 2xx, whole ─────▶ gathered ─▶ translator ──▶ answer
 *     └──── anything else ──▶ gathered, at most so much ──▶ error
 *
 * A provider that was asked for a stream may answer whole (some do, for want of the feature, and not all say so in the content type): that
 * becomes the events of a stream.
 * What is kept is one event that is not whole, or one whole answer, both bounded; all whole answers together are bounded by the node.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import {
  type Cancel,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../../pipeline/dispatch.js';
import type { HeldBytes } from '../../upstream/retry/held-bytes.js';
import type { ChatAnswer, ChatEvent } from '../chat/chat-answer.js';
import { eventsOf } from '../chat/gather.js';
import { type ProviderError, providerError } from '../chat/provider-error.js';
import { believedEvents, believedUsage } from '../chat/usage-bounds.js';
import { parsedJson } from '../json.js';
import { isProviderError, type Provider, type StreamReader, type WireEvent } from '../provider.js';
import { errorOfBroken, type Framer } from '../wire/framer.js';
import { openFramer } from '../wire/open-framer.js';
import { joined, textOfBytes } from './body-text.js';
import { errorOfFailure } from './failed-model.js';

/** Who asked. After `ended`, `answered` or `failed` nothing more comes. */
export interface Asker {
  /** Returns whether there is room for more. `breaksOff`: these came in one piece with the failure that is told next. */
  events(events: readonly ChatEvent[], breaksOff: boolean): boolean;
  /** The stream has ended, and was whole as far as its provider says. */
  ended(): void;
  answered(answer: ChatAnswer): void;
  failed(error: ProviderError): void;
}

export interface ReplyTerms {
  readonly provider: Provider;
  readonly isStream: boolean;
  readonly charactersMax: number;
  readonly held: HeldBytes;
}

/** Of an error's body; what is beyond it is not read. */
export const ERROR_BYTES_MAX = 64 * 1024;

const SPACE = 0x20;
const BRACE = 0x7b;

type Reading = 'head' | 'stream' | 'whole' | 'error' | 'over';

export class Reply implements ResponseHandler {
  readonly #asker: Asker;
  readonly #terms: ReplyTerms;
  #reading: Reading = 'head';
  #head: ResponseHead | null = null;
  #cancelNext: Cancel | null = null;
  #framer: Framer | null = null;
  #reader: StreamReader | null = null;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #heldBytes = 0;
  #isPaused = false;
  /** Something else than white space of a stream has come. */
  #hasBegun = false;

  constructor(asker: Asker, terms: ReplyTerms) {
    this.#asker = asker;
    this.#terms = terms;
  }

  /** Tells how to cancel what was dispatched; it may be over by then. */
  dispatched(cancel: Cancel): void {
    if (this.#reading === 'over') cancel();
    else this.#cancelNext = cancel;
  }

  /** For what comes before there is anything to dispatch. */
  waits(cancel: Cancel): void {
    this.#cancelNext ??= cancel;
  }

  /** Nothing was sent. */
  refused(error: ProviderError): void {
    if (this.#reading !== 'over') this.#fail(error);
  }

  /** Nothing more is wanted of it. */
  giveUp(): void {
    if (this.#reading === 'over') return;
    this.#end();
    const cancel = this.#cancelNext ?? nothingToCancel;
    this.#cancelNext = null;
    cancel();
  }

  /** There is room again. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#head?.resume();
  }

  /** All has been said, though the connection stays open: what the translator makes of it. */
  endEarly(): readonly ChatEvent[] {
    const events = this.#reader?.end() ?? [];
    this.giveUp();
    return events;
  }

  onHeaders(head: ResponseHead): void {
    if (this.#reading !== 'head') return;
    this.#head = head;
    const isAnswer = head.status >= 200 && head.status < 300;
    if (!isAnswer) this.#reading = 'error';
    else if (this.#terms.isStream && !this.#isWhole(head.headers)) {
      this.#reading = 'stream';
      this.#framer = openFramer(this.#terms.provider.framing);
      this.#reader = this.#terms.provider.stream();
    } else this.#reading = 'whole';
  }

  #isWhole(headers: HeaderList): boolean {
    const type = headerValue(headers, 'content-type') ?? '';
    return this.#terms.provider.framing !== 'ndjson' && /^application\/json\b/i.test(type);
  }

  /** No event begins as an object does: a whole answer, or an error, whatever the content type says. */
  #beginsWhole(chunk: Uint8Array): boolean {
    if (this.#hasBegun) return false;
    const first = chunk.find((byte) => byte > SPACE);
    this.#hasBegun = first !== undefined;
    return first === BRACE && this.#terms.provider.framing === 'sse';
  }

  onData(chunk: Uint8Array): boolean {
    switch (this.#reading) {
      case 'stream':
        if (!this.#beginsWhole(chunk)) return this.#streamed(chunk);
        this.#reading = 'whole';
        return this.#gathered(chunk);
      case 'whole':
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
    switch (this.#reading) {
      case 'stream':
        this.#streamEnded();
        break;
      case 'whole':
        this.#tellAnswer();
        break;
      case 'error':
        this.#tellError();
    }
  }

  onError(failed: Failure): void {
    if (this.#reading === 'over') return;
    const status = this.#head?.status ?? 0;
    // An error whose body broke off is still that error.
    if (this.#reading === 'error' && status >= 400) this.#tellError();
    else this.#fail(errorOfFailure(failed, this.#head !== null));
  }

  /** No model is asked for an upgrade. */
  onUpgrade(_headers: HeaderList, peer: WebSocketPeer): void {
    peer.terminate();
    if (this.#reading !== 'over')
      this.#fail(providerError('malformed', 'The provider answered with another protocol.'));
  }

  #isOn(): boolean {
    return this.#reading !== 'over';
  }

  #streamed(chunk: Uint8Array): boolean {
    const framer = this.#framer;
    const reader = this.#reader;
    if (framer === null || reader === null) return false;
    const events = saidBy(framer.feed(chunk), reader);
    if (framer.broken !== null) events.push({ kind: 'error', error: errorOfBroken(framer.broken) });
    return events.length === 0 ? true : this.#tellEvents(believedEvents(events));
  }

  #streamEnded(): void {
    const framer = this.#framer;
    const reader = this.#reader;
    if (framer === null || reader === null) return;
    const events = saidBy(framer.end(), reader);
    if (framer.broken !== null) events.push({ kind: 'error', error: errorOfBroken(framer.broken) });
    else events.push(...reader.end());
    if (events.length > 0) this.#tellEvents(believedEvents(events));
    if (!this.#isOn()) return;
    this.#end();
    this.#asker.ended();
  }

  #tellEvents(events: readonly ChatEvent[]): boolean {
    const at = events.findIndex((event) => event.kind === 'error');
    const failed = events[at];
    if (failed?.kind !== 'error') {
      const hasRoom = this.#asker.events(events, false);
      this.#isPaused = !hasRoom && this.#isOn();
      return hasRoom && this.#isOn();
    }
    if (at > 0) this.#asker.events(events.slice(0, at), true);
    if (this.#isOn()) this.#fail(failed.error);
    return false;
  }

  #gathered(chunk: Uint8Array): boolean {
    this.#bytes += chunk.byteLength;
    // Four bytes are the longest character of UTF-8.
    if (this.#bytes > this.#terms.charactersMax * 4) {
      this.#fail(providerError('malformed', 'The answer is longer than the route allows.', { native: 'too-long' }));
    } else if (!this.#terms.held.take(chunk.byteLength)) {
      this.#fail(providerError('overloaded', 'The gateway has no room for the answer.', { native: 'no-room' }));
    } else {
      this.#heldBytes += chunk.byteLength;
      this.#chunks.push(chunk);
    }
    return this.#isOn();
  }

  #tellAnswer(): void {
    const text = textOfBytes(joined(this.#chunks));
    const body = text === undefined || text.length > this.#terms.charactersMax ? undefined : parsedJson(text);
    const result =
      body === undefined
        ? providerError('malformed', 'The provider answered with what is no JSON, or with too much of it.')
        : this.#terms.provider.answer(body);
    if (isProviderError(result)) {
      this.#fail(result);
      return;
    }
    const usage = result.usage && believedUsage(result.usage);
    const answer = usage === result.usage ? result : { ...result, usage };
    if (!this.#terms.isStream) {
      this.#end();
      this.#asker.answered(answer);
      return;
    }
    this.#asker.events(eventsOf(answer), false);
    if (!this.#isOn()) return;
    this.#end();
    this.#asker.ended();
  }

  #tellError(): void {
    const status = this.#head?.status ?? 0;
    if (status >= 400) {
      this.#fail(this.#terms.provider.error(status, this.#head?.headers ?? [], this.#text()));
    } else
      this.#fail(
        providerError('malformed', `The provider answered with status ${status}.`, { native: String(status) }),
      );
  }

  #text(): string {
    return new TextDecoder().decode(joined(this.#chunks));
  }

  #fail(error: ProviderError): void {
    this.giveUp();
    this.#asker.failed(error);
  }

  #end(): void {
    this.#reading = 'over';
    this.#chunks.length = 0;
    this.#terms.held.giveBack(this.#heldBytes);
    this.#heldBytes = 0;
  }
}

/** Plain loops here and on the way up: each of them runs for every token of every stream. */
function saidBy(wire: readonly WireEvent[], reader: StreamReader): ChatEvent[] {
  const said: ChatEvent[] = [];
  for (const one of wire) for (const event of reader.read(one)) said.push(event);
  return said;
}
