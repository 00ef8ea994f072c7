import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ProbeSpec } from '@weir/proto/snapshot/resilience.js';
import type { Snapshot, TargetSpec } from '@weir/proto/snapshot/snapshot.js';
import { afterEach, describe, expect, it } from 'vitest';
import { makeTarget, makeUpstream } from '../../pipeline/testing/specs.js';
import { driveWheel, systemClock } from '../../time/system-clock.js';
import { TimerWheel } from '../../time/wheel.js';
import { createNameQuery } from '../dns/queries.js';
import { createUpstreamRegistry, type UpstreamRegistry } from '../registry.js';
import { createHeldBytes } from '../retry/held-bytes.js';
import { probeSpec } from './testing/outcomes.js';

const quick: ProbeSpec = { ...probeSpec, intervalMs: 30, timeoutMs: 500, unhealthyAfter: 2, healthyAfter: 2 };

describe('an upstream that is to be probed', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  /** A server whose answer to everything can be changed. */
  const serve = async () => {
    const answer = { status: 200, body: 'all is well' };
    const requests: IncomingMessage[] = [];
    const sockets = new Set<Socket>();
    let connections = 0;
    const server: Server = createServer((request, response) => {
      requests.push(request);
      response.writeHead(answer.status).end(answer.body);
    });
    server.on('connection', (socket: Socket) => {
      connections += 1;
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    const { port } = server.address() as AddressInfo; // It listens on TCP.
    return { port, answer, requests, sockets, connections: () => connections };
  };

  const setUp = (): UpstreamRegistry => {
    const wheel = new TimerWheel(systemClock);
    ends.push(driveWheel(wheel));
    const registry = createUpstreamRegistry({
      clock: systemClock,
      timers: wheel,
      random: Math.random,
      query: createNameQuery(null),
      bodies: createHeldBytes(),
      oldestExchangeAtMs: () => Number.POSITIVE_INFINITY,
    });
    ends.push(() => registry.close());
    return registry;
  };
  const use = (registry: UpstreamRegistry, ports: readonly number[], probe: ProbeSpec): void => {
    const targets = ports.map((port) => targetSpec(port));
    const upstreams = ports.length === 0 ? [] : [makeUpstream([], { id: 'up', targets, probe }).spec];
    registry.use(registry.build(snapshotOf(upstreams)));
    registry.retireFormer();
  };
  const standings = (registry: UpstreamRegistry) => registry.stats().map(({ standing }) => standing);

  it('is asked as its configuration says, and each probe leaves no connection behind', async () => {
    const { port, requests, sockets, connections } = await serve();
    const registry = setUp();
    use(registry, [port], { ...quick, path: '/healthz?deep=1', host: 'health.test', contains: 'is well' });
    await until(() => requests.length >= 4);
    expect([requests[0]?.method, requests[0]?.url, requests[0]?.headers.host]).toEqual([
      'GET',
      '/healthz?deep=1',
      'health.test',
    ]);
    registry.close();
    await until(() => sockets.size === 0);
    expect(connections()).toBe(requests.length);
    expect(standings(registry)).toEqual(['well']);
  });

  it('loses a target that fails its probes, says why, and has it back when they are good again', async () => {
    const [ill, well] = [await serve(), await serve()];
    const registry = setUp();
    use(registry, [ill.port, well.port], { ...quick, contains: 'well' });
    await until(() => ill.requests.length > 0 && well.requests.length > 0);
    ill.answer.status = 503;
    await until(() => standings(registry)[0] === 'out');
    expect(registry.stats()[0]?.reason).toBe('2 probes in a row failed: answered 503');
    ill.answer.status = 200;
    await until(() => standings(registry)[0] === 'well');
    ill.answer.body = 'no';
    await until(() => standings(registry)[0] === 'out');
    expect(registry.stats()[0]?.reason).toBe('2 probes in a row failed: the expected text is not in the answer');
    expect(standings(registry)[1]).toBe('well');
    const seen = registry.health.latest(9).map(({ kind, target, from, to }) => `${kind} ${target} ${from} ${to}`);
    const name = `127.0.0.1:${ill.port}`;
    expect(seen).toEqual([`probe ${name} well out`, `probe ${name} out well`, `probe ${name} well out`]);
  });

  it('finds a target that nobody listens at with its first probe, by TCP as well', async () => {
    const gone = await serve();
    await ends.pop()?.();
    const [http, tcp] = [setUp(), setUp()];
    use(http, [gone.port], quick);
    use(tcp, [gone.port], { ...quick, kind: 'tcp' });
    await until(() => standings(http)[0] === 'out' && standings(tcp)[0] === 'out');
    expect(tcp.stats()[0]?.reason).toMatch(/^the probe failed: .*ECONNREFUSED/);
  });

  it('takes a TCP connection for proof where no path is given, and sends nothing over it', async () => {
    const { port, requests, connections } = await serve();
    const registry = setUp();
    use(registry, [port], { ...quick, kind: 'tcp' });
    await until(() => connections() >= 3);
    expect([requests.length, standings(registry)]).toEqual([0, ['well']]);
  });

  it('is probed no more once it was removed, and the changes of what is no longer there are not counted', async () => {
    const { port, answer, requests, connections } = await serve();
    const registry = setUp();
    answer.status = 500;
    use(registry, [port], quick);
    await until(() => standings(registry)[0] === 'out');
    expect([...registry.health.counts()].map(({ to, count }) => `${to} ${count}`)).toEqual(['out 1']);
    use(registry, [], quick);
    expect([...registry.health.counts()]).toEqual([]);
    // Time is told by another upstream that is probed at the same pace; a probe that was just sent may still arrive.
    const other = await serve();
    use(registry, [other.port], quick);
    await until(() => other.requests.length >= 2);
    const before = connections();
    await until(() => other.requests.length >= 6);
    expect([connections(), requests.length]).toEqual([before, before]);
  });
});

function targetSpec(port: number): TargetSpec {
  return makeTarget({ id: `127.0.0.1:${port}`, host: '127.0.0.1', port }).spec;
}

/** The parts of a snapshot that the registry reads. */
function snapshotOf(upstreams: Snapshot['upstreams']): Snapshot {
  const part = { upstreams, gateway: { limits: { messageBytes: 1024 } } };
  return part as unknown as Snapshot; // See above: nothing else is read.
}

async function until(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 5000;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error('the condition never held');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
