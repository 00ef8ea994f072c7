/**
 * A stream that outlives its connection, at the node whose model writes it.
 *
 *   waiting ── head of a stream ──▶ beginning ── the store has it ──▶ kept ──▶ over
 *      └────── any other answer ──▶ passing ◀── away, full ──┘         │
 *                                                                      └─ nobody reads: for so long the model goes on
 *
 * Its client is the first who reads it, and is told what the format's events are called; whoever comes later begins where he says. The
 * store is written behind all of them, so a slow one delays nobody. What is below has an exchange of its own, as with jobs: the client's
 * ends with its connection.
 */
import { type Failure, type FailureCode, failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import type { AiDurableSpec } from '@weir/proto/snapshot/ai.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { ownerOf } from '../../jobs/job.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
} from '../../pipeline/dispatch.js';
import { forkExchange, joinExchange } from '../../pipeline/exchange.js';
import type { ChainServices } from '../../pipeline/services.js';
import type { Timer } from '../../time/clock.js';
import type { AiStreams } from './ai-streams.js';
import { type LogReader, type LogReading, SharedLog } from './shared-log.js';
import { SseBlocks, withId } from './sse-blocks.js';
import { StoreWriter } from './store-writer.js';
import { eventId } from './stream-id.js';
import { WATCHED_MS } from './stream-store.js';

export interface DurableRoute {
  readonly route: RouteSpec;
  readonly spec: AiDurableSpec;
  readonly heartbeatMs: number;
  readonly streams: AiStreams;
  readonly services: ChainServices;
}

export interface KeptEnd {
  /** Null: it is whole. */
  readonly failure: Failure | null;
}

export const STREAM_ID = 'x-weir-stream-id';

type Stage = 'waiting' | 'beginning' | 'kept' | 'passing' | 'over';

export class KeptStream implements ResponseHandler {
  readonly request: GatewayRequest;
  readonly #handler: ResponseHandler;
  readonly #durable: DurableRoute;
  readonly #below: GatewayRequest;
  readonly #blocks = new SseBlocks();
  readonly #encoder = new TextEncoder();
  readonly #log: SharedLog<string, KeptEnd>;
  readonly #patience: Timer;
  readonly #forgetJob: () => void;
  #id = '';
  #stage: Stage = 'waiting';
  #head: ResponseHead | null = null;
  #writer: StoreWriter | null = null;
  #client: LogReading | null = null;
  /** What came while the store was asked. */
  #early: Uint8Array[] = [];
  #earlyEnd: KeptEnd | null = null;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #cancelBelow: Cancel = nothingToCancel;

