import { expect, it } from 'vitest';
import { runJobs } from '../../campaign/jobs.js';

it('answers that take longer than clients wait arrive whole, at any node, and after a restart', async () => {
  const report = await runJobs({ clients: 10, answerMs: 3_000, patienceMs: 2_000, leaseMs: 1_000 });
  expect(report.broken).toEqual([]);
}, 120_000);
