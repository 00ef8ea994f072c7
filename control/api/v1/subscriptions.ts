/**
 * Who may call what: an application asks for a plan of a service, and the owners of the service say yes or no.
 *
 *   GET|POST   /v1/subscriptions
 *   GET|DELETE /v1/subscriptions/{id}
 *   POST       /v1/subscriptions/{id}/approve, /reject, /suspend, /resume
 *   PUT        /v1/subscriptions/{id}/plan
 */
import * as z from 'zod';
import * as inputs from '../../model/command-inputs.js';
import type { Owner } from '../../model/decision.js';
import type { Subscription } from '../../model/entities.js';
import { type ApiRequest, type ApiRoute, apiRoute } from './api-route.js';
import { answerDone, answerMade } from './executed.js';
import { execute, idOf, type ManagementSources, maySee, ofOwnTeams } from './management.js';
import { missing } from './problems.js';
import { pageQuery } from './read-input.js';

export function subscriptionRoutes(sources: ManagementSources): readonly ApiRoute[] {
  return [list(sources), create(sources), get(sources), end(sources), setPlan(sources), ...verdicts(sources)];
}

const base = { area: 'subscriptions' } as const;
const SUBSCRIPTION = '/v1/subscriptions/{id}';
const shown = {
  status: 200 as const,
  kind: 'subscription' as const,
  show: (subscription: Subscription) => subscription,
};

function list(sources: ManagementSources): ApiRoute {
  const { registry } = sources;
  return apiRoute({
    ...{ ...base, method: 'GET', path: '/v1/subscriptions', name: 'listSubscriptions', needs: 'signed-in' },
    summary: 'Subscriptions of the caller’s applications, and to the caller’s services',
    query: z.strictObject({
      ...pageQuery,
      serviceId: z.string().max(64).optional(),
      applicationId: z.string().max(64).optional(),
      state: z.enum(['pending', 'approved', 'rejected', 'suspended']).optional(),
    }),
    async handle({ caller, query: { q, after, max, serviceId, applicationId, state } }) {
      const isOfOne = serviceId !== undefined || applicationId !== undefined;
      const page = registry.list('subscription', {
        ...{ max, ...(q === undefined ? {} : { q }), ...(after === undefined ? {} : { after }) },
        by: {
          ...(serviceId === undefined ? {} : { serviceId }),
          ...(applicationId === undefined ? {} : { applicationId }),
        },
        ...(isOfOne ? {} : ofOwnTeams(sources, caller, (teamId) => sidesOf(sources, teamId))),
        where: (subscription) =>
          (state === undefined || subscription.state === state) &&
          maySee(sources, caller, 'subscription', subscription) !== null,
      });
      return { status: 200, body: page };
    },
  });
}

/** Of a team: what its applications have asked for, and who has asked for its services. */
function* sidesOf({ registry }: ManagementSources, teamId: string): Iterable<readonly [Owner, string]> {
  for (const { id } of registry.of('application', 'teamId', teamId)) yield ['applicationId', id];
  for (const { id } of registry.of('service', 'teamId', teamId)) yield ['serviceId', id];
}

function create(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'POST', path: '/v1/subscriptions', name: 'createSubscription', success: 201 },
    summary: 'Ask for a plan of a service; in force at once where the plan says so',
    needs: { team: 'developer' },
    teamOf: ({ body }) => sources.registry.get('application', body.applicationId)?.teamId ?? null,
    body: inputs.newSubscription,
    async handle(request) {
      const executed = await execute(sources, request, 'subscription.create', request.body);
      return answerMade(executed, { ...shown, status: 201, location: ({ id }) => `/v1/subscriptions/${id}` });
    },
  });
}

function get(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'GET', path: SUBSCRIPTION, name: 'getSubscription', needs: 'signed-in' },
    summary: 'A subscription, for either side',
    async handle(request) {
      const subscription = sources.registry.get('subscription', idOf(request));
      if (subscription === null || maySee(sources, request.caller, 'subscription', subscription) === null)
        return missing;
      return { status: 200, body: subscription, version: subscription.version };
    },
  });
}

/** Either side may: which roles that takes is decided with the command. */
function end(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'DELETE', path: SUBSCRIPTION, name: 'deleteSubscription', needs: 'signed-in' },
    summary: 'End it; one that is suspended only by the owners of the service',
    async handle(request) {
      return answerDone(await execute(sources, request, 'subscription.delete', { id: idOf(request) }));
    },
  });
}

function setPlan(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'PUT', path: `${SUBSCRIPTION}/plan`, name: 'setPlan', needs: 'signed-in' },
    summary: 'Another plan of the same service',
    body: inputs.planChange.omit({ id: true }),
    async handle(request) {
      const input = { ...request.body, id: idOf(request) };
      return answerMade(await execute(sources, request, 'subscription.set-plan', input), shown);
    },
  });
}

const summaries = {
  approve: 'Let the application call the service',
  reject: 'Say no',
  suspend: 'Stop it for a while: within a second no node lets it pass',
  resume: 'Let it go on',
};

function verdicts(sources: ManagementSources): ApiRoute[] {
  const { registry } = sources;
  const teamOf = (request: Pick<ApiRequest<unknown, unknown>, 'params'>): string | null =>
    registry.get('service', registry.get('subscription', idOf(request))?.serviceId ?? '')?.teamId ?? null;
  return (['approve', 'reject', 'suspend', 'resume'] as const).map((word) =>
    apiRoute<Record<string, never>, object>({
      ...{ ...base, method: 'POST', path: `${SUBSCRIPTION}/${word}`, name: `${word}Subscription` },
      ...{ summary: summaries[word], needs: { team: 'owner' }, teamOf },
      body: inputs.verdict.omit({ id: true }),
      async handle(request) {
        const input = { ...request.body, id: idOf(request) };
        return answerMade(await execute(sources, request, `subscription.${word}`, input), shown);
      },
    }),
  );
}
