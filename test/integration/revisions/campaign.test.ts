import { expect, it } from 'vitest';
import { runRevisions } from '../../campaign/revisions.js';

it('revisions that were acknowledged survive kill -9 at any instant, once', async () => {
  const { broken, figures } = await runRevisions({ writes: 60, kills: 4 });
  expect(broken).toEqual([]);
  expect(figures['writes acknowledged']).toBeGreaterThanOrEqual(60);
}, 180_000);
