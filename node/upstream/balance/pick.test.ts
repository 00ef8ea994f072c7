import { createHmac } from 'node:crypto';
import { balancePolicies } from '@weir/proto/snapshot/resilience.js';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../observe/decisions.js';
import { createAttempt } from '../../pipeline/exchange.js';
import { fakeClock, makeExchange, makeRequest, seededRandom } from '../../pipeline/testing/harness.js';
import { makeBalance, makeUpstream } from '../../pipeline/testing/specs.js';
import { unweighed } from './load.js';
import { loadOf, pickerOf } from './pick.js';
import { createSticky } from './sticky.js';
import { type FakeTarget, fakeTarget } from './testing/standings.js';

function setUp(policy: (typeof balancePolicies)[number], targets: readonly FakeTarget[], panicShare = 0.5) {
  const stickySpec = policy === 'sticky' ? { cookie: 'c', secret: 's', maxAgeS: 0 } : null;
  const upstream = makeUpstream(targets, { balance: makeBalance(policy, { sticky: stickySpec, panicShare }) });
  const sign = (text: string) => createHmac('sha256', 's').update(text).digest('base64url');
  const sticky =
    stickySpec === null
      ? null
      : createSticky({ ...stickySpec, upstreamId: 'upstream-1', targets: targets.map(({ spec }) => spec), sign });
  const decisions: Decision[] = [];
  const decided = (decision: Decision) => decisions.push(decision);
  return { sticky, decisions, pick: pickerOf(upstream, { random: seededRandom(3), sticky, decided }) };
}

const some = (...standings: readonly ('well' | 'trial' | 'out')[]): FakeTarget[] =>
  standings.map((now, i) => fakeTarget({ id: `t${i}:80` }, now));

describe.each(balancePolicies)('the picker of %s', (policy) => {
  it('picks what is well, and another target when one was tried', () => {
    const targets = some('well', 'out', 'well', 'well');
    const { pick, decisions } = setUp(policy, targets);
    for (let i = 0; i < 50; i += 1) {
      const exchange = makeExchange();
      const first = pick(makeRequest({ exchange }), 0);
      exchange.attempts.push(createAttempt(first?.spec.id ?? '', 0));
      const second = pick(makeRequest({ exchange }), 0);
      expect(first).not.toBe(second);
      expect([first?.health.standing(0), second?.health.standing(0)]).toEqual(['well', 'well']);
    }
    expect(decisions).toEqual([]);
  });

  it('says when it panics, and when it spills over', () => {
    const panicking = setUp(policy, some('well', 'out', 'out'));
    expect(panicking.pick(makeRequest(), 0)).not.toBeNull();
    expect(panicking.decisions).toEqual(['panic']);
    const spilling = setUp(policy, [...some('out'), fakeTarget({ id: 'b:80', priority: 1 })]);
    expect(spilling.pick(makeRequest(), 0)?.spec.id).toBe('b:80');
    expect(spilling.decisions).toEqual(['spill_over']);
  });

  it('has no answer without targets, or when none may be used', () => {
    expect(setUp(policy, []).pick(makeRequest(), 0)).toBeNull();
    expect(setUp(policy, some('out', 'out'), 0).pick(makeRequest(), 0)).toBeNull();
  });
});

describe('a client with a cookie', () => {
  const targets = [...some('well', 'well'), fakeTarget({ id: 'far:80', priority: 1 })];
  const { pick, sticky } = setUp('sticky', targets);
  const cookie = sticky?.cookieFor(makeRequest(), 2)?.split(';')[0] ?? '';
  const headers = ['cookie', cookie];
  const [near, , far] = targets;

  it('stays with its target, whatever its group', () => {
    for (let i = 0; i < 10; i += 1) expect(pick(makeRequest({ headers }), 0)).toBe(far);
  });

  it('leaves it when it is out, or has failed this exchange', () => {
    const exchange = makeExchange();
    exchange.attempts.push(createAttempt('far:80', 0));
    expect(pick(makeRequest({ headers, exchange }), 0)).not.toBe(far);
    if (far === undefined || near === undefined) throw new Error('there are three');
    far.health.now = 'out';
    expect(pick(makeRequest({ headers }), 0)).not.toBe(far);
  });
});

describe('the load of a target', () => {
  it('is remembered by every policy that may choose, and not where the key decides', () => {
    const clock = fakeClock();
    const weighs = balancePolicies.filter(
      (policy) => loadOf(makeUpstream([], { balance: makeBalance(policy) }).spec, clock) !== unweighed,
    );
    expect(weighs).toEqual(['peak-ewma', 'least-request', 'round-robin', 'weighted', 'sticky']);
  });
});
