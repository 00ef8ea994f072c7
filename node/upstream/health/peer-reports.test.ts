import type { HealthChange, OpinionKind } from '@weir/proto/events/health.js';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { FORGIVEN_MS, keyOf, PeerReports, REPORT_MS_MAX, type Voters } from './peer-reports.js';
import { change } from './testing/outcomes.js';

const KEY = keyOf('up', 'a:80');
const voters = (nodes: number, targets = 10, there: (peer: string) => boolean = () => true): Voters => ({
  ...{ nodes, targets },
  isThere: there,
});
const out = (overrides: Partial<HealthChange> = {}): HealthChange =>
  change({ kind: 'outlier', target: 'a:80', to: 'out', reason: 'refused', ...overrides });
const well = (overrides: Partial<HealthChange> = {}): HealthChange =>
  change({ kind: 'outlier', target: 'a:80', from: 'trial', to: 'well', ...overrides });

describe('what peers say of a target', () => {
  it('is a doubt when one says it, and is looked into once', () => {
    const reports = new PeerReports();
    expect(reports.judge(KEY, voters(3), 0).says).toBe('nothing');
    expect(reports.hear('n1', out(), 1, 5_000, 0)).toBe(true);
    expect(reports.judge(KEY, voters(3), 0)).toMatchObject({ says: 'doubt', by: ['n1'], reason: 'n1: refused' });
    reports.spend(KEY, 0);
    expect(reports.judge(KEY, voters(3), 0)).toMatchObject({ says: 'nothing', by: ['n1'] });
    // It was tried there and has failed again: that is news.
    reports.hear('n1', out({ from: 'trial' }), 2, 5_000, 10);
    expect(reports.judge(KEY, voters(3), 10).says).toBe('doubt');
  });

  it('is believed when more than half of all nodes say it, this one and silent ones counted', () => {
    const reports = new PeerReports();
    for (const [i, expected] of [
      [1, 'doubt'],
      [2, 'doubt'],
      [3, 'out'],
    ] as const) {
      reports.hear(`n${i}`, out(), 1, 5_000, 0);
      expect(reports.judge(KEY, voters(5), 0).says).toBe(expected);
    }
    // A node that is gone has no voice any more.
    expect(
      reports.judge(
        KEY,
        voters(5, 10, (peer) => peer !== 'n2'),
        0,
      ).says,
    ).toBe('doubt');
  });

  it('ends when it is taken back, when its time is over, and with the life of who says it', () => {
    const reports = new PeerReports();
    const says = (nowMs: number) => reports.judge(KEY, voters(3), nowMs).by.length;
    reports.hear('n1', out(), 1, 5_000, 0);
    expect(reports.hear('n1', well(), 2, 0, 10)).toBe(true);
    // An older message that comes late does not revive it.
    expect([reports.hear('n1', out(), 1, 5_000, 20), says(20)]).toEqual([false, 0]);
    reports.hear('n1', out(), 3, 5_000, 30);
    expect([says(6_029), says(6_031), reports.expire(6_031)]).toEqual([1, 0, [KEY]]);
    reports.hear('n1', out(), 4, Number.MAX_VALUE, 7_000);
    expect([says(7_000 + REPORT_MS_MAX), says(7_000 + REPORT_MS_MAX + 1_001)]).toEqual([1, 0]);
    expect([reports.forget('n1'), says(7_000)]).toEqual([[KEY], 0]);
  });

  it('of one that is gone is looked for among its own words, and not among those of all others', () => {
    const reports = new PeerReports();
    for (let i = 0; i < 500; i += 1) {
      reports.hear('n1', out({ target: `a${i}:80` }), i + 1, 5_000, 0);
      reports.hear('n2', well({ target: `a${i}:80` }), i + 1, 5_000, 0);
    }
    reports.hear('n3', out({ target: 'a7:80' }), 1, 5_000, 0);
    const looks = vi.spyOn(Map.prototype, Symbol.iterator);
    const keys = reports.forget('n3');
    const looked = looks.mock.calls.length;
    looks.mockRestore();
    expect([keys, looked <= 2, reports.sizeOf(keyOf('up', 'a7:80'))]).toEqual([[keyOf('up', 'a7:80')], true, 2]);
    // What was taken back goes with its peer as well.
    expect([reports.forget('n2').length, reports.sizeOf(keyOf('up', 'a7:80'))]).toEqual([500, 1]);
    expect([reports.forget('n1').length, reports.sizeOf(keyOf('up', 'a7:80'))]).toEqual([500, 0]);
    expect(reports.hear('n1', out(), 1, 5_000, 0)).toBe(true);
  });

  it('is replaced by the state of who was asked, which keeps what has been looked into', () => {
    const reports = new PeerReports();
    const other = keyOf('up', 'b:80');
    reports.hear('n1', out(), 1, 5_000, 0);
    reports.hear('n1', out({ target: 'b:80' }), 2, 5_000, 0);
    reports.hear('n1', out({ target: 'c:80' }), 5, 5_000, 0);
    reports.spend(KEY, 0);
    const state = [{ change: out(), forMs: 4_000, isOwn: true }];
    expect(reports.replace('n1', 3, state, 10)).toEqual([other]);
    expect(reports.judge(KEY, voters(3), 10)).toMatchObject({ says: 'nothing', by: ['n1'] });
    expect(reports.judge(other, voters(3), 10).by).toEqual([]);
    // Late, and part of what was answered.
    expect(reports.hear('n1', out({ target: 'b:80' }), 3, 5_000, 10)).toBe(false);
    // Told behind the state that was answered.
    expect(reports.judge(keyOf('up', 'c:80'), voters(3), 10).by).toEqual(['n1']);
  });

  it('weighs less the more of its targets a node calls out, and nothing when it calls all out', () => {
    const reports = new PeerReports();
    const weights = Array.from({ length: 4 }, (_, i) => {
      reports.hear('n1', out({ target: `t${i}` }), i + 1, 5_000, 0);
      return reports.weightOf('n1', voters(3, 4), 0);
    });
    expect(weights).toEqual([1, 1, 0.5, 0]);
    // Several opinions about one target are one.
    reports.hear('n2', out(), 1, 5_000, 0);
    reports.hear('n2', out({ kind: 'breaker' }), 2, 5_000, 0);
    expect(reports.weightOf('n2', voters(3, 2), 0)).toBe(1);
    expect(reports.judge(keyOf('up', 't0'), voters(3, 4), 0).says).toBe('nothing');
  });

  it('weighs half as much for each refutation, which is forgiven in time, and what was refuted counts no more', () => {
    const reports = new PeerReports();
    for (let i = 1; i <= 3; i += 1) {
      reports.hear('n1', out(), i, 5_000, 0);
      reports.refute(KEY, false, 0);
    }
    expect(reports.weightOf('n1', voters(3), 0)).toBe(1 / 8);
    expect(reports.judge(KEY, voters(1), 0).says).toBe('nothing');
    reports.hear('n1', out(), 4, 5_000, 0);
    expect(reports.judge(KEY, voters(3), 0).says).toBe('nothing');
    expect(reports.weightOf('n1', voters(3), 2 * FORGIVEN_MS)).toBeCloseTo(0.5 ** 0.75);
  });

  it('of a probe is refuted by a probe, of real answers by real answers alone', () => {
    const reports = new PeerReports();
    reports.hear('n1', out({ kind: 'probe' }), 1, 5_000, 0);
    reports.hear('n2', out(), 1, 5_000, 0);
    expect(reports.judge(KEY, voters(9), 0).isByProbesAlone).toBe(false);
    reports.refute(KEY, true, 0);
    expect(reports.judge(KEY, voters(9), 0)).toMatchObject({ weight: 1, isByProbesAlone: false });
    // Told again, the same opinion of a probe stays refuted.
    reports.hear('n1', out({ kind: 'probe' }), 2, 5_000, 10);
    expect(reports.judge(KEY, voters(9), 10).weight).toBe(1);
  });

  it('is dropped and counted where there are too many', () => {
    const reports = new PeerReports(2);
    for (const target of ['a', 'b', 'c']) reports.hear('n1', out({ target }), 1, 5_000, 0);
    expect([reports.dropped, [...reports.standing(0)].length]).toEqual([1, 2]);
    reports.forget('n1');
    reports.hear('n1', out(), 1, 5_000, 0);
    expect([reports.dropped, [...reports.standing(0)].length]).toEqual([1, 1]);
  });

  it('is added up where they warn of failures, as far as their words weigh, and for a while', () => {
    const reports = new PeerReports();
    expect(reports.warn('n1', KEY, 2, voters(3), 0)).toBe(2);
    expect(reports.warn('n2', KEY, 3, voters(3), 2_000)).toBe(5);
    // The latest word of each; and no number is too large for one.
    expect(reports.warn('n2', KEY, 1e9, voters(3), 2_000)).toBe(7);
    expect(
      reports.warn(
        'n3',
        KEY,
        2,
        voters(3, 10, (peer) => peer !== 'n2'),
        2_000,
      ),
    ).toBe(4);
    expect(reports.warn('n3', KEY, 2, voters(3), 6_000)).toBe(2);
    reports.hear('n3', out(), 1, 5_000, 6_000);
    reports.refute(KEY, false, 6_000);
    expect(reports.warn('n3', KEY, 2, voters(3), 6_000)).toBe(1);
  });

  it('that they have from others is a reason to look, and no voice', () => {
    const reports = new PeerReports();
    for (const peer of ['n1', 'n2', 'n3'])
      reports.replace(peer, 1, [{ change: out(), forMs: 4_000, isOwn: peer === 'n1' }], 0);
    expect(reports.judge(KEY, voters(3), 0)).toMatchObject({ says: 'doubt', by: ['n1', 'n2', 'n3'], weight: 1 });
    // Nor does it keep alive what the one that passes it on has said himself before.
    reports.replace('n1', 2, [{ change: out(), forMs: 4_000, isOwn: false }], 10);
    expect(reports.judge(KEY, voters(3), 10).weight).toBe(0);
  });

  it('never puts it out by the word of half of the nodes or fewer, whatever they say', () => {
    const saying = fc.record({
      peer: fc.nat(9),
      target: fc.constantFrom('a:80', 'b:80'),
      to: fc.constantFrom('out' as const, 'well' as const),
      kind: fc.constantFrom<OpinionKind>('probe', 'outlier', 'breaker'),
      forMs: fc.nat(100_000),
      afterMs: fc.nat(3_000),
      next: fc.constantFrom('nothing', 'spend', 'refute', 'expire', 'replace'),
    });
    fc.assert(
      fc.property(fc.array(saying, { size: 'max', maxLength: 60 }), fc.integer({ min: 2, max: 20 }), (all, nodes) => {
        const reports = new PeerReports();
        let nowMs = 0;
        all.forEach(({ peer, target, to, kind, forMs, afterMs, next }, seq) => {
          nowMs += afterMs;
          const id = `n${peer % Math.floor(nodes / 2)}`;
          const told = change({ kind, target, to });
          if (next === 'replace') reports.replace(id, seq, [{ change: told, forMs, isOwn: next === 'replace' }], nowMs);
          else reports.hear(id, told, seq, forMs, nowMs);
          if (next === 'spend') reports.spend(KEY, nowMs);
          if (next === 'refute') reports.refute(KEY, false, nowMs);
          if (next === 'expire') reports.expire(nowMs);
          const { says, weight } = reports.judge(KEY, voters(nodes, 2), nowMs);
          expect(says).not.toBe('out');
          expect(weight).toBeLessThanOrEqual(nodes / 2);
          for (let i = 0; i < 10; i += 1) {
            const each = reports.weightOf(`n${i}`, voters(nodes, 2), nowMs);
            expect(each >= 0 && each <= 1).toBe(true);
          }
        });
      }),
    );
  });
});
