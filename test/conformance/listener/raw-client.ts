/** A client on a bare socket: it sends bytes exactly as told, in the packets told, and reads answers without mercy. */
import net from 'node:net';
import tls from 'node:tls';

export interface RawAnswer {
  readonly status: number;
  readonly statusLine: string;
  /** Lower-case names, in order, repeats kept. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  header(name: string): string | undefined;
}

export class RawClient {
  readonly socket: net.Socket;
  isClosed = false;
  receivedBytes = 0;
  #buffer: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};
  #keep = true;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.receivedBytes += chunk.byteLength;
      if (this.#keep) this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#wake();
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
    // A reset is one of the ways in which a connection ends; the close that follows is what tests look at.
    socket.on('error', () => {});
  }

  /** All that has come and was not taken as part of an answer. */
  get unread(): string {
    return this.#buffer.toString('latin1');
  }

  /** From now on bytes are only counted. */
  discard(): void {
    this.#keep = false;
    this.#buffer = Buffer.alloc(0);
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Waits for a condition on what has come; fails after `limitMs`. */
  async until(condition: () => boolean, what: string, limitMs = 8_000): Promise<void> {
    const deadlineMs = Date.now() + limitMs;
    while (!condition()) {
      const leftMs = deadlineMs - Date.now();
      if (leftMs <= 0)
        throw new Error(`no ${what} within ${limitMs} ms; unread: ${JSON.stringify(this.unread.slice(0, 300))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, 20));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  closed(limitMs?: number): Promise<void> {
    return this.until(() => this.isClosed, 'close', limitMs);
  }

  /** The next whole answer; a connection that closes before its end is an error. */
  async answer(method = 'GET'): Promise<RawAnswer> {
    let parsed: { answer: RawAnswer; rest: Buffer } | null = null;
    await this.until(() => {
      parsed ??= parseAnswer(this.#buffer, method);
      return parsed !== null || this.isClosed;
    }, 'answer');
    const whole = parsed as { answer: RawAnswer; rest: Buffer } | null; // The compiler does not see the closure's write.
    if (whole === null) throw new Error(`closed before a whole answer: ${JSON.stringify(this.unread.slice(0, 300))}`);
    this.#buffer = whole.rest;
    return whole.answer;
  }

  close(): void {
    this.socket.destroy();
  }
}

export function connectRaw(
  port: number,
  host = '127.0.0.1',
  options: { readonly paused?: boolean } = {},
): Promise<RawClient> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host });
    socket.once('error', reject);
    socket.once('connect', () => {
      const client = new RawClient(socket);
      if (options.paused === true) socket.pause();
      resolve(client);
    });
  });
}

export function connectTls(port: number, servername: string): Promise<{ client: RawClient; subject: string }> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const { CN } = socket.getPeerCertificate().subject;
      resolve({ client: new RawClient(socket), subject: String(CN) });
    });
  });
}

export function parseAnswer(bytes: Buffer, method: string): { answer: RawAnswer; rest: Buffer } | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const [statusLine = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const header = (name: string): string | undefined => headers.find(([each]) => each === name)?.[1];
  const status = Number(statusLine.split(' ')[1]);
  const afterHead = bytes.subarray(headEnd + 4);
  const make = (body: Buffer, rest: Buffer) => ({ answer: { status, statusLine, headers, body, header }, rest });
  if (status === 100) return parseAnswer(afterHead, method);
  if (method === 'HEAD' || status === 204 || status === 304 || status === 101) return make(Buffer.alloc(0), afterHead);
  if (header('transfer-encoding') === 'chunked') {
    const chunks = parseChunks(afterHead);
    return chunks === null ? null : make(chunks.body, chunks.rest);
  }
  const length = header('content-length');
  // The library's own refusals have no length; they end with the connection, and their head is all that matters.
  if (length === undefined) return make(afterHead, Buffer.alloc(0));
  if (afterHead.byteLength < Number(length)) return null;
  return make(afterHead.subarray(0, Number(length)), afterHead.subarray(Number(length)));
}

function parseChunks(bytes: Buffer): { body: Buffer; rest: Buffer } | null {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    if (Number.isNaN(size)) throw new Error('the answer has a bad chunk size');
    const dataEnd = lineEnd + 2 + size;
    if (bytes.byteLength < dataEnd + 2) return null;
    if (size === 0) return { body: Buffer.concat(pieces), rest: bytes.subarray(dataEnd + 2) };
    pieces.push(bytes.subarray(lineEnd + 2, dataEnd));
    at = dataEnd + 2;
  }
}
