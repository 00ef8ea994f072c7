/**
 * The one table of /v1: what `weir up` and `weir control` serve is made of this, and so is the test that tries every row as everybody. A row that is
 * added elsewhere is served by neither.
 */
import type { People } from '../../people/people.js';
import type { ApiRoute } from './api-route.js';
import { type InsightSources, insightRoutes } from './insight.js';
import type { ManagementSources } from './management.js';
import { managementRoutes } from './management-routes.js';
import { peopleRoutes } from './people-routes.js';
import { type TrySources, tryRoutes } from './try.js';

export interface RouteSources {
  readonly management: ManagementSources;
  readonly insight: InsightSources;
  /** Null: there is no gateway on this machine that could be tried, as beside a control of a cluster. */
  readonly tries: TrySources | null;
}

/** `people` null: nobody is known but whoever may read the data folder. */
export function routeTable(people: People | null, { management, insight, tries }: RouteSources): readonly ApiRoute[] {
  return [
    ...(people === null ? [] : peopleRoutes(people)),
    ...managementRoutes(management),
    ...insightRoutes(insight),
    ...(tries === null ? [] : tryRoutes(tries)),
  ];
}
