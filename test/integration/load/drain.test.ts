import { expect, it } from 'vitest';
import { runDrain } from '../../campaign/drain.js';

it('under load, a stop loses nothing, a killed node comes back, and a killed parent leaves nothing undone', async () => {
  const { broken } = await runDrain({ clients: 100, loadMs: 1_000 });
  expect(broken).toEqual([]);
}, 180_000);
