import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { failure } from '@weir/proto/http/failures.js';
import type { Snapshot, TargetSpec, UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import { afterEach, describe, expect, it } from 'vitest';
import type { ResponseHandler } from '../pipeline/dispatch.js';
import { fakeClock, fakeTimers, makeRequest } from '../pipeline/testing/harness.js';
import { makeBalance } from '../pipeline/testing/specs.js';
import type { Clock } from '../time/clock.js';
import { atOnce } from '../time/slices.js';
import { driveWheel, systemClock } from '../time/system-clock.js';
import { TimerWheel } from '../time/wheel.js';
import { createNameQuery, type NameQuery } from './dns/queries.js';
import { outcome, outlierSpec } from './health/testing/outcomes.js';
import { authorityOf } from './live-upstream.js';
import { createUpstreamRegistry, type UpstreamRegistry, type UpstreamSet } from './registry.js';
import { createHeldBytes } from './retry/held-bytes.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** As a reload does, which lets some turns pass between the two. */
function put(registry: UpstreamRegistry, set: UpstreamSet): void {
  atOnce(registry.handingOn(set));
  registry.use(set);
  registry.retireFormer();
}

describe('the registry of upstreams', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const setUp = (query: NameQuery = createNameQuery(null), clock: Clock = systemClock): UpstreamRegistry => {
    const wheel = new TimerWheel(clock);
    ends.push(driveWheel(wheel));
    const registry = createUpstreamRegistry({
      ...{ clock, timers: wheel, random: Math.random, query, bodies: createHeldBytes() },
      oldestExchangeAtMs: () => Number.POSITIVE_INFINITY,
    });
    ends.push(() => registry.close());
    return registry;
  };
  /** A server that answers what does not ask for `/hold`, and keeps the sockets that it has accepted. */
  const serve = async (greeting = ''): Promise<{ port: number; sockets: Socket[]; release: () => void }> => {
    const sockets: Socket[] = [];
    const held: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.write(greeting);
      socket.on('data', (chunk) => (chunk.toString('latin1').includes('/hold') ? held.push(socket) : socket.write(OK)));
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    ends.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    });
    const release = (): void => {
      for (const socket of held.splice(0)) socket.write(OK);
    };
    return { port, sockets, release };
  };

  it('keeps an upstream that is described unchanged, whatever the order of its fields, and its connections with it', async () => {
    const { port, sockets } = await serve();
    const registry = setUp();
    const first = registry.build(snapshotOf([specOf('a', port)]));
    put(registry, first);
    expect(await get(first)).toBe('ok');
    const spec = specOf('a', port);
    const reordered = Object.fromEntries(Object.entries(spec).reverse()) as unknown as UpstreamSpec; // Same fields.
    const second = registry.build(snapshotOf([reordered]));
    put(registry, second);
    expect(second.get('a')).toBe(first.get('a'));
    expect(await get(second)).toBe('ok');
    expect([sockets.length, sockets[0]?.destroyed]).toEqual([1, false]);
  });

  it('hands on what was found out about the targets of an upstream that is described otherwise', () => {
    const registry = setUp();
    const outlier = { ...outlierSpec, ejectedShareMax: 1 };
    const two = { ...specOf('a', 1), outlier, targets: [...specOf('a', 1).targets, ...specOf('a', 2).targets] };
    const first = registry.build(snapshotOf([two]));
    put(registry, first);
    const nowMs = systemClock.nowMs();
    const broken = first.get('a')?.targets[0]?.health;
    for (let i = 0; i < 5; i += 1) broken?.end(broken.begin(nowMs), outcome('bad', nowMs));
    put(registry, registry.build(snapshotOf([{ ...two, balance: makeBalance('least-request') }])));
    expect(registry.stats().map(({ standing }) => standing)).toEqual(['out', 'well']);
  });

  it('tells of no more targets than are asked for: those that are not well first, then those in use, and how many there are', () => {
    const registry = setUp();
    const outlier = { ...outlierSpec, ejectedShareMax: 1 };
    const ill = { ...specOf('c', 1), outlier, targets: [...specOf('c', 1).targets, ...specOf('c', 2).targets] };
    const set = registry.build(snapshotOf([specOf('a', 3), specOf('b', 4), ill]));
    put(registry, set);
    const nowMs = systemClock.nowMs();
    const broken = set.get('c')?.targets[1]?.health;
    for (let i = 0; i < 5; i += 1) broken?.end(broken.begin(nowMs), outcome('bad', nowMs));
    const [busy] = set.get('b')?.targets ?? [];
    if (busy === undefined) throw new Error('the upstream has a target');
    busy.inFlight = 1; // As the balance layer does for an attempt.
    const told = (max?: number) => registry.stats(max).map(({ targetId }) => Number(targetId.split(':')[1]));
    expect([told(), told(4)]).toEqual([
      [3, 4, 1, 2],
      [3, 4, 1, 2],
    ]);
    expect([told(3), told(2), told(1), told(0)]).toEqual([[2, 4, 3], [2, 4], [2], []]);
    expect(registry.counts()).toEqual({ all: 4, trial: 0, out: 1 });
    expect(registry.upstreamStats(1)).toHaveLength(1);
    busy.inFlight = 0;
  });

  it('replaces an upstream that is described otherwise, and closes what the old one keeps idle', async () => {
    const { port, sockets } = await serve();
    const registry = setUp();
    const first = registry.build(snapshotOf([specOf('a', port)]));
    put(registry, first);
    await get(first);
    const second = registry.build(snapshotOf([{ ...specOf('a', port), balance: makeBalance('least-request') }]));
    expect(second.get('a')).not.toBe(first.get('a'));
    expect(registry.stats()).toMatchObject([{ open: 1 }]);
    put(registry, second);
    await until(() => sockets[0]?.closed === true || sockets[0]?.readableEnded === true);
    expect(registry.stats()).toMatchObject([{ upstreamId: 'a', targetId: `127.0.0.1:${port}`, open: 0, inFlight: 0 }]);
  });

  it('goes on from what the targets of one that is described otherwise have cost, unless they are reached in another way', () => {
    const clock = fakeClock();
    const registry = setUp(undefined, clock);
    const costs = (set: UpstreamSet) =>
      set.get('a')?.targets.map(({ load }) => Math.round(load.cost(clock.nowMs(), 0)));
    const spec: UpstreamSpec = { ...specOf('a', 1), balance: makeBalance('peak-ewma') };
    const first = registry.build(snapshotOf([spec]));
    put(registry, first);
    const load = first.get('a')?.targets[0]?.load;
    const token = load?.begin(clock.nowMs()) ?? 0;
    clock.advance(100);
    load?.end(token, outcome('good', clock.nowMs()));
    expect(costs(first)).toEqual([100]);
    const second = registry.build(snapshotOf([{ ...spec, targets: [...spec.targets, ...specOf('a', 2).targets] }]));
    put(registry, second);
    expect(costs(second)).toEqual([100, 30]);
    const third = registry.build(snapshotOf([{ ...spec, protocol: 'http2' }]));
    put(registry, third);
    expect(costs(third)).toEqual([30]);
  });

  it('lets what is under way end on an upstream that was removed, and serves late requests of an older snapshot', async () => {
    const { port, sockets, release } = await serve();
    const registry = setUp();
    const first = registry.build(snapshotOf([specOf('a', port)]));
    put(registry, first);
    const held = get(first, '/hold');
    await until(() => sockets.length === 1);
    put(registry, registry.build(snapshotOf([])));
    expect(registry.stats()).toEqual([]);
    expect(await get(first)).toBe('ok');
    release();
    expect(await held).toBe('ok');
    await until(() => sockets.every((socket) => socket.readableEnded || socket.destroyed));
  });

  it('lets go of a removed upstream when its last attempt has ended, without another reload', () => {
    const clock = fakeClock();
    const timers = fakeTimers(clock);
    const query = createNameQuery(null);
    const oldestExchangeAtMs = () => Number.POSITIVE_INFINITY;
    const registry = createUpstreamRegistry({
      clock,
      timers,
      random: Math.random,
      query,
      bodies: createHeldBytes(),
      oldestExchangeAtMs,
    });
    const first = registry.build(snapshotOf([specOf('a', 1), specOf('b', 1)]));
    put(registry, first);
    const [busy] = first.get('a')?.targets ?? [];
    if (busy === undefined) throw new Error('the upstream has a target');
    busy.inFlight = 1; // As the balance layer does for an attempt.
    put(registry, registry.build(snapshotOf([])));
    clock.advance(5_000);
    expect(registry.lingering).toBe(1);
    busy.inFlight = 0;
    clock.advance(1_000);
    expect([registry.lingering, timers.armed]).toEqual([0, 0]);
  });

  it('forgets what was built for a snapshot that is not used, and keeps what is shared', async () => {
    const { port, sockets } = await serve();
    const registry = setUp();
    const first = registry.build(snapshotOf([specOf('a', port)]));
    put(registry, first);
    await get(first);
    const refused = registry.build(snapshotOf([specOf('a', port), specOf('b', port)]));
    await registry.warm(refused);
    await until(() => sockets.length === 2);
    registry.discard(refused);
    await until(() => sockets[1]?.readableEnded === true || sockets[1]?.destroyed === true);
    expect(registry.stats()).toMatchObject([{ upstreamId: 'a', open: 1, idle: 1 }]);
    expect(await get(first)).toBe('ok');
    expect(sockets.length).toBe(2);
  });

  it('warms each target with one connection, and does not mind one that refuses', async () => {
    const [one, gone] = [await serve(), await serve()];
    await ends.pop()?.();
    const registry = setUp();
    const set = registry.build(snapshotOf([specOf('a', one.port), specOf('b', gone.port)]));
    await registry.warm(set);
    put(registry, set);
    expect(registry.stats()).toMatchObject([
      { open: 1, idle: 1 },
      { open: 0, connecting: 0 },
    ]);
    await registry.warm(set);
    expect(await get(set)).toBe('ok');
    expect(one.sockets.length).toBe(1);
  });

  it('notices a warmed connection that the upstream closes before it was used', async () => {
    const { port, sockets } = await serve();
    const registry = setUp();
    const set = registry.build(snapshotOf([specOf('a', port)]));
    put(registry, set);
    await registry.warm(set);
    await until(() => sockets.length === 1);
    sockets[0]?.end();
    await until(() => registry.stats()[0]?.open === 0);
  });

  it('drops a warmed connection on which the upstream speaks before it was asked', async () => {
    const { port } = await serve('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    const registry = setUp();
    const set = registry.build(snapshotOf([specOf('a', port)]));
    put(registry, set);
    await registry.warm(set);
    await until(() => registry.stats()[0]?.open === 0);
  });

  it('follows a name to its new address: idle connections to the old one are closed', async () => {
    const { port, sockets } = await serve();
    let addresses = ['127.0.0.1'];
    const registry = setUp(async () => ({ addresses, ttlMs: 0 }));
    const spec = specOf('a', port);
    const targets = spec.targets.map((target) => ({ ...target, host: 'orders.test' }));
    const set = registry.build(snapshotOf([{ ...spec, targets, dns: { ttlMinMs: 20, ttlMaxMs: 20 } }]));
    put(registry, set);
    expect(await get(set)).toBe('ok');
    expect(registry.stats()).toMatchObject([{ open: 1, idle: 1 }]);
    addresses = ['127.0.0.2', '127.0.0.3'];
    await until(() => registry.stats()[0]?.open === 0);
    expect(await get(set)).toBe('connection_refused');
    addresses = ['127.0.0.2', '127.0.0.1'];
    // One of the two refuses: whichever comes first, the other one is tried within the same attempt.
    await until(() => registry.stats()[0]?.connecting === 0);
    const seen = sockets.length;
    await expect.poll(() => get(set), { timeout: 20_000, interval: 10 }).toBe('ok');
    for (let i = 0; i < 4; i += 1) {
      sockets.at(-1)?.destroy();
      await until(() => registry.stats()[0]?.open === 0);
      expect(await get(set)).toBe('ok');
    }
    expect(sockets.length).toBe(seen + 5);
  });

  it('takes changed TLS files for another upstream, and refuses unusable ones without changing anything', () => {
    const directory = mkdtempSync(join(tmpdir(), 'weir-registry-'));
    ends.push(() => rmSync(directory, { recursive: true }));
    const caFile = join(directory, 'ca.pem');
    const tls = { verify: true, serverName: null, caFile, certFile: null, keyFile: null };
    const snapshot = snapshotOf([{ ...specOf('a', 1), tls }]);
    const registry = setUp();
    writeFileSync(caFile, rootCertificates[0] ?? '');
    const first = registry.build(snapshot);
    put(registry, first);
    expect(registry.build(snapshot).get('a')).toBe(first.get('a'));
    writeFileSync(caFile, rootCertificates[1] ?? '');
    expect(registry.build(snapshot).get('a')).not.toBe(first.get('a'));
    rmSync(caFile);
    expect(() => registry.build(snapshot)).toThrow(/ca\.pem/);
    expect(registry.stats()).toMatchObject([{ upstreamId: 'a' }]);
  });
});

