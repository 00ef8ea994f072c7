/**
 * Steady load on all nodes of a cluster in turn, as a load balancer spreads it: requests fall due at the rate whether or not answers keep
 * up, latency counts from then on, and one that finds no listener at a node goes to the next. A connection that broke under a request is
 * a failure, for who has sent it can't know what became of it.
 */
import { Agent, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';

export interface SpreadLoadOptions {
  readonly perSecond: number;
  readonly pathOf: (number: number) => string;
  /** An answer that has not come by then is a failure. */
  readonly withinMs: number;
}

export interface Exchange {
  /** That it was sent to last. */
  readonly node: string;
  /** When the connection was opened that it was sent on; when it fell due, where it got none. */
  readonly connectionFromMs: number;
  /** From when it fell due. */
  readonly tookMs: number;
  /** Null: 200, whole. */
  readonly failure: string | null;
}

export interface SpreadLoad {
  /** Where nodes are from now on, by their names. */
  move(ports: Readonly<Record<string, number>>): void;
  /** What has ended since the last call. */
  take(): Exchange[];
  /** Resolves when the last request has ended. */
  stop(): Promise<void>;
}

const TICK_MS = 2;
const SOCKETS_MAX = 64;
/** Of an answer that is none of the right ones. */
const SHOWN = 600;

/** Says null when it is a 200 and whole, else what is wrong. */
function readWhole(answer: IncomingMessage, path: string, over: (failure: string | null) => void): void {
  let text = '';
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const { statusCode } = answer;
  answer.on('end', () => over(statusCode === 200 ? null : `${path}: ${statusCode} ${text.slice(0, SHOWN)}`));
  answer.on('error', (error) => over(`${path}: ${error.message}`));
}

export function startSpreadLoad(ports: Readonly<Record<string, number>>, options: SpreadLoadOptions): SpreadLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX, scheduling: 'fifo' });
  const openedAtMs = new WeakMap<Socket, number>();
  let nodes = Object.entries(ports);
  let ended: Exchange[] = [];
  let [made, underWay] = [0, 0];
  let whenIdle: (() => void) | null = null;
  const end = (exchange: Exchange): void => {
    ended.push(exchange);
    underWay -= 1;
    if (underWay === 0) whenIdle?.();
  };
  /** `tried` counts nodes that had no listener. */
  const send = (number: number, dueAtMs: number, tried = 0): void => {
    const [node, port] = nodes[(number + tried) % nodes.length] ?? ['nowhere', 0];
    let connectionFromMs = dueAtMs;
    let isOver = false;
    const over = (failure: string | null): void => {
      if (isOver) return;
      isOver = true;
      end({ node, connectionFromMs, tookMs: performance.now() - dueAtMs, failure });
    };
    const path = options.pathOf(number);
    const asked = request({ host: '127.0.0.1', port, path, agent, headers: { host: 'weir.test' } }, (answer) =>
      readWhole(answer, path, over),
    );
    asked.on('socket', (socket) => {
      connectionFromMs = openedAtMs.get(socket) ?? performance.now();
      openedAtMs.set(socket, connectionFromMs);
    });
    asked.setTimeout(options.withinMs, () => asked.destroy(new Error(`no answer within ${options.withinMs} ms`)));
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNREFUSED' || tried + 1 >= nodes.length) return over(`${path}: ${error.message}`);
      isOver = true;
      send(number, dueAtMs, tried + 1);
    });
    asked.end();
  };
  const startedAtMs = performance.now();
  const tick = setInterval(() => {
    const nowMs = performance.now();
    const due = Math.floor(((nowMs - startedAtMs) / 1_000) * options.perSecond);
    for (; made < due; made += 1) {
      underWay += 1;
      send(made, nowMs);
    }
  }, TICK_MS);
  return {
    move(to) {
      nodes = Object.entries(to);
    },
    take() {
      const taken = ended;
      ended = [];
      return taken;
    },
    async stop() {
      clearInterval(tick);
      if (underWay > 0) {
        await new Promise<void>((resolve) => {
          whenIdle = resolve;
        });
      }
      agent.destroy();
    },
  };
}
