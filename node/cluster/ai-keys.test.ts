import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { seededRandom } from '@weir/proto/cluster/testing/world.js';
import type { AiKeyReport } from '@weir/proto/events/ai-keys.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyReports } from '../ai/gateway/key-reports.js';
import { KeyStanding, OUT_FIRST_MS } from '../ai/gateway/key-standing.js';
import { Speeds } from '../ai/route/speeds.js';
import { fakeClock, fakeTimers } from '../pipeline/testing/harness.js';
import { ClusterKeys } from './ai-keys.js';
import { arrived, busClockOf, subjects } from './testing/rate-members.js';

const KEY = 'digest-of-a-key';

/** Nodes on one bus, each with its standing of the same key. */
function cluster(count: number, sees = true) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const broker = new Broker();
  const nodes = Array.from({ length: count }, (_, i) => {
    const id = `n${i}`;
    const busClock = busClockOf(clock, timers);
    const presence = new Presence({
      ...{ bus: memoryBus(broker, { clock: busClock, inbox: subjects.inbox(id) }), clock: busClock, subjects },
      ...{ role: 'node', life: { id, incarnation: 1, session: 1 }, random: () => 0.5, warn: () => {} },
      report: () => ({ snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0 }),
    });
    const speeds = new Speeds();
    const keys = new ClusterKeys({ presence, clock, timers, speeds });
    const standing = new KeyStanding(sees ? keys.sightOf(KEY) : undefined);
    if (sees) keys.know(KEY, standing);
    return { id, presence, standing, speeds };
  });
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 500) {
      clock.advance(Math.min(500, left));
      await arrived();
    }
  };
  return { clock, nodes, pass };
}

/** Each node has requests all the time; the key is revoked, and taken again. How often it was tried meanwhile, by all. */
async function revoked(count: number, sees: boolean, forMs: number) {
  const random = seededRandom(7);
  const { clock, nodes, pass } = cluster(count, sees);
  await pass(3_000);
  let tried = 0;
  let isRevoked = true;
  const asks = (): void => {
    for (const { standing } of nodes) {
      const nowMs = clock.nowMs();
      const state = standing.state(nowMs, 'm');
      if (random() < 0.5 || (state !== 'usable' && state !== 'due' && state !== 'doubted')) continue;
      if (isRevoked) tried += 1;
      standing.end(standing.begin('m'), isRevoked ? 'refused' : 'answered', null, nowMs);
    }
  };
  for (let ms = 0; ms < forMs; ms += 500) {
    asks();
    await pass(500);
  }
  isRevoked = false;
  let backMs = 0;
  for (
    ;
    nodes.some(({ standing }) => standing.state(clock.nowMs(), 'm') !== 'usable') && backMs < 3_600_000;
    backMs += 500
  ) {
    asks();
    await pass(500);
  }
  return { tried, backMs };
}

describe('a key that is refused', () => {
  it('is tried for all nodes together about as often as one would, and comes back to all at once', async () => {
    const [one, together, apart] = [
      await revoked(1, true, 300_000),
      await revoked(6, true, 300_000),
      await revoked(6, false, 300_000),
    ];
    // Each node may find it out once by itself: it is told while the request is under way.
    expect(together.tried).toBeLessThanOrEqual(6 + 3 * one.tried);
    expect(together.tried).toBeLessThan(apart.tried * 0.7);
    expect(together.backMs).toBeLessThan(apart.backMs + 60_000);
  });

  it('is tried by the next node where the first has no request for it', async () => {
    const { clock, nodes, pass } = cluster(3);
    await pass(3_000);
    for (const { standing } of nodes) standing.end(standing.begin('m'), 'refused', null, clock.nowMs());
    await pass(OUT_FIRST_MS + 500);
    expect(nodes.filter(({ standing }) => standing.state(clock.nowMs(), 'm') === 'due').length).toBe(1);
    await pass(5_000);
    expect(nodes.filter(({ standing }) => standing.state(clock.nowMs(), 'm') === 'due').length).toBe(2);
  });

  it('is doubted by those who hear of it, and that ends with an answer that they get', async () => {
    const { clock, nodes, pass } = cluster(3);
    await pass(3_000);
    const [first, second, third] = nodes.map(({ standing }) => standing);
    if (first === undefined || second === undefined || third === undefined) throw new Error('three nodes');
    first.end(first.begin('m'), 'limited', 20_000, clock.nowMs());
    await pass(500);
    expect([second.state(clock.nowMs(), 'm'), second.state(clock.nowMs(), 'other')]).toEqual(['doubted', 'usable']);
    second.end(second.begin('m'), 'answered', null, clock.nowMs());
    expect(second.state(clock.nowMs(), 'm')).toBe('usable');
    // The other one goes by two of three, as soon as there are two.
    second.end(second.begin('m'), 'limited', 20_000, clock.nowMs());
    await pass(500);
    expect(third.state(clock.nowMs(), 'm')).toBe('out');
    await pass(30_000);
    expect(third.state(clock.nowMs(), 'm')).toBe('usable');
  });
});

