import { expect, it } from 'vitest';
import { runReload } from '../../campaign/reload.js';

it('twenty reloads and a broken file under load are felt by nobody', async () => {
  const pace = { perSecond: 500, reloadsPerStretch: 10, betweenReloadsMs: 250 };
  // Other tests run beside this one: only a node that stands still is slower than this.
  const { broken } = await runReload({ reloads: 20, ...pace, p99FloorMs: 250 });
  expect(broken).toEqual([]);
}, 180_000);
