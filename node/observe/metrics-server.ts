/**
 * The port that machines ask: `/metrics` for Prometheus, `/livez` and `/readyz` for whoever routes traffic here or
 * restarts the process, `/status` for people, `/doctor` for `weir doctor`.
 *
 * Served by node:http and not by the listener, on a port of its own: it must answer when traffic is refused, and load
 * balancers still probe in HTTP/1.0. Live means that the event loop turns. Ready means that a snapshot is in force and
 * no stop was asked; what is away of a cluster is told, and makes no node unready, for traffic goes on without it. It takes no bodies and only small heads, and it can't be made to work more than once at a time:
 * scrapes that come while one is rendered get that one.
 *
 * On loopback a name in Host that does not mean this machine is a page of some browser (proto/http/own-host.ts) and is
 * answered 421. Not for the two health pages: load balancers probe them under whatever name they like, and all that they
 * tell is that a node runs here. Elsewhere the port is open to a network, and its names are not known here.
 */
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DoctorReport } from '@weir/proto/events/doctor.js';
import type { NodeStatus } from '@weir/proto/events/node-status.js';
import { boundConnections } from '@weir/proto/http/bounded-connections.js';
import { isAddressHost, isLoopback, isOwnHost, namesOf } from '@weir/proto/http/own-host.js';
import type { Metrics } from './metrics.js';

export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  /** With so many targets at most; a probe wants none of them. */
  status(targetsMax?: number): NodeStatus;
  doctor(): DoctorReport;
}

export interface MetricsServer {
  /** Where it listens; the port is the one that was given out where 0 was asked for. */
  readonly address: { readonly host: string; readonly port: number };
  close(): Promise<void>;
}

const HEAD_BYTES_MAX = 8 * 1024;
const CONNECTIONS_MAX = 128;
/** A head must be complete within this, a kept connection be used again, and of a long text the next piece be taken. */
const HEAD_MS = 5_000;
const CHECK_MS = 1_000;
/** Pieces of a long text: half a megabyte. */
const MEASURED_AT_ONCE = 32;

/** Rejects with the system's error (EADDRINUSE …) when the port can't be had. */
export function createMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  return servePages(options, pagesOf(options));
}

/** What is answered at a path. */
export type Pages = Readonly<Record<string, () => Answer | Promise<Answer>>>;

/** Other pages under the same rules, for a process that has nodes and is none. Rejects as above. */
export async function servePages({ host, port }: { host: string; port: number }, pages: Pages): Promise<MetricsServer> {
  const server = createServer(
    { maxHeaderSize: HEAD_BYTES_MAX, connectionsCheckingInterval: CHECK_MS },
    handlerOf(host, pages),
  );
  boundConnections(server, CONNECTIONS_MAX);
  server.headersTimeout = HEAD_MS;
  server.requestTimeout = HEAD_MS;
  server.keepAliveTimeout = HEAD_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return { address: { host, port: portOf(server, port) }, close: () => closeServer(server) };
}

/** A long body comes in pieces, which go out as the client takes them. */
export type Answer = { readonly status: number; readonly type: string; readonly body: string | readonly string[] };

const TEXT = 'text/plain; charset=utf-8';
export const text = (status: number, body: string): Answer => ({ status, type: TEXT, body: `${body}\n` });

export const json = (value: object): Answer => ({
  status: 200,
  type: 'application/json',
  body: `${JSON.stringify(value, null, 2)}\n`,
});

const notReadyBecause = {
  starting: 'no configuration is in force yet',
  draining: 'this node is shutting down',
} as const;

/** Said without the reason, which names addresses: these pages are open to whoever reaches the port. */
export const BUS_AWAY = 'the bus of the cluster is away';

/** Pages that are answered under any name. */
const HEALTH: ReadonlySet<string> = new Set(['/livez', '/readyz']);

/** HTTP/1.0 has no Host, and no browser speaks it. */
function hostCheck(listenHost: string): (request: IncomingMessage) => boolean {
  if (!isLoopback(listenHost)) return () => true;
  const names = namesOf(listenHost);
  return ({ headers: { host } }) => host === undefined || isAddressHost(host) || isOwnHost(host, names);
}