describe('reports of others', () => {
  it('put nothing out where no more than half of all nodes say it, whatever they say', () => {
    const report = fc.record({
      peer: fc.constantFrom('p1', 'p2', 'p3'),
      word: fc.constantFrom('out' as const, 'resting' as const, 'well' as const),
      model: fc.constantFrom('', 'm', 'other'),
      forMs: fc.nat(1_800_000),
      gapMs: fc.nat(30_000),
    });
    fc.assert(
      fc.property(fc.array(report, { size: 'max', maxLength: 100 }), (all) => {
        const reports = new KeyReports();
        let nowMs = 0;
        for (const { peer, word, model, forMs, gapMs } of all) {
          nowMs += gapMs;
          reports.hear(peer, [KEY, model, word, forMs], nowMs);
          // Three of six; this node is one of the others.
          expect(reports.opinion(KEY, 'm', 6, nowMs)).not.toBe('out');
        }
        reports.refute(KEY, 'm', nowMs);
        expect(reports.opinion(KEY, 'm', 6, nowMs)).toBe('nothing');
        for (const { peer } of all) reports.hear(peer, [KEY, 'm', 'out', 60_000], nowMs + 1);
        // Nobody is heard at once who was wrong a moment ago; others are.
        expect(reports.opinion(KEY, 'm', 2, nowMs + 120_000)).toBe('nothing');
      }),
    );
  });

  it('that no message may hold is told to nobody, for it would take all others with it', async () => {
    const { clock, nodes, pass } = cluster(3);
    await pass(3_000);
    const [first, , last] = nodes;
    if (first === undefined || last === undefined) throw new Error('there are three');
    const told: AiKeyReport[] = [];
    last.presence.hear('ai.keys', ({ keys }) => told.push(...keys));
    const refuse = (model: string, retryAfterMs: number | null): void =>
      first.standing.end(first.standing.begin(model), 'limited', retryAfterMs, clock.nowMs());
    refuse('a client may name it so '.repeat(20), 60_000);
    refuse('m', 60_000);
    await pass(15_000);
    expect(new Set(told.map(([, model]) => model))).toEqual(new Set(['m']));
  });

  it('put off a trial by four pauses at most, and call a key well once', () => {
    const told = fc.array(fc.tuple(fc.constantFrom('out' as const, 'well' as const), fc.nat(1_800_000)), {
      maxLength: 50,
    });
    fc.assert(
      fc.property(told, (words) => {
        const standing = new KeyStanding();
        standing.end(standing.begin('m'), 'refused', null, 0);
        let times = 0;
        for (const [word, forMs] of words) {
          const before = standing.state(1_000, 'm');
          standing.heard('', word, forMs, 1_000);
          if (before === 'out' && standing.state(1_000, 'm') === 'due') times += 1;
        }
        expect(times).toBeLessThanOrEqual(1);
        expect(standing.state(4 * OUT_FIRST_MS, 'm')).toBe('due');
      }),
    );
  });
});

describe('how fast models are', () => {
  it('is known to nodes that have asked none, and what a node has seen itself goes before it', async () => {
    const { nodes, pass, clock } = cluster(3);
    const [one, other, idle] = nodes;
    await pass(2_000);
    one?.speeds.firstToken('a/slow', 4_000, clock.nowMs());
    one?.speeds.tokens('a/slow', 100, 2_000, clock.nowMs());
    one?.speeds.firstToken('b/fast', 300, clock.nowMs());
    other?.speeds.firstToken('b/fast', 9_000, clock.nowMs());
    await pass(11_000);
    const known = (node: typeof one, model: string) =>
      Math.round(node?.speeds.answerMs(model, 100, clock.nowMs()) ?? 0);
    expect([known(idle, 'a/slow'), known(other, 'a/slow')]).toEqual([6_000, 6_000]);
    expect([known(one, 'b/fast'), known(other, 'b/fast')]).toEqual([300, 9_000]);
    expect(known(idle, 'b/fast')).toBeGreaterThan(300);
    // What nobody tells again is nothing that is known.
    await pass(61_000);
    expect([known(idle, 'a/slow'), known(one, 'a/slow')]).toEqual([0, 6_000]);
  });

  it('is told once, and by nobody who has seen nothing', async () => {
    const { nodes, pass, clock } = cluster(2);
    const told: number[] = [];
    nodes[1]?.presence.hear('ai.keys', ({ speeds = [] }) => told.push(speeds.length));
    await pass(15_000);
    nodes[0]?.speeds.firstToken('a/m', 100, clock.nowMs());
    await pass(40_000);
    expect(told).toEqual([1]);
  });
});
