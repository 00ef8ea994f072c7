/**
 * Answers that come before the request body has ended (RFC 9112 §9.3): they arrive whole, and end both sides' upload.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.js';
import { type RawServer, rawClient, rawServer } from '../../support/raw-peer.js';

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Refuses each upload as soon as the first of its body has come, and reads no further. */
async function refusingUpstream(answer: string): Promise<RawServer> {
  const server = await rawServer((socket) => {
    let received = '';
    const read = (bytes: Buffer): void => {
      received += bytes.toString('latin1');
      const bodyAt = received.indexOf('\r\n\r\n') + 4;
      if (bodyAt < 4 || received.length === bodyAt) return;
      socket.off('data', read).pause().write(answer);
    };
    socket.on('data', read);
  });
  cleanUps.push(() => server.close());
  return server;
}

async function gateway(port: number, client: string): Promise<Gateway> {
  const weir = await startGateway(`
gateway: { accessLog: false }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${port}"], pool: { client: ${client} } }]
routes: [{ id: all, match: /*, upstream: app }]
`);
  cleanUps.push(async () => {
    await weir.close();
    expect(weir.bugs).toEqual([]);
  });
  return weir;
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 5_000, interval: 5 }).toBe(true);
}

const tooLarge = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large';
const piece = 'x'.repeat(65_536);
const MIB_PIECES = 16;
const uploads = {
  'in chunks': ['Transfer-Encoding: chunked', `10000\r\n${piece}\r\n`],
  'of known length': [`Content-Length: ${MIB_PIECES * piece.length}`, piece],
} as const;

describe.each(['native', 'undici'])('an early answer from an upstream spoken to by the %s client', (client) => {
  it.each(Object.entries(uploads))('reaches a client whose upload is %s whole', async (_name, [framing, bytes]) => {
    const server = await refusingUpstream(tooLarge);
    const weir = await gateway(server.port, client);
    const raw = await rawClient(weir.port);
    cleanUps.push(() => void raw.socket.destroy());
    raw.socket.write(`POST /x HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`);
    for (let i = 1; i < MIB_PIECES / 2; i += 1) raw.socket.write(bytes);
    const received = await raw.until(/too large$/);
    expect(received).toMatch(/^HTTP\/1\.1 413 [\s\S]*\r\nConnection: close\r\n/i);
    await until(() => {
      const { exchanges, targets } = weir.node.status();
      return exchanges === 0 && targets.every(({ open, inFlight }) => open === 0 && inFlight === 0);
    });
    expect(await weir.metric('weir_requests_total{route="all",code="413"}')).toBe(1);
  });
});
