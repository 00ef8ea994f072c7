import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HoldCounts, holdCountsMax } from '../events/hold-counts.js';
import { SETTLE_MS } from './shared-count.js';
import { SharedHolds } from './shared-holds.js';

interface Step {
  readonly what: 'take' | 'end' | 'tell' | 'wait';
  readonly node: number;
  readonly times: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom<Step['what']>('take', 'take', 'end', 'tell', 'wait'),
  node: fc.nat(3),
  times: fc.integer({ min: 1, max: 20 }),
});

/** Nodes that tell each other over a way that takes `delayMs`, or loses everything. */
function play(limit: number, size: number, steps: readonly Step[], delayMs: (draw: number) => number | null) {
  const nodes = Array.from({ length: size }, () => new SharedHolds(() => limit));
  const underWay: { atMs: number; to: number; message: HoldCounts }[] = [];
  let [nowMs, draws, worst, most] = [0, 0, Number.NEGATIVE_INFINITY, 0];
  const held = (): number => nodes.reduce((sum, node) => sum + node.held('k'), 0);
  for (const { what, node, times } of steps) {
    const index = node % size;
    const one = nodes[index];
    if (one === undefined) continue;
    if (what === 'wait') nowMs += times * 6;
    for (const { to, message } of underWay.filter(({ atMs }) => atMs <= nowMs)) nodes[to]?.hear(message, nowMs);
    underWay.splice(0, underWay.length, ...underWay.filter(({ atMs }) => atMs > nowMs));
    if (what === 'tell') {
      const message: HoldCounts = { kind: 'holds', id: String(index), incarnation: 1, counts: one.tell(nowMs) };
      for (let to = 0; to < size; to += 1) {
        draws += 1;
        // In order, as a bus delivers what one sender says.
        const after = Math.max(0, ...underWay.filter((other) => other.message.id === message.id).map((m) => m.atMs));
        const delay = delayMs(((draws * 7_919) % 997) / 997);
        if (to !== index && delay !== null) underWay.push({ to, message, atMs: Math.max(after, nowMs + delay) });
      }
    }
    for (let i = 0; i < times; i += 1) {
      if (what === 'end') one.giveBack('k');
      if (what !== 'take' || !one.take('k', size, nowMs).allowed) continue;
      // Of the others, what they hold beyond what this node has heard.
      const unheard = held() - one.held('k') - one.heard('k');
      worst = Math.max(worst, held() - limit - Math.max(0, unheard));
      most = Math.max(most, held());
    }
  }
  return { nodes, worst, most, nowMs, held };
}

const any = fc.tuple(
  fc.integer({ min: 1, max: 60 }),
  fc.integer({ min: 2, max: 4 }),
  fc.array(step, { size: 'max', maxLength: 120 }),
);

