/** Runs the table of hostile answers against the transport: what was promised happens, and the next request is clean. */
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  exchangeOn,
  liveTransport,
  type Transport,
  undiciTransport,
  until,
} from '../../conformance/transport/harness.js';
import { type RawServer, rawServer } from '../../conformance/transport/servers.js';
import { type HostileAnswer, hostileAnswers } from './responses.js';

const CLEAN = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean';

describe.each([
  ['native', liveTransport],
  ['undici', undiciTransport],
] as const)('a hostile answer to %s', (client, create) => {
  let server: RawServer;
  let transport: Transport;
  /** What the server says to the next request that does not ask for `/clean`. */
  let row: HostileAnswer | null = null;
  beforeAll(async () => {
    server = await rawServer((socket, head) => {
      if (head.includes(' /clean ') || row === null) socket.write(CLEAN);
      else say(socket, row, 0);
    });
    transport = create({ port: server.port });
  });
  afterAll(async () => {
    transport.close();
    await server.close();
  });

  it('has a table that is long enough, without repeats', () => {
    expect(hostileAnswers.length).toBeGreaterThanOrEqual(80);
    expect(new Set(hostileAnswers.map(({ what }) => what)).size).toBe(hostileAnswers.length);
  });

  it.each(hostileAnswers)('$what', async (answer) => {
    row = answer;
    const promised = client === 'undici' ? { ...answer, ...answer.undici } : answer;
    // A connection of its own, so that nothing is repeated on a fresh one, and reuse shows.
    await until('no connection is left', () => transport.stats().open === 0 || answer === hostileAnswers[0]);
    const before = server.sockets.length;
    const result = await exchangeOn(transport, { path: '/hostile', method: answer.method ?? 'GET' });
    const outcome = result.failure?.code ?? `${result.status} ${result.text}`;
    expect(outcome).toBe(promised.expect);
    expect([result.violations, result.completed]).toEqual([[], result.failure === null]);

    const poisoned = server.sockets.length - 1;
    const clean = await exchangeOn(transport, { path: '/clean' });
    expect([clean.text, clean.failure]).toEqual(['clean', null]);
    const reused = server.sockets.length === before + 1;
    expect(reused).toBe(promised.reusable === true && result.failure === null);
    if (!reused) await until('the bad connection is closed', () => isGone(server.sockets[poisoned]));
    for (const socket of server.sockets) socket.destroy();
  });
});

const isGone = (socket: Socket | undefined): boolean =>
  socket === undefined || socket.destroyed || socket.readableEnded || socket.closed;

/** Writes the pieces one after the other, each once the one before has gone to the kernel, and then ends. */
function say(socket: Socket, answer: HostileAnswer, at: number): void {
  const piece = answer.say[at];
  if (piece !== undefined) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
    socket.write(bytes, () => setImmediate(() => say(socket, answer, at + 1)));
  } else if (answer.close === 'end') socket.end();
  // A reset throws away what the other side has not read yet, so it waits a moment of the event loop.
  else if (answer.close === 'reset') setImmediate(() => setImmediate(() => socket.resetAndDestroy()));
}
