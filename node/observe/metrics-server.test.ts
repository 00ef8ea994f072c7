import { connect } from 'node:net';
import type { NodeStatus } from '@weir/proto/events/node-status.js';
import { afterEach, describe, expect, it } from 'vitest';
import { createMetricsServer, type MetricsServer } from './metrics-server.js';
import { nodeStatus } from './testing/node-status.js';

const healthy = { sinceWallMs: 1, nowWallMs: 2, cases: [], forgotten: 0 };
let running: MetricsServer | null = null;
afterEach(async () => {
  await running?.close();
  running = null;
});

async function start(host = '127.0.0.1') {
  const state = {
    renders: 0,
    more: [] as readonly string[],
    node: 'serving' as NodeStatus['state'],
    failing: false,
    bus: null as NodeStatus['cluster'],
  };
  let release = (): void => {};
  let held: Promise<void> | null = null;
  const server = await createMetricsServer({
    host,
    port: 0,
    metrics: {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      async render() {
        state.renders += 1;
        const mine = state.renders;
        await held;
        if (state.failing) throw new Error('broken');
        return ['weir_renders ', `${mine}\n`, ...state.more];
      },
    },
    status: () => nodeStatus({ state: state.node, cluster: state.bus }),
    doctor: () => healthy,
  });
  running = server;
  const hold = () => {
    held = new Promise((resolve) => {
      release = resolve;
    });
  };
  const get = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${server.address.port}${path}`, init);
  return { server, state, get, hold, release: () => release() };
}

/** Sends bytes and returns all that comes back until the server closes. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1').on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

describe('the metrics server', () => {
  it('serves metrics with their type, liveness, and status', async () => {
    const { get } = await start();
    const metrics = await get('/metrics?x=1');
    expect([metrics.status, metrics.headers.get('content-type'), await metrics.text()]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
      'weir_renders 1\n',
    ]);
    expect(await (await get('/livez')).text()).toBe('ok\n');
    expect(await (await get('/status')).json()).toEqual(nodeStatus({ state: 'serving' }));
    const doctor = await get('/doctor');
    expect([doctor.headers.get('content-type'), await doctor.json()]).toEqual(['application/json', healthy]);
  });

  it('is ready or says why not, while it lives on', async () => {
    const { get, state } = await start();
    expect((await get('/readyz')).status).toBe(200);
    state.node = 'draining';
    const answer = await get('/readyz');
    expect([answer.status, await answer.text()]).toEqual([503, 'not ready: this node is shutting down\n']);
    expect((await get('/livez')).status).toBe(200);
  });

  it('is ready without a bus, and says that it is away, but not where', async () => {
    const { get, state } = await start();
    const standings = { alive: 0, suspect: 0, dead: 0, left: 0 };
    const own = { cluster: 'main', id: 'n1', loadPermille: 0, purgeEpoch: 0, members: [], standings };
    const bus = (isConnected: boolean) => ({ isConnected, forMs: 1, trouble: isConnected ? '' : '10.0.0.5 is silent' });
    state.bus = { ...own, bus: bus(true), malformed: 0, unknown: 0 };
    expect(await (await get('/readyz')).text()).toBe('ok\n');
    state.bus = { ...state.bus, bus: bus(false) };
    const answer = await get('/readyz');
    expect([answer.status, await answer.text()]).toEqual([200, 'ok, degraded: the bus of the cluster is away\n']);
  });

  it('answers probes in HTTP/1.0, without a Host, and closes', async () => {
    const { server, state } = await start();
    expect(await raw(server.address.port, 'GET /readyz HTTP/1.0\r\n\r\n')).toMatch(
      /^HTTP\/1\.[01] 200 OK\r\n[\s\S]*\r\n\r\nok\n$/,
    );
    state.node = 'starting';
    expect(await raw(server.address.port, 'HEAD /readyz HTTP/1.0\r\n\r\n')).toMatch(
      /^HTTP\/1\.[01] 503 [\s\S]*\r\n\r\n$/,
    );
  });

  it('sends a long text piece by piece, and nobody waits for who leaves in the middle', async () => {
    const { get, server, state } = await start();
    const more = Array.from({ length: 200 }, (_, i) => `${'é'.repeat(i * 50)}${i}\n`);
    state.more = more;
    const whole = `weir_renders 1\n${more.join('')}`;
    expect(await (await get('/metrics')).text()).toBe(whole);
    const leaver = connect(server.address.port, '127.0.0.1', () =>
      leaver.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    );
    await new Promise((resolve) => leaver.once('data', resolve));
    leaver.destroy();
    expect((await (await get('/metrics')).text()).length).toBe(whole.length);
  });

  it('gives each of many that are asked for at once to who takes them, and up on who takes nothing', {
    timeout: 20_000,
  }, async () => {
    const { server, state } = await start();
    const asked = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const answers = await raw(
      server.address.port,
      `${asked}${asked}${asked.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')}`,
    );
    expect(answers.match(/weir_renders \d+/g)).toHaveLength(3);
    // More than the kernel holds for it, so that it is seen to stop.
    state.more = Array.from({ length: 5_000 }, () => 'x'.repeat(16_384));
    const staller = connect(server.address.port, '127.0.0.1', () => staller.write(asked));
    staller.pause();
    await new Promise((resolve) => staller.once('readable', resolve));
    const closed = new Promise((resolve) => staller.once('close', resolve));
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    let bytes = 0;
    staller.on('data', (chunk) => {
      bytes += chunk.length;
    });
    staller.on('error', () => {});
    await closed;
    expect(bytes).toBeLessThan(5_000 * 16_384);
  });

  it('answers HEAD as GET without the body', async () => {
    const { get } = await start();
    const answer = await get('/metrics', { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '15', '']);
  });

  it('answers a name that is not known to mean this machine with health and nothing else, while it is on loopback', async () => {
    const { server, state } = await start();
    const statusOf = async (path: string, head: string): Promise<number> => {
      const answer = await raw(server.address.port, `GET ${path} HTTP/1.1\r\nConnection: close\r\n${head}\r\n`);
      return Number(answer.slice(9, 12));
    };
    for (const host of ['evil.example', 'evil.example:9090', 'localhost.evil.example', '127.0.0.1.evil.example', '']) {
      for (const path of ['/metrics', '/status', '/doctor', '/other']) {
        expect([host, path, await statusOf(path, `Host: ${host}\r\n`)]).toEqual([host, path, 421]);
      }
      for (const path of ['/livez', '/readyz']) expect(await statusOf(path, `Host: ${host}\r\n`)).toBe(200);
    }
    expect(state.renders).toBe(0);
    for (const host of ['localhost', 'LOCALHOST:9090', '127.0.0.1', '10.0.0.7:9090', '[::1]:9090', '[fd00::7]']) {
      expect([host, await statusOf('/metrics', `Host: ${host}\r\n`)]).toEqual([host, 200]);
    }
    expect(await raw(server.address.port, 'GET /metrics HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('answers under any name where it is open to a network', async () => {
    const { server } = await start('0.0.0.0');
    const asked = 'GET /metrics HTTP/1.1\r\nHost: weir.internal:9090\r\nConnection: close\r\n\r\n';
    expect(await raw(server.address.port, asked)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('refuses other paths and other methods', async () => {
    const { get } = await start();
    expect([(await get('/')).status, (await get('/toString')).status, (await get('/metricsx')).status]).toEqual([
      404, 404, 404,
    ]);
    const post = await get('/metrics', { method: 'POST', body: 'x' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('refuses a head that is too large', async () => {
    const { server } = await start();
    const head = `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(16 * 1024)}\r\n\r\n`;
    expect(await raw(server.address.port, head)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('renders once for scrapes that come together, and anew for the next', async () => {
    const { get, state, hold, release } = await start();
    hold();
    const scrapes = [1, 2, 3, 4].map(async () => (await get('/metrics')).text());
    // Health must not wait for a scrape that hangs; its answer also shows that the scrapes have arrived.
    await get('/livez');
    await expect.poll(() => state.renders).toBe(1);
    release();
    expect(new Set(await Promise.all(scrapes))).toEqual(new Set(['weir_renders 1\n']));
    expect(await (await get('/metrics')).text()).toBe('weir_renders 2\n');
  });

  it('answers 500 when a page fails, and works again when it does not', async () => {
    const { get, state } = await start();
    state.failing = true;
    const warned = new Promise((resolve) => process.once('warning', resolve));
    expect((await get('/metrics')).status).toBe(500);
    expect(String(await warned)).toContain('broken');
    state.failing = false;
    expect((await get('/metrics')).status).toBe(200);
  });

  it('answers a probe at once though more connections than it takes say nothing, or begin a request and never end it', async () => {
    const { server, get, state, hold, release } = await start();
    const { port } = server.address;
    hold();
    const scrape = get('/metrics').then((answer) => answer.text());
    await expect.poll(() => state.renders).toBe(1);
    const slow = Array.from({ length: 200 }, (_, i) => {
      const socket = connect(port, '127.0.0.1', () => i % 2 === 1 && socket.write('GET /readyz HTTP/1.1\r\nx: '));
      return socket.on('error', () => {}).resume();
    });
    // Who is let go is the longest of them; before, it was the probe, until five seconds had passed.
    await expect.poll(() => slow.filter((socket) => socket.closed).length).toBe(200 - 127);
    expect((await get('/readyz')).status).toBe(200);
    expect([slow[0]?.closed, slow.at(-1)?.closed]).toEqual([true, false]);
    release();
    expect(await scrape).toBe('weir_renders 1\n');
    for (const socket of slow) socket.destroy();
  });

  it('rejects when its port is taken', async () => {
    const { server } = await start();
    const metrics = { contentType: '', render: async () => [] };
    const options = { metrics, status: () => nodeStatus(), doctor: () => healthy };
    await expect(createMetricsServer({ host: '127.0.0.1', port: server.address.port, ...options })).rejects.toThrow(
      'EADDRINUSE',
    );
  });
});
