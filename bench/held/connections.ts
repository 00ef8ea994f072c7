/** Connections that do nothing for a while: idle between two requests, or waiting for an answer that does not come yet. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_KEY, API_KEY_FIELD } from '../proxy/cases.js';

const ALL_WITHIN_MS = 10_000;
const LOOK_EACH_MS = 20;
const AT_ONCE = 50;
/** Of an answer that nobody waited for: its head, and of a problem document the cause. */
const EARLY_SHOWN = 800;

/** An upstream that answers nobody until it is told to. */
export class LateUpstream {
  readonly #waiting: ServerResponse[] = [];
  readonly #server: Server = createServer((_request, response) => void this.#waiting.push(response));

  async start(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port; // It listens on TCP.
  }

  /** Until so many requests are here: whoever counts what they cost must know that they are. `told`: what came in place of one that is not. */
  async untilWaiting(count: number, told: () => string): Promise<void> {
    const giveUpAtMs = performance.now() + ALL_WITHIN_MS;
    while (this.#waiting.length < count) {
      const early = told();
      if (early !== '' || performance.now() > giveUpAtMs) {
        throw new Error(`${this.#waiting.length} of ${count} requests have arrived: ${early || 'nobody was told why'}`);
      }
      await sleep(LOOK_EACH_MS);
    }
  }

  answerAll(): void {
    for (const response of this.#waiting.splice(0)) response.end('late');
  }

  stop(): void {
    this.answerAll();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Keep-alive connections to one proxy, opened some at a time, as backlogs are short. */
export async function openConnections(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, () =>
      connect({ host: '127.0.0.1', port }),
    );
    await Promise.all(some.map((socket) => once(socket, 'connect')));
    sockets.push(...some);
  }
  return sockets;
}

const requestFor = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${API_KEY_FIELD}: ${API_KEY}\r\n\r\n`;

/** Asks once on each, some at a time, and waits until each has been answered with 200: what stays open then is idle. */
export async function askOnEach(sockets: readonly Socket[], path: string): Promise<void> {
  for (let at = 0; at < sockets.length; at += AT_ONCE) {
    await Promise.all(sockets.slice(at, at + AT_ONCE).map((socket) => ask(socket, path)));
  }
}

async function ask(socket: Socket, path: string): Promise<void> {
  const answer = once(socket, 'data', { signal: AbortSignal.timeout(ALL_WITHIN_MS) });
  socket.write(requestFor(path));
  const [head]: Buffer[] = await answer;
  if (head?.toString('latin1', 9, 12) !== '200') throw new Error(`answered with ${head?.toString('latin1', 0, 60)}`);
}

/**
 * Asks on each for what the upstream does not answer yet: some at a time, so that no wait for a connection runs out. A request that does not
 * arrive is an error with what its client got instead: it may be the proxy's answer, its silence, or the end of the connection.
 */
export async function askForLate(sockets: readonly Socket[], path: string, late: LateUpstream): Promise<void> {
  let early = '';
  const tell = (what: string) => () => {
    if (early === '') early = what;
  };
  const onData = (data: Buffer): void => tell(`a client was answered ${data.toString('latin1', 0, EARLY_SHOWN)}`)();
  const onEnd = tell('a connection was closed by the proxy');
  const onError = (error: Error): void => tell(`a connection broke, ${error.message}`)();
  for (const socket of sockets) socket.on('data', onData).on('end', onEnd).on('error', onError);
  try {
    for (let at = 0; at < sockets.length; at += AT_ONCE) {
      const some = sockets.slice(at, at + AT_ONCE);
      for (const socket of some) socket.write(requestFor(path));
      await late.untilWaiting(at + some.length, () => early);
    }
  } finally {
    for (const socket of sockets) socket.off('data', onData).off('end', onEnd).resume();
  }
}
