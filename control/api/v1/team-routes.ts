/** Teams and their members. Operators make and end teams; owners have the word on who is in theirs; members see it. */
import * as z from 'zod';
import { newTeam, teamPatch } from '../../model/command-inputs.js';
import type { People } from '../../people/people.js';
import { type ApiAnswer, type ApiRequest, type ApiRoute, apiRoute } from './api-route.js';
import { commandOf } from './command-of.js';
import { answerDone, answerMade, type Shown } from './executed.js';
import { listOf, roles, showTeam, teamView } from './people-views.js';
import { forbidden, missing } from './problems.js';
import { pageQuery } from './read-input.js';

const person = z.strictObject({ id: z.string(), login: z.string(), name: z.string() });

export function teamRoutes(people: People): readonly ApiRoute[] {
  return [...lookRoutes(people), ...changeRoutes(people), ...memberRoutes(people), findRoute(people)];
}

const teamOfPath =
  ({ registry }: People) =>
  ({ params }: Pick<ApiRequest<unknown, unknown>, 'params'>): string | null =>
    registry.get('team', params['id'] ?? '')?.id ?? null;

function lookRoutes(people: People): readonly ApiRoute[] {
  const { registry } = people;
  const list = apiRoute({
    ...{ method: 'GET', path: '/v1/teams', name: 'listTeams', area: 'teams', needs: 'signed-in' },
    summary: 'The teams that one is in; of an operator all',
    query: z.strictObject(pageQuery),
    answers: listOf(teamView),
    async handle({ caller, query: { q, after, max } }) {
      const { user, isOperator } = caller;
      const page = { max, ...(q === undefined ? {} : { q }), ...(after === undefined ? {} : { after }) };
      const own = isOperator || user === null ? {} : { by: { userId: user.id } };
      const { items, next } = registry.list('team', { ...page, ...own });
      return { status: 200, body: { items: items.map((team) => showTeam(team, registry, caller)), next } };
    },
  });
  const look = apiRoute({
    ...{ method: 'GET', path: '/v1/teams/{id}', name: 'getTeam', area: 'teams', needs: { team: 'viewer' } },
    summary: 'One team',
    teamOf: teamOfPath(people),
    answers: teamView,
    async handle({ caller, params }) {
      const team = registry.get('team', params['id'] ?? '');
      return team === null ? missing : { status: 200, body: showTeam(team, registry, caller), version: team.version };
    },
  });
  return [list, look];
}

function changeRoutes(people: People): readonly ApiRoute[] {
  const { registry } = people;
  const shown = ({ caller }: Pick<ApiRequest<unknown, unknown>, 'caller'>, status: 200 | 201): Shown<'team'> => ({
    ...{ status, kind: 'team' },
    show: (team) => showTeam(team, registry, caller),
    location: ({ id }) => `/v1/teams/${id}`,
  });
  const create = apiRoute({
    ...{ method: 'POST', path: '/v1/teams', name: 'createTeam', area: 'teams', needs: 'operator', success: 201 },
    summary: 'A new team',
    body: newTeam,
    answers: teamView,
    handle: async (request) =>
      answerMade(await registry.execute(commandOf(request, 'team.create', request.body)), shown(request, 201)),
  });
  const change = apiRoute({
    ...{ method: 'PATCH', path: '/v1/teams/{id}', name: 'changeTeam', area: 'teams', needs: { team: 'owner' } },
    summary: 'Change name or description',
    teamOf: teamOfPath(people),
    body: teamPatch.omit({ id: true }),
    answers: teamView,
    async handle(request) {
      const input = { ...request.body, id: request.params['id'] };
      return answerMade(await registry.execute(commandOf(request, 'team.change', input)), shown(request, 200));
    },
  });
  const remove = apiRoute({
    ...{ method: 'DELETE', path: '/v1/teams/{id}', name: 'deleteTeam', area: 'teams', needs: 'operator' },
    summary: 'Delete a team that has no services and no applications any more',
    handle: async (request) =>
      answerDone(await registry.execute(commandOf(request, 'team.delete', { id: request.params['id'] }))),
  });
  return [create, change, remove];
}

function memberRoutes(people: People): readonly ApiRoute[] {
  const { registry } = people;
  const path = '/v1/teams/{id}/members/{userId}';
  const base = { path, area: 'teams', needs: { team: 'owner' } } as const;
  const set = apiRoute({
    ...{ ...base, method: 'PUT', name: 'setMember', summary: 'Make somebody a member, or give them another role' },
    teamOf: teamOfPath(people),
    body: z.strictObject({ role: z.enum(roles) }),
    answers: teamView,
    async handle(request) {
      const { id, userId } = request.params;
      const executed = await registry.execute(
        commandOf(request, 'team.set-member', { id, userId, role: request.body.role }),
      );
      const show = (team: Parameters<typeof showTeam>[0]) => showTeam(team, registry, request.caller);
      return answerMade(executed, { status: 200, kind: 'team', show });
    },
  });
  const remove = apiRoute({
    ...{ ...base, method: 'DELETE', name: 'removeMember', summary: 'Take a member out of a team' },
    teamOf: teamOfPath(people),
    async handle(request) {
      const { id, userId } = request.params;
      return answerDone(await registry.execute(commandOf(request, 'team.remove-member', { id, userId })));
    },
  });
  return [set, remove];
}

/** Owners have to name whom they mean; the list of all users is not theirs to see, so a login is found whole or not at all. */
function findRoute({ registry }: People): ApiRoute {
  return apiRoute({
    ...{ method: 'GET', path: '/v1/people', name: 'findPerson', area: 'teams', needs: 'signed-in' },
    summary: 'The user of a login, for owners of teams',
    query: z.strictObject({ login: z.string().min(1).max(200) }),
    answers: listOf(person),
    async handle({ caller, query }): Promise<ApiAnswer> {
      if (!caller.isOperator && !ownsATeam(registry, caller.user?.id ?? ''))
        return forbidden('This is for owners of teams.');
      const user = registry.userByLogin(query.login.trim().toLowerCase());
      const items = user === null ? [] : [{ id: user.id, login: user.login, name: user.name }];
      return { status: 200, body: { items, next: null } };
    },
  });
}

function ownsATeam(registry: People['registry'], userId: string): boolean {
  for (const { members } of registry.of('team', 'userId', userId)) if (members[userId] === 'owner') return true;
  return false;
}
