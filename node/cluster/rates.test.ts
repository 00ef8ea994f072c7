import type { ConcurrentLimitSpec, RateLimitSpec } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { createLimiterStore } from '../limit/limiter-store.js';
import { type Member, membersInMemory } from './testing/rate-members.js';

const perSecond: RateLimitSpec = {
  ...{ kind: 'rate', requests: 1_000, periodMs: 1_000, burst: 1_000 },
  ...{ by: 'route', mode: 'shared', keys: 100, redis: null },
};
const atOnce: ConcurrentLimitSpec = { kind: 'concurrent', requests: 20, by: 'route', mode: 'shared' };

/** Requests by weight, so many in a millisecond; what was admitted, by second. */
function loadOf(members: readonly Member[], weights: readonly number[], spec = perSecond) {
  const limiters = members.map(({ store }) => store.limiter('r', 0, spec));
  const sum = weights.reduce((a, b) => a + b, 0);
  const due = weights.map(() => 0);
  const bySecond = new Map<number, number>();
  return {
    bySecond,
    ask(perMs: number, nowMs: number): void {
      const second = Math.floor(nowMs / 1_000);
      for (const [at, weight] of weights.entries()) {
        due[at] = (due[at] ?? 0) + (perMs * weight) / sum;
        for (; (due[at] ?? 0) >= 1; due[at] = (due[at] ?? 0) - 1) {
          if (limiters[at]?.take('', nowMs).allowed === true) bySecond.set(second, (bySecond.get(second) ?? 0) + 1);
        }
      }
    },
  };
}

function deviation(bySecond: ReadonlyMap<number, number>, from: number, to: number): { over: number; under: number } {
  const seconds = [...bySecond].filter(([second]) => second >= from && second < to).map(([, admitted]) => admitted);
  const mean = (of: (admitted: number) => number): number =>
    seconds.reduce((all, admitted) => all + of(admitted), 0) / seconds.length / 1_000;
  return { over: mean((n) => Math.max(0, n - 1_000)), under: mean((n) => Math.max(0, 1_000 - n)) };
}

describe('four nodes on a bus that share 1,000 a second, unevenly asked for twice as much', () => {
  it('are over and under it by less than 2 %, and by their shares when the bus is gone', async () => {
    const { members, clock, pass } = membersInMemory(['a', 'b', 'c', 'd']);
    await pass(2_000);
    expect(members.map(({ rates }) => rates.members)).toEqual([4, 4, 4, 4]);
    const load = loadOf(members, [70, 20, 8, 2]);
    const ask = (): void => load.ask(2, clock.nowMs());
    await pass(6_000, ask);
    const together = deviation(load.bySecond, 4, 9);
    expect(together.over).toBeLessThan(0.02);
    expect(together.under).toBeLessThan(0.02);
    for (const { bus } of members) await bus.close();
    await pass(4_000, ask);
    const alone = deviation(load.bySecond, 10, 13);
    expect(alone.over).toBeLessThan(0.02);
    expect(alone.under).toBeLessThan(0.05);
    expect(members[0]?.rates.counts()).toMatchObject({ isConnected: false, unsent: 0 });
  });

  it('go on as one when a node is gone, and when another life of it comes', async () => {
    const { members, clock, pass, join } = membersInMemory(['a', 'b', 'c']);
    await pass(1_500);
    const load = loadOf(members.slice(0, 2), [1, 1]);
    members[2]?.presence.leave();
    await pass(4_000, () => load.ask(2, clock.nowMs()));
    expect(members[0]?.rates.members).toBe(2);
    const again = join('c', 2);
    const both = loadOf([...members.slice(0, 2), again], [1, 1, 1]);
    await pass(5_000, () => both.ask(2, clock.nowMs()));
    const { over, under } = deviation(both.bySecond, 8, 11);
    expect([over < 0.02, under < 0.02]).toEqual([true, true]);
  });
});

describe('a node by itself in its cluster', () => {
  it('tells nobody, and says of each request what a local limit says', async () => {
    const { members, clock, pass } = membersInMemory(['a']);
    const shared = members[0]?.store.limiter('r', 0, { ...perSecond, burst: 3 });
    const local = createLimiterStore().limiter('r', 0, { ...perSecond, burst: 3, mode: 'local' });
    await pass(500, () => {
      for (let i = 0; i < 2; i += 1) expect(shared?.take('', clock.nowMs())).toEqual(local.take('', clock.nowMs()));
    });
    expect(members[0]?.rates.counts()).toMatchObject({ members: 1, told: 0, keys: 1 });
  });
});

