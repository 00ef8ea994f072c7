/**
 * Writes lines to a file or to stdout: batched, in the background, with a bound on what waits.
 *
 * A log must never be why a request waits, why memory grows, or why a process does not end. So lines gather in a batch,
 * one write is under way at a time, and what can't be kept is dropped and counted:
 *
 *   line ─▶ batch ──(full)──▶ queue ──(one at a time)──▶ fs.write
 *             └──(FLUSH_MS old, or the write before it is done)──▶┘      at most BUFFER_BYTES wait
 *
 * A failed write (ENOSPC, EPIPE, EIO …) loses its batch, and the next one is tried after RETRY_MS. EAGAIN, which a pipe
 * gives while its reader is behind, loses nothing.
 *
 * pino's destination (sonic-boom 4.2) was the first choice. Measured side by side it took 4 to 8 µs a line where text
 * joined in batches took 1 to 2, since it measures the whole pending text for every line; and when the disk is full its
 * flush at exit tries again for ever, so that the process never ends (seen with /dev/full).
 */
import { close as closeFile, openSync, write as writeFile, writeSync } from 'node:fs';
import type { Timer, Timers } from '../time/clock.js';

export interface LogWriter {
  /** Takes one line of ASCII with its line end. Never throws, never waits. */
  write(line: string): void;
  /** Opens the file anew, for log rotation; the signals of ROTATE_SIGNALS do the same. Stdout stays as it is. */
  reopen(): void;
  /** Writes what waits, within a bound, and closes. */
  close(): Promise<void>;
  counts(): LogCounts;
}

export interface LogCounts {
  readonly written: number;
  readonly dropped: number;
  /** Why lines are being lost, null while they are not. */
  readonly trouble: string | null;
}

/** SIGUSR1 is what nginx takes for it; left alone, it would open Node's inspector. */
export const ROTATE_SIGNALS = ['SIGUSR2', 'SIGUSR1'] as const;

/** Bytes of a batch. A write on its way costs as much as six lines, however long it is, so it should be of several hundred. */
export const BATCH_BYTES = 256 * 1024;
/** Bytes that may wait in all; some eight thousand lines. */
export const BUFFER_BYTES = 4 * 1024 * 1024;
/** A line waits no longer than this for others. */
export const FLUSH_MS = 250;
/** Pause after a write that failed. */
export const RETRY_MS = 1_000;
/** Longest wait of `close` for a reader that does not read. */
export const CLOSE_MS = 2_000;

/** Characters that are copied to their batch at once; some thirty lines. */
const GATHERED_MAX = 16 * 1024;
const BUSY_RETRY_MS = 24;
const STDOUT_FD = 1;
const LOG_MODE = 0o640;
/** At exit nothing can be waited for: a busy pipe is tried this often. */
const EXIT_TRIES = 100;

/**
 * Lines are gathered as text before they are copied: a line comes as the tree of its pieces, and the way into native
 * code that flattens and copies it costs as much as three lines' pieces.
 */
class Batch {
  readonly bytes: Buffer;
  /** Bytes of all its lines; the last of them may still be text. */
  length = 0;
  lines = 0;
  #text = '';

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  holds(more: number): boolean {
    return this.length + more <= this.bytes.length;
  }

