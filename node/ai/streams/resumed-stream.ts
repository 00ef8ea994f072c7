/**
 * A client that comes back to a stream: the rest of it, from the event behind the last one that it has. Where its model writes at this node
 * the client reads along; elsewhere it is read from the store, again and again until its end.
 *
 *   looking ─┬─ runs here ─────▶ reading along ──▶ over
 *            └─ store has it ──▶ reading ◀──▶ waiting (for events, or for room) ──▶ over
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { type JobOwner, ownerOf } from '../../jobs/job.js';
import { type Cancel, type GatewayRequest, nothingToCancel, type ResponseHandler } from '../../pipeline/dispatch.js';
import type { Timer } from '../../time/clock.js';
import { providerError } from '../chat/provider-error.js';
import type { ChatFormat } from '../format.js';
import { inWordsOf } from '../gateway/failed-model.js';
import { FAREWELL_MS } from '../gateway/outlet.js';
import { type DurableRoute, type KeptEnd, STREAM_ID } from './kept-stream.js';
import type { LogReading } from './shared-log.js';
import { LEASE_MS, type StreamReading, StreamsAway } from './stream-store.js';

/** How often the store is looked at for more: what a reader of another node is behind, at most, beside what is gathered there. */
const LOOK_AGAIN_MS = 50;
const EVENTS_AT_ONCE = 256;

export interface Resumption {
  readonly id: string;
  /** Events that the client has. */
  readonly read: number;
  readonly format: ChatFormat;
}

export class ResumedStream {
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  readonly #durable: DurableRoute;
  readonly #wanted: Resumption;
  readonly #encoder = new TextEncoder();
  readonly #timer: Timer;
  #at: number;
  #hasHead = false;
  #isOpen = true;
  #isLooking = false;
  #isOver = false;
  #answeredAtMs: number;
  #sentAtMs: number;
  #reading: LogReading | null = null;
  #breaksWith: Failure | null = null;

  constructor(request: GatewayRequest, handler: ResponseHandler, durable: DurableRoute, wanted: Resumption) {
    const { clock, timers } = durable.services;
    this.#request = request;
    this.#handler = handler;
    this.#durable = durable;
    this.#wanted = wanted;
    this.#at = wanted.read;
    this.#answeredAtMs = clock.nowMs();
    this.#sentAtMs = clock.nowMs();
    this.#timer = timers.create(() => this.#due());
  }

  begin(): Cancel {
    if (!this.#readAlong()) this.#look();
    return this.#isOver ? nothingToCancel : this.#cancel;
  }

  readonly #cancel: Cancel = () => {
    this.#isOver = true;
    this.#timer.cancel();
    this.#reading?.leave();
  };

  /** Whether it runs here, and is his. */
  #readAlong(): boolean {
    const { streams, route } = this.#durable;
    const { id, read } = this.#wanted;
    const running = streams.running.get(id);
    const exchange = running?.request.exchange;
    if (running === undefined || exchange === undefined || exchange.routeId !== route.id) return false;
    if (!this.#isOwner(ownerOf(exchange.consumerId, exchange.vouchedBy))) return false;
    const reader = {
      items: (events: readonly string[]): boolean => this.#send(events.join('')),
      ended: ({ failure: failed }: KeptEnd): void => this.#end(failed),
    };
    const reading = running.join(reader, read);
    if (reading === null) return false;
    this.#reading = reading;
    this.#begin(running.headers);
    reading.resume();
    return true;
  }