describe('an upstream that is alive no more', () => {
  const make = (oldestExchangeAtMs = () => Number.POSITIVE_INFINITY) => {
    const clock = fakeClock();
    const timers = fakeTimers(clock);
    const query = createNameQuery(null);
    const registry = createUpstreamRegistry({
      clock,
      timers,
      random: Math.random,
      query,
      bodies: createHeldBytes(),
      oldestExchangeAtMs,
    });
    return { clock, timers, registry };
  };
  const PROBE = {
    ...({ kind: 'tcp', path: '/', host: null, statuses: [], contains: null } as const),
    ...{ intervalMs: 1_000, timeoutMs: 100, unhealthyAfter: 1, healthyAfter: 1 },
  };
  const probed = (id: string): UpstreamSpec => ({ ...specOf(id, 1), probe: PROBE });

  it('leaves neither probes nor timers behind when a later one of its snapshot cannot be built', () => {
    const { timers, registry } = make();
    const tls = { verify: true, serverName: null, caFile: '/nowhere/ca.pem', certFile: null, keyFile: null };
    put(registry, registry.build(snapshotOf([probed('a')])));
    const armed = timers.armed;
    expect(armed).toBe(1);
    const refused = snapshotOf([probed('a'), probed('b'), { ...probed('c'), tls }]);
    expect(() => registry.build(refused)).toThrow(/ca\.pem/);
    expect([timers.armed, registry.lingering]).toEqual([armed, 0]);
  });

  it('are built one at a time, so that others have their turn; what was built goes with an error or with the node', () => {
    const { timers, registry } = make();
    const snapshot = snapshotOf(['a', 'b', 'c'].map(probed));
    let turns = 0;
    for (const work = registry.building(snapshot); work.next().done !== true; ) turns += 1;
    expect([turns, timers.armed]).toEqual([3, 3]);
    const before = timers.armed;
    const dropped = registry.building(snapshotOf(['d', 'e', 'f'].map(probed)));
    dropped.next();
    dropped.next();
    expect(timers.armed).toBe(before + 2);
    expect(() => dropped.throw(new Error('draining'))).toThrow('draining');
    expect(timers.armed).toBe(before);
    registry.building(snapshotOf([probed('g')])).next();
    registry.close();
    expect(timers.armed).toBe(0);
  });

  it('lingers while an exchange is open that may go to it still, although none of its attempts is under way', () => {
    let oldestAtMs = 0;
    const { clock, timers, registry } = make(() => oldestAtMs);
    put(registry, registry.build(snapshotOf([specOf('a', 1)])));
    oldestAtMs = clock.nowMs();
    put(registry, registry.build(snapshotOf([])));
    clock.advance(5_000);
    expect(registry.lingering).toBe(1);
    oldestAtMs = clock.nowMs();
    clock.advance(1_000);
    expect([registry.lingering, timers.armed]).toEqual([0, 0]);
  });

  it('has no say any more in what is thought of its namesake', () => {
    const { clock, registry } = make();
    const breaker = {
      failureShare: 0.1,
      requestsMin: 1,
      windowMs: 10_000,
      openMs: 1_000,
      openMaxMs: 1_000,
      every5xx: false,
    };
    const spec: UpstreamSpec = { ...specOf('a', 1), breaker };
    const fail = (set: UpstreamSet): void => {
      const health = set.get('a')?.targets[0]?.health;
      const nowMs = clock.nowMs();
      const times = { startedAtMs: nowMs, headAtMs: Number.NaN, endedAtMs: nowMs, retryAfterMs: Number.NaN };
      const failed = failure('connection_refused', 'no one listens');
      health?.end(health.begin(nowMs), { ...times, status: 0, failure: failed, isCancelled: false, isOverdue: false });
    };
    const former = registry.build(snapshotOf([spec]));
    put(registry, former);
    put(registry, registry.build(snapshotOf([{ ...spec, balance: makeBalance('least-request') }])));
    fail(former);
    expect([...registry.health.counts()]).toEqual([]);

    const used = registry.build(snapshotOf([spec]));
    put(registry, used);
    fail(used);
    expect([...registry.health.counts()]).not.toEqual([]);
  });
});