  add(line: string): void {
    this.#text += line;
    this.length += line.length;
    this.lines += 1;
    if (this.#text.length >= GATHERED_MAX) this.settle();
  }

  /** Everything is bytes from here on, until the next line. */
  settle(): void {
    this.bytes.write(this.#text, this.length - this.#text.length, 'latin1');
    this.#text = '';
  }
}

/** Throws when the file can't be opened: a configuration that names one must be refused before it is in force. */
export function openLog(destination: string, timers: Timers): LogWriter {
  return new FileLog(destination, timers);
}

class FileLog implements LogWriter {
  readonly #path: string | null;
  #fd: number;
  /** Takes the next lines. */
  #batch = new Batch(BATCH_BYTES);
  /** A batch that was written, to be used again: memory that was touched before costs no page faults. */
  #spare: Batch | null = null;
  /** Full batches, oldest first, and the bytes in them. */
  readonly #queue: Batch[] = [];
  #queuedBytes = 0;
  /** The batch that is being written, and how many of its bytes are out. */
  #writing: Batch | null = null;
  #offset = 0;
  /** The file ends in the middle of a line, so the next write has to end that first. */
  #torn = false;
  /** Done between two batches, so that no line is spread over two files. */
  #reopenAsked = false;
  #paused = false;
  #written = 0;
  #dropped = 0;
  #trouble: string | null = null;
  #closing = false;
  #onClosed: (() => void) | null = null;
  readonly #flushTimer: Timer;
  readonly #retryTimer: Timer;
  readonly #closeTimer: Timer;

  constructor(destination: string, timers: Timers) {
    this.#path = destination === 'stdout' ? null : destination;
    this.#fd = this.#path === null ? STDOUT_FD : openSync(this.#path, 'a', LOG_MODE);
    this.#flushTimer = timers.create(() => this.#pump());
    this.#retryTimer = timers.create(() => {
      this.#paused = false;
      if (this.#writing === null) this.#pump();
      else this.#continue(this.#writing);
    });
    this.#closeTimer = timers.create(() => this.#finish());
    process.on('exit', this.#atExit);
    for (const signal of ROTATE_SIGNALS) process.on(signal, this.#onRotate);
  }

  write(line: string): void {
    if (!this.#batch.holds(line.length)) {
      if (this.#queuedBytes + this.#batch.length + line.length > BUFFER_BYTES) {
        this.#dropped += 1;
        this.#trouble ??= 'they come faster than they are taken';
        return;
      }
      this.#seal(Math.max(BATCH_BYTES, line.length));
      this.#pump();
    }
    if (this.#batch.lines === 0) this.#flushTimer.arm(FLUSH_MS);
    this.#batch.add(line);
  }

  reopen(): void {
    this.#reopenAsked = this.#path !== null;
    this.#pump();
  }

  close(): Promise<void> {
    if (this.#closing) return Promise.resolve();
    this.#closing = true;
    return new Promise((resolve) => {
      this.#onClosed = resolve;
      this.#closeTimer.arm(CLOSE_MS);
      // One more try, at once: there is no later. A batch that waits for a busy pipe is tried again anyway.
      if (this.#writing === null) this.#paused = false;
      this.#pump();
    });
  }

  counts(): LogCounts {
    return { written: this.#written, dropped: this.#dropped, trouble: this.#trouble };
  }

  /** The current batch goes to the queue, and an empty one takes its place. */
  #seal(capacity: number): void {
    this.#batch.settle();
    if (this.#batch.lines > 0) this.#queue.push(this.#batch);
    this.#queuedBytes += this.#batch.length;
    const spare = this.#spare;
    this.#spare = null;
    this.#batch = spare?.holds(capacity) ? spare : new Batch(capacity);
  }

  /** Begins the next write when none is under way: of the oldest full batch, else of whatever there is. */
  #pump(): void {
    if (this.#paused || this.#writing !== null) return;
    if (this.#reopenAsked) this.#openAnew();
    if (this.#queue.length === 0 && this.#batch.lines > 0) this.#seal(BATCH_BYTES);
    const next = this.#queue.shift();
    if (next === undefined) {
      if (this.#closing) this.#finish();
      return;
    }
    this.#queuedBytes -= next.length;
    this.#writing = next;
    this.#offset = 0;
    if (this.#torn) this.#endTornLine(next);
    else this.#continue(next);
  }

  #continue(batch: Batch): void {
    const rest = batch.length - this.#offset;
    writeFile(this.#fd, batch.bytes, this.#offset, rest, null, (error, length) =>
      this.#onOutcome(batch, error, length),
    );
  }

  #endTornLine(next: Batch): void {
    writeFile(this.#fd, '\n', (error) => {
      if (error === null) this.#torn = false;
      if (error === null && this.#writing === next) this.#continue(next);
      else this.#onOutcome(next, error, 0);
    });
  }

  #onOutcome(batch: Batch, error: NodeJS.ErrnoException | null, length: number): void {
    if (this.#writing !== batch) return; // Closed in the meantime.
    if (error !== null) {
      this.#onFailed(batch, error);
      return;
    }
    this.#offset += length;
    if (this.#offset < batch.length) {
      this.#continue(batch);
      return;
    }
    this.#written += batch.lines;
    this.#trouble = null;
    this.#writing = null;
    batch.length = 0;
    batch.lines = 0;
    this.#spare = batch;
    this.#pump();
  }

  #onFailed(batch: Batch, error: NodeJS.ErrnoException): void {
    this.#paused = true;
    if (error.code === 'EAGAIN') {
      this.#retryTimer.arm(BUSY_RETRY_MS);
      return;
    }
    this.#torn ||= this.#offset > 0;
    this.#dropped += batch.lines;
    this.#trouble = error.code ?? error.message;
    this.#writing = null;
    // Someone waits for the end, and what has just failed will not be better in a moment.
    if (this.#closing) this.#finish();
    else this.#retryTimer.arm(RETRY_MS);
  }

  #openAnew(): void {
    this.#reopenAsked = false;
    if (this.#path === null) return;
    const before = this.#fd;
    try {
      this.#fd = openSync(this.#path, 'a', LOG_MODE);
      closeFile(before, ignore);
    } catch (error) {
      process.emitWarning(`access log: ${this.#path} can't be opened anew, so the old file goes on: ${String(error)}`);
    }
  }

  /** The end of `close`: what is still here is lost, and counted. */
  #finish(): void {
    for (const timer of [this.#flushTimer, this.#retryTimer, this.#closeTimer]) timer.cancel();
    process.off('exit', this.#atExit);
    for (const signal of ROTATE_SIGNALS) process.off(signal, this.#onRotate);
    for (const batch of [...this.#queue.splice(0), this.#batch]) this.#dropped += batch.lines;
    this.#dropped += this.#writing?.lines ?? 0;
    this.#writing = null;
    this.#queuedBytes = BUFFER_BYTES;
    this.#batch = new Batch(0); // Holds nothing: whoever still writes is counted as dropped.
    if (this.#path !== null) closeFile(this.#fd, ignore);
    this.#onClosed?.();
  }

  readonly #onRotate = (): void => this.reopen();

  /** The process ends without `close`. What a write already carries is not written again: twice is worse than late. */
  readonly #atExit = (): void => {
    this.#batch.settle();
    const rest = Buffer.concat([...this.#queue, this.#batch].map(({ bytes, length }) => bytes.subarray(0, length)));
    let offset = 0;
    for (let tries = 0; offset < rest.length && tries < EXIT_TRIES; tries += 1) {
      try {
        offset += writeSync(this.#fd, rest, offset);
      } catch (error) {
        // `code` is how Node names errors of the system; anything but a busy pipe ends the attempt.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      }
    }
  };
}

const ignore = (): void => {};