  #isOwner(owner: JobOwner | null): boolean {
    const { consumerId, vouchedBy } = this.#request.exchange;
    const asks = ownerOf(consumerId, vouchedBy);
    return asks?.id === owner?.id && asks?.vouchedBy === owner?.vouchedBy;
  }

  #look(): void {
    if (this.#isOver || this.#isLooking) return;
    this.#isLooking = true;
    this.#durable.streams.store.read(this.#wanted.id, this.#at, EVENTS_AT_ONCE, this.#hasHead).then(
      (reading) => {
        this.#isLooking = false;
        this.#answeredAtMs = this.#durable.services.clock.nowMs();
        if (!this.#isOver) this.#got(reading);
      },
      (error: unknown) => {
        this.#isLooking = false;
        if (!(error instanceof StreamsAway)) this.#durable.services.onBug(error);
        if (!this.#isOver) this.#away();
      },
    );
  }

  #got(reading: StreamReading | null): void {
    const isHis =
      reading !== null && reading.stream.routeId === this.#durable.route.id && this.#isOwner(reading.stream.owner);
    if (!isHis) {
      this.#fail(failure('stream_not_found', 'there is no such stream, or it is not kept any more'));
      return;
    }
    if (reading.state === 'tooLong') {
      this.#fail(failure('stream_too_long', 'the stream has grown beyond what is kept of one'));
      return;
    }
    if (!this.#hasHead && reading.state === 'lost' && reading.length <= this.#at) {
      this.#fail(failure('stream_lost', 'the node that wrote the stream is gone'));
      return;
    }
    if (!this.#hasHead) this.#begin(reading.stream.headers);
    this.#at += reading.events.length;
    if (reading.events.length > 0) this.#send(reading.events.join(''));
    if (this.#at < reading.length) {
      // As much as there is room for; else it goes on with that.
      if (this.#isOpen) this.#look();
    } else if (reading.state === 'running') this.#timer.arm(LOOK_AGAIN_MS);
    else if (reading.state === 'done') this.#end(null);
    else if (reading.state === 'failed') this.#end(failure(reading.failure ?? 'model_failed', 'the stream had failed'));
    else this.#fail(failure('stream_lost', 'the node that wrote the stream is gone'));
  }

  /** The store does not answer: who is in the middle of it waits a while. */
  #away(): void {
    const { clock } = this.#durable.services;
    const isLate = clock.nowMs() - this.#answeredAtMs > LEASE_MS;
    if (this.#hasHead && !isLate) this.#timer.arm(LOOK_AGAIN_MS);
    else
      this.#fail(failure('stream_store_away', 'the streams that are kept can not be reached now', { retryAfterS: 1 }));
  }

  #begin(headers: StreamReading['stream']['headers']): void {
    this.#hasHead = true;
    this.#durable.streams.resumed += 1;
    this.#handler.onHeaders({
      ...{ status: 200, headers: [...headers, STREAM_ID, this.#wanted.id], lengthBytes: null },
      resume: () => this.#open(),
    });
  }

  #open(): void {
    this.#isOpen = true;
    if (this.#reading !== null) this.#reading.resume();
    else this.#look();
  }

  #send(text: string): boolean {
    this.#sentAtMs = this.#durable.services.clock.nowMs();
    this.#isOpen = this.#handler.onData(this.#encoder.encode(text));
    return this.#isOpen;
  }

  #due(): void {
    if (this.#breaksWith !== null) {
      this.#over();
      this.#handler.onError(this.#breaksWith);
      return;
    }
    const { heartbeatMs, services } = this.#durable;
    if (heartbeatMs > 0 && this.#isOpen && services.clock.nowMs() - this.#sentAtMs >= heartbeatMs)
      this.#send(': waiting\n\n');
    if (this.#isOpen) this.#look();
  }

  #end(failed: Failure | null): void {
    if (failed === null) {
      this.#over();
      this.#handler.onComplete();
    } else this.#break(failed);
  }

  /** The stream itself has no word of it. */
  #fail(failed: Failure): void {
    const { format } = this.#wanted;
    if (!this.#hasHead) {
      this.#over();
      this.#handler.onError(inWordsOf(format, failed));
      return;
    }
    const { body } = format.error(providerError('cut', `${failed.detail[0]?.toUpperCase()}${failed.detail.slice(1)}.`));
    this.#send(`event: error\ndata: ${JSON.stringify(body)}\n\n`);
    this.#break(failed);
  }

  /** What was written right before a close may never arrive. */
  #break(failed: Failure): void {
    this.#breaksWith = failed;
    this.#timer.arm(FAREWELL_MS);
  }

  #over(): void {
    this.#isOver = true;
    this.#timer.cancel();
  }
}
