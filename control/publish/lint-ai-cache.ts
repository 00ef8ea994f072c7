/**
 * What is said about answers that are given again, and streams that are kept, and does nothing, or shows one caller what was made for
 * another.
 */
import type { Ai, AiRoute } from '@weir/proto/config/ai.js';
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { Route } from '@weir/proto/config/route.js';
import { formatDuration } from '@weir/proto/config/units.js';

/** `total`: of the route. */
export function lintAiCache(
  route: Route,
  { cache, durable }: AiRoute,
  ai: Ai | null,
  path: Path,
  total: number,
): Finding[] {
  const findings: Finding[] = [];
  const at: Path = [...path, 'ai'];
  if (cache !== null && !cache.shared && route.auth.length === 0) {
    const message = 'nobody is known on this route, so all who ask get the answers of each other';
    findings.push(findWarning([...at, 'cache'], message, 'add `auth`, or write shared: true'));
  }
  const semantic = cache?.semantic;
  if (semantic !== undefined && ai !== null) {
    const { provider } = semantic.model;
    if (!ai.providers.some(({ id }) => id === provider))
      findings.push(
        findError(
          [...at, 'cache', 'semantic', 'model'],
          `there is no provider ${provider}`,
          'add it under ai.providers',
        ),
      );
    if (semantic.threshold < LOW_THRESHOLD) {
      const message = `questions that are ${semantic.threshold} alike often mean different things, and get the same answer`;
      findings.push(findWarning([...at, 'cache', 'semantic', 'threshold'], message, 'write 0.9 or more'));
    }
  }
  if (durable !== null && route.auth.length === 0) {
    const message = 'nobody is known on this route, so whoever learns the id of a stream may read it';
    findings.push(findWarning([...at, 'durable'], message, 'add `auth`'));
  }
  if (durable !== null && durable.withoutClient > total) {
    const message = `no model goes on for so long: total (${formatDuration(total)}) ends it before withoutClient (${formatDuration(durable.withoutClient)})`;
    findings.push(findWarning([...at, 'durable', 'withoutClient'], message, 'lower it, or raise total'));
  }
  return findings;
}

/** Below it, models of vectors give pairs that share no more than their subject. */
const LOW_THRESHOLD = 0.8;
