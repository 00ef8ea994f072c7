/**
 * HTTP/1.1 over one connected socket, by an undici Client of its own: the parser and the framing are undici's, while
 * the pool, the connecting and all timers are ours. (undici's Pool was measured and not used: its timers are coarse,
 * its queue has no bound, and its phases cannot be seen.)
 *
 * Written against undici's first handler interface (onConnect, onHeaders …): it hands over raw header buffers and
 * makes no object per field. Six properties of undici 7 shape this file:
 * - it ends the connection on an unasked 100, so interim answers are taken out before it reads them;
 * - it takes a 304 with a Content-Length for one that lacks its body; the answer is complete all the same;
 * - its parser must not be entered twice, so a resume or a dispatch that is called from within one of its callbacks
 *   (on behalf of any connection) is put off to the next microtask;
 * - a Client connects again when its socket is gone; ours is told that there is no second socket;
 * - the place on the connection is free only when the parser has returned from the answer's last byte, because what
 *   follows there decides whether the connection survives (bytes after the end, Connection: close);
 * - a request on a used connection is written one event loop turn later, after a close that is already known.
 */
import type { Socket } from 'node:net';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { Client, type Dispatcher } from 'undici';
import type { Cancel, RequestBody, ResponseHead } from '../../pipeline/dispatch.js';
import { pieceCame } from '../../pipeline/pieces.js';
import type { AnswerSink, Connection, OutgoingRequest } from '../pools/connection.js';
import { answerLength, framingFault, INTERIM_ANSWERS_MAX } from './answer-head.js';
import { InterimFilter } from './interim-filter.js';
import { sendableFields } from './request-fields.js';
import { RequestStream } from './request-stream.js';
import { CONNECTION_USED_UP, translateUndiciError } from './undici-failure.js';

/** Larger than any idle limit: the pool closes idle connections, undici only where the peer's Keep-Alive field asks. */
const NEVER_MS = 0x7fff_ffff;
/** A connection is given up this long before the end that the peer has announced for it. */
const KEEP_ALIVE_MARGIN_MS = 1000;

/** A name for undici's sake; the socket is connected already, and each request brings its Host field. */
const HOST = 'upstream.invalid';

/** True while undici's parser runs; it is one for all connections of a process. */
let parsing = false;

export function createHttp1Connection(socket: Socket, address: string, headBytesMax: number): Connection {
  return new Http1Connection(socket, address, headBytesMax);
}

class Http1Connection implements Connection {
  readonly streamsMax = 1;
  readonly address: string;
  onClosed: (() => void) | null = null;
  readonly #socket: Socket;
  readonly #client: Client;
  readonly #filter: InterimFilter;
  #claimed = false;
  #current: Http1Exchange | null = null;

