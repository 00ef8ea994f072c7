/**
 * A sample upstream of the demo: an HTTP server that behaves as its schedule says.
 *
 * It serves two lanes, one port each: `without` for the traffic that comes directly and `with` for what comes through
 * Weir. Both lanes follow the same schedule at the same time and share nothing else, so neither side can spoil the
 * other's capacity: an overloaded upstream is overloaded once for each.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Behaviour } from './schedule.js';

export interface SampleOptions {
  readonly name: string;
  readonly behaviour: () => Behaviour;
  readonly random: () => number;
}

export interface SampleServer {
  /** Opens the lane on this port of the loopback (0: any free one) and returns the port. */
  listen(port: number): Promise<number>;
  /** The behaviour may have changed: what was held back by a stall that is over is answered now. */
  refresh(): void;
  close(): Promise<void>;
}

const STEADY_MS = { min: 5, max: 15 } as const;
const SLOW_MS = { min: 300, max: 900 } as const;
/** One at a time, so two and a half requests a second: far below the share of one upstream. */
const OVERLOADED_MS = 400;
/** Requests that wait at most; a demo that runs for days must not grow. Beyond, the connection is dropped. */
const WAITING_MAX = 5_000;

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export function createSampleServer(options: SampleOptions): SampleServer {
  const { behaviour, random } = options;
  /** Held by a stall. */
  const stalled: Waiting[] = [];
  /** In line for the one worker that an overloaded server has. */
  const line: Waiting[] = [];
  let workerBusy = false;

  const between = ({ min, max }: { min: number; max: number }): number => min + random() * (max - min);
  const answerLater = (waiting: Waiting, delayMs: number): void => {
    setTimeout(() => answer(waiting.response, 200, options.name, behaviour()), delayMs);
  };

  const serveNext = (): void => {
    const next = line.shift();
    workerBusy = next !== undefined;
    if (next === undefined) return;
    // Clients that have left are served all the same: that work for nobody is what makes an overload last.
    const serviceMs = behaviour() === 'overloaded' ? OVERLOADED_MS : STEADY_MS.min;
    setTimeout(() => {
      answer(next.response, 200, options.name, behaviour());
      serveNext();
    }, serviceMs);
  };

  const serve = (waiting: Waiting): void => {
    const mode = behaviour();
    if (stalled.length + line.length >= WAITING_MAX) waiting.request.socket.destroy();
    else if (mode === 'stalling') stalled.push(waiting);
    else if (mode === 'failing') fail(waiting, random() < 0.5, options.name);
    else if (mode === 'slow') answerLater(waiting, between(SLOW_MS));
    else if (mode === 'overloaded' || line.length > 0 || workerBusy) {
      line.push(waiting);
      if (!workerBusy) serveNext();
    } else answerLater(waiting, between(STEADY_MS));
  };

  const server = createServer((request, response) => {
    request.resume();
    response.on('error', () => {}); // The client has left; there is nobody to tell.
    serve({ request, response });
  });
  // Longer than any pool in front keeps a connection, so that a reused one is never closed under a request.
  server.keepAliveTimeout = 120_000;

  return {
    listen: (port) => listening(server, port),
    refresh() {
      if (behaviour() !== 'stalling') for (const waiting of stalled.splice(0)) serve(waiting);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function fail(waiting: Waiting, drops: boolean, name: string): void {
  if (drops) waiting.request.socket.destroy();
  else answer(waiting.response, 500, name, 'failing');
}

function answer(response: ServerResponse, status: number, name: string, mode: Behaviour): void {
  if (response.destroyed) return;
  const body = `${JSON.stringify({ order: 42, from: name, mode })}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-sample': name,
  });
  response.end(body);
}

function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address() as AddressInfo; // A TCP server that listens has an address of this shape.
      resolve(address.port);
    });
  });
}
