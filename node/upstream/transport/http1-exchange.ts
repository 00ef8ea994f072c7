/**
 * One request on a plaintext connection of our own, from its first byte out to its answer's last byte in: writes it,
 * passes on what the parser found, and ends exactly once. How far it had come is what decides, when the connection
 * fails, whether it may be sent again (pools/call.ts).
 */
import { Buffer } from 'node:buffer'; // The global is a getter, which costs a call each time.
import type { Socket } from 'node:net';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { Cancel, ResponseHead } from '../../pipeline/dispatch.js';
import { pieceCame } from '../../pipeline/pieces.js';
import type { AnswerSink, OutgoingRequest } from '../pools/connection.js';
import { brokenOff } from './broken-off.js';
import { writeHead } from './direct-write.js';
import { BodyWriter } from './http1-body.js';
import { readBuffer } from './http1-inlet.js';
import type { AnswerParser } from './http1-parser.js';
import { requestHead } from './http1-request.js';
import type { Due } from './http1-turn.js';

/** Head and body up to this size are copied into one buffer; above, two in one call are cheaper (19.5 → 17.5 µs at 10 KiB). */
const ONE_PIECE_BYTES = 2048;

/** The connection as its one exchange sees it. */
export interface Carrier {
  readonly socket: Socket;
  readonly parser: AnswerParser;
  /** Who hears of what happens on the connection; the exchange takes itself out when it ends. */
  current: PlainExchange | null;
  /** The answer is whole: closes the connection unless it can carry another request. */
  finish(isWhollySent: boolean): void;
}

/** One request on the connection: what it has sent, and its answer's head for those above. */
export class PlainExchange implements ResponseHead, Due {
  status = 0;
  headers: HeaderList = [];
  lengthBytes: number | null = null;
  ended = false;
  readonly #connection: Carrier;
  readonly #request: OutgoingRequest;
  readonly #sink: AnswerSink;
  #writer: BodyWriter | null = null;
  #written = false;
  #isWhollySent = false;
  /** A gathered body waits for room in the socket. */
  #isDraining = false;
  /** The socket is not read until resume(). */
  #stopped = false;
  /** resume() came while data was being delivered. */
  #resumed = false;

  constructor(connection: Carrier, request: OutgoingRequest, sink: AnswerSink) {
    this.#connection = connection;
    this.#request = request;
    this.#sink = sink;
  }

  readonly cancel: Cancel = () => {
    if (this.ended) return;
    this.#end();
    this.#connection.socket.destroy();
    this.#sink.onReleased();
  };

  /** Some of the request was handed to the socket. */
  get isAsked(): boolean {
    return this.#written || this.#writer?.written === true;
  }

  write(): void {
    try {
      this.#write();
    } catch (error) {
      this.#bug(error);
    }
  }