  constructor(socket: Socket, address: string, headBytesMax: number) {
    this.#socket = socket;
    this.address = address;
    this.#client = new Client(`http://${HOST}`, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: NEVER_MS,
      keepAliveMaxTimeout: NEVER_MS,
      keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
      maxHeaderSize: headBytesMax,
      connect: (_options, callback) => this.#claim(callback),
    });
    this.#filter = new InterimFilter(headBytesMax, () => this.#current?.countInterim());
    readThrough(socket, this.#filter);
    socket.on('readable', this.#onEarly);
    socket.on('error', ignore);
    socket.on('close', () => this.onClosed?.());
  }

  isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.readable;
  }

  close(): void {
    this.#socket.destroy();
  }

  send(request: OutgoingRequest, sink: AnswerSink): Cancel {
    const exchange = new Http1Exchange(request, sink, this.#socket);
    this.#current = exchange;
    this.#filter.expectAnswer();
    if (parsing) queueMicrotask(() => exchange.start(this.#client));
    else exchange.start(this.#client);
    return exchange.cancel;
  }

  /** Hands undici the socket, once. Not within the call: undici expects the answer later. */
  #claim(callback: (...result: [null, Socket] | [Error, null]) => void): void {
    const first = !this.#claimed;
    this.#claimed = true;
    queueMicrotask(() => {
      if (!first || this.#socket.destroyed) {
        callback(Object.assign(new Error('the connection has closed'), { code: CONNECTION_USED_UP }), null);
        return;
      }
      this.#socket.off('readable', this.#onEarly);
      callback(null, this.#socket);
    });
  }

  /** A server that speaks, or hangs up, before it was asked anything. Reading makes a close visible. */
  readonly #onEarly = (): void => {
    if (this.#socket.read() !== null) this.#socket.destroy();
  };
}

const ignore = (): void => {};

/** Whoever reads the socket reads what the filter passes. undici reads by `read()` alone, until it gives null. */
function readThrough(socket: Socket, filter: InterimFilter): void {
  const read = socket.read.bind(socket);
  socket.read = (size) => {
    // The stream's own machinery calls read(0) to fetch more; that takes nothing out.
    if (size !== undefined) return read(size);
    for (;;) {
      const chunk: Buffer | null = read();
      if (chunk === null) return null;
      const passed = filter.pass(chunk);
      if (passed !== null) return passed;
    }
  };
}

/** One request on the connection: undici's handler on one side, the response head for the other. */
class Http1Exchange implements Dispatcher.DispatchHandler, ResponseHead {
  status = 0;
  headers: HeaderList = [];
  lengthBytes: number | null = null;
  readonly #request: OutgoingRequest;
  readonly #sink: AnswerSink;
  readonly #socket: Socket;
  #stream: RequestStream | null = null;
  #abort: (() => void) | null = null;
  #resumeParser: () => void = ignore;
  #interimAnswers = 0;
  #written = false;
  #answered = false;
  #ended = false;

  constructor(request: OutgoingRequest, sink: AnswerSink, socket: Socket) {
    this.#request = request;
    this.#sink = sink;
    this.#socket = socket;
  }

  start(client: Client): void {
    if (this.#ended) return;
    const { method, target, headers, body } = this.#request;
    const fields = sendableFields(headers);
    const whole = body === null || body instanceof Uint8Array;
    const options = {
      method,
      path: target,
      headers: whole ? (fields as string[]) : streamedFields(fields, body), // undici only reads the list.
      body: whole ? body : this.#streamOf(body),
      // Keeps the connection after HEAD, and after a body of a method that usually has none.
      reset: false,
      blocking: false,
      // Spares undici from looking, with regular expressions, for one in the Host field of each request.
      servername: HOST,
    };
    client.dispatch(options, this);
  }

  readonly cancel: Cancel = () => {
    if (this.#ended) return;
    this.#end();
    this.#sink.onReleased();
  };

  resume(): void {
    if (parsing) queueMicrotask(() => this.resume());
    // Behind the end of this answer the parser belongs to the next one.
    else if (!this.#ended) this.#resumeParser();
  }

  countInterim(): void {
    this.#interimAnswers += 1;
    if (this.#interimAnswers > INTERIM_ANSWERS_MAX) this.#fail(malformed('too many interim answers'));
  }

  onConnect(abort: () => void): void {
    this.#abort = abort;
    if (this.#ended) {
      abort();
      return;
    }
    // A stream is written with its first chunk; until then its connection may close without harm to anyone.
    this.#written = this.#stream === null;
    if (this.#request.body !== null) this.#sink.onSend();
    else this.#sink.onSent();
  }

  onBodySent(): void {
    this.#written = true;
    if (!this.#ended) this.#sink.onSendProgress();
  }

  onRequestSent(): void {
    this.#written = true;
    if (!this.#ended && this.#request.body !== null) this.#sink.onSent();
  }

  onResponseStarted(): void {
    this.#answered = true;
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void): boolean {
    if (this.#ended) return false;
    this.#resumeParser = resume;
    parsing = true;
    try {
      if (status >= 100 && status < 200) this.countInterim();
      else this.#passHead(status, fieldList(raw));
    } finally {
      parsing = false;
    }
    return true;
  }

  onData(chunk: Buffer): boolean {
    pieceCame(chunk.length);
    if (this.#ended) return false;
    // A resumed parser reports the nothing that it has read; a receiver that says "wait" to it would wait for ever.
    if (chunk.length === 0) return true;
    parsing = true;
    try {
      return this.#sink.onData(chunk);
    } finally {
      parsing = false;
    }
  }

  onComplete(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stream?.destroy();
    queueMicrotask(this.#release);
    parsing = true;
    try {
      this.#sink.onComplete();
    } finally {
      parsing = false;
    }
  }

  onError(error: Error): void {
    if (this.#ended) return;
    if (this.status === 304 && 'code' in error && error.code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
      this.onComplete();
      return;
    }
    const progress = { written: this.#written, answered: this.#answered, headed: this.status !== 0 };
    const { failure: failed, closed } = translateUndiciError(error, progress);
    this.#fail(failed, closed);
  }

  #passHead(status: number, headers: HeaderList): void {
    const fault = status < 200 || status > 599 ? `status ${status}` : framingFault(status, headers);
    if (fault !== null) {
      this.#fail(malformed(fault));
      return;
    }
    this.status = status;
    this.headers = headers;
    this.lengthBytes = answerLength(status, headers);
    this.#sink.onHead(this);
  }

  readonly #release = (): void => this.#sink.onReleased();

  #fail(failed: Failure, closed = false): void {
    if (this.#ended) return;
    const untouched = !this.#written && this.#stream?.begun !== true;
    this.#end();
    this.#sink.onReleased();
    this.#sink.onFailed(failed, { untouched, answered: this.#answered, closed });
  }

  /** Ends the exchange before its time, and with it the connection: where the next answer would begin is unknown. */
  #end(): void {
    this.#ended = true;
    this.#stream?.destroy();
    this.#abort?.();
    this.#socket.destroy();
  }

  #streamOf(body: RequestBody): RequestStream {
    this.#stream = new RequestStream(body, (failed) => this.#fail(failed));
    return this.#stream;
  }
}

/** undici takes the length of a streamed body from its field. */
function streamedFields(fields: HeaderList, body: RequestBody): string[] {
  return body.lengthBytes === null ? [...fields] : [...fields, 'content-length', String(body.lengthBytes)];
}

const malformed = (fault: string): Failure => failure('response_malformed', `the answer has ${fault}`);

function fieldList(raw: readonly Buffer[]): string[] {
  const list: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i];
    if (name === undefined) continue;
    list.push(name.toString('latin1').toLowerCase(), textOf(raw[i + 1]));
  }
  return list;
}

/** A field's value without the blanks behind it, which are not part of it (RFC 9112 §5.1); the parser leaves them. */
function textOf(value: Buffer | undefined): string {
  if (value === undefined) return '';
  let end = value.length;
  while (end > 0 && (value[end - 1] === 0x20 || value[end - 1] === 0x09)) end -= 1;
  return value.toString('latin1', 0, end);
}
