import { expect, it } from 'vitest';
import { HealthLog } from '../upstream/health/health-log.js';
import { change } from '../upstream/health/testing/outcomes.js';
import { writeFamilies } from './exposition.js';
import { healthFamilies } from './health-families.js';
import { nodeStatus } from './testing/node-status.js';
import { textOf } from './testing/text-of.js';

it('shows what is thought of targets and upstreams, and how often that has changed', async () => {
  const log = new HealthLog();
  for (const to of ['out', 'well', 'out'] as const) log.tell(change({ kind: 'outlier', to }));
  log.tell(change({ kind: 'breaker', target: null }));
  const traffic = { open: 0, idle: 0, waiting: 0, inFlight: 0 };
  const status = nodeStatus({
    targets: (['well', 'trial', 'out'] as const).map((standing) => {
      return { upstream: 'up', target: standing, ...traffic, standing, reason: '' };
    }),
    upstreams: [{ upstream: 'up', standing: 'out', reason: 'all fail' }],
  });
  const families = healthFamilies({ status: () => status, healthChanges: () => log.counts() });
  const lines = (await textOf(writeFamilies(families, async () => {})))
    .split('\n')
    .filter((line) => !line.startsWith('#'));
  expect(lines).toEqual([
    'weir_target_standing{upstream="up",target="well"} 1',
    'weir_target_standing{upstream="up",target="trial"} 0.5',
    'weir_target_standing{upstream="up",target="out"} 0',
    'weir_upstream_standing{upstream="up"} 0',
    'weir_health_changes_total{upstream="up",target="a:80",kind="outlier",to="out"} 2',
    'weir_health_changes_total{upstream="up",target="a:80",kind="outlier",to="well"} 1',
    'weir_health_changes_total{upstream="up",target="(all)",kind="breaker",to="out"} 1',
    '',
  ]);
});