describe('requests in flight that nodes count together', () => {
  it('are over their limit by no more than what others hold and could not be heard of', () => {
    fc.assert(
      fc.property(any, ([limit, size, steps]) => {
        const { worst, most } = play(limit, size, steps, (draw) => draw * (SETTLE_MS - 1));
        expect(worst).toBeLessThanOrEqual(0);
        expect(most).toBeLessThanOrEqual((2 - 1 / size) * limit + size);
      }),
    );
  });

  it('are within the limit, and one for each node, where all are cut off and nobody holds any yet', () => {
    fc.assert(
      fc.property(any, ([limit, size, steps]) => {
        const silent = steps.filter(({ what }) => what === 'take' || what === 'end');
        expect(play(limit, size, silent, () => null).most).toBeLessThanOrEqual(limit + size);
      }),
    );
  });

  it('leave nothing behind when all have ended and all have been told', () => {
    fc.assert(
      fc.property(any, ([limit, size, steps]) => {
        const played = play(limit, size, steps, () => 0);
        const { nodes } = played;
        let { nowMs } = played;
        for (const node of nodes) while (node.held('k') > 0) node.giveBack('k');
        for (let round = 0; round < 4; round += 1) {
          nowMs += 1_500;
          for (const [from, node] of nodes.entries()) {
            const message: HoldCounts = { kind: 'holds', id: String(from), incarnation: 1, counts: node.tell(nowMs) };
            for (const other of nodes) if (other !== node) other.hear(message, nowMs);
          }
          for (const node of nodes) node.expire(nowMs);
        }
        for (const node of nodes) expect([node.size, node.heard('k')]).toEqual([0, 0]);
      }),
    );
  });

  it('are all of one node where the others hold none, soon after it asks', () => {
    const [node, other] = [new SharedHolds(() => 20), new SharedHolds(() => 20)];
    let nowMs = 0;
    for (; nowMs < 1_000; nowMs += 100) {
      for (let i = 0; i < 20; i += 1) node.take('k', 4, nowMs);
      other.hear({ kind: 'holds', id: 'a', incarnation: 1, counts: node.tell(nowMs) }, nowMs);
    }
    expect([node.held('k'), other.peek('k', 4, nowMs)]).toEqual([20, { allowed: false, left: 0 }]);
  });

  it('of a member that is silent end, and not those of one that says the same again', () => {
    const node = new SharedHolds(() => 2);
    const told = (id: string, atMs: number) =>
      node.hear({ kind: 'holds', id, incarnation: 1, counts: [['k', 1]] }, atMs);
    for (const id of ['dead', 'alive']) told(id, 0);
    for (const atMs of [1_000, 2_000, 3_000]) {
      told('alive', atMs);
      node.expire(atMs);
    }
    expect([node.heard('k'), node.peek('k', 2, 3_000).allowed]).toEqual([1, true]);
  });

  it('of a member end by its own pace: missed three times', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 20_000 }), (everyMs, laterMs) => {
        const node = new SharedHolds(() => 2);
        node.hear({ kind: 'holds', id: 'a', incarnation: 1, counts: [['k', 1]], everyMs }, 0);
        // What it says last counts for all that it holds.
        node.hear({ kind: 'holds', id: 'a', incarnation: 1, counts: [], everyMs: laterMs }, 0);
        node.expire(3 * laterMs - 1);
        expect(node.heard('k')).toBe(1);
        node.expire(3 * laterMs);
        expect([node.heard('k'), node.size]).toEqual([0, 0]);
      }),
    );
  });

  it('are all told again within the time that is said, at any pause and any number of keys', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 10_000 }),
        fc.integer({ min: 1, max: 3 * holdCountsMax }),
        (pauseMs, keys) => {
          const holds = new SharedHolds(() => 10);
          for (let i = 0; i < keys; i += 1) holds.take(`k${i}`, 2, 0);
          const toldAtMs = new Map<string, number>();
          const everyMs = holds.everyMs(pauseMs);
          for (let nowMs = 0; nowMs < 3 * everyMs + 2 * pauseMs; nowMs += pauseMs) {
            for (const [key] of holds.tell(nowMs)) toldAtMs.set(key, nowMs);
            // With what a pause adds, for nothing is told between two of them.
            if (nowMs >= everyMs)
              for (let i = 0; i < keys; i += 997)
                expect(nowMs - (toldAtMs.get(`k${i}`) ?? Number.NaN)).toBeLessThanOrEqual(everyMs + pauseMs);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('that were told and not sent are not taken for heard', () => {
    const node = new SharedHolds(() => 20);
    for (let nowMs = 0; nowMs < 1_000; nowMs += 200) {
      for (let i = 0; i < 20; i += 1) node.take('k', 4, nowMs);
      node.untell(node.tell(nowMs));
    }
    expect(node.held('k')).toBe(5);
  });

  it('are all told in turn where a message has no room for all', () => {
    const holds = new SharedHolds(() => 10);
    const keys = Array.from({ length: holdCountsMax + 500 }, (_, i) => `k${i}`);
    for (const key of keys) holds.take(key, 2, 0);
    const told = new Set<string>();
    // Each is due again by then, those that were told before as well.
    for (const nowMs of [0, 10_000]) for (const [key] of holds.tell(nowMs)) told.add(key);
    expect(told.size).toBe(keys.length);
  });

  it('of keys beyond the bound are not heard, and counted', () => {
    const node = new SharedHolds(() => 5, 1);
    node.hear(
      {
        kind: 'holds',
        id: 'a',
        incarnation: 1,
        counts: [
          ['k', 1],
          ['l', 1],
        ],
      },
      0,
    );
    expect([node.heard('k'), node.heard('l'), node.unheard]).toEqual([1, 0, 1]);
  });
});
