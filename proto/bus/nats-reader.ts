/**
 * Reads what comes over a connection of the client library at a pace (`read-pace.ts` decides): its socket is paused after each read.
 * The library has no word for that, so its socket is taken from inside of it; where a release has it elsewhere, all is read as it comes,
 * and the suite of the bus says so (test/conformance/bus).
 *
 * A socket of Node that is paused goes on reading until 16 KiB wait in it, and each packet wakes the process: the handle below it is told to
 * stop as well, and the socket is left to believe that it reads, lest it begins anew by itself.
 */
import type { NatsConnection } from 'nats';
import type { BusClock } from './bus.js';
import { ReadPace } from './read-pace.js';

interface Readable {
  on(event: 'data', run: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

export class NatsReader {
  readonly #clock: BusClock;
  readonly #pace = new ReadPace();
  #paused: { readonly socket: Readable; cancel(): void } | null = null;
  /** Times that something was left where it is. */
  pauses = 0;

  constructor(clock: BusClock) {
    this.#clock = clock;
  }

  /** A connection that is not read yet, or the next one: of the former nothing comes any more. */
  use(connection: NatsConnection): void {
    this.#readOn();
    const socket = socketOf(connection);
    socket?.on('data', () => this.#pause(socket));
  }

  heard(): void {
    this.#pace.heard(this.#clock.nowMs());
  }

  /** An answer is awaited. */
  awaits(): void {
    this.#pace.awaits(this.#clock.nowMs());
    this.#readOn();
  }

  #pause(socket: Readable): void {
    const pauseMs = this.#pace.pauseMs(this.#clock.nowMs());
    // Timers are of whole milliseconds.
    if (pauseMs < 1 || this.#paused !== null) return;
    this.pauses += 1;
    socket.pause();
    tellHandle(socket, 'readStop');
    this.#paused = { socket, cancel: this.#clock.after(pauseMs, () => this.#readOn()) };
  }

  #readOn(): void {
    const paused = this.#paused;
    this.#paused = null;
    if (paused === null) return;
    paused.cancel();
    tellHandle(paused.socket, 'readStart');
    paused.socket.resume();
  }
}

function socketOf(connection: NatsConnection): Readable | null {
  const transport = fieldOf(fieldOf(connection, 'protocol'), 'transport');
  const socket = fieldOf(transport, 'socket');
  return isReadable(socket) ? socket : null;
}

/** Null of a socket that is closed. */
function tellHandle(socket: Readable, what: 'readStop' | 'readStart'): void {
  const handle = fieldOf(socket, '_handle');
  const run = fieldOf(handle, what);
  if (typeof run === 'function') Reflect.apply(run, handle, []);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function isReadable(value: unknown): value is Readable {
  return ['on', 'pause', 'resume'].every((name) => typeof fieldOf(value, name) === 'function');
}
