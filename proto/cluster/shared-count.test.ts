import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RateCounts } from '../events/rate-counts.js';
import { SETTLE_MS, SharedCount } from './shared-count.js';
import { SharedRates, sharedLimitOf, TELL_EVERY_MS } from './shared-rates.js';
import { seededRandom } from './testing/world.js';

interface Step {
  readonly what: 'ask' | 'tell' | 'wait';
  readonly node: number;
  readonly times: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom<Step['what']>('ask', 'ask', 'tell', 'wait'),
  node: fc.nat(4),
  times: fc.integer({ min: 1, max: 40 }),
});

/** Nodes that tell each other over a way that takes up to `delayMs`, or loses everything. */
function play(limit: number, size: number, steps: readonly Step[], delayMs: (draw: number) => number | null) {
  const nodes = Array.from({ length: size }, () => new SharedCount(limit, 1, null));
  const underWay: { atMs: number; to: number; from: number; admitted: number; asked: number }[] = [];
  const exposure = new Array<number>(size).fill(0);
  let [nowMs, total, draws, worst] = [0, 0, 0, 0];
  const deliver = (): void => {
    for (const message of underWay.filter(({ atMs }) => atMs <= nowMs))
      nodes[message.to]?.hear(String(message.from), message);
    underWay.splice(0, underWay.length, ...underWay.filter(({ atMs }) => atMs > nowMs));
  };
  for (const { what, node, times } of steps) {
    const index = node % size;
    const count = nodes[index];
    if (count === undefined) continue;
    if (what === 'wait') nowMs += times * 3;
    deliver();
    if (what === 'tell') {
      const told = count.tell(nowMs);
      for (let to = 0; to < size; to += 1) {
        draws += 1;
        const delay = delayMs(((draws * 7_919) % 997) / 997);
        if (to !== index && delay !== null) underWay.push({ ...told, to, from: index, atMs: nowMs + delay });
      }
    }
    for (let i = 0; what === 'ask' && i < times; i += 1) {
      const allowed = count.allowance(size, nowMs);
      if (!count.take(size, nowMs)) continue;
      total += 1;
      exposure[index] = count.unsettled(nowMs);
      expect(exposure[index]).toBeLessThanOrEqual(allowed);
      // What the others may have admitted unheard: no more than each has unsettled.
      const unheard = nodes.reduce((sum, other, at) => (at === index ? sum : sum + other.unsettled(nowMs)), 0);
      worst = Math.max(worst, total - limit - unheard);
    }
  }
  return { total, beyondBound: worst, nodes };
}

describe('a count that nodes keep together', () => {
  it('is over its limit by no more than what the others have admitted and could not be heard of', () => {
    const any = fc.tuple(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(step, { size: 'max', maxLength: 120 }),
    );
    fc.assert(
      fc.property(any, ([limit, size, steps]) => {
        const { total, beyondBound } = play(limit, size, steps, (draw) => draw * (SETTLE_MS - 1));
        expect(beyondBound).toBeLessThanOrEqual(0);
        expect(total).toBeLessThanOrEqual((2 - 1 / size) * limit + size);
      }),
    );
  });

  it('is the limit at most when all are cut off from each other and tell nothing', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 300 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { size: 'max', maxLength: 80 }),
        (limit, size, steps) => {
          const silent = steps.filter(({ what }) => what !== 'tell');
          expect(play(limit, size, silent, () => null).total).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });

  it('is the limit for each piece of a bus that has fallen apart unnoticed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.array(step, { size: 'max', maxLength: 120 }), (limit, steps) => {
        const { nodes } = play(limit, 3, steps, () => null);
        for (const { own } of nodes) expect(own.admitted).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('merges what it hears in any order, lost and doubled, to the same', () => {
    const tally = fc.nat(50).chain((asked) => fc.record({ asked: fc.constant(asked), admitted: fc.nat(asked) }));
    const told = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), tally), { size: 'max', maxLength: 40 });
    fc.assert(
      fc.property(told, fc.infiniteStream(fc.nat()), (list, order) => {
        const [one, other] = [new SharedCount(100, 1, null), new SharedCount(100, 1, null)];
        for (const [id, each] of list) one.hear(id, each);
        const keyed = [...list, ...list].map((each) => ({ each, at: order.next().value ?? 0 }));
        for (const { each } of keyed.sort((a, b) => a.at - b.at)) other.hear(...each);
        expect(other.heard).toBe(one.heard);
      }),
    );
  });
});

