import { Broker } from '@weir/proto/bus/broker.js';
import { settled, TestClock } from '@weir/proto/cluster/testing/test-clock.js';
import { describe, expect, it } from 'vitest';
import { makeTarget } from '../pipeline/testing/specs.js';
import type { ProbeSwitch } from '../upstream/health/prober.js';
import { outcome, outlierSpec, probeSpec } from '../upstream/health/testing/outcomes.js';
import { createUpstreamOpinions, type HealthSpec } from '../upstream/health/upstream-health.js';
import { type GossipUpstream, HealthGossip, UNSETTLED_MS } from './health-gossip.js';
import { joinCluster, timersOf } from './testing/members.js';

function setUp(targetCount = 4, spec: Partial<HealthSpec> = { outlier: outlierSpec }) {
  const [broker, clock] = [new Broker(), new TestClock()];
  const specs = Array.from({ length: targetCount }, (_, i) => makeTarget({ id: `t${i}:80` }).spec);
  const timers = timersOf(clock);
  const join = (id: string) => {
    const presence = joinCluster(broker, clock, id);
    const wall = { nowMs: () => clock.nowMs(), wallMs: () => clock.nowMs() };
    const makeOpinions = () =>
      createUpstreamOpinions(
        { id: 'up', targets: specs, probe: null, outlier: null, breaker: null, ...spec },
        wall,
        (change) => gossip.changed(change),
        (warning) => gossip.changed(warning),
      );
    let opinions = makeOpinions();
    const hurried = specs.map(() => 0);
    const probing = specs.map(() => false);
    const switches: ProbeSwitch[] = specs.map((_, i) => ({
      set: (isOn) => {
        probing[i] = isOn;
      },
      hurry: () => {
        hurried[i] = (hurried[i] ?? 0) + 1;
      },
      stop: () => {},
    }));
    const upstreamsNow = (): readonly GossipUpstream[] => [
      {
        spec: { id: 'up' },
        targets: opinions.targets.map((health, i) => ({
          ...{ upstreamId: 'up', spec: health.spec, health },
          probes: spec.probe === undefined ? null : (switches[i] ?? null),
        })),
      },
    ];
    let upstreams = upstreamsNow();
    /** As a reload that describes the upstream anew: in the turn of the swap. */
    const swap = (): void => {
      const former = opinions;
      opinions = makeOpinions();
      for (const [i, health] of opinions.targets.entries()) health.adoptHearsay(former.targets[i], clock.nowMs());
      upstreams = upstreamsNow();
      gossip.follow();
    };
    const gossip = new HealthGossip({ presence, clock, timers, upstreams: () => upstreams });
    gossip.refresh();
    const run = (index: number, isGood: boolean, times = 1): void => {
      for (let i = 0; i < times; i += 1) {
        const health = opinions.targets[index];
        if (health === undefined) throw new Error('no such target');
        health.end(health.begin(clock.nowMs()), outcome(isGood ? 'good' : 'bad', clock.nowMs()));
      }
    };
    const probed = (index: number, isGood: boolean): void =>
      opinions.targets[index]?.probed({ isGood, why: 'refused', status: 0, tookMs: 1 }, clock.nowMs());
    const standings = () => opinions.targets.map((health) => health.standing(clock.nowMs()));
    const die = (): void => {
      gossip.end();
      presence.leave();
    };
    return { presence, gossip, run, probed, standings, probing, hurried, swap, die };
  };
  return { clock, join };
}

