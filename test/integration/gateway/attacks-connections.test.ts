/** Clients that come in numbers: a bound on connections, and a node that survives having no descriptor left. */
import { createUwsListener } from '@weir/node/listener/uws/server.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openWorld, respond, type World } from '../../conformance/listener/world.js';
import { startGateway } from '../../support/gateway.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
let world: World | null = null;
afterEach(() => {
  world?.close();
  world = null;
  vi.restoreAllMocks();
});

describe('connections above the bound', () => {
  it('are closed as they come and counted, those before them live on, and room is given again', async () => {
    const w = await openWorld(createUwsListener, {}, (seen) => respond(seen, 200), 3);
    world = w;
    const first = [await w.connect(), await w.connect(), await w.connect()];
    await w.until(() => w.listener.connections === 3, 'three connections');
    const late = [await w.connect(), await w.connect()];
    for (const client of late) await client.closed();
    expect([w.listener.connections, w.refusals.length]).toEqual([3, 2]);
    expect(w.refusals[0]).toMatchObject({ status: 503, peerAddress: '127.0.0.1', failure: { code: 'overloaded' } });
    for (const client of first) {
      client.send(GET);
      expect((await client.answer()).status).toBe(200);
    }
    first[0]?.close();
    await w.until(() => w.listener.connections === 2, 'room');
    const next = await w.connect();
    next.send(GET);
    expect((await next.answer()).status).toBe(200);
    expect(w.bugs).toEqual([]);
  });
});

describe('a node without a descriptor left', () => {
  it('still tells its status', async () => {
    const weir = await startGateway(`
gateway: { accessLog: false }
routes: [{ id: all, match: /*, respond: { status: 200 } }]
`);
    try {
      const before = weir.node.status().rssBytes;
      expect(before).toBeGreaterThan(0);
      vi.spyOn(process.memoryUsage, 'rss').mockImplementation(() => {
        throw new Error('EMFILE: too many open files, uv_resident_set_memory');
      });
      expect(weir.node.status().rssBytes).toBe(before);
    } finally {
      await weir.close();
    }
  });
});
