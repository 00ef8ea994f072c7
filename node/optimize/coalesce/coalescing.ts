/**
 * Requests for one item each that come within a few milliseconds go to the upstream as one. Owns the groups of a route that wait.
 *
 *   request ─┬─ differs by more than its item, or nothing may be put together for now ─▶ by itself
 *            └─ joins the group of its kind ─▶ the window is over, or the group is full
 *                   ├─ one item alone ──────▶ by itself
 *                   └─ one request for all ─┬─ divided ─▶ each gets its item, or 404
 *                                           ├─ failed ──▶ each hears why
 *                                           └─ can't be divided ─▶ each by itself, and for a while nothing is put together
 */
import type { CoalesceSpec } from '@weir/proto/snapshot/compose.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Dispatch, Layer } from '../../pipeline/dispatch.js';
import type { ChainServices } from '../../pipeline/services.js';
import { Group, type GroupRules } from './group.js';
import { groupKey } from './group-key.js';

/** Groups that wait at once: beyond them requests go by themselves, for they have little in common. */
const GROUPS_MAX = 1_000;

export function compileCoalescing(route: RouteSpec, spec: CoalesceSpec, services: ChainServices): Layer {
  const ignores = new Set([
    ...spec.ignores,
    services.gateway.names.deadlineHeader,
    services.gateway.names.requestIdHeader,
  ]);
  const observer = services.observer.route(route.id);
  return (next: Dispatch): Dispatch => {
    const groups = new Map<string, Group>();
    const standing = { restsUntilMs: Number.NEGATIVE_INFINITY };
    const rules: GroupRules = { routeId: route.id, observer, spec, ignores, services, next, standing };
    return (request, handler) => {
      const key =
        services.clock.nowMs() < standing.restsUntilMs ? null : groupKey(request, { ignores, query: spec.query });
      const id = key === null ? null : itemOf(request.exchange.params[spec.parameter], spec.separator);
      if (key === null || id === null) return next(request, handler);
      const waiting = groups.get(key);
      const group = waiting?.takes(id) === true ? waiting : null;
      if (group !== null) return group.join(id, request, handler);
      if (waiting === undefined && groups.size >= GROUPS_MAX) return next(request, handler);
      // One that is full goes, and leaves its place to the next.
      waiting?.go();
      const made = new Group(rules, () => {
        if (groups.get(key) === made) groups.delete(key);
      });
      groups.set(key, made);
      return made.join(id, request, handler);
    };
  };
}

/** As the upstream names it; null: it could not be told from two. */
function itemOf(parameter: string | undefined, separator: string): string | null {
  if (parameter === undefined || parameter === '') return null;
  try {
    const id = decodeURIComponent(parameter);
    return separator !== '' && id.includes(separator) ? null : id;
  } catch {
    return null;
  }
}
