/** What is said under `batch` and `coalesce` of a route and can't be meant. */
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { Draft } from '@weir/proto/config/parse.js';
import { parametersOf } from '@weir/proto/config/path-pattern.js';
import type { Route } from '@weir/proto/config/route.js';
import { formatDuration } from '@weir/proto/config/units.js';
import { limitsOf } from './stated-limits.js';

export function lintBatch(draft: Draft): Finding[] {
  return draft.routes.flatMap((route, index) => {
    if (route === null) return [];
    const path: Path = ['routes', index];
    return [...lintBatchRoute(route, draft, path), ...lintCoalesce(route, path)];
  });
}

function lintBatchRoute({ batch, match, cache, fallback }: Route, { routes }: Draft, path: Path): Finding[] {
  if (batch === undefined) return [];
  const findings: Finding[] = [];
  if (match.methods.length > 0 && !match.methods.includes('POST')) {
    const message = `batches come by POST, and this route takes ${match.methods.join(', ')}`;
    findings.push(findError([...path, 'match', 'methods'], message, 'add POST'));
  }
  if (cache !== null)
    findings.push(
      findWarning([...path, 'cache'], 'answers to batches are not kept', 'state it for the routes that are asked'),
    );
  if (fallback.length > 0)
    findings.push(
      findError([...path, 'fallback'], 'a batch has no fallback of its own', 'state it for the routes that are asked'),
    );
  for (const [position, id] of (batch.routes ?? []).entries()) {
    const asked = routes.find((one) => one?.id === id);
    if (asked?.batch === undefined) continue;
    findings.push(
      findError([...path, 'batch', 'routes', position], 'a batch can not hold batches', 'name the routes that it asks'),
    );
  }
  return findings;
}

function lintCoalesce(route: Route, path: Path): Finding[] {
  const { coalesce, match } = route;
  if (coalesce === undefined) return [];
  const at: Path = [...path, 'coalesce'];
  const action = (['redirect', 'respond', 'compose', 'batch'] as const).find((name) => route[name] !== undefined);
  if (action !== undefined || route.ai !== null || route.mcp !== null) {
    const message = 'this route goes to no upstream, so there are no requests to put together';
    return [findError(at, message, 'state it for the route that does')];
  }
  const parameters = [...parametersOf(match.path)];
  if (match.path.kind !== 'template' || parameters.length !== 1 || parameters[0] === '*') {
    const message = 'the item that is asked for is not the one parameter of the path';
    return [findError(at, message, 'match a path such as /items/{id}')];
  }
  const findings: Finding[] = [];
  if (match.methods.length > 0 && !match.methods.includes('GET'))
    findings.push(
      findError(at, `only GET is put together, and this route takes ${match.methods.join(', ')}`, 'add GET'),
    );
  return findings;
}

/** A window that takes a good part of the time that there is. */
export function lintWindows(draft: Draft): Finding[] {
  return draft.routes.flatMap((route, index) => {
    if (route?.coalesce === undefined) return [];
    const { total } = limitsOf(draft, route).effective;
    const { window } = route.coalesce;
    if (window * 10 <= total) return [];
    const message = `requests wait ${formatDuration(window)} for others, and have ${formatDuration(total)} as a whole`;
    return [findWarning(['routes', index, 'coalesce', 'window'], message, 'write a few milliseconds')];
  });
}