describe('what nodes tell', () => {
  it('shows no name of a caller', async () => {
    const { members, clock, pass } = membersInMemory(['a', 'b']);
    await pass(1_500);
    const seen: string[] = [];
    members[1]?.bus.subscribe('weir.c1.>', ({ bytes }) => seen.push(Buffer.from(bytes).toString('latin1')));
    members[0]?.store.limiter('r', 0, perSecond).take('ada-lovelace', clock.nowMs());
    members[0]?.store.holds('r', 1, atOnce).take('ada-lovelace', clock.nowMs());
    await pass(300);
    expect(seen.filter((text) => /rate|holds/.test(text)).length).toBeGreaterThanOrEqual(2);
    expect(seen.join()).not.toContain('ada');
  });

  it('of limits that a node does not have takes none of its memory', async () => {
    const { members, clock, pass } = membersInMemory(['a', 'b']);
    await pass(1_500);
    members[0]?.store.limiter('r', 0, perSecond).take('x', clock.nowMs());
    members[0]?.store.holds('r', 1, atOnce).take('x', clock.nowMs());
    await pass(300);
    expect(members[1]?.rates.counts()).toMatchObject({ keys: 0, heldKeys: 0, heard: 2 });
  });
});

describe('many callers', () => {
  it('of one limit make nobody forget those of another', async () => {
    const { members, clock, pass } = membersInMemory(['a', 'b']);
    await pass(1_500);
    const once = { ...perSecond, requests: 1, periodMs: 3_600_000, burst: 1, keys: 5 };
    const [small, other] = [0, 1].map((position) => members[0]?.store.limiter('r', position, once));
    expect(other?.take('ada', clock.nowMs()).allowed).toBe(true);
    for (let i = 0; i < 50; i += 1) small?.take(`stranger-${i}`, clock.nowMs());
    expect(other?.take('ada', clock.nowMs()).allowed).toBe(false);
    expect(members[0]?.rates.counts()).toMatchObject({ keys: 6, forgotten: 45 });
  });

  it('are all told, also where they are more than a message holds', async () => {
    const { members, clock, pass } = membersInMemory(['a', 'b']);
    await pass(1_500);
    const hour = { ...perSecond, periodMs: 3_600_000, keys: 10_000 };
    for (const { store } of members) for (const position of [0, 1, 2]) store.limiter('r', position, hour);
    for (const [position, callers] of [5_000, 3_000, 1].entries()) {
      const limiter = members[0]?.store.limiter('r', position, hour);
      for (let i = 0; i < callers; i += 1) limiter?.take(String(i), clock.nowMs());
    }
    await pass(1_500);
    expect(members[1]?.rates.counts().keys).toBe(8_001);
  });
});

describe('requests in flight, over all nodes', () => {
  it('are one limit, and places come back with those that end and with nodes that die', async () => {
    const { members, clock, pass } = membersInMemory(['a', 'b']);
    await pass(1_500);
    const [a, b] = members.map(({ store }) => store.holds('r', 0, atOnce));
    await pass(1_000, () => void a?.take('', clock.nowMs()));
    expect(b?.take('', clock.nowMs())).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 1_000 });
    for (let i = 0; i < 5; i += 1) a?.giveBack('');
    await pass(300);
    let taken = 0;
    await pass(1_500, () => {
      if (b?.take('', clock.nowMs()).allowed === true) taken += 1;
    });
    expect(taken).toBe(5);
    members[0]?.rates.close();
    members[0]?.presence.leave();
    await pass(5_000);
    expect(b?.peek('', clock.nowMs())).toMatchObject({ allowed: true, remaining: 14 });
  });

  it('stay counted where the node that holds them tells more seldom than those who hear it', async () => {
    const { members, clock, pass } = membersInMemory(['a', 'b']);
    await pass(1_500);
    const [a, b] = members.map(({ store }) => store.holds('r', 0, atOnce));
    for (let i = 0; i < 5; i += 1) a?.take('', clock.nowMs());
    await pass(350);
    // It has told what it holds, and that it is told again each second. Now it finds that it is one of a thousand.
    const [one] = members;
    if (one !== undefined) one.presence.nodes = () => 1_000;
    let most = 0;
    await pass(13_000, () => {
      most = Math.max(most, b?.peek('', clock.nowMs()).remaining ?? 20);
    });
    expect(most).toBe(14);
  });

  it('stay counted when the bus is back, until those who hold them could say so again', async () => {
    const { members, clock, pass } = membersInMemory(['a', 'b']);
    await pass(1_500);
    const [a, b] = members.map(({ store }) => store.holds('r', 0, atOnce));
    for (let i = 0; i < 5; i += 1) a?.take('', clock.nowMs());
    await pass(1_000);
    const bus = members[1]?.bus;
    if (bus === undefined) throw new Error('no bus');
    const { state } = bus;
    bus.state = () => ({ ...state.call(bus), isConnected: false });
    await members[0]?.bus.close();
    await pass(10_000);
    bus.state = state;
    await pass(2_500);
    expect(b?.peek('', clock.nowMs()).remaining).toBe(14);
    await pass(1_000);
    expect(b?.peek('', clock.nowMs()).remaining).toBe(19);
  });
});
