/** Many clients with one request each, all at once: one socket per client, opened no faster than a backlog can take. */
import { connect, type Socket } from 'node:net';

export interface WaitingClients {
  /** Clients whose answer has come, or never will. */
  finished(): number;
  /** Clients that have got the answer to their own request, whole. */
  right(): number;
  /** What one of the others got. */
  wrong(): string;
  /** Resolves when all have finished. */
  readonly over: Promise<void>;
  close(): void;
}

/** Below the smallest backlog on the way. */
const OPENING_MAX = 128;

export function waitingClients(port: number, count: number, pathOf: (id: number) => string): WaitingClients {
  const sockets = new Set<Socket>();
  let opened = 0;
  let opening = 0;
  let finished = 0;
  let right = 0;
  let wrong = 'none';
  let end: () => void = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });

  const finish = (id: number, received: string): void => {
    finished += 1;
    if (received.startsWith('HTTP/1.1 200') && received.endsWith(`\r\n\r\n${id}`)) right += 1;
    else wrong = `client ${id}: ${JSON.stringify(received.slice(0, 300))}`;
    if (finished === count) end();
  };

  const open = (): void => {
    while (opening < OPENING_MAX && opened < count) {
      opened += 1;
      opening += 1;
      openOne(opened);
    }
  };

  const openOne = (id: number): void => {
    const socket = connect(port, '127.0.0.1');
    sockets.add(socket);
    let received = '';
    let isOpening = true;
    const openNext = (): void => {
      if (!isOpening) return;
      isOpening = false;
      opening -= 1;
      open();
    };
    socket.on('connect', () => {
      // The gateway closes behind the answer, so the end of the answer is the end of the connection.
      socket.write(`GET ${pathOf(id)} HTTP/1.1\r\nHost: weir.test\r\nConnection: close\r\n\r\n`);
      openNext();
    });
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
    });
    socket.on('error', (error) => {
      received += `[${error.message}]`;
    });
    socket.on('close', () => {
      sockets.delete(socket);
      finish(id, received);
      openNext();
    });
  };

  open();
  return {
    finished: () => finished,
    right: () => right,
    wrong: () => wrong,
    over,
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
