/**
 * The catalogue: what of all services the caller may find, with nothing in it that is their teams' alone. What is public is for nobody in
 * particular.
 *
 *   GET /v1/catalogue, /v1/catalogue/{id}
 */
import * as z from 'zod';
import type { Design, Entities, Service } from '../../model/entities.js';
import { type ApiRoute, apiRoute, type Caller } from './api-route.js';
import { idOf, type ManagementSources, maySee } from './management.js';
import { missing } from './problems.js';
import { pageQuery } from './read-input.js';

export function catalogueRoutes(sources: ManagementSources): readonly ApiRoute[] {
  return [list(sources), get(sources)];
}

const base = { area: 'catalogue', needs: 'nobody' } as const;

function list(sources: ManagementSources): ApiRoute {
  const { registry } = sources;
  return apiRoute({
    ...{ ...base, method: 'GET', path: '/v1/catalogue', name: 'listCatalogue' },
    summary: 'Services that the caller may find and use',
    query: z.strictObject({
      ...pageQuery,
      tag: z.string().max(64).optional(),
      kind: z.enum(['rest', 'ai', 'prompt']).optional(),
    }),
    async handle({ caller, query: { q, after, max, tag, kind } }) {
      const page = registry.list('service', {
        ...{ max, ...(q === undefined ? {} : { q }), ...(after === undefined ? {} : { after }) },
        where: (service) =>
          service.stage !== 'draft' &&
          (tag === undefined || service.tags.includes(tag)) &&
          (kind === undefined || service.kind === kind) &&
          maySee(sources, caller, 'service', service) !== null,
      });
      return { status: 200, body: { items: page.items.map((service) => entryOf(sources, service)), next: page.next } };
    },
  });
}

function get(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'GET', path: '/v1/catalogue/{id}', name: 'getCatalogueEntry' },
    summary:
      'A service as its callers see it: place, versions, plans, what was called lately, and the caller’s own subscriptions',
    async handle(request) {
      const service = sources.registry.get('service', idOf(request));
      if (service === null || service.stage === 'draft') return missing;
      if (maySee(sources, request.caller, 'service', service) === null) return missing;
      const subscriptions = ownSubscriptions(sources, request.caller, service.id);
      return { status: 200, body: { ...entryOf(sources, service), subscriptions }, version: service.version };
    },
  });
}

function entryOf({ registry, callsOf }: ManagementSources, service: Service) {
  const { id, kind, name, description, tags, visibility, basePath, hosts, versioning, access, plans, stage, live } =
    service;
  const last = live.at(-1)?.release ?? service.lastRelease;
  return {
    ...{ id, kind, name, description, tags, visibility, basePath, hosts, versioning, access, stage },
    team: { id: service.teamId, name: registry.get('team', service.teamId)?.name ?? service.teamId },
    plans: plans.map((plan) => ({ ...plan })),
    versions: [...new Set(live.map((one) => one.name))],
    releases: live.map(({ release }) => release),
    hasContract: isDescribed(registry.get('release', `${id}@${last}`)?.design),
    ...{ deprecation: service.deprecation, successor: service.successor },
    changedWallMs: service.changedWallMs,
    calls: callsOf(id),
  };
}

/** By a contract, or by the models and prompts that are in it. */
function isDescribed(design: Design | undefined): boolean {
  return design !== undefined && (design.contract !== '' || design.ai !== undefined);
}

/** Of applications of the caller's teams. */
function ownSubscriptions(
  { registry }: ManagementSources,
  caller: Caller,
  serviceId: string,
): Entities['subscription'][] {
  if (caller.user === null) return [];
  const own: Entities['subscription'][] = [];
  for (const team of registry.of('team', 'userId', caller.user.id))
    for (const application of registry.of('application', 'teamId', team.id))
      for (const subscription of registry.of('subscription', 'applicationId', application.id))
        if (subscription.serviceId === serviceId) own.push(subscription);
  return own;
}
