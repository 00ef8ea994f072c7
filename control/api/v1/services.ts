/**
 * Services as their teams see them.
 *
 *   GET    /v1/services                 those of the caller's teams
 *   POST   /v1/services                 a draft
 *   GET    /v1/services/{id}
 *   PATCH  /v1/services/{id}
 *   DELETE /v1/services/{id}            what was never published, or is retired
 *   POST   /v1/services/{id}/deprecate, /undeprecate, /retire, /restore, /move
 */
import * as z from 'zod';
import * as inputs from '../../model/command-inputs.js';
import { changed } from '../../model/decision.js';
import type { Service } from '../../model/entities.js';
import { type ApiAnswer, type ApiRequest, type ApiRoute, apiRoute } from './api-route.js';
import { unservable } from './designs.js';
import { answerDone, answerMade } from './executed.js';
import { execute, idOf, type ManagementSources, maySee, ofOwnTeams, teamOfService } from './management.js';
import { missing, refusal } from './problems.js';
import { pageQuery } from './read-input.js';

export function serviceRoutes(sources: ManagementSources): readonly ApiRoute[] {
  return [list(sources), create(sources), get(sources), change(sources), end(sources), ...steps(sources)];
}

const base = { area: 'services' } as const;

/** As a list has it: without its design. */
export function briefOf({ draft: _, ...rest }: Service): Omit<Service, 'draft'> {
  return rest;
}

export const shownService = { status: 200 as const, kind: 'service' as const, show: briefOf };

function list(sources: ManagementSources): ApiRoute {
  const { registry } = sources;
  return apiRoute({
    ...{ ...base, method: 'GET', path: '/v1/services', name: 'listServices', needs: 'signed-in' },
    summary: 'Services of the caller’s teams; of an operator all',
    query: z.strictObject({
      ...pageQuery,
      teamId: z.string().max(64).optional(),
      stage: z.enum(['draft', 'published', 'deprecated', 'retired']).optional(),
      kind: z.enum(['rest', 'ai', 'prompt']).optional(),
      tag: z.string().max(64).optional(),
    }),
    async handle({ caller, query: { q, after, max, teamId, stage, kind, tag } }) {
      const page = registry.list('service', {
        ...{ max, ...(q === undefined ? {} : { q }), ...(after === undefined ? {} : { after }) },
        ...(teamId === undefined ? ofOwnTeams(sources, caller) : { by: { teamId } }),
        where: (service) =>
          (stage === undefined || service.stage === stage) &&
          (kind === undefined || service.kind === kind) &&
          (tag === undefined || service.tags.includes(tag)) &&
          caller.roleIn(service.teamId) !== null,
      });
      return { status: 200, body: { items: page.items.map(briefOf), next: page.next } };
    },
  });
}

function create(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'POST', path: '/v1/services', name: 'createService', success: 201 },
    summary: 'A service, as a draft that nobody can call yet',
    needs: { team: 'developer' },
    teamOf: ({ body }) => body.teamId,
    body: inputs.newService,
    async handle(request) {
      const executed = await execute(sources, request, 'service.create', request.body);
      return answerMade(executed, { ...shownService, status: 201, location: ({ id }) => `/v1/services/${id}` });
    },
  });
}

function get(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'GET', path: '/v1/services/{id}', name: 'getService', needs: 'signed-in' },
    summary: 'A service, for its team',
    async handle(request) {
      const service = sources.registry.get('service', idOf(request));
      if (service === null || maySee(sources, request.caller, 'service', service) !== 'full') return missing;
      return {
        status: 200,
        body: { ...briefOf(service), conflict: sources.conflictOf(service), shadows: sources.shadowedBy(service) },
        version: service.version,
      };
    },
  });
}

function change(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'PATCH', path: '/v1/services/{id}', name: 'changeService' },
    summary: 'Change its name, plans, who sees it; what is left out stays. What is served keeps its place',
    needs: { team: 'developer' },
    teamOf: teamOfService(sources),
    body: inputs.servicePatch.omit({ id: true }),
    async handle(request) {
      const id = idOf(request);
      const service = sources.registry.get('service', id);
      if (service === null) return missing;
      const next = changed(service, request.body, { wallMs: sources.wallMs() });
      // A word such as a limit of a plan that means nothing would take the whole service away from its callers.
      const isLooked = service.live.length > 0 && served.some((field) => request.body[field] !== undefined);
      const refused = isLooked && unservable(sources, service) === null ? unservable(sources, next) : null;
      if (refused !== null) return refused;
      const seen = isLooked ? { ...request, expected: request.expected ?? service.version } : request;
      return answerMade(await execute(sources, seen, 'service.change', { ...request.body, id }), shownService);
    },
  });
}

/** What nodes are given is made of these. */
const served = ['kind', 'basePath', 'hosts', 'versioning', 'access', 'plans'] as const;

function end(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'DELETE', path: '/v1/services/{id}', name: 'deleteService' },
    summary: 'End a service that was never published, or is retired, with its releases and subscriptions',
    needs: { team: 'owner' },
    teamOf: teamOfService(sources),
    async handle(request) {
      return answerDone(await execute(sources, request, 'service.delete', { id: idOf(request) }));
    },
  });
}

const stepBodies = {
  deprecate: inputs.deprecation.omit({ id: true }),
  undeprecate: z.strictObject({}),
  retire: inputs.retirement.omit({ id: true }),
  restore: inputs.restoration.omit({ id: true }),
  move: inputs.serviceMove.omit({ id: true }),
};

const stepSummaries: Readonly<Record<keyof typeof stepBodies, string>> = {
  deprecate: 'Say on each answer that it is deprecated, and when it ends',
  undeprecate: 'Take the deprecation back',
  retire: 'Serve it no longer: 410, with a link to its successor',
  restore: 'Serve a retired service again',
  move: 'Give it to another team',
};

function steps(sources: ManagementSources): ApiRoute[] {
  const words = ['deprecate', 'undeprecate', 'retire', 'restore', 'move'] as const;
  return words.map((word) =>
    apiRoute<Record<string, never>, object>({
      ...{ ...base, method: 'POST', path: `/v1/services/{id}/${word}`, name: `${word}Service` },
      summary: stepSummaries[word],
      needs: { team: word === 'deprecate' || word === 'undeprecate' ? 'developer' : 'owner' },
      teamOf: teamOfService(sources),
      body: stepBodies[word],
      async handle(request) {
        const input = { ...request.body, id: idOf(request) };
        const refused = word === 'restore' ? unrestorable(sources, request) : null;
        return refused ?? answerMade(await execute(sources, request, `service.${word}`, input), shownService);
      },
    }),
  );
}

/** Null: it can be served where it was, or the command says what else is in the way. */
function unrestorable(sources: ManagementSources, request: ApiRequest<unknown, object>): ApiAnswer | null {
  const service = sources.registry.get('service', idOf(request));
  if (service === null || service.stage !== 'retired') return null;
  const conflict = sources.conflictOf(service);
  if (conflict !== null) return refusal(409, 'Conflict', conflict);
  const { live } = inputs.restoration.omit({ id: true }).parse(request.body);
  const last = { release: service.lastRelease, share: 100, name: '' };
  return unservable(sources, service, live.length === 0 ? [last] : live);
}
