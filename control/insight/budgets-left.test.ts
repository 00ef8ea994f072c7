import type { BudgetRow } from '@weir/proto/events/spends.js';
import { expect, it } from 'vitest';
import { BudgetsLeft, budgetsKept } from './budgets-left.js';

function row(of: string, left: number, mode: BudgetRow[4] = 'shared', untilMs = 1_000): BudgetRow {
  return ['', 'team-cost', 'cost', 'day', mode, [of], of, 100, left, untilMs];
}
const told = (budgets: BudgetsLeft, nowMs = 0) =>
  budgets.list(nowMs).map(({ of, left, node }) => [of[0], left, node].join(' '));

it('is what was told last by whoever, but of a local budget each node’s own; the fullest comes last', () => {
  const budgets = new BudgetsLeft();
  budgets.hear('n1', [row('red', 40), row('blue', 90), row('own', 5, 'local')], 5);
  budgets.hear('n2', [row('red', 30), row('own', 70, 'local')], 5);
  expect(told(budgets)).toEqual(['own 5 n1', 'red 30 ', 'own 70 n2', 'blue 90 ']);
});

it('is nothing of a window that is over', () => {
  const budgets = new BudgetsLeft();
  budgets.hear('n1', [row('red', 40), row('blue', 90, 'shared', 2_000)], 5);
  expect([told(budgets, 999), told(budgets, 1_000), told(budgets, 2_000)]).toEqual([
    ['red 40 ', 'blue 90 '],
    ['blue 90 '],
    [],
  ]);
});

it('forgets the one that was silent for longest', () => {
  const budgets = new BudgetsLeft();
  for (let i = 0; i < budgetsKept; i += 1) budgets.hear('n1', [row(`t${i}`, 50)], 5);
  budgets.hear('n1', [row('t0', 50)], 5);
  budgets.hear('n1', [row('new', 50)], 5);
  const names = new Set(told(budgets));
  expect([budgets.size, names.has('t0 50 '), names.has('t1 50 '), names.has('new 50 ')]).toEqual([
    ...[budgetsKept, true, false, true],
  ]);
});
