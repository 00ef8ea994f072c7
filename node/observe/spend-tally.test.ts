import { budgetRowsMax, noSpend, plusSpend, type SpendRow, spendRowsMax } from '@weir/proto/events/spends.js';
import { decodeMessage, encodeMessage } from '@weir/proto/events/wire.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AiBudgetLeft, type AiOutcome, newOutcome } from '../ai/gateway/outcome.js';
import type { Exchange } from '../pipeline/exchange.js';
import { makeExchange } from '../pipeline/testing/harness.js';
import { SpendTally, type TakenSpends } from './spend-tally.js';

const usage = { input: 5, output: 7, cachedInput: 2, cacheWrite: 0, reasoning: 3, isEstimated: false };

function ended(more: Partial<AiOutcome> = {}, consumerId: string | null = 'ada'): Exchange {
  const ai = { ...newOutcome('fast'), provider: 'a', team: 'red', ...more };
  return Object.assign(makeExchange(), { ai, consumerId, routeId: 'chat' });
}

const left: AiBudgetLeft = {
  ...{ route: '', name: 'team-cost', unit: 'cost', period: 'day', mode: 'shared', of: ['red'], team: 'red' },
  ...{ limit: 100, left: 40, untilWallMs: 9_000 },
};

function all(tally: SpendTally): readonly TakenSpends[] {
  const found: TakenSpends[] = [];
  for (let taken = tally.take(); taken !== null; taken = tally.take()) found.push(taken);
  return found;
}

const sumOf = (rows: readonly SpendRow[]) => rows.reduce((sum, [, sums]) => plusSpend(sum, sums), noSpend);

describe('what was spent', () => {
  it('by one whom a token names is not what the consumer of that name has spent', () => {
    const tally = new SpendTally();
    const bill = [{ provider: 'a', usage, costMicros: 20 }];
    tally.ended(ended({ bill }));
    tally.ended(Object.assign(ended({ bill }), { vouchedBy: 'issuer https://login.example' }));
    expect(all(tally).flatMap(({ spends }) => spends.map(([[, consumer]]) => consumer))).toEqual([
      ...['ada', 'ada (issuer https://login.example)'],
    ]);
  });

  it('is told once, with each bill at who sent it, and each request at who answered', () => {
    const tally = new SpendTally();
    expect(tally.take()).toBeNull();
    const bill = [
      { provider: 'a', usage, costMicros: 20 },
      { provider: 'b', usage: { ...usage, isEstimated: true }, costMicros: null },
    ];
    tally.ended(ended({ bill }));
    tally.ended(ended({ bill }));
    tally.ended(ended({ saved: usage }, null));
    // Neither took anything.
    tally.ended(ended());
    tally.ended(makeExchange());
    expect(tally.take()?.spends).toEqual([
      [
        ['chat', 'ada', 'red', 'fast', 'a'],
        [2, 10, 14, 4, 0, 0, 0, 40],
      ],
      [
        ['chat', 'ada', 'red', 'fast', 'b'],
        [0, 10, 14, 4, 0, 2, 2, 0],
      ],
      [
        ['chat', '', 'red', 'fast', 'a'],
        [1, 0, 0, 0, 12, 0, 0, 0],
      ],
    ]);
    expect(tally.take()).toBeNull();
  });

  it('is told of budgets as they were left last, also by a request that was refused', () => {
    const tally = new SpendTally();
    tally.ended(ended({ budgets: [left] }));
    tally.ended(
      ended({
        provider: '',
        budgets: [
          { ...left, left: 10 },
          { ...left, of: ['blue'], team: 'blue' },
        ],
      }),
    );
    const taken = tally.take();
    expect(taken?.budgets).toEqual([
      ['', 'team-cost', 'cost', 'day', 'shared', ['red'], 'red', 100, 10, 9_000],
      ['', 'team-cost', 'cost', 'day', 'shared', ['blue'], 'blue', 100, 40, 9_000],
    ]);
    // What could not be told is told later, unless there is news of it.
    tally.ended(ended({ budgets: [{ ...left, left: 3 }] }));
    if (taken !== null) tally.giveBack(taken);
    expect(tally.take()?.budgets.map(([, , , , , of, , , rest]) => [of, rest])).toEqual([
      [['red'], 3],
      [['blue'], 40],
    ]);
  });

  it('is whole whatever comes and however often it could not be told, within what a message holds', () => {
    const request = fc.record({
      who: fc.nat(3_000),
      team: fc.nat(40),
      micros: fc.nat(1_000),
      isLost: fc.boolean(),
      isTold: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 3_000, size: 'max' }), (requests) => {
        const tally = new SpendTally();
        const told: TakenSpends[] = [];
        for (const { who, team, micros, isLost, isTold } of requests) {
          const bill = [{ provider: 'a', usage, costMicros: micros }];
          tally.ended(ended({ bill, team: `t${team}`, budgets: [{ ...left, of: [`c${who}`] }] }, `c${who}`));
          const taken = isTold ? tally.take() : null;
          if (taken !== null && isLost) tally.giveBack(taken);
          else if (taken !== null) told.push(taken);
        }
        told.push(...all(tally));
        for (const taken of told) {
          expect([taken.spends.length <= spendRowsMax, taken.budgets.length <= budgetRowsMax]).toEqual([true, true]);
          const message = { kind: 'calls' as const, id: 'n', session: 1, rows: [], records: [], untold: 0, ...taken };
          expect(decodeMessage(encodeMessage(message))).toEqual({ ok: true, message });
        }
        const rows = told.flatMap(({ spends }) => spends);
        const micros = requests.reduce((sum, one) => sum + one.micros, 0);
        const count = requests.length;
        expect(sumOf(rows)).toEqual([count, 5 * count, 7 * count, 2 * count, 0, 0, 0, micros]);
        for (const team of new Set(requests.map((one) => one.team)))
          expect(sumOf(rows.filter(([[, , name]]) => name === `t${team}`))[0]).toBe(
            requests.filter((one) => one.team === team).length,
          );
      }),
      { numRuns: 5 },
    );
  });
});