  #write(): void {
    const { socket, parser } = this.#connection;
    if (this.ended || socket.destroyed) return; // Behind a destroyed socket comes its close, which ends this.
    const head = requestHead(this.#request);
    if (typeof head !== 'string') {
      this.#refuse(head);
      return;
    }
    const { method, body } = this.#request;
    parser.begin(method === 'HEAD');
    if (body === null) {
      this.#written = true;
      writeHead(socket, head);
      this.#sent();
      return;
    }
    this.#sink.onSend();
    if (this.ended) return;
    if (body instanceof Uint8Array) {
      this.#written = true;
      if (writeWhole(socket, head, body)) this.#sent();
      else this.#isDraining = true;
    } else {
      this.#writer = new BodyWriter(socket, head, body, {
        onProgress: () => this.#sink.onSendProgress(),
        onWhole: () => this.#sent(),
        onBroken: (failed) => this.#fail(failed, false),
      });
      this.#writer.start();
    }
  }

  drained(): void {
    try {
      this.#writer?.drained();
      if (!this.#isDraining || this.ended) return;
      this.#isDraining = false;
      this.#sink.onSendProgress();
      if (!this.ended) this.#sent();
    } catch (error) {
      this.#bug(error);
    }
  }

  resume(): void {
    this.#resumed = true;
    // Behind the end of this answer the socket belongs to the next one.
    if (this.ended || !this.#stopped) return;
    this.#stopped = false;
    this.#connection.socket.resume();
  }

  /** Passes on what the parser has found. False when no more is to be read for now. */
  advance(): boolean {
    try {
      return this.#advance();
    } catch (error) {
      this.#bug(error);
      return false;
    }
  }

  #advance(): boolean {
    const { parser } = this.#connection;
    const { head } = parser;
    if (this.status === 0 && head !== null) {
      this.status = head.status;
      this.headers = head.headers;
      this.lengthBytes = head.lengthBytes;
      this.#sink.onHead(this);
      if (this.ended) return false;
    }
    let hasRoom = true;
    if (parser.pieceBytes > 0) {
      this.#resumed = false;
      hasRoom = this.#sink.onData(copyOf(parser)) || this.#resumed;
      if (this.ended) return false;
    }
    if (parser.state === 'failed') {
      this.#fail(faultOf(parser), false);
      return false;
    }
    if (parser.state === 'done') {
      this.#complete();
      return true;
    }
    this.#stopped = !hasRoom;
    return hasRoom;
  }

  /** The connection has closed. */
  broke(cause: Error | null): void {
    const progress = { written: this.isAsked, answered: this.#isAnswered(), headed: this.status !== 0 };
    this.#fail(brokenOff(progress, cause ?? new Error('the peer has ended the connection')), true);
  }

  /** Whatever is called from here runs code above. A bug there fails this request, not the process. */
  #bug(cause: unknown): void {
    this.#fail(failure('internal_error', 'the answer could not be passed on', { cause }), false);
  }

  #sent(): void {
    this.#isWhollySent = true;
    if (!this.ended) this.#sink.onSent();
  }

  #isAnswered(): boolean {
    return this.isAsked && this.#connection.parser.answered;
  }

  #complete(): void {
    this.#end();
    this.#connection.finish(this.#isWhollySent);
    this.#sink.onComplete();
    this.#sink.onReleased();
  }

  /** Nothing was written, so the connection is as good as before. */
  #refuse(failed: Failure): void {
    this.#end();
    this.#sink.onReleased();
    this.#sink.onFailed(failed, { untouched: true, answered: false, closed: false });
  }

  /** Ends before its time, and with it the connection: where the next answer would begin is unknown. */
  #fail(failed: Failure, closed: boolean): void {
    if (this.ended) return;
    const untouched = !this.isAsked && this.#writer?.begun !== true;
    const answered = this.#isAnswered();
    this.#end();
    this.#connection.socket.destroy();
    this.#sink.onReleased();
    this.#sink.onFailed(failed, { untouched, answered, closed });
  }

  #end(): void {
    this.ended = true;
    this.#writer?.stop();
    this.#connection.current = null;
  }
}

/** Head and gathered body in one call to the kernel. False when the socket is full. */
function writeWhole(socket: Socket, head: string, body: Uint8Array): boolean {
  if (head.length + body.length <= ONE_PIECE_BYTES) {
    const message = Buffer.allocUnsafe(head.length + body.length);
    message.write(head, 'latin1');
    message.set(body, head.length);
    return socket.write(message);
  }
  socket.cork();
  socket.write(head, 'latin1');
  const hasRoom = socket.write(body);
  socket.uncork();
  return hasRoom;
}

/** The body bytes of the last read, in memory of their own: the receiver may keep them, the buffer is read into again. */
function copyOf({ pieces, pieceOffsets, pieceBytes }: AnswerParser): Buffer {
  const copy = Buffer.allocUnsafe(pieceBytes);
  pieceCame(pieceBytes);
  let at = 0;
  for (let i = 0; i < pieceOffsets; i += 2) at += readBuffer.copy(copy, at, pieces[i], pieces[i + 1]);
  return copy;
}

function faultOf({ fault, detail }: AnswerParser): Failure {
  return failure(
    fault === 'headTooLarge' ? 'response_head_too_large' : 'response_malformed',
    `the answer has ${detail}`,
  );
}