/** 4 nodes, 1,000 a second, over a minute; requests come by chance, at a node by its weight. */
function flow(weights: readonly number[], askedPerSecond: number, seed: number, burst = 1_000) {
  const random = seededRandom(seed);
  const perSecond = sharedLimitOf({ requests: 1_000, periodMs: 1_000, burst });
  const nodes = weights.map(() => new SharedRates(() => perSecond));
  const sum = weights.reduce((a, b) => a + b, 0);
  const windows = new Map<number, { admitted: number; asked: number }>();
  const underWay: { atMs: number; from: number; message: RateCounts }[] = [];
  for (let nowMs = 0; nowMs < 60_000; nowMs += 1) {
    while (underWay[0] !== undefined && underWay[0].atMs <= nowMs) {
      const { from, message } = underWay.shift() ?? underWay[0];
      nodes.forEach((node, to) => {
        if (to !== from) node.hear(message, nowMs, nowMs);
      });
    }
    nodes.forEach((node, from) => {
      // Each at its own moments.
      if ((nowMs + from * 23) % TELL_EVERY_MS !== 0) return;
      const message = { kind: 'rate' as const, id: String(from), incarnation: 1, seq: nowMs, counts: node.tell(nowMs) };
      underWay.push({ atMs: nowMs + 5, from, message });
    });
    const window = windows.get(Math.floor(nowMs / 1_000)) ?? { admitted: 0, asked: 0 };
    windows.set(Math.floor(nowMs / 1_000), window);
    const whole = Math.floor(askedPerSecond / 1_000);
    for (let left = whole + (random() < askedPerSecond / 1_000 - whole ? 1 : 0); left > 0; left -= 1) {
      let draw = random() * sum;
      const at = weights.findIndex((weight) => {
        draw -= weight;
        return draw < 0;
      });
      window.asked += 1;
      if (nodes[at]?.take('key', weights.length, nowMs, nowMs).allowed === true) window.admitted += 1;
    }
  }
  return [...windows.values()].slice(1);
}

describe('four nodes that share 1,000 requests a second', () => {
  it.each([
    ['even', [1, 1, 1, 1], 2_000],
    ['uneven', [70, 20, 8, 2], 2_000],
    ['uneven, and hardly too many', [70, 20, 8, 2], 1_300],
    ['at one node alone', [1, 0, 0, 0], 2_000],
    ['at one node alone, and far too many', [1, 0, 0, 0], 10_000],
  ] as const)('%s: are over and under the limit by less than 2 %% in the mean', (_, weights, perSecond) => {
    const windows = flow(weights, perSecond, 1);
    const mean = (of: (admitted: number) => number): number =>
      windows.reduce((sum, { admitted }) => sum + of(admitted), 0) / windows.length / 1_000;
    expect(mean((admitted) => Math.max(0, admitted - 1_000))).toBeLessThan(0.02);
    expect(mean((admitted) => Math.max(0, 1_000 - admitted))).toBeLessThan(0.02);
  });

  it('are refused nothing to speak of where they keep to the limit', () => {
    for (const { asked, admitted } of flow([70, 20, 8, 2], 800, 2)) expect(admitted).toBeGreaterThan(asked * 0.9);
  });
});

describe('shared limits of a node', () => {
  const hour = sharedLimitOf({ requests: 10, periodMs: 3_600_000, burst: 10 });
  const told = (window: number, admitted = 10): RateCounts => ({
    ...{ kind: 'rate', id: 'n2', incarnation: 1, seq: 1, counts: [['k', window, admitted, admitted]] },
  });

  it('believe no clock that is further off than a window, nor what is over', () => {
    const rates = new SharedRates(() => hour);
    const wallMs = 100.5 * hour.windowMs;
    rates.hear(told(99), wallMs, 0);
    rates.hear(told(102), wallMs, 0);
    expect(rates.take('k', 2, wallMs, 0).allowed).toBe(true);
    rates.hear(told(100), wallMs, 0);
    expect(rates.take('k', 2, wallMs, 0).allowed).toBe(false);
    expect(rates.take('k', 2, wallMs + hour.windowMs, 0).allowed).toBe(true);
  });

  it('keep to their bound of keys and forget the one that was used least recently', () => {
    const rates = new SharedRates(() => sharedLimitOf({ requests: 1, periodMs: 60_000, burst: 1 }), 2);
    for (const [second, key] of ['a', 'b', 'a', 'c'].entries()) rates.take(key, 1, 0, second * 1_000);
    expect(rates.forgotten).toBe(1);
    expect([rates.take('a', 1, 0, 4_000).allowed, rates.take('b', 1, 0, 4_000).allowed]).toEqual([false, true]);
  });

  it('let be what they do not know, and tell each change once', () => {
    const rates = new SharedRates((key) => (key === 'k' ? hour : null));
    expect(rates.take('other', 1, 0, 0).allowed).toBe(true);
    rates.take('k', 1, 0, 0);
    expect(rates.tell(0)).toEqual([['k', 0, 1, 1, 360_000]]);
    expect(rates.tell(0)).toEqual([]);
  });
});