describe('health among nodes', () => {
  it("makes one node's discovery the trial of the others, who then need one failure or one success", async () => {
    const { clock, join } = setUp();
    const [a, b, c] = [join('a'), join('b'), join('c')];
    await clock.pass(1_500);
    a.run(0, false, 5);
    await settled();
    expect([a, b, c].map(({ standings }) => standings()[0])).toEqual(['out', 'trial', 'trial']);
    b.run(0, false);
    c.run(0, true);
    expect([a, b, c].map(({ standings }) => standings()[0])).toEqual(['out', 'out', 'well']);
    expect(b.gossip.counts).toMatchObject({ confirmed: 1, failuresSpared: 4 });
    expect(c.gossip.counts).toMatchObject({ refuted: 1, heard: 2 });
    await settled();
    // What b says now is its own sight, and c has seen the contrary of what a said.
    expect(c.gossip.standing(10).map(({ peer, isRefuted }) => `${peer} ${isRefuted}`)).toEqual(['b false', 'a true']);
    expect(c.standings()[0]).toBe('trial');
  });

  it('hears about the targets of a swap from its turn on, and what is said before the look at all of them is not lost', async () => {
    const { clock, join } = setUp();
    const [a, b] = [join('a'), join('b'), join('c')];
    await clock.pass(1_500);
    b.swap();
    a.run(0, false, 5);
    await settled();
    expect(b.standings()[0]).toBe('trial');
    b.gossip.refresh();
    expect(b.standings()[0]).toBe('trial');
    b.run(0, true);
    expect([b.standings()[0], b.gossip.counts.refuted]).toEqual(['well', 1]);
  });

  it('looks into a doubt that a swap has handed on, for the probe that did is gone', async () => {
    const { clock, join } = setUp(4, { outlier: outlierSpec, probe: probeSpec });
    const [a, b] = [join('a'), join('b'), join('c')];
    await clock.pass(1_500);
    a.run(0, false, 5);
    await settled();
    expect(b.hurried[0]).toBe(1);
    b.swap();
    b.gossip.refresh();
    expect(b.standings()[0]).not.toBe('well');
    expect(b.hurried).toEqual([2, 0, 0, 0]);
  });

  it('never lets one node put targets out for the others, though it calls all of them out', async () => {
    const { clock, join } = setUp();
    const [a, b, c] = [join('a'), join('b'), join('c')];
    await clock.pass(1_500);
    for (let round = 0; round < 4; round += 1) {
      for (let i = 0; i < 4; i += 1) {
        const about = { kind: 'breaker', upstream: 'up', target: `t${i}:80`, from: 'well', to: 'out' } as const;
        a.gossip.changed({ ...about, reason: 'cut off', evidence: { forMs: 60_000 }, atWallMs: 0 });
      }
      await settled();
      for (const node of [b, c])
        for (let i = 0; i < 4; i += 1) {
          expect(node.standings()[i]).not.toBe('out');
          if (node.standings()[i] === 'trial') node.run(i, true);
        }
    }
    expect(b.standings()).toEqual(['well', 'well', 'well', 'well']);
    expect([b.gossip.weightOf('a'), b.gossip.counts.majorities]).toEqual([0, 0]);
  });

  it('puts out at once what a majority calls out, and lets go of it when they take it back', async () => {
    const { clock, join } = setUp();
    const nodes = ['a', 'b', 'c', 'd'].map((id) => join(id));
    await clock.pass(UNSETTLED_MS);
    for (const node of nodes.slice(0, 3)) node.run(1, false, 5);
    await settled();
    expect([nodes[3]?.standings()[1], nodes[3]?.gossip.counts.majorities]).toEqual(['out', 1]);
    await clock.pass(outlierSpec.ejectionMs);
    for (const node of nodes.slice(0, 3)) node.run(1, true);
    await settled();
    expect(nodes[3]?.standings()[1]).toBe('well');
  });

  it('tells a newcomer what is known, from one that it asks', async () => {
    const { clock, join } = setUp();
    const [a, b] = [join('a'), join('b')];
    await clock.pass(1_500);
    a.run(2, false, 5);
    await settled();
    b.run(2, false);
    const late = join('late');
    await clock.pass(2_000);
    expect(late.standings()).toEqual(['well', 'well', 'trial', 'well']);
    expect(late.gossip.counts.asked).toBeGreaterThan(0);
    late.run(2, false);
    expect(late.standings()[2]).toBe('out');
  });

  it('asks who has told what it missed', async () => {
    const { clock, join } = setUp();
    const [a, b] = [join('a'), join('b')];
    await clock.pass(1_500);
    // Numbered, and lost on its way.
    const { tell } = a.presence;
    a.presence.tell = () => 'sent';
    a.run(0, false, 5);
    a.presence.tell = tell;
    await settled();
    expect(b.standings()[0]).toBe('well');
    await clock.pass(1_500);
    expect([b.standings()[0], b.gossip.counts.missed]).toEqual(['trial', 1]);
  });

  it('forgets what a node has said when that is gone', async () => {
    const { clock, join } = setUp();
    const [a, b] = [join('a'), join('b')];
    await clock.pass(1_500);
    a.run(0, false, 5);
    await settled();
    expect(b.standings()[0]).toBe('trial');
    a.die();
    await settled();
    expect([b.standings()[0], b.gossip.standing(10)]).toEqual(['well', []]);
  });

  it('splits the probing among three of many, and hands it over when one dies', async () => {
    const { clock, join } = setUp(40, { probe: probeSpec });
    const nodes = Array.from({ length: 8 }, (_, i) => join(`n${i}`));
    expect(nodes[0]?.probing.every((isOn) => isOn)).toBe(true);
    await clock.pass(2_500);
    const probers = (at: number) => nodes.filter(({ probing }) => probing[at]).length;
    expect(Array.from({ length: 40 }, (_, i) => probers(i))).toEqual(Array(40).fill(3));
    const [dead, ...alive] = nodes;
    expect(dead?.gossip.probesLeft).toBe(40 - (dead?.probing.filter((isOn) => isOn).length ?? 0));
    dead?.die();
    await clock.pass(1_100);
    const left = (at: number) => alive.filter(({ probing }) => probing[at]).length;
    expect(Array.from({ length: 40 }, (_, i) => left(i))).toEqual(Array(40).fill(3));
  });

  it('has a node probe everything by itself while it hears nobody', async () => {
    const { clock, join } = setUp(40, { probe: probeSpec });
    const [a] = Array.from({ length: 8 }, (_, i) => join(`n${i}`));
    if (a === undefined) throw new Error('nobody is there');
    await clock.pass(2_500);
    expect(a.gossip.probesLeft).toBeGreaterThan(0);
    const { state } = a.presence.bus;
    a.presence.bus.state = () => ({ isConnected: false, sinceMs: 0, trouble: 'gone' });
    await clock.pass(1_100);
    expect([a.gossip.probesLeft, a.probing.every((isOn) => isOn)]).toEqual([0, true]);
    a.presence.bus.state = state;
    await clock.pass(1_100);
    expect(a.gossip.probesLeft).toBeGreaterThan(0);
  });

  it('has each node probe what a prober calls out, until it is well again', async () => {
    const { clock, join } = setUp(2, { probe: probeSpec });
    const nodes = Array.from({ length: 8 }, (_, i) => join(`n${i}`));
    await clock.pass(2_500);
    const prober = nodes.find(({ probing }) => probing[0] === true);
    const other = nodes.find(({ probing }) => probing[0] === false);
    prober?.probed(0, false);
    await settled();
    expect([other?.probing[0], other?.standings()[0]]).toEqual([true, 'out']);
    other?.probed(0, false);
    expect([other?.standings()[0], other?.gossip.counts.confirmed]).toEqual(['out', 1]);
    // The prober is gone; what this one has found out itself it must end itself.
    prober?.die();
    await settled();
    expect([other?.probing[0], other?.standings()[0]]).toEqual([true, 'out']);
    other?.probed(0, true);
    other?.probed(0, true);
    await clock.pass(1_500);
    expect(other?.standings()[0]).toBe('well');
  });

  it('tells fifty changes and warnings a second, and lets the others ask for the rest', async () => {
    const { clock, join } = setUp(200);
    const [a, b] = [join('a'), join('b')];
    await clock.pass(1_500);
    for (let i = 0; i < 70; i += 1) a.run(i, false, 5);
    await settled();
    expect(a.gossip.counts).toMatchObject({ told: 50, untold: 90 });
    await clock.pass(1_500);
    expect([b.gossip.counts.missed, b.gossip.standing(1_000).length]).toEqual([1, 70]);
  });

  it('gives its state in parts, and none to a question that is not one', async () => {
    const { clock, join } = setUp(900);
    const [a, b] = [join('a'), join('b')];
    await clock.pass(1_500);
    const { answered } = a.gossip.counts;
    for (let i = 0; i < 430; i += 1) a.run(i, false, 5);
    await clock.pass(1_500);
    expect([b.gossip.standing(1_000).length, a.gossip.counts.answered - answered]).toEqual([430, 3]);
    for (const question of [[], [10], [1, 2]]) {
      const asking = b.presence.ask('a', 'health', Uint8Array.from(question), 100);
      await clock.pass(150);
      expect(await asking).toBeNull();
    }
  });
});
