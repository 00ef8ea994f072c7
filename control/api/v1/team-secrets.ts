/**
 * Secrets of a team, for its designs to name as `${secret:NAME}`. They go in and never come out: what can be read are names.
 *
 *   GET        /v1/teams/{id}/secrets
 *   PUT|DELETE /v1/teams/{id}/secrets/{name}
 */
import * as z from 'zod';
import type { Secret } from '../../model/entities.js';
import { type ApiRoute, apiRoute } from './api-route.js';
import { answerDone, answerMade } from './executed.js';
import { execute, idOf, type ManagementSources } from './management.js';
import { refusal } from './problems.js';

/** A field of a request is no longer; and a certificate is none of these. */
const SECRET_CHARS_MAX = 8_192;

export function secretRoutes(sources: ManagementSources): readonly ApiRoute[] {
  return [list(sources), set(sources), end(sources)];
}

const base = { area: 'secrets' } as const;
const SECRETS = '/v1/teams/{id}/secrets';

function shownSecret({ sealed: _, ...rest }: Secret): Omit<Secret, 'sealed'> {
  return rest;
}

function teamOf({ registry }: ManagementSources) {
  return (request: { readonly params: Readonly<Record<string, string>> }): string | null =>
    registry.get('team', idOf(request))?.id ?? null;
}

function list(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'GET', path: SECRETS, name: 'listSecrets', needs: { team: 'viewer' } },
    summary: 'Names of the secrets that are set, and since when',
    teamOf: teamOf(sources),
    async handle(request) {
      const secrets = [...sources.registry.of('secret', 'teamId', idOf(request))].map(shownSecret);
      return { status: 200, body: { items: secrets, next: null } };
    },
  });
}

function set(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'PUT', path: `${SECRETS}/{name}`, name: 'setSecret', needs: { team: 'owner' } },
    summary: 'Set a secret, or another value for it; what is served uses it within a second',
    teamOf: teamOf(sources),
    body: z.strictObject({
      value: z
        .string()
        .min(1)
        .max(SECRET_CHARS_MAX)
        .regex(/^[\x20-\x7e\x80-\xff]*$/, 'is not one line of plain text')
        .describe('One line of plain text.'),
    }),
    async handle(request) {
      const why = sources.seal === null ? 'this control takes no secrets' : (sources.whyNotSeal?.() ?? null);
      if (sources.seal === null || why !== null)
        return refusal(503, 'No Key For Secrets', `Nothing was changed: ${why ?? ''}.`);
      const [teamId, name = ''] = [idOf(request), request.params['name']];
      const sealed = sources.seal(`${teamId}/${name}`, request.body.value);
      const executed = await execute(sources, request, 'secret.set', { teamId, name }, { sealed });
      return answerMade(executed, { status: 200, kind: 'secret', show: shownSecret });
    },
  });
}

function end(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'DELETE', path: `${SECRETS}/{name}`, name: 'deleteSecret', needs: { team: 'owner' } },
    summary: 'Take it away; a service that names it is served no longer',
    teamOf: teamOf(sources),
    async handle(request) {
      const input = { teamId: idOf(request), name: request.params['name'] ?? '' };
      return answerDone(await execute(sources, request, 'secret.delete', input));
    },
  });
}
