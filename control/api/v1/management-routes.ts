/** All routes of what teams manage: the rows of the table that the other files of this folder make. */
import type { ApiRoute } from './api-route.js';
import { applicationRoutes } from './applications.js';
import { catalogueRoutes } from './catalogue.js';
import { checkNewRoutes } from './check-new.js';
import { designRoutes } from './designs.js';
import { importRoutes } from './import.js';
import type { ManagementSources } from './management.js';
import { quickRoutes } from './quick.js';
import { documentRoutes } from './registry-document.js';
import { releaseRoutes } from './releases.js';
import { serviceRoutes } from './services.js';
import { subscriptionRoutes } from './subscriptions.js';
import { secretRoutes } from './team-secrets.js';

export function managementRoutes(sources: ManagementSources): readonly ApiRoute[] {
  return [
    ...serviceRoutes(sources),
    ...importRoutes(sources),
    ...checkNewRoutes(sources),
    ...quickRoutes(sources),
    ...designRoutes(sources),
    ...releaseRoutes(sources),
    ...catalogueRoutes(sources),
    ...applicationRoutes(sources),
    ...subscriptionRoutes(sources),
    ...secretRoutes(sources),
    ...documentRoutes(sources),
  ];
}
