/** The campaign `budget` (test/campaign) at a small size: two nodes, a dollar, 40 streams. */
import { expect, it } from 'vitest';
import { runBudget } from '../../campaign/budget.js';

it('a budget of two nodes is spent, and not exceeded beyond its bound', { timeout: 180_000 }, async () => {
  const { broken } = await runBudget({ dollars: 2, streams: 40, nodes: 2 });
  expect(broken).toEqual([]);
});
