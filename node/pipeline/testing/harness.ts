/**
 * What tests of layers and machines stand on: a clock that moves when told, timers on that clock, a handler that
 * records and holds its caller to the contract of pipeline/dispatch.ts, a bottom that answers by script, and a request
 * body that is fed by hand. Only tests import this file. Specs with their defaults are in specs.ts.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { ANY_NAME } from '@weir/proto/http/name-sketch.js';
import type { Clock, Random, Timer, Timers } from '../../time/clock.js';
import type {
  BodySink,
  Dispatch,
  GatewayRequest,
  RequestBody,
  ResponseHandler,
  ResponseHead,
  WebSocketPeer,
} from '../dispatch.js';
import { createExchange, type Exchange, type ExchangeOrigin } from '../exchange.js';

export interface FakeClock extends Clock {
  /** Moves both times forward; timers made on this clock fire on the way, each at its own due time. */
  advance(ms: number): void;
  /** The same, as a process sees it that was not given the processor meanwhile. */
  stall(ms: number): void;
  /** Moves the wall clock alone, as an operator or NTP does. */
  skewWall(ms: number): void;
  /** Due time of the earliest armed timer and what fires it; used by fakeTimers. */
  attach(next: () => { readonly dueMs: number; fire(): void } | null): void;
}

export function fakeClock(startMs = 1_000, wallStartMs = Date.UTC(2026, 0, 1)): FakeClock {
  let nowMs = startMs;
  let wallOffsetMs = wallStartMs - startMs;
  let stalledMs = 0;
  const sources: (() => { readonly dueMs: number; fire(): void } | null)[] = [];
  const earliest = (untilMs: number) => {
    let first: { readonly dueMs: number; fire(): void } | null = null;
    for (const source of sources) {
      const candidate = source();
      if (candidate === null || candidate.dueMs > untilMs) continue;
      if (first === null || candidate.dueMs < first.dueMs) first = candidate;
    }
    return first;
  };
  const advance = (ms: number): void => {
    const untilMs = nowMs + ms;
    for (let due = earliest(untilMs); due !== null; due = earliest(untilMs)) {
      nowMs = Math.max(nowMs, due.dueMs);
      due.fire();
    }
    nowMs = untilMs;
  };
  return {
    nowMs: () => nowMs,
    wallMs: () => nowMs + wallOffsetMs,
    stalledMs: () => stalledMs,
    advance,
    stall(ms) {
      stalledMs += ms;
      advance(ms);
    },
    skewWall(ms) {
      wallOffsetMs += ms;
    },
    attach(next) {
      sources.push(next);
    },
  };
}

export interface FakeTimers extends Timers {
  /** Timers that are armed now: after an exchange has ended, this must be what it was before. */
  readonly armed: number;
}

/** Timers that fire while their clock is advanced; of two due at the same time, the one armed first. */
export function fakeTimers(clock: FakeClock): FakeTimers {
  const armed = new Map<Timer, { dueMs: number; fire: () => void }>();
  clock.attach(() => {
    let first: { dueMs: number; fire: () => void } | null = null;
    for (const [timer, { dueMs, fire }] of armed) {
      if (first !== null && dueMs >= first.dueMs) continue;
      first = {
        dueMs,
        fire: () => {
          armed.delete(timer);
          fire();
        },
      };
    }
    return first;
  });
  return {
    get armed() {
      return armed.size;
    },
    create(fire) {
      const timer: Timer = {
        arm(delayMs) {
          armed.delete(timer);
          armed.set(timer, { dueMs: clock.nowMs() + Math.max(0, delayMs), fire });
        },
        cancel() {
          armed.delete(timer);
        },
      };
      return timer;
    },
  };
}

/** Mulberry32: a small generator with a seed, so that a failing sequence can be replayed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface RecordingHandler extends ResponseHandler {
  /** Callback names in order, `onData` once for each chunk. */
  readonly events: readonly string[];
  readonly head: ResponseHead | null;
  /** Status of the answer, 0 before there is one. */
  readonly status: number;
  readonly headers: HeaderList;
  readonly chunks: readonly Uint8Array[];
  readonly failure: Failure | null;
  readonly upgraded: { readonly headers: HeaderList; readonly peer: WebSocketPeer } | null;
  /** Completed or failed: nothing may come any more. */
  readonly ended: boolean;
  /** What `onData` returns: set it to false to close the valve. */
  open: boolean;
  text(): string;
}

/** Records what it is told, and throws when the order of calls breaks the contract. */
export function recordingHandler(): RecordingHandler {
  const events: string[] = [];
  const chunks: Uint8Array[] = [];
  let head: ResponseHead | null = null;
  let failed: Failure | null = null;
  let upgraded: { headers: HeaderList; peer: WebSocketPeer } | null = null;
  let ended = false;
  const note = (name: string, allowed: boolean): void => {
    if (!allowed || ended) throw new Error(`contract broken: ${name} after [${events.join(', ')}]`);
    events.push(name);
  };
  return {
    events,
    chunks,
    open: true,
    get head() {
      return head;
    },
    get status() {
      return head?.status ?? 0;
    },
    get headers() {
      return head?.headers ?? [];
    },
    get failure() {
      return failed;
    },
    get upgraded() {
      return upgraded;
    },
    get ended() {
      return ended;
    },
    text: () => chunks.map((chunk) => new TextDecoder().decode(chunk, { stream: false })).join(''),
    onHeaders(received) {
      note('onHeaders', head === null && upgraded === null);
      head = received;
    },
    onData(chunk) {
      note('onData', head !== null);
      chunks.push(chunk);
      return this.open;
    },
    onComplete() {
      note('onComplete', head !== null);
      ended = true;
    },
    onError(failure) {
      note('onError', upgraded === null);
      failed = failure;
      ended = true;
    },
    onUpgrade(headers, peer) {
      note('onUpgrade', head === null && upgraded === null);
      upgraded = { headers, peer };
    },
  };
}

