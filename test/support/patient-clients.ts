/**
 * Clients that behave: one keep-alive connection each, one request at a time, a new connection when the gateway has said
 * `Connection: close` or has gone. Every request has a number, so what became of each one is known.
 */
import { connect, type Socket } from 'node:net';
import { passed } from './stage.js';

export interface PatientClients {
  readonly answered: ReadonlySet<string>;
  /** Requests that were written to a connection that then ended without an answer to them. */
  readonly lost: readonly string[];
  /** Connections whose last answer said that they would be closed, and those that ended without a word. */
  readonly ends: { announced: number; silent: number };
  readonly refused: () => number;
  /** Longest time without any answer, in milliseconds. */
  longestGapMs(): number;
  /** After this, no further request. Resolves when the last one has come to its end. */
  stop(): Promise<void>;
}

const RETRY_MS = 10;

export function startPatientClients(port: number, count: number, pathOf: (id: string) => string): PatientClients {
  const answered = new Set<string>();
  const lost: string[] = [];
  const ends = { announced: 0, silent: 0 };
  let refused = 0;
  let numbered = 0;
  let stopped = false;
  let lastAnswerMs = performance.now();
  let longestGapMs = 0;

  const live = async (): Promise<void> => {
    let socket: Socket | null = null;
    while (!stopped) {
      socket ??= await open(port);
      if (socket === null) {
        refused += 1;
        await passed(RETRY_MS);
        continue;
      }
      numbered += 1;
      const id = String(numbered);
      const head = await ask(socket, pathOf(id), id);
      if (head === null) {
        lost.push(id);
        ends.silent += 1;
        socket = null;
        continue;
      }
      answered.add(id);
      longestGapMs = Math.max(longestGapMs, performance.now() - lastAnswerMs);
      lastAnswerMs = performance.now();
      if (!/^connection: close\r$/im.test(head)) continue;
      ends.announced += 1;
      socket.destroy();
      socket = null;
    }
    socket?.destroy();
  };
  const lives = Array.from({ length: count }, live);
  return {
    answered,
    lost,
    ends,
    refused: () => refused,
    longestGapMs: () => longestGapMs,
    async stop() {
      stopped = true;
      await Promise.all(lives);
    },
  };
}

function open(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.on('error', () => resolve(null));
  });
}

/** The head of an answer with this body, or null when the connection ends before it is whole. */
function ask(socket: Socket, path: string, body: string): Promise<string | null> {
  return new Promise((resolve) => {
    let received = '';
    const settle = (head: string | null): void => {
      socket.off('data', onData).off('close', onClose);
      resolve(head);
    };
    const onData = (bytes: Buffer): void => {
      received += bytes.toString('latin1');
      const end = received.indexOf('\r\n\r\n');
      if (end === -1 || received.length < end + 4 + body.length) return;
      const isRight = received.startsWith('HTTP/1.1 200 ') && received.slice(end + 4) === body;
      settle(isRight ? received.slice(0, end + 2) : null);
    };
    const onClose = (): void => settle(null);
    socket.on('data', onData).on('close', onClose);
    if (socket.destroyed) settle(null);
    else socket.write(`GET ${path} HTTP/1.1\r\nHost: weir.test\r\n\r\n`);
  });
}
