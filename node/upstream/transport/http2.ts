/**
 * HTTP/2 over one connected socket (RFC 9113), chosen by ALPN or known beforehand, on Node's own client session.
 *
 * undici's HTTP/2 was read and not used: a streamed request body waits in its queue until all other streams are done,
 * a GOAWAY destroys the streams that the peer would still have answered, and an answer with trailers, or one that is
 * reset without an error, is reported as complete while parts of it are missing. A gateway must not do any of these.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { BodySink, Cancel, RequestBody, ResponseHead } from '../../pipeline/dispatch.js';
import { pieceCame } from '../../pipeline/pieces.js';
import type { Timer, Timers } from '../../time/clock.js';
import type { AnswerSink, Connection, OutgoingRequest } from '../pools/connection.js';
import { answerLength, framingFault, INTERIM_ANSWERS_MAX } from './answer-head.js';
import { brokenOff } from './broken-off.js';
import { sendableFields } from './request-fields.js';

/** Streams on one connection at once, however many more the peer would allow. */
export const STREAMS_MAX = 100;
/** Bytes that a stream, and all streams of a connection, may have under way to a reader that does not read. */
const STREAM_WINDOW_BYTES = 256 * 1024;
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;
/** For the answer to a PING, which the peer's own thinking does not delay. */
const PING_MS = 1_000;

export function createHttp2Connection(
  socket: Socket,
  address: string,
  scheme: 'http' | 'https',
  headBytesMax: number,
  timers: Timers,
): Connection {
  return new Http2Connection(socket, address, scheme, headBytesMax, timers);
}

/** What the streams of one connection tell each other. */
interface Link {
  /** Grows with everything that is heard from the peer. */
  heard: number;
  /** No further request may go here: the peer goes away, refuses streams, or is not heard of any more. */
  avoided: boolean;
  /** A request was given up in silence: the peer is asked whether it is there (RFC 9113 §6.7). */
  doubt(): void;
}

class Http2Connection implements Connection {
  readonly address: string;
  onClosed: (() => void) | null = null;
  readonly #session: ClientHttp2Session;
  readonly #scheme: 'http' | 'https';
  readonly #headBytesMax: number;
  readonly #link: Link = { heard: 0, avoided: false, doubt: () => this.#ping() };
  /** Runs while a PING is unanswered. */
  readonly #pingTimer: Timer;
  #isPinging = false;

