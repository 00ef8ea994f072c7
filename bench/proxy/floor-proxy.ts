/**
 * The least that a proxy on these two can cost: uWebSockets.js in front, node:net behind, and nothing else. It holds no request to any rule,
 * knows answers with a Content-Length alone, has no timer, no metric and no second try; whoever puts it before traffic gets what he deserves.
 * What it costs beside nginx is what no work on Weir can save, see bench/README.md.
 *
 * Run as a process of its own: `node floor-proxy.js PORT ORIGIN_PORT CONNECTIONS`.
 */

import uWS, { type HttpRequest, type HttpResponse } from 'uWebSockets.js';
import { connect, type Socket } from 'node:net';

const [port, originPort, connections] = process.argv.slice(2).map(Number);
if (port === undefined || originPort === undefined || connections === undefined) {
  throw new Error('usage: floor-proxy.js PORT ORIGIN_PORT CONNECTIONS');
}

const READ_BYTES = 64 * 1024;
const HEAD_END = '\r\n\r\n';

interface Asked {
  readonly response: HttpResponse;
  isGone: boolean;
}

/** One connection to the origin and the request that is on it. */
class Upstream {
  #asked: Asked | null = null;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Bytes of head and body together; 0: the head is not there yet. */
  #wholeBytes = 0;
  #bodyAt = 0;
  readonly #socket: Socket;

  constructor() {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const onread = {
      buffer,
      callback: (length: number) => {
        this.#take(buffer.subarray(0, length));
        return true;
      },
    };
    this.#socket = connect({ host: '127.0.0.1', port: originPort ?? 0, noDelay: true, onread });
    this.#socket.on('error', (error) => {
      throw error;
    });
  }

  send(asked: Asked, head: string, body: Buffer | null): void {
    this.#asked = asked;
    this.#socket.write(head, 'latin1');
    if (body !== null) this.#socket.write(body);
  }

  #take(piece: Buffer): void {
    // A small answer comes in one piece, and is passed on before the next one is read into the same memory.
    const isFirst = this.#pieces.length === 0;
    this.#bytes += piece.length;
    if (isFirst) this.#readHead(piece);
    if (isFirst && this.#bytes === this.#wholeBytes) {
      this.#answer(piece);
      return;
    }
    this.#pieces.push(Buffer.from(piece));
    if (this.#bytes === this.#wholeBytes) this.#answer(Buffer.concat(this.#pieces));
  }

  #readHead(piece: Buffer): void {
    const end = piece.indexOf(HEAD_END, 0, 'latin1');
    const length = /\r\ncontent-length: (\d+)/i.exec(piece.toString('latin1', 0, end));
    if (end < 0 || length === null) throw new Error('the origin answers in a way that this proxy does not know');
    this.#bodyAt = end + HEAD_END.length;
    this.#wholeBytes = this.#bodyAt + Number(length[1]);
  }

  #answer(whole: Buffer): void {
    const [first = '', ...lines] = whole.toString('latin1', 0, this.#bodyAt - HEAD_END.length).split('\r\n');
    const bodyAt = this.#bodyAt;
    const asked = this.#asked;
    this.#asked = null;
    this.#pieces = [];
    this.#bytes = 0;
    this.#wholeBytes = 0;
    if (asked !== null && !asked.isGone) {
      const { response } = asked;
      response.cork(() => {
        response.writeStatus(first.slice('HTTP/1.1 '.length));
        for (const line of lines) {
          const colon = line.indexOf(':');
          const name = line.slice(0, colon).toLowerCase();
          if (ended.has(name)) continue;
          response.writeHeader(name, line.slice(colon + 2));
        }
        response.end(whole.subarray(bodyAt));
      });
    }
    free(this);
  }
}

/** What uWebSockets.js writes itself, and what is of this hop alone (RFC 9110 §7.6.1). */
const ended: ReadonlySet<string> = new Set(['content-length', 'date', 'connection', 'keep-alive', 'server']);

const idle: Upstream[] = [];
const waiting: ((upstream: Upstream) => void)[] = [];
let made = 0;

function free(upstream: Upstream): void {
  const next = waiting.shift();
  if (next === undefined) idle.push(upstream);
  else next(upstream);
}

function withUpstream(use: (upstream: Upstream) => void): void {
  const upstream = idle.pop();
  if (upstream !== undefined) use(upstream);
  else if (made < (connections ?? 0)) {
    made += 1;
    use(new Upstream());
  } else waiting.push(use);
}

function headOf(request: HttpRequest): string {
  const query = request.getQuery();
  let head = `${request.getCaseSensitiveMethod()} ${request.getUrl()}${query === '' ? '' : `?${query}`} HTTP/1.1\r\n`;
  request.forEach((name, value) => {
    if (name !== 'connection') head += `${name}: ${value}\r\n`;
  });
  return `${head}\r\n`;
}

uWS
  .App()
  .any('/*', (response, request) => {
    const asked: Asked = { response, isGone: false };
    response.onAborted(() => {
      asked.isGone = true;
    });
    const head = headOf(request);
    if (request.getHeader('content-length') === '') {
      withUpstream((upstream) => upstream.send(asked, head, null));
      return;
    }
    const pieces: Buffer[] = [];
    response.onData((piece, isLast) => {
      pieces.push(Buffer.from(new Uint8Array(piece.slice(0))));
      if (isLast) withUpstream((upstream) => upstream.send(asked, head, Buffer.concat(pieces)));
    });
  })
  .listen('127.0.0.1', port, (socket) => {
    if (socket === false) throw new Error(`port ${port} is taken`);
  });
