/** What jobs show to Prometheus. How many requests of each route became jobs is `weir_decisions_total`, `handed_over`. */
import { jobStates } from '../jobs/job.js';
import { type JobCounts, refusals } from '../jobs/jobs.js';
import { type Family, family } from './exposition.js';

export interface JobSources {
  jobs(): JobCounts;
}

export function jobFamilies(sources: JobSources): Family[] {
  const one = (type: 'counter' | 'gauge', name: string, help: string, read: (counts: JobCounts) => number): Family =>
    family(type, name, help, () => [[[], read(sources.jobs())]]);
  const refused =
    'Requests that should have become jobs and did not, by reason; they went on with their clients waiting.';
  return [
    one('gauge', 'weir_jobs_running', 'Jobs that run in this node.', ({ running }) => running),
    one(
      'gauge',
      'weir_jobs_stored',
      'Jobs that are kept in the store, running ones among them.',
      ({ stored }) => stored,
    ),
    one(
      'gauge',
      'weir_jobs_stored_bytes',
      'Bytes of results in the memory of this node.',
      (counts) => counts.storedBytes,
    ),
    one('gauge', 'weir_jobs_store_reachable', '1 while the store of jobs can be reached.', ({ isReachable }) =>
      isReachable ? 1 : 0,
    ),
    one(
      'gauge',
      'weir_jobs_orphans',
      'Jobs that nobody was told of, and that are to be forgotten when the store can be asked.',
      ({ orphans }) => orphans,
    ),
    one(
      'counter',
      'weir_jobs_result_bytes_total',
      'Bytes of results given to the store.',
      ({ resultBytes }) => resultBytes,
    ),
    family('counter', 'weir_jobs_ended_total', 'Jobs of this node that ended, by state.', function* () {
      const { ended } = sources.jobs();
      for (const state of jobStates) if (state !== 'pending') yield [[['state', state]], ended[state]];
    }),
    family('counter', 'weir_jobs_refused_total', refused, function* () {
      const counts = sources.jobs().refused;
      for (const reason of refusals) yield [[['reason', reason]], counts[reason]];
    }),
  ];
}
