/**
 * Steady load over keep-alive connections on raw sockets, so that a connection that the gateway closes is seen and
 * counted, and not silently replaced as a client library would.
 *
 * Requests fall due at the rate, whether or not the answers keep up (open loop): one that finds no free connection
 * waits for one, and its latency counts from when it fell due. So a gateway that stands still for a while shows as slow.
 */
import { connect, type Socket } from 'node:net';

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly perSecond: number;
  /** Of the request of this number. */
  readonly pathOf: (number: number) => string;
  /** Whether an answer of 200 has the right body. */
  readonly isRight: (path: string, body: string) => boolean;
}

export interface Load {
  /** Latencies since the last call, in milliseconds. */
  takeLatencies(): number[];
  readonly figures: LoadFigures;
  /** Longest time, since the last call, for which this process itself was not scheduled: what the machine adds. */
  takeOwnDelayMs(): number;
  /** No further requests; resolves when the last answer has come, or its connection is gone. */
  stop(): Promise<void>;
}

export interface LoadFigures {
  sent: number;
  answered: number;
  /** Answers that were not 200 with the right body, and requests that got none. */
  failed: number;
  /** Connections that the gateway closed before `stop`. */
  closed: number;
  firstFailure: string;
}

const TICK_MS = 1;

/** Opens all connections before the first request falls due. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const figures: LoadFigures = { sent: 0, answered: 0, failed: 0, closed: 0, firstFailure: '' };
  const clients: Client[] = [];
  for (let i = 0; i < options.connections; i += 1) clients.push(await openClient(options.port, options));
  let stopped = false;
  for (const client of clients) {
    client.onClosed(() => {
      if (!stopped) figures.closed += 1;
    });
  }
  const asking = askWith(clients, figures, options.pathOf);
  const clock = tickAt(options.perSecond, asking.fallDue);
  return {
    figures,
    takeLatencies: asking.takeLatencies,
    takeOwnDelayMs: clock.takeOwnDelayMs,
    async stop() {
      stopped = true;
      clock.stop();
      await asking.finish();
      for (const client of clients) client.close();
    },
  };
}

/** Calls `fallDue` with the number of requests that fall due, as evenly as timers allow. */
function tickAt(perSecond: number, fallDue: (count: number, nowMs: number) => void) {
  const startedAtMs = performance.now();
  let made = 0;
  let lastTickMs = startedAtMs;
  let ownDelayMs = 0;
  const tick = setInterval(() => {
    const nowMs = performance.now();
    ownDelayMs = Math.max(ownDelayMs, nowMs - lastTickMs - TICK_MS);
    lastTickMs = nowMs;
    const count = Math.floor(((nowMs - startedAtMs) / 1_000) * perSecond) - made;
    made += count;
    fallDue(count, nowMs);
  }, TICK_MS);
  return {
    stop: () => clearInterval(tick),
    takeOwnDelayMs(): number {
      const taken = ownDelayMs;
      ownDelayMs = 0;
      return taken;
    },
  };
}

/** Gives requests that are due to connections that are free, and writes down what becomes of them. */
function askWith(clients: readonly Client[], figures: LoadFigures, pathOf: LoadOptions['pathOf']) {
  const free = [...clients];
  const due: number[] = [];
  let latencies: number[] = [];
  let whenIdle: (() => void) | null = null;
  const fail = (failure: string): void => {
    figures.failed += 1;
    if (figures.firstFailure === '') figures.firstFailure = failure;
  };
  const pair = (): void => {
    while (due.length > 0) {
      // The longest idle first: none may be idle for so long that the gateway rightly closes it.
      const client = free.shift();
      if (client === undefined) break;
      if (!client.isOpen()) continue;
      const dueAtMs = due.shift() ?? 0;
      figures.sent += 1;
      client.ask(pathOf(figures.sent), (failure) => {
        latencies.push(performance.now() - dueAtMs);
        if (failure === null) figures.answered += 1;
        else fail(failure);
        free.push(client);
        pair();
      });
    }
    if (figures.answered + figures.failed >= figures.sent) whenIdle?.();
  };
  return {
    fallDue(count: number, nowMs: number): void {
      for (let i = 0; i < count; i += 1) due.push(nowMs);
      pair();
    },
    takeLatencies(): number[] {
      const taken = latencies;
      latencies = [];
      return taken;
    },
    finish(): Promise<void> {
      // Whatever fell due and found no connection to the end has failed.
      for (const _ of due.splice(0)) {
        figures.sent += 1;
        fail('no connection was free to the end');
      }
      return new Promise((resolve) => {
        whenIdle = resolve;
        pair();
      });
    },
  };
}

interface Client {
  isOpen(): boolean;
  /** One at a time; null when the answer was the right one. */
  ask(path: string, onAnswer: (failure: string | null) => void): void;
  onClosed(listener: () => void): void;
  close(): void;
}

async function openClient(port: number, { isRight }: LoadOptions): Promise<Client> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let received = '';
  let asked = '';
  let waiting: ((failure: string | null) => void) | null = null;
  const settle = (failure: string | null): void => {
    const settled = waiting;
    waiting = null;
    received = '';
    settled?.(failure);
  };
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
    const end = received.indexOf('\r\n\r\n');
    if (end === -1) return;
    const length = Number(/^content-length: (\d+)/im.exec(received.slice(0, end))?.[1] ?? 0);
    if (received.length < end + 4 + length) return;
    const isGood = received.startsWith('HTTP/1.1 200 ') && isRight(asked, received.slice(end + 4));
    settle(isGood ? null : `${asked}: ${received.slice(0, 400)}`);
  });
  socket.on('error', () => {});
  socket.on('close', () => settle(`the connection was closed after ${JSON.stringify(received.slice(0, 200))}`));
  return {
    isOpen: () => !socket.destroyed && socket.writable,
    ask(path, onAnswer) {
      waiting = onAnswer;
      asked = path;
      socket.write(`GET ${path} HTTP/1.1\r\nHost: weir.test\r\n\r\n`);
    },
    onClosed: (listener) => socket.on('close', listener),
    close: () => socket.destroy(),
  };
}
