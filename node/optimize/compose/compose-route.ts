/** A route whose answer is composed of several others, compiled: its parts, and what is made of them. */
import type { ComposeRouteSpec } from '@weir/proto/snapshot/compose.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { linkedWays, type Ways } from '../../calls/ways.js';
import type { Dispatch } from '../../pipeline/dispatch.js';
import type { ChainServices } from '../../pipeline/services.js';
import { Composing } from './composing.js';
import { compileQuery, type Evaluator } from './evaluate.js';
import { type CompiledPart, compilePart } from './part-run.js';

/** What all requests of a route have in common. */
export interface ComposeRules {
  readonly routeId: string;
  readonly spec: ComposeRouteSpec;
  readonly parts: ReadonlyMap<string, CompiledPart>;
  readonly needs: ReadonlyMap<string, readonly string[]>;
  /** Null: an object of all parts. */
  readonly merge: Evaluator | null;
  /** How long a part is fresh that does not say, in seconds; null: not at all. */
  readonly defaultS: number | null;
  readonly ways: Ways;
  readonly services: ChainServices;
}

export function compileCompose(route: RouteSpec, spec: ComposeRouteSpec, services: ChainServices): Dispatch {
  const rules: ComposeRules = {
    ...{ routeId: route.id, spec, services, ways: linkedWays(services) },
    parts: new Map(spec.parts.map((part) => [part.name, compilePart(part)])),
    needs: new Map(spec.parts.map(({ name, needs }) => [name, needs])),
    merge: spec.merge === null ? null : compileQuery(spec.merge),
    defaultS: route.cache?.freshness.defaultS ?? null,
  };
  return (request, handler) => new Composing(request, handler, rules).begin();
}
