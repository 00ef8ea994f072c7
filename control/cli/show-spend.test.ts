import { expect, it } from 'vitest';
import type { SpendAnswer } from '../insight/spend-report.js';
import { showSpend } from './show-spend.js';
import { paintFor } from './terminal.js';

const plain = paintFor(false, {});
const spent = {
  ...{ requests: 3, inputTokens: 1_200, outputTokens: 800, cachedTokens: 200, savedTokens: 90 },
  ...{ estimated: 1, unpriced: 0, costMicros: 19_000 },
};
const day: SpendAnswer = {
  ...{ by: 'team', step: '1h', from: 1_790_000_000_000, to: 1_790_086_400_000 },
  items: [
    { ...spent, name: 'research', costMicros: 12_345_600, unpriced: 2 },
    { ...spent, name: '' },
  ],
  total: { ...spent, requests: 1_006, costMicros: 12_364_600, unpriced: 2, estimated: 2 },
  budgets: [
    {
      ...{
        route: '',
        name: 'team-cost',
        unit: 'cost',
        period: 'day',
        mode: 'shared',
        of: ['research'],
        team: 'research',
      },
      ...{ limit: 20_000_000, left: 7_654_400, untilMs: 1_790_121_600_000, toldMs: 0, node: '' },
    },
    {
      ...{ route: 'chat', name: 'all-tokens', unit: 'tokens', period: 'minute', mode: 'local', of: [], team: '' },
      ...{ limit: 100_000, left: 100, untilMs: 1_790_086_440_000, toldMs: 0, node: 'n\x1b1' },
    },
  ],
};

it('is a table with its total, notes on what the sums lack, and what budgets have left', () => {
  expect(showSpend(day, plain).split('\n')).toEqual([
    'What models took from 2026-09-21 14:13 to 2026-09-22 14:13 UTC:',
    '',
    'TEAM          COST  REQUESTS     IN  OUT  CACHED  SAVED',
    'research  $12.3456         3  1,200  800     200     90',
    '-          $0.0190         3  1,200  800     200     90',
    'total     $12.3646     1,006  1,200  800     200     90',
    '',
    '2 times nobody knew the price, and that cost is missing: ai.prices can say it.',
    '2 times the provider did not say what it took: that was counted here.',
    '',
    'BUDGET              FOR       LEFT                                      UNTIL (UTC)',
    'team-cost           research  $7.6544 of $20.00/day                38%  2026-09-23 00:00',
    'all-tokens of chat  all       100 tokens of 100,000 tokens/minute  0%   2026-09-22 14:14 on n\\x1b1',
  ]);
});

it('says so where nothing was spent, and needs no total for one alone', () => {
  expect(showSpend({ ...day, items: [], budgets: [] }, plain)).toBe(
    'No request to a model was heard of between 2026-09-21 14:13 and 2026-09-22 14:13 UTC.',
  );
  const [one] = day.items;
  const alone = showSpend({ ...day, items: one === undefined ? [] : [one], budgets: [] }, plain);
  expect(alone.split('\n')).not.toContainEqual(expect.stringContaining('total'));
});
