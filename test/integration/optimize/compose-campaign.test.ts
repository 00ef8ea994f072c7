import { expect, it } from 'vitest';
import { runCompose } from '../../campaign/compose.js';

it('a page of eight parts takes about as long as one of them, and stays useful when two fail or stall', async () => {
  const { broken, figures } = await runCompose({ pages: 3, partTimeoutMs: 2_000, ratioMax: 4 });
  expect(broken, JSON.stringify(figures)).toEqual([]);
}, 60_000);
