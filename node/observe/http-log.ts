/**
 * Sends lines to a collector over HTTP: batches of them as NDJSON (`application/x-ndjson`), by POST, one at a time.
 *
 *   line ─▶ waiting ──(POST_BYTES, or FLUSH_MS old)──▶ POST ──▶ 2xx: written
 *              ▲                                         ├─ no answer, 408, 425, 429, 5xx: the same batch again, later each time
 *              └──────── at most BUFFER_BYTES ───────────└─ any other answer, or TRIES_MAX: lost, and counted
 *
 * A collector that is slow or away costs lines and never requests, as with log-writer.ts. One that takes a batch and does not say so in time
 * gets it twice: each line has the id of its request. What waits at a crash of the process is lost; a file beside it loses less.
 */
import http from 'node:http';
import https from 'node:https';
import type { Timer, Timers } from '../time/clock.js';
import { BUFFER_BYTES, CLOSE_MS, FLUSH_MS, type LogCounts, type LogWriter, RETRY_MS } from './log-writer.js';

export interface HttpLogOptions {
  readonly url: string;
  /** With their secrets filled in. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timers: Timers;
}

/** Bytes of one POST, or a single line that is longer: what collectors take without being told. */
export const POST_BYTES = 64 * 1024;
/** One POST, whole. */
export const POST_MS = 10_000;
export const TRIES_MAX = 8;
const RETRY_MAX_MS = 30_000;

/** Throws when nothing can be sent so: a configuration that says it must be refused before it is in force. */
export function openHttpLog(options: HttpLogOptions): LogWriter {
  return new HttpLog(options);
}

interface Batch {
  readonly text: string;
  readonly lines: number;
}

class HttpLog implements LogWriter {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent: http.Agent;
  /** The next batches, oldest first; the last of them takes lines. */
  #waiting: { text: string; lines: number }[] = [];
  #waitingBytes = 0;
  #sending: Batch | null = null;
  /** Of the batch that is being sent. */
  #tries = 0;
  #request: http.ClientRequest | null = null;
  #written = 0;
  #dropped = 0;
  #trouble: string | null = null;
  #isClosing = false;
  #isClosed = false;
  #onClosed: (() => void) | null = null;
  readonly #flushTimer: Timer;
  readonly #retryTimer: Timer;
  readonly #postTimer: Timer;
  readonly #closeTimer: Timer;

  constructor({ url, headers, timers }: HttpLogOptions) {
    this.#url = new URL(url);
    for (const [name, value] of Object.entries(headers)) http.validateHeaderValue(name, value);
    this.#headers = { ...headers, 'content-type': 'application/x-ndjson' };
    const isTls = this.#url.protocol === 'https:';
    this.#agent = new (isTls ? https : http).Agent({ keepAlive: true, maxSockets: 1 });
    this.#flushTimer = timers.create(() => this.#pump());
    this.#retryTimer = timers.create(() => this.#post());
    this.#postTimer = timers.create(() => this.#request?.destroy(new Error('no answer in time')));
    this.#closeTimer = timers.create(() => this.#finish());
  }

  write(line: string): void {
    const bytes = this.#waitingBytes + (this.#sending?.text.length ?? 0) + line.length;
    if (bytes > BUFFER_BYTES || this.#isClosed) {
      this.#dropped += 1;
      this.#trouble ??= 'they come faster than they are taken';
      return;
    }
    const last = this.#waiting.at(-1);
    this.#waitingBytes += line.length;
    if (last !== undefined && last.text.length + line.length <= POST_BYTES) {
      last.text += line;
      last.lines += 1;
    } else {
      this.#waiting.push({ text: line, lines: 1 });
      if (this.#waiting.length === 1) this.#flushTimer.arm(FLUSH_MS);
      else this.#pump();
    }
  }

  /** There is nothing to open anew. */
  reopen(): void {}

  close(): Promise<void> {
    if (this.#isClosing) return Promise.resolve();
    this.#isClosing = true;
    return new Promise((resolve) => {
      this.#onClosed = resolve;
      this.#closeTimer.arm(CLOSE_MS);
      // One more try, at once: there is no later.
      if (this.#sending !== null && this.#request === null) this.#post();
      this.#pump();
    });
  }

  counts(): LogCounts {
    return { written: this.#written, dropped: this.#dropped, trouble: this.#trouble };
  }

  /** The oldest batch is sent, where none is. */
  #pump(): void {
    if (this.#sending !== null || this.#isClosed) return;
    const next = this.#waiting.shift();
    this.#flushTimer.cancel();
    if (next === undefined) {
      if (this.#isClosing) this.#finish();
      return;
    }
    this.#waitingBytes -= next.text.length;
    this.#sending = next;
    this.#tries = 0;
    this.#post();
  }

  #post(): void {
    const batch = this.#sending;
    if (batch === null || this.#isClosed) return;
    this.#retryTimer.cancel();
    this.#tries += 1;
    const headers = { ...this.#headers, 'content-length': String(batch.text.length) };
    const { request } = this.#url.protocol === 'https:' ? https : http;
    const sent = request(this.#url, { method: 'POST', headers, agent: this.#agent });
    this.#request = sent;
    this.#postTimer.arm(POST_MS);
    sent.on('error', (error: NodeJS.ErrnoException) => this.#onOutcome(sent, null, error.code ?? error.message));
    sent.on('response', (answer) => {
      answer.on('error', () => {}); // What becomes of the rest of an answer is of no interest; its status was told.
      answer.resume();
      const status = answer.statusCode ?? 0;
      answer.on('close', () => this.#onOutcome(sent, status, `HTTP ${status}`));
    });
    sent.end(batch.text, 'latin1');
  }

  #onOutcome(sent: http.ClientRequest, status: number | null, reason: string): void {
    const batch = this.#sending;
    if (this.#request !== sent || batch === null) return; // It was told of before, or this is closed.
    this.#request = null;
    this.#postTimer.cancel();
    if (status !== null && status >= 200 && status < 300) {
      this.#written += batch.lines;
      this.#trouble = null;
    } else {
      this.#trouble = reason;
      if (!this.#isClosing && isPassing(status) && this.#tries < TRIES_MAX) {
        this.#retryTimer.arm(Math.min(RETRY_MS * 2 ** (this.#tries - 1), RETRY_MAX_MS));
        return;
      }
      this.#dropped += batch.lines;
      // Someone waits for the end, and what has just failed will not be better in a moment.
      if (this.#isClosing) {
        this.#finish();
        return;
      }
    }
    this.#sending = null;
    if (this.#waiting.length > 1 || this.#isClosing) this.#pump();
    else if (this.#waiting.length === 1) this.#flushTimer.arm(FLUSH_MS);
  }

  /** The end of `close`: what is still here is lost, and counted. */
  #finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of [this.#flushTimer, this.#retryTimer, this.#postTimer, this.#closeTimer]) timer.cancel();
    // A batch whose answer has failed was counted with that.
    if (this.#request !== null) this.#dropped += this.#sending?.lines ?? 0;
    for (const { lines } of this.#waiting) this.#dropped += lines;
    const sent = this.#request;
    [this.#request, this.#sending, this.#waiting, this.#waitingBytes] = [null, null, [], 0];
    sent?.destroy();
    this.#agent.destroy();
    this.#onClosed?.();
  }
}

/** Whether the same may be taken later. */
function isPassing(status: number | null): boolean {
  return status === null || status === 408 || status === 425 || status === 429 || status >= 500;
}