export interface LeavingHandler extends RecordingHandler {
  /** The Cancel of what was dispatched, which is called when the piece comes that it leaves with. */
  leave: () => void;
}

/** Leaves with one piece of the answer in its hands; what comes after that is among the events, and breaks the contract. */
export function leavingHandler(at: 'onHeaders' | 'onData'): LeavingHandler {
  const handler = recordingHandler();
  const leaving = Object.create(handler) as LeavingHandler; // What it lacks of that is added right here.
  return Object.assign(leaving, {
    leave: () => {},
    onHeaders(head: ResponseHead): void {
      handler.onHeaders(head);
      if (at === 'onHeaders') leaving.leave();
    },
    onData(chunk: Uint8Array): boolean {
      const isOpen = handler.onData(chunk);
      if (at === 'onData') leaving.leave();
      return isOpen;
    },
  });
}

/** One call of a scripted dispatch. What it does after it was cancelled does not reach the handler, as with a transport. */
export interface ScriptedCall {
  readonly request: GatewayRequest;
  readonly handler: ResponseHandler;
  readonly cancelled: boolean;
  /** Times that the receiver opened the valve again. */
  readonly resumes: number;
  head(status: number, headers?: HeaderList, lengthBytes?: number | null): void;
  /** Returns what the handler returned; false after a cancel. */
  data(chunk: string | Uint8Array): boolean;
  complete(): void;
  fail(failure: Failure): void;
  /** Head, body and end in one go. */
  answer(status: number, headers?: HeaderList, body?: string): void;
}

export interface ScriptedDispatch {
  readonly dispatch: Dispatch;
  readonly calls: readonly ScriptedCall[];
  /** The latest call; throws when there was none. */
  last(): ScriptedCall;
}

/** A bottom: the first call runs the first step, and so on; a call without a step waits for the test to drive it. */
export function scriptedDispatch(...steps: readonly ((call: ScriptedCall) => void)[]): ScriptedDispatch {
  const calls: ScriptedCall[] = [];
  return {
    calls,
    last() {
      const call = calls.at(-1);
      if (call === undefined) throw new Error('nothing was dispatched');
      return call;
    },
    dispatch(request, handler) {
      const { call, cancel } = scriptedCall(request, handler);
      calls.push(call);
      steps[calls.length - 1]?.(call);
      return cancel;
    },
  };
}

function scriptedCall(request: GatewayRequest, handler: ResponseHandler): { call: ScriptedCall; cancel: () => void } {
  let cancelled = false;
  let ended = false;
  let resumes = 0;
  const call: ScriptedCall = {
    request,
    handler,
    get cancelled() {
      return cancelled;
    },
    get resumes() {
      return resumes;
    },
    head(status, headers = [], lengthBytes = null) {
      const resume = () => {
        resumes += 1;
      };
      if (!cancelled) handler.onHeaders({ status, headers, lengthBytes, resume });
    },
    data(chunk) {
      const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
      return cancelled ? false : handler.onData(bytes);
    },
    complete() {
      ended = true;
      if (!cancelled) handler.onComplete();
    },
    fail(failure) {
      ended = true;
      if (!cancelled) handler.onError(failure);
    },
    answer(status, headers = [], body = '') {
      const bytes = new TextEncoder().encode(body);
      call.head(status, headers, bytes.byteLength);
      if (bytes.byteLength > 0) call.data(bytes);
      call.complete();
    },
  };
  const cancel = () => {
    if (!ended) cancelled = true;
  };
  return { call, cancel };
}

export interface FakeBody extends RequestBody {
  readonly paused: boolean;
  readonly reading: boolean;
  /** What is pushed before someone reads is delivered when reading begins; a paused reader still gets what is pushed. */
  push(chunk: string | Uint8Array): void;
  end(): void;
  fail(failure: Failure): void;
}

/** A request body that the test feeds. */
export function fakeBody(lengthBytes: number | null = null): FakeBody {
  let sink: BodySink | null = null;
  let paused = false;
  const waiting: ((to: BodySink) => void)[] = [];
  const deliver = (event: (to: BodySink) => void): void => {
    if (sink === null) waiting.push(event);
    else event(sink);
  };
  return {
    lengthBytes,
    get paused() {
      return paused;
    },
    get reading() {
      return sink !== null;
    },
    read(reader) {
      if (sink !== null) throw new Error('contract broken: a body is read by one reader');
      sink = reader;
      for (const event of waiting.splice(0)) event(reader);
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
    },
    push(chunk) {
      const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
      deliver((to) => to.onChunk(bytes));
    },
    end: () => deliver((to) => to.onEnd()),
    fail: (failure) => deliver((to) => to.onError(failure)),
  };
}

export function makeExchange(overrides: Partial<ExchangeOrigin> = {}): Exchange {
  return createExchange({
    id: 'request-1',
    receivedAtMs: 1_000,
    receivedWallMs: Date.UTC(2026, 0, 1),
    scheme: 'http',
    peerAddress: '192.0.2.1',
    clientAddress: '192.0.2.1',
    peerTrusted: false,
    ...overrides,
  });
}

export function makeRequest(overrides: Partial<GatewayRequest> = {}): GatewayRequest {
  return {
    method: 'GET',
    path: '/',
    query: '',
    authority: 'api.example.com',
    headers: [],
    body: null,
    names: ANY_NAME,
    target: null,
    exchange: overrides.exchange ?? makeExchange(),
    ...overrides,
  };
}