  constructor(socket: Socket, address: string, scheme: 'http' | 'https', headBytesMax: number, timers: Timers) {
    this.#pingTimer = timers.create(() => {
      this.#link.avoided = true;
      session.close(); // Now, or when the streams that it still carries have ended by their own limits.
    });
    this.address = address;
    this.#scheme = scheme;
    this.#headBytesMax = headBytesMax;
    const session = connect(`${scheme}://upstream.invalid`, {
      createConnection: () => socket,
      peerMaxConcurrentStreams: STREAMS_MAX,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES, maxHeaderListSize: headBytesMax },
    });
    this.#session = session;
    session.on('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
    session.on('goaway', () => {
      this.#link.avoided = true;
    });
    // Each stream reports its own failure; the session's is the same one again.
    session.on('error', () => {});
    session.on('close', () => {
      this.#pingTimer.cancel();
      this.onClosed?.();
    });
    // An idle connection does not keep the process alive; running streams do by their socket's activity.
    session.unref();
  }

  get streamsMax(): number {
    return Math.min(STREAMS_MAX, this.#session.remoteSettings.maxConcurrentStreams ?? STREAMS_MAX);
  }

  get isDoubted(): boolean {
    return this.#isPinging;
  }

  isOpen(): boolean {
    return !this.#link.avoided && !this.#session.closed && !this.#session.destroyed;
  }

  close(): void {
    // With an error: Node ends the streams of a session that is destroyed without one as if they were whole.
    this.#session.destroy(new Error('the connection was closed by this side'));
  }

  /** One at a time: a peer may take many without an answer between them for an attack (CVE-2019-9512). */
  #ping(): void {
    if (this.#isPinging || !this.isOpen()) return;
    this.#isPinging = true;
    this.#pingTimer.arm(PING_MS);
    const isSent = this.#session.ping((error) => {
      this.#isPinging = false;
      this.#pingTimer.cancel();
      if (error === null) this.#link.heard += 1;
      else this.#link.avoided = true;
    });
    if (!isSent) this.#link.avoided = true;
  }

  send(request: OutgoingRequest, sink: AnswerSink): Cancel {
    const exchange = new Http2Exchange(request, sink, this.#headBytesMax, this.#link);
    exchange.start(this.#session, this.#scheme);
    return exchange.cancel;
  }
}

/** One stream: the response head for one side, the sink of the request body for the other. */
class Http2Exchange implements ResponseHead, BodySink {
  status = 0;
  headers: HeaderList = [];
  lengthBytes: number | null = null;
  readonly #request: OutgoingRequest;
  readonly #sink: AnswerSink;
  readonly #headBytesMax: number;
  readonly #link: Link;
  #heardBefore = 0;
  #stream: ClientHttp2Stream | null = null;
  #body: RequestBody | null = null;
  #receivedBytes = 0;
  #interimAnswers = 0;
  #ended = false;

  constructor(request: OutgoingRequest, sink: AnswerSink, headBytesMax: number, link: Link) {
    this.#request = request;
    this.#sink = sink;
    this.#headBytesMax = headBytesMax;
    this.#link = link;
  }

  start(session: ClientHttp2Session, scheme: string): void {
    const { body } = this.#request;
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(fieldsOf(this.#request, scheme), { endStream: body === null });
    } catch (cause) {
      this.#refuse(session, cause);
      return;
    }
    this.#stream = stream;
    this.#heardBefore = this.#link.heard;
    stream.on('headers', () => this.#countInterim());
    stream.on('response', (_fields, _flags, ...more: unknown[]) => {
      this.#onResponse((more[0] ?? []) as string[]); // Node passes the raw list third, which its types leave out.
    });
    stream.on('data', (chunk: Buffer) => this.#onData(chunk));
    stream.on('end', () => this.#onEnd());
    stream.on('error', (error) => this.#onBroken(error));
    stream.on('close', () => this.#onBroken(null));
    this.#sendBody(stream, body);
  }

  readonly cancel: Cancel = () => {
    if (this.#ended) return;
    // Silence since this request was sent: the peer may have vanished, or Node has ended the session after a breach of
    // the protocol, of which it tells nobody; then all requests would go on waiting here. Or the client, or a hedge that
    // has lost, just had no patience: that must not cost the connection that all share.
    if (this.#link.heard === this.#heardBefore) this.#link.doubt();
    this.#reset();
    this.#sink.onReleased();
  };

  resume(): void {
    if (!this.#ended) this.#stream?.resume();
  }

  onChunk(chunk: Uint8Array): void {
    if (this.#ended || this.#stream === null) return;
    const open = this.#stream.write(chunk, (error) => {
      if (!error && !this.#ended) this.#sink.onSendProgress();
    });
    if (!open) this.#body?.pause();
  }

  onEnd(): void {
    if (this.#ended) return;
    this.#stream?.end();
  }

  onError(failed: Failure): void {
    this.#fail(failed, false);
  }

  #sendBody(stream: ClientHttp2Stream, body: OutgoingRequest['body']): void {
    if (body === null) {
      this.#sink.onSent();
      return;
    }
    this.#sink.onSend();
    if (this.#ended) return;
    stream.on('finish', () => {
      if (!this.#ended) this.#sink.onSent();
    });
    if (body instanceof Uint8Array) {
      stream.end(body);
      return;
    }
    this.#body = body;
    stream.on('drain', () => body.resume());
    body.read(this);
  }

  #countInterim(): void {
    this.#link.heard += 1;
    this.#interimAnswers += 1;
    if (this.#interimAnswers > INTERIM_ANSWERS_MAX) {
      this.#fail(failure('response_malformed', 'the answer has too many interim answers'), false);
    }
  }

  #onResponse(raw: readonly string[]): void {
    if (this.#ended) return;
    this.#link.heard += 1;
    const headers: string[] = [];
    let headBytes = 0;
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] ?? '';
      const value = raw[i + 1] ?? '';
      headBytes += name.length + value.length;
      if (name === ':status') this.status = Number(value);
      else if (!name.startsWith(':')) headers.push(name, value);
    }
    // The limit that a session announces is only advice to the peer (RFC 9113 §6.5.2).
    if (headBytes > this.#headBytesMax) {
      this.#fail(failure('response_head_too_large', 'the head of the answer is above the limit'), false);
      return;
    }
    const fault = this.status < 200 || this.status > 599 ? `status ${this.status}` : framingFault(this.status, headers);
    if (fault !== null) {
      this.#fail(failure('response_malformed', `the answer has ${fault}`), false);
      return;
    }
    this.headers = headers;
    this.lengthBytes = answerLength(this.status, headers);
    this.#sink.onHead(this);
  }

  #onData(chunk: Buffer): void {
    pieceCame(chunk.length);
    if (this.#ended) return;
    this.#link.heard += 1;
    this.#receivedBytes += chunk.length;
    if (!this.#sink.onData(chunk) && !this.#ended) this.#stream?.pause();
  }

  /** The readable side ended: by the peer's END_STREAM, or because Node ended it for a stream that was reset. */
  #onEnd(): void {
    if (this.#ended) return;
    const stream = this.#stream;
    const expected = this.#request.method === 'HEAD' || this.status === 304 ? null : this.lengthBytes;
    const short = expected !== null && expected !== this.#receivedBytes;
    const whole = this.status !== 0 && !short && stream?.rstCode === constants.NGHTTP2_NO_ERROR && !stream.aborted;
    if (!whole || stream.session === undefined || stream.session.destroyed) {
      this.#onBroken(null);
      return;
    }
    this.#ended = true;
    // The answer may come before the request was sent whole; the rest of it is of no use then (RFC 9113 §8.1).
    if (!stream.writableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
    this.#sink.onReleased();
    this.#sink.onComplete();
  }

  #onBroken(error: Error | null): void {
    if (this.#ended) return;
    const stream = this.#stream;
    const answered = this.status !== 0;
    const code = stream?.rstCode ?? constants.NGHTTP2_NO_ERROR;
    // Node reports an end short of Content-Length as a protocol error, too.
    const short = this.lengthBytes !== null && this.#receivedBytes < this.lengthBytes;
    if ((code === constants.NGHTTP2_PROTOCOL_ERROR && !short) || code === constants.NGHTTP2_FRAME_SIZE_ERROR) {
      this.#fail(failure('response_malformed', `the stream ended with code ${code}`, { cause: error }), false);
      return;
    }
    if (code === constants.NGHTTP2_ENHANCE_YOUR_CALM && !answered) {
      this.#fail(
        failure('response_head_too_large', 'the head of the answer is above the limit', { cause: error }),
        false,
      );
      return;
    }
    // REFUSED_STREAM promises that nothing was done with the request (RFC 9113 §8.7); so does a stream that has no number yet.
    if (code === constants.NGHTTP2_REFUSED_STREAM) this.#link.avoided = true;
    const written = stream !== null && !stream.pending && code !== constants.NGHTTP2_REFUSED_STREAM;
    this.#fail(brokenOff({ written, answered, headed: answered }, error), true, !written);
  }

  /** The session did not take the request: it is closing, or the fields cannot be sent. */
  #refuse(session: ClientHttp2Session, cause: unknown): void {
    if (session.closed || session.destroyed) {
      this.#fail(brokenOff({ written: false, answered: false, headed: false }, cause), true, true);
    } else {
      this.#fail(failure('bad_request', `the request cannot be sent: ${String(cause)}`, { cause }), false);
    }
  }

  #fail(failed: Failure, closed: boolean, unsent = false): void {
    if (this.#ended) return;
    this.#reset();
    this.#sink.onReleased();
    this.#sink.onFailed(failed, { untouched: unsent && this.#body === null, answered: this.status !== 0, closed });
  }

  #reset(): void {
    this.#ended = true;
    const stream = this.#stream;
    if (stream === null) return;
    stream.removeAllListeners();
    stream.on('error', () => {});
    stream.close(constants.NGHTTP2_CANCEL);
    stream.destroy();
  }
}

/** HTTP/2 fields: Host becomes :authority (RFC 9113 §8.3.1), repeated ones become lists. */
function fieldsOf({ method, target, headers, body }: OutgoingRequest, scheme: string): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = Object.create(null);
  fields[':method'] = method;
  fields[':scheme'] = scheme;
  fields[':path'] = target;
  const list = sendableFields(headers);
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? '';
    const value = list[i + 1] ?? '';
    const known = fields[name];
    if (name === 'host') fields[':authority'] = value;
    else if (known === undefined) fields[name] = value;
    else if (Array.isArray(known)) known.push(value);
    else fields[name] = [String(known), value];
  }
  const lengthBytes = body instanceof Uint8Array ? body.length : (body?.lengthBytes ?? null);
  if (lengthBytes !== null) fields['content-length'] = String(lengthBytes);
  return fields;
}
