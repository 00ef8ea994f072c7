/** The routes about people: who is signed in, users, tokens, teams, and what all of them have done. */
import type { People } from '../../people/people.js';
import type { ApiRoute } from './api-route.js';
import { auditRoutes } from './audit-routes.js';
import { oidcRoutes } from './oidc-routes.js';
import { sessionRoutes } from './session-routes.js';
import { teamRoutes } from './team-routes.js';
import { tokenRoutes } from './token-routes.js';
import { userRoutes } from './user-routes.js';

export function peopleRoutes(people: People): readonly ApiRoute[] {
  return [
    ...sessionRoutes(people),
    ...oidcRoutes(people),
    ...userRoutes(people),
    ...tokenRoutes(people),
    ...teamRoutes(people),
    ...auditRoutes(people.registry),
  ];
}
