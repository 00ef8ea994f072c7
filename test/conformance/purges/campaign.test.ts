import { expect, it } from 'vitest';
import { runPurges } from '../../campaign/purges.js';

/** Of a busy machine no time is asked. */
it('purges by four nodes are acknowledged by all, one after the other and side by side', async () => {
  const report = await runPurges({
    nodes: 4,
    purges: 30,
    atOnce: 4,
    p99Ms: 10_000,
    perSecond: 50,
    purgesPerSecond: 25,
    warmUpMs: 200,
  });
  expect(report.broken).toEqual([]);
}, 120_000);