  constructor(request: GatewayRequest, handler: ResponseHandler, durable: DurableRoute) {
    const { services, spec } = durable;
    const exchange = forkExchange(request.exchange);
    this.request = request;
    this.#handler = handler;
    this.#durable = durable;
    this.#below = { ...request, exchange };
    // A request that becomes no job is under its client's deadline from then on, and so is what is below.
    const follow = (): void => {
      exchange.deadlineAtMs = request.exchange.deadlineAtMs;
    };
    this.#forgetJob = request.exchange.noJob?.listen(follow) ?? nothingToCancel;
    this.#patience = services.timers.create(() => this.#abandoned());
    this.#log = new SharedLog<string, KeptEnd>({
      ...{ sizeMax: spec.bytesMax, sizeOf: (event) => event.length, memory: services.heldBytes },
      onRoom: () => this.#head?.resume(),
    });
  }

  begin(next: Dispatch): Cancel {
    const cancel = next(this.#below, this);
    this.#cancelBelow = cancel;
    // A callback may have ended it before there was anything to cancel.
    if (this.#stage === 'over') cancel();
    return this.#clientLeft;
  }

  get isRead(): boolean {
    return this.#log.readers > 0;
  }

  get headers(): ResponseHead['headers'] {
    return this.#head?.headers ?? [];
  }

  /** From the event behind so many. Null: they are not kept here any more. */
  join(reader: LogReader<string, KeptEnd>, from: number): LogReading | null {
    const reading = this.#log.join(reader, from);
    if (reading === null) return null;
    this.#patience.cancel();
    const leave = (): void => {
      reading.leave();
      this.#waitForReader();
    };
    return { resume: () => reading.resume(), leave };
  }

  // What comes from below.

  onHeaders(head: ResponseHead): void {
    this.#head = head;
    joinExchange(this.request.exchange, this.#below.exchange);
    const isStream = (headerValue(head.headers, 'content-type') ?? '').startsWith('text/event-stream');
    if (head.status !== 200 || !isStream) {
      this.#stage = 'passing';
      this.#handler.onHeaders(head);
      return;
    }
    this.#stage = 'beginning';
    this.#beginInStore(head);
  }

  #beginInStore({ headers }: ResponseHead): void {
    const { route, spec, streams, services } = this.#durable;
    const { consumerId, vouchedBy } = this.#below.exchange;
    const id = streams.nextId();
    const { keepMs, streamsMax } = spec;
    const owner = ownerOf(consumerId, vouchedBy);
    const { path } = this.request;
    streams.store
      .begin({ id, routeId: route.id, owner, path, headers, keepMs, streamsMax })
      .then(
        (said) => this.#begun(said === 'begun' ? id : null),
        () => this.#begun(null),
      )
      .catch(services.onBug);
  }

  /** Null: it is not kept, and goes to its client as any other. */
  #begun(id: string | null): void {
    const { streams } = this.#durable;
    const head = this.#head;
    if (this.#stage === 'over' || head === null) {
      if (id !== null) void this.#endInStore(id);
      return;
    }
    if (id === null) {
      streams.refused += 1;
      this.#stage = 'passing';
      this.#handler.onHeaders(head);
    } else {
      this.#id = id;
      this.#stage = 'kept';
      streams.running.set(id, this);
      this.#writer = this.#writerOf(id);
      this.#client = this.#log.join(this.#asClient(), 0);
      this.#handler.onHeaders({
        ...{ status: head.status, headers: [...head.headers, STREAM_ID, id], lengthBytes: null },
        resume: () => this.#client?.resume(),
      });
      this.#client?.resume();
    }
    let hasRoom = true;
    for (const chunk of this.#early.splice(0)) hasRoom = this.onData(chunk);
    if (this.#earlyEnd !== null) this.#ended(this.#earlyEnd);
    else if (hasRoom) head.resume();
  }

  /** Nothing was written of it, and nobody reads it: its lease says the same as its end. */
  async #endInStore(id: string): Promise<void> {
    const { store } = this.#durable.streams;
    await store.end(id, 'failed', 'client_gone').catch(() => {});
    store.forget(id);
  }

  #writerOf(id: string): StoreWriter {
    const { streams, services } = this.#durable;
    return new StoreWriter({
      ...{ id, store: streams.store, timers: services.timers, onBug: services.onBug },
      nowMs: () => services.clock.nowMs(),
      wasRead: (sinceMs) => {
        this.#readAtMs = services.clock.nowMs() - sinceMs;
      },
      lost: () => this.#notKept(),
      told: () => streams.running.delete(id),
    });
  }

  #asClient(): LogReader<string, KeptEnd> {
    return {
      items: (events) => this.#handler.onData(this.#encoder.encode(events.join(''))),
      ended: ({ failure: failed }) => {
        this.#client = null;
        joinExchange(this.request.exchange, this.#below.exchange);
        if (failed === null) this.#handler.onComplete();
        else this.#handler.onError(failed);
      },
    };
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#stage === 'passing') return this.#handler.onData(chunk);
    if (this.#stage === 'beginning') {
      this.#early.push(chunk);
      return false;
    }
    if (this.#stage !== 'kept') return false;
    const events: string[] = [];
    for (const { kind, text } of this.#blocks.feed(chunk)) {
      if (kind === 'event') events.push(withId(text, eventId(this.#id, this.#log.length + events.length + 1)));
      // Only for the connection of who waits now.
      else if (this.#client !== null) this.#handler.onData(this.#encoder.encode(text));
    }
    if (events.length === 0) return true;
    const wasWhole = this.#log.isWhole;
    const hasRoom = this.#log.add(events);
    if (this.#log.isWhole) this.#writer?.add(events);
    else if (wasWhole) this.#notKept();
    return hasRoom;
  }

  onComplete(): void {
    this.#ended({ failure: null });
  }

  onError(failed: Failure): void {
    this.#ended({ failure: failed });
  }

  #ended(end: KeptEnd): void {
    if (this.#stage === 'beginning') {
      this.#earlyEnd = end;
      return;
    }
    if (this.#stage === 'over') return;
    const wasKept = this.#stage === 'kept';
    const hasClient = this.#client !== null;
    this.#stage = 'over';
    this.#forgetJob();
    this.#patience.cancel();
    if (wasKept) {
      this.#writer?.end(end.failure === null ? 'done' : 'failed', end.failure?.code ?? null);
      if (!hasClient) this.#tell(end.failure);
      this.#log.end(end);
      return;
    }
    joinExchange(this.request.exchange, this.#below.exchange);
    if (end.failure === null) this.#handler.onComplete();
    else this.#handler.onError(end.failure);
  }

  /** It has grown too long, or the store has no room: those who read it go on, and nobody comes back. */
  #notKept(): void {
    if (this.#log.isWhole) this.#log.overflow();
    this.#writer?.end('tooLong', null);
    this.#writer = null;
    if (!this.isRead && this.#stage === 'kept') this.#cut('stream_too_long');
  }

  // Whoever reads.

  readonly #clientLeft: Cancel = () => {
    const { exchange } = this.request;
    const below = this.#below.exchange;
    if (this.#stage !== 'kept') {
      // Those below look here for the reason.
      below.failure ??= exchange.failure;
      const wasOn = this.#stage !== 'over';
      this.#stage = 'over';
      this.#forgetJob();
      if (wasOn) this.#cancelBelow();
      this.#client?.leave();
      joinExchange(exchange, below);
      return;
    }
    joinExchange(exchange, below);
    // What the model takes is told when it has ended, and once.
    if (below.ai !== null)
      exchange.ai = {
        ...below.ai,
        usage: null,
        saved: null,
        moves: [],
        besides: [],
        carried: [],
        bill: [],
        budgets: [],
        resumed: [],
        hedge: null,
      };
    const client = this.#client;
    this.#client = null;
    client?.leave();
    this.#waitForReader();
  };

  #waitForReader(): void {
    if (this.#stage !== 'kept' || this.isRead) return;
    if (!this.#log.isWhole) this.#cut('client_gone');
    else this.#patience.arm(this.#durable.spec.withoutClientMs);
  }

  #abandoned(): void {
    if (this.#stage !== 'kept' || this.isRead) return;
    const { clock } = this.#durable.services;
    const left = this.#readAtMs + Math.max(WATCHED_MS, this.#durable.spec.withoutClientMs) - clock.nowMs();
    // Somebody reads it at another node.
    if (left > 0) this.#patience.arm(left);
    else this.#cut('client_gone');
  }

  #cut(code: FailureCode): void {
    this.#cancelBelow();
    this.#ended({ failure: failure(code, 'nobody has read the stream any more') });
  }

  /** The line of its client was written when that left. */
  #tell(failed: Failure | null): void {
    const { exchange } = this.#below;
    const { clock, observer } = this.#durable.services;
    exchange.endedAtMs = clock.nowMs();
    exchange.status = this.#head?.status ?? 0;
    exchange.failure = failed;
    observer.route(this.#durable.route.id).jobEnded(this.#below);
  }
}
