/** What the configuration in force says of limits and models, as pages ask for it. A control without any revision yet is in no trouble: it has none of them. */
import type { Revision } from '../../../log/revision.js';
import { isAbsent } from '../api/problem.js';
import { useGet } from '../api/queries.js';
import { type Configured, configuredIn } from './configured.js';

interface AskedConfigured {
  readonly data: Configured | undefined;
  readonly error: Error | null;
  readonly refetch: () => unknown;
}

export function useConfigured(): AskedConfigured {
  const { data, error, refetch } = useGet<Revision>('/revisions/current');
  if (isAbsent(error)) return { data: configuredIn(''), error: null, refetch };
  return { data: data === undefined ? undefined : configuredIn(data.text), error, refetch };
}
