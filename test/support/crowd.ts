/**
 * Clients of one keep-alive connection each, which are there before anything is measured. What each of them got is told
 * whole, with how long it took; a connection that ends instead is an answer of status 0.
 */
import { connect, type Socket } from 'node:net';

export interface Told {
  readonly path: string;
  readonly status: number;
  readonly body: string;
  readonly askedAtMs: number;
  readonly tookMs: number;
}

export interface CrowdClient {
  /** One at a time. `fields` is added to the head, each line with its end. */
  ask(path: string, fields?: string): Promise<Told>;
  /** As if its user had gone. */
  leave(): void;
}

/** Below the smallest backlog on the way. */
const OPENING_MAX = 100;

export async function openCrowd(port: number, count: number): Promise<CrowdClient[]> {
  const clients: CrowdClient[] = [];
  while (clients.length < count) {
    const opening = Array.from({ length: Math.min(OPENING_MAX, count - clients.length) }, () => openOne(port));
    clients.push(...(await Promise.all(opening)));
  }
  return clients;
}

/** Each path once, by whichever client is free. */
export async function askEach(clients: readonly CrowdClient[], paths: readonly string[]): Promise<Told[]> {
  const told: Told[] = [];
  let next = 0;
  const live = async (client: CrowdClient): Promise<void> => {
    for (let path = paths[next]; path !== undefined; path = paths[next]) {
      next += 1;
      told.push(await client.ask(path));
    }
  };
  await Promise.all(clients.map(live));
  return told;
}

async function openOne(port: number): Promise<CrowdClient> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let received = '';
  let end = -1;
  let length = 0;
  let settle: ((status: number, body: string) => void) | null = null;
  const over = (status: number, body: string): void => {
    const settled = settle;
    [settle, received, end] = [null, '', -1];
    settled?.(status, body);
  };
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
    if (end === -1) {
      end = received.indexOf('\r\n\r\n');
      if (end === -1) return;
      length = Number(/^content-length: (\d+)/im.exec(received.slice(0, end))?.[1] ?? 0);
    }
    if (received.length < end + 4 + length) return;
    over(Number(received.slice(9, 12)), received.slice(end + 4));
  });
  socket.on('error', () => {});
  socket.on('close', () => over(0, received.slice(0, 200)));
  return {
    ask: (path, fields = '') =>
      new Promise((resolve) => {
        const askedAtMs = performance.now();
        settle = (status, body) => resolve({ path, status, body, askedAtMs, tookMs: performance.now() - askedAtMs });
        if (socket.destroyed) over(0, 'the connection is closed');
        else socket.write(`GET ${path} HTTP/1.1\r\nHost: weir.test\r\n${fields}\r\n`);
      }),
    leave: () => socket.destroy(),
  };
}
