/**
 * What Prometheus is shown of the opinions about targets: what they are now, read from the node's status, and how often
 * they have changed. The series are bounded by the configuration.
 */
import type { Standing } from '@weir/proto/events/health.js';
import type { NodeStatus } from '@weir/proto/events/node-status.js';
import type { ChangeCount } from '../upstream/health/health-log.js';
import { type Family, family, type Labels } from './exposition.js';

export interface HealthSources {
  status(): NodeStatus;
  healthChanges(): Iterable<ChangeCount>;
}

/** As numbers, so that an average over targets is the share of them that is in use. */
const standingValues: Readonly<Record<Standing, number>> = { well: 1, trial: 0.5, out: 0 };

/** Label value of an upstream as a whole; no target is called so. */
const AS_A_WHOLE = '(all)';

export function healthFamilies(sources: HealthSources): Family[] {
  const meaning = '1 well, 0.5 about to be tried again, 0 left alone.';
  return [
    family('gauge', 'weir_target_standing', `What is thought of a target: ${meaning}`, function* () {
      for (const { upstream, target, standing } of sources.status().targets)
        yield [targetLabels(upstream, target), standingValues[standing]];
    }),
    family('gauge', 'weir_upstream_standing', `What is thought of an upstream as a whole: ${meaning}`, function* () {
      for (const { upstream, standing } of sources.status().upstreams)
        yield [[['upstream', upstream]], standingValues[standing]];
    }),
    family(
      'counter',
      'weir_health_changes_total',
      'Changes of opinion about a target, by who changed it and to what.',
      function* () {
        for (const { upstream, target, kind, to, count } of sources.healthChanges())
          yield [[...targetLabels(upstream, target ?? AS_A_WHOLE), ['kind', kind], ['to', to]], count];
      },
    ),
  ];
}

const targetLabels = (upstream: string, target: string): Labels => [
  ['upstream', upstream],
  ['target', target],
];
