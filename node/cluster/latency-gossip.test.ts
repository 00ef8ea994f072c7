import { Broker } from '@weir/proto/bus/broker.js';
import { settled, TestClock } from '@weir/proto/cluster/testing/test-clock.js';
import { describe, expect, it } from 'vitest';
import { createLatencyStore } from '../latency/latency-store.js';
import { ANSWERS_MIN } from '../latency/learnt-limit.js';
import { LatencyGossip, PEERS_MAX } from './latency-gossip.js';
import { joinCluster, timersOf } from './testing/members.js';

const INTERVAL_MS = 11_500;

function setUp() {
  const [broker, clock] = [new Broker(), new TestClock()];
  const join = (id: string, random = () => 0.5) => {
    const presence = joinCluster(broker, clock, id);
    const latencies = createLatencyStore();
    const gossip = new LatencyGossip({ presence, clock, timers: timersOf(clock), random, latencies });
    const window = (route = 'r') => latencies.window(route, 'up', 'firstByte');
    const answer = (ms: number, times: number, route = 'r'): void => {
      for (let i = 0; i < times; i += 1) window(route).answered(ms, clock.nowMs());
    };
    const p95 = (route = 'r') => window(route).quantile(0.95, 'patient', clock.nowMs());
    return { presence, gossip, window, answer, p95 };
  };
  return { clock, join };
}

describe('latency among nodes', () => {
  it('is told at an interval, and a node that knows nothing reads it', async () => {
    const { clock, join } = setUp();
    const [a, b] = [join('a'), join('b')];
    b.window();
    await clock.pass(1_500);
    a.answer(50, 200);
    expect(b.window().answers(clock.nowMs())).toBe(0);
    await clock.pass(INTERVAL_MS);
    expect(b.window().answers(clock.nowMs())).toBeGreaterThanOrEqual(ANSWERS_MIN);
    expect(Math.abs(b.p95() - 50)).toBeLessThan(2);
    // It has none of its own, so it tells of none: nothing goes round in a circle.
    expect([b.gossip.counts.told, a.window().answers(clock.nowMs())]).toEqual([0, 200]);
  });

  it('starts a newcomer warm, from whom it asks, as soon as it learns anything', async () => {
    const { clock, join } = setUp();
    const a = join('a');
    a.answer(50, 200);
    await clock.pass(500);
    const late = join('late');
    await clock.pass(1_500);
    expect(late.window().hasHeard).toBe(false);
    late.gossip.refresh();
    await settled();
    await settled();
    expect(late.window().answers(clock.nowMs())).toBe(ANSWERS_MIN);
  });

  it('ends when it is not told any more', async () => {
    const { clock, join } = setUp();
    const [a, b] = [join('a'), join('b')];
    b.window();
    a.answer(50, 200);
    await clock.pass(INTERVAL_MS + 1_500);
    expect([b.window().hasHeard, b.gossip.keptBytes > 0]).toEqual([true, true]);
    a.gossip.end();
    a.presence.leave();
    await clock.pass(80_000);
    expect(b.window().hasHeard).toBe(true);
    await clock.pass(15_000);
    expect([b.window().hasHeard, b.gossip.keptBytes]).toEqual([false, 0]);
  });

  it('is not moved by one slow node among several', async () => {
    const { clock, join } = setUp();
    const nodes = Array.from({ length: 4 }, (_, i) => join(`n${i}`));
    const cold = join('cold');
    cold.window();
    await clock.pass(1_500);
    nodes.forEach(({ answer }, i) => {
      answer(i === 0 ? 4_000 : 50, i === 0 ? 5_000 : 100);
    });
    await clock.pass(INTERVAL_MS + 2_000);
    expect(cold.p95()).toBeLessThan(60);
  });

  it('tells the busiest first, and keeps nothing of what is not learnt here', async () => {
    const { clock, join } = setUp();
    const [a, b] = [join('a'), join('b')];
    for (const route of ['r', 's0', 's249']) b.window(route);
    await clock.pass(1_500);
    for (let i = 0; i < 250; i += 1) a.answer(50, 20 + i, `s${i}`);
    a.answer(50, 19);
    await clock.pass(INTERVAL_MS);
    expect(['r', 's0', 's249'].map((route) => b.window(route).hasHeard)).toEqual([false, false, true]);
  });

  it('refuses and counts sketches that are none, and keeps those of so many nodes at most', async () => {
    const { clock, join } = setUp();
    const b = join('b');
    const window = b.window();
    await clock.pass(500);
    const others = Array.from({ length: PEERS_MAX + 4 }, (_, i) => joinCluster(new Broker(), clock, `x${i}`));
    const a = join('a');
    a.answer(50, 200);
    const { answered, givenUp } = a.window().own(clock.nowMs());
    const sketch = { route: 'r', upstream: 'up', wait: 'firstByte', givenUp: givenUp.toBytes() } as const;
    const tell = (id: string, bytes: Uint8Array): void =>
      void a.presence.tell({ kind: 'latency', id, seq: 1, sketches: [{ ...sketch, answered: bytes }] });
    tell('bad', Uint8Array.of(9, 9, 9));
    tell('bad', Uint8Array.of(1, 255, 255, 255, 255, 255));
    await settled();
    expect([b.gossip.counts.malformed, window.hasHeard, b.gossip.keptBytes]).toEqual([2, false, 0]);
    for (const { life } of others) tell(life.id, answered.toBytes());
    await settled();
    const one = answered.toBytes().length + givenUp.toBytes().length;
    expect(b.gossip.keptBytes).toBe(PEERS_MAX * one);
  });

  it('is told of each wait by sixteen of many, others each time, and all of them have as many', async () => {
    const { clock, join } = setUp();
    const nodes = Array.from({ length: 24 }, (_, i) => join(`n${i}`, () => ((i * 7) % 24) / 24));
    await clock.pass(1_500);
    const tellers = new Set<number>();
    let before = 0;
    for (let interval = 0; interval < 3; interval += 1) {
      for (const { answer } of nodes) answer(50, 30);
      const counts = nodes.map(({ gossip }) => gossip.counts.told);
      await clock.pass(10_000);
      nodes.forEach(({ gossip }, i) => {
        if (gossip.counts.told > (counts[i] ?? 0)) tellers.add(i);
      });
      const told = nodes.reduce((sum, { gossip }) => sum + gossip.counts.told, 0);
      // The first interval begins behind the first meeting of all.
      if (interval > 0) expect(told - before).toBeGreaterThanOrEqual(PEERS_MAX);
      if (interval > 0) expect(told - before).toBeLessThan(PEERS_MAX + 4);
      before = told;
    }
    expect(tellers.size).toBeGreaterThanOrEqual(PEERS_MAX);
    const one = nodes[0]?.gossip.keptBytes ?? 0;
    for (const { gossip } of nodes) expect(gossip.keptBytes / one).toBeGreaterThan(0.9);
  });
});