describe('the authority of a target', () => {
  it.each([
    ['http', 'api.test', 80, 'api.test'],
    ['http', 'api.test', 443, 'api.test:443'],
    ['https', 'api.test', 443, 'api.test'],
    ['https', '::1', 8443, '[::1]:8443'],
    ['http', '::1', 80, '[::1]'],
  ] as const)('of %s %s %i is %s', (scheme, host, port, authority) => {
    expect(authorityOf({ id: 'x', scheme, host, port, weight: 1, zone: null, priority: 0 })).toBe(authority);
  });
});

function specOf(id: string, port: number): UpstreamSpec {
  const target: TargetSpec = {
    id: `127.0.0.1:${port}`,
    scheme: 'http',
    host: '127.0.0.1',
    port,
    weight: 1,
    zone: null,
    priority: 0,
  };
  return {
    id,
    targets: [target],
    balance: makeBalance('round-robin'),
    probe: null,
    outlier: null,
    breaker: null,
    concurrency: null,
    pool: {
      connections: 4,
      queue: 4,
      idleMs: 60_000,
      requestsPerConnection: 0,
      gatherBodyBytes: 0,
      responseHeaderBytes: 16_384,
      client: 'native',
    },
    tls: null,
    protocol: 'http1',
    hostHeader: { mode: 'pass' },
    dns: { ttlMinMs: 1000, ttlMaxMs: 60_000 },
  };
}

/** The parts of a snapshot that the registry reads. */
function snapshotOf(upstreams: readonly UpstreamSpec[]): Snapshot {
  const part = { upstreams, gateway: { limits: { messageBytes: 1024 } } };
  return part as unknown as Snapshot; // See above: nothing else is read.
}

/** Sends a GET to the first upstream of a set and gives the body, or the code of the failure. */
function get(set: UpstreamSet, path = '/'): Promise<string> {
  const target = set.all[0]?.targets[0];
  if (target === undefined) throw new Error('the set is empty');
  return new Promise((resolve) => {
    let text = '';
    const handler: ResponseHandler = {
      onHeaders: () => {},
      onData: (chunk) => {
        text += Buffer.from(chunk).toString();
        return true;
      },
      onComplete: () => resolve(text),
      onError: (failed) => resolve(failed.code),
    };
    target.dispatch(makeRequest({ path, headers: ['host', 'a'] }), handler);
  });
}

async function until(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 5000;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error('the condition never held');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