function pagesOf(options: MetricsServerOptions): Pages {
  const scrape = shared(() => options.metrics.render());
  return {
    '/metrics': async () => ({ status: 200, type: options.metrics.contentType, body: await scrape() }),
    '/livez': () => text(200, 'ok'),
    '/readyz': () => {
      const { state, cluster } = options.status(0);
      if (state !== 'serving') return text(503, `not ready: ${notReadyBecause[state]}`);
      return text(200, cluster === null || cluster.bus.isConnected ? 'ok' : `ok, degraded: ${BUS_AWAY}`);
    },
    '/status': () => json(options.status()),
    '/doctor': () => json(options.doctor()),
  };
}

function handlerOf(host: string, pages: Pages) {
  const isMeant = hostCheck(host);
  return (request: IncomingMessage, response: ServerResponse): void => {
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(response, text(405, 'only GET and HEAD are answered here'));
      return;
    }
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (!HEALTH.has(path) && !isMeant(request)) {
      send(response, text(421, 'this port answers to localhost and to addresses; use one of them in the URL'));
      return;
    }
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    const answer = page ?? (() => text(404, `there are ${Object.keys(pages).join(', ')}`));
    // An async function also catches what a page throws by itself.
    (async () => answer())().then(
      (given) => send(response, given),
      (error: unknown) => {
        process.emitWarning(`metrics server: ${path} failed: ${String(error)}`);
        send(response, text(500, 'this page failed; the reason is in the log of the node'));
      },
    );
  };
}

/** For HEAD, node:http itself leaves the body out. */
function send(response: ServerResponse, { status, type, body }: Answer): void {
  if (typeof body !== 'string') {
    void sendPieces(response, status, type, body);
    return;
  }
  response.writeHead(status, headOf(type, Buffer.byteLength(body)));
  response.end(body);
}

const headOf = (type: string, bytes: number): OutgoingHttpHeaders => ({
  'content-type': type,
  'content-length': bytes,
  'cache-control': 'no-store',
});

/**
 * One by one, for a kernel that takes all of it at once shall not have all of it in one turn. All of them through one buffer: fourteen megabytes of
 * buffers for each scrape come to the 64 behind which V8 marks for 5 to 10 ms at each buffer that is made, those of requests as well.
 */
async function sendPieces(
  response: ServerResponse,
  status: number,
  type: string,
  pieces: readonly string[],
): Promise<void> {
  // Whoever asks for many at once, one behind the other, is given a buffer for the one that is on.
  if (response.socket === null) await once(response, 'socket');
  let bytes = 0;
  let largest = 0;
  for (const [at, piece] of pieces.entries()) {
    const length = Buffer.byteLength(piece);
    bytes += length;
    largest = Math.max(largest, length);
    if (at % MEASURED_AT_ONCE === 0) await nextTurn();
  }
  response.writeHead(status, headOf(type, bytes));
  if (response.req.method !== 'HEAD') {
    const room = Buffer.allocUnsafeSlow(largest);
    for (const piece of pieces) {
      // Who leaves in the middle is of no matter.
      if (!(await isTaken(response, room.subarray(0, room.write(piece))))) return;
      await nextTurn();
    }
  }
  response.end();
}

/** False: whoever asked is gone, or takes nothing; the text would be kept for as long. */
function isTaken(response: ServerResponse, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const onClose = (): void => end(false);
    const timeout = setTimeout(() => response.destroy(), HEAD_MS);
    const end = (taken: boolean): void => {
      clearTimeout(timeout);
      response.off('close', onClose);
      resolve(taken);
    };
    response.once('close', onClose);
    response.write(bytes, (error) => end(error === null || error === undefined));
  });
}

/** One run at a time: whoever asks while it is under way gets its result. */
export function shared<Result>(run: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | null = null;
  return () => {
    running ??= run().finally(() => {
      running = null;
    });
    return running;
  };
}

function portOf(server: Server, asked: number): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : asked;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    // Probes and scrapes are short; whoever holds a connection open is not waited for.
    server.closeAllConnections();
  });
}
