import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeClock, makeRequest, seededRandom } from '../../pipeline/testing/harness.js';
import { makeBalance, makeUpstream } from '../../pipeline/testing/specs.js';
import type { AttemptOutcome } from '../health/standing.js';
import { outcome } from '../health/testing/outcomes.js';
import { Blames, DECLINED_IN_A_ROW } from './blame.js';
import { loadOf, pickerOf } from './pick.js';
import { fakeTarget } from './testing/standings.js';

describe('targets that decline', () => {
  it('are doubted exactly from the fifth in a row on, and answers alone begin the row anew', () => {
    const kinds = { good: {}, declined: { status: 429 }, doubtful: { status: 500 }, bound: { isCancelled: true } };
    const sequence = fc.array(fc.constantFrom('good', 'declined', 'declined', 'declined', 'doubtful', 'bound'), {
      size: 'max',
      maxLength: 60,
    });
    fc.assert(
      fc.property(sequence, (list) => {
        const blames = new Blames();
        let row = 0;
        for (const kind of list as (keyof typeof kinds)[]) {
          row = kind === 'good' ? 0 : kind === 'declined' ? row + 1 : row;
          const expected = kind === 'declined' && row >= DECLINED_IN_A_ROW ? 'doubtful' : kind;
          expect(blames.next(outcome('good', 1, kinds[kind]))).toBe(expected);
        }
      }),
    );
  });

  // Refusals come twenty times as fast as answers, so by load alone there is always room for more.
  const declines: readonly (readonly [string, Partial<AttemptOutcome>])[] = [
    ['429', { status: 429 }],
    ['501', { status: 501 }],
    ['a refused handshake', { status: 0, failure: failure('upgrade_failed', '') }],
  ];
  it.each(
    declines.flatMap(([name, more]) =>
      (['peak-ewma', 'least-request'] as const).map((policy) => [name, policy, more] as const),
    ),
  )('with %s do not draw the traffic of %s', (_name, policy, more) => {
    const clock = fakeClock(0);
    const balance = makeBalance(policy);
    const { spec } = makeUpstream([], { balance });
    const targets = ['a:80', 'b:80'].map((id) => ({ ...fakeTarget({ id }), load: loadOf(spec, clock) }));
    const pick = pickerOf(
      { ...makeUpstream(targets), spec, targets },
      { random: seededRandom(5), sticky: null, decided: () => {} },
    );
    const ends: { atMs: number; run: () => void }[] = [];
    const counts = [0, 0];
    for (let ms = 0; ms < 60_000; ms += 10) {
      clock.advance(10);
      for (const end of ends.splice(0).filter((each) => each.atMs > ms || each.run())) ends.push(end);
      const target = pick(makeRequest(), ms);
      if (target === null) throw new Error('both are well');
      const isFirst = target === targets[0];
      counts[isFirst ? 0 : 1] = (counts[isFirst ? 0 : 1] ?? 0) + 1;
      const token = target.load.begin(ms);
      target.inFlight += 1;
      const atMs = ms + (isFirst ? 1 : 20);
      const run = (): void => {
        target.inFlight -= 1;
        target.load.end(token, outcome('good', atMs, { startedAtMs: ms, ...(isFirst ? more : {}) }));
      };
      ends.push({ atMs, run });
    }
    expect((counts[0] ?? 0) / 6_000).toBeLessThan(0.05);
  });
});
