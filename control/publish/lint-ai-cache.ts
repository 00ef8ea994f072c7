/**
 * What is said about answers that are given again, and streams that are kept, and does nothing, or shows one caller what was made for
 * another.
 */
import type { Ai, AiRoute } from '@weir/proto/config/ai.js';
import type { WeirConfig } from '@weir/proto/config/document.js';
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { Route } from '@weir/proto/config/route.js';
import { formatDuration } from '@weir/proto/config/units.js';

/** `total`: of the route; `gateway`: null where it can't be read. */
export function lintAiCache(
  route: Route,
  { cache, durable }: AiRoute,
  ai: Ai | null,
  path: Path,
  total: number,
  gateway: Pick<WeirConfig['gateway'], 'cache'> | null,
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
  if (semantic?.store === 'redis' && gateway?.cache.redis === null) {
    const message =
      'nodes tell each other of questions and not of answers, so nothing is found: gateway.cache.redis is false';
    findings.push(
      findError([...at, 'cache', 'semantic', 'store'], message, 'remove `redis: false` there, or write memory here'),
    );
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

/** What asks a Redis that there is none of; see lint-limits.ts. */
export function lintVectorsWithoutRedis({ routes }: Pick<WeirConfig, 'routes'>): Finding[] {
  return routes.flatMap((route, index) => {
    if (route.ai?.cache?.semantic?.store !== 'redis') return [];
    const path: Path = ['routes', index, 'ai', 'cache', 'semantic', 'store'];
    const message = 'nodes tell each other of nothing: they were started without --redis';
    return [findError(path, message, 'start with --redis URL, or write memory')];
  });
}

/** Below it, models of vectors give pairs that share no more than their subject. */
const LOW_THRESHOLD = 0.8;
