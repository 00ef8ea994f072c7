/**
 * Applications, which call services, and the keys that they call with. A key is shown once, when it is made.
 *
 *   GET|POST         /v1/applications
 *   GET|PATCH|DELETE /v1/applications/{id}
 *   GET|POST         /v1/applications/{id}/keys
 *   DELETE           /v1/applications/{id}/keys/{keyId}
 *   POST             /v1/applications/{id}/keys/{keyId}/rotate
 */
import * as z from 'zod';
import { overlapMaxMs, publicKeyCharsMax } from '../../model/bounds.js';
import * as inputs from '../../model/command-inputs.js';
import type { AppKey } from '../../model/entities.js';
import type { Executed } from '../../registry/registry.js';
import { type ApiAnswer, type ApiRoute, apiRoute } from './api-route.js';
import { answerDone, answerMade } from './executed.js';
import { execute, idOf, type ManagementSources, maySee, ofOwnTeams, teamOfApplication } from './management.js';
import { faulty, missing, notDone, refusal } from './problems.js';
import { pageQuery } from './read-input.js';

export function applicationRoutes(sources: ManagementSources): readonly ApiRoute[] {
  return [
    ...[list(sources), create(sources), get(sources), change(sources), end(sources)],
    ...[listKeys(sources), createKey(sources), rotateKey(sources), deleteKey(sources)],
  ];
}

const base = { area: 'applications' } as const;
const APPLICATION = '/v1/applications/{id}';
const shown = { status: 200 as const, kind: 'application' as const, show: (application: object) => application };

function list(sources: ManagementSources): ApiRoute {
  const { registry } = sources;
  return apiRoute({
    ...{ ...base, method: 'GET', path: '/v1/applications', name: 'listApplications', needs: 'signed-in' },
    summary: 'Applications of the caller’s teams; of an operator all',
    query: z.strictObject({ ...pageQuery, teamId: z.string().max(64).optional() }),
    async handle({ caller, query: { q, after, max, teamId } }) {
      const page = registry.list('application', {
        ...{ max, ...(q === undefined ? {} : { q }), ...(after === undefined ? {} : { after }) },
        ...(teamId === undefined ? ofOwnTeams(sources, caller) : { by: { teamId } }),
        where: (application) => caller.roleIn(application.teamId) !== null,
      });
      return { status: 200, body: page };
    },
  });
}

function create(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'POST', path: '/v1/applications', name: 'createApplication', success: 201 },
    summary: 'An application of a team; its id is its name in logs, limits and charts',
    needs: { team: 'developer' },
    teamOf: ({ body }) => body.teamId,
    body: inputs.newApplication,
    async handle(request) {
      const executed = await execute(sources, request, 'application.create', request.body);
      return answerMade(executed, { ...shown, status: 201, location: ({ id }) => `/v1/applications/${id}` });
    },
  });
}

function get(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'GET', path: APPLICATION, name: 'getApplication', needs: 'signed-in' },
    summary: 'An application; whoever owns a service that it subscribes to sees its name and team',
    async handle(request) {
      const application = sources.registry.get('application', idOf(request));
      const sight = application === null ? null : maySee(sources, request.caller, 'application', application);
      if (application === null || sight === null) return missing;
      const { id, name, teamId, version } = application;
      return { status: 200, body: sight === 'full' ? application : { id, name, teamId }, version };
    },
  });
}

function change(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'PATCH', path: APPLICATION, name: 'changeApplication', needs: { team: 'developer' } },
    summary: 'Change its name, or disable it: a disabled one can call nothing',
    teamOf: teamOfApplication(sources),
    body: inputs.applicationPatch.omit({ id: true }),
    async handle(request) {
      const input = { ...request.body, id: idOf(request) };
      return answerMade(await execute(sources, request, 'application.change', input), shown);
    },
  });
}

function end(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'DELETE', path: APPLICATION, name: 'deleteApplication', needs: { team: 'developer' } },
    summary: 'End it, with its keys and subscriptions',
    teamOf: teamOfApplication(sources),
    async handle(request) {
      return answerDone(await execute(sources, request, 'application.delete', { id: idOf(request) }));
    },
  });
}

const KEYS = `${APPLICATION}/keys`;

/** What may be seen of it: who reads its hash can't use it, and need not have it either. */
function shownKey({ sha256: _, ...rest }: AppKey): Omit<AppKey, 'sha256'> {
  return rest;
}

function listKeys({ registry, ...sources }: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'GET', path: KEYS, name: 'listKeys', needs: { team: 'viewer' } },
    summary: 'Its keys: names, ends and last characters',
    teamOf: teamOfApplication({ registry, ...sources }),
    query: z.strictObject(pageQuery),
    async handle(request) {
      const { q, after, max } = request.query;
      const { items, next } = registry.list('key', {
        ...{ max, by: { applicationId: idOf(request) } },
        ...{ ...(q === undefined ? {} : { q }), ...(after === undefined ? {} : { after }) },
      });
      return { status: 200, body: { items: items.map(shownKey), next } };
    },
  });
}

function createKey(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'POST', path: KEYS, name: 'createKey', success: 201, needs: { team: 'developer' } },
    summary:
      'A new key, which is shown in this answer and never again; or a public key, for tokens that the application signs',
    teamOf: teamOfApplication(sources),
    body: inputs.newKey.omit({ applicationId: true }).extend({
      publicKey: z
        .string()
        .max(publicKeyCharsMax)
        .default('')
        .describe('In PEM or as a JWK: tokens with `iss`, the id of the application, and `kid` are believed by it.'),
    }),
    async handle(request) {
      const { publicKey, ...body } = request.body;
      const input = { ...body, applicationId: idOf(request) };
      if (publicKey !== '') return withPublicKey(sources, request, input, publicKey);
      return withNewKey(sources, (facts) => execute(sources, request, 'key.create', input, facts));
    },
  });
}

function rotateKey(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'POST', path: `${KEYS}/{keyId}/rotate`, name: 'rotateKey', success: 201 },
    summary: 'A new key in its place; the old one goes on for `overlapMs`, or ends at once',
    needs: { team: 'developer' },
    teamOf: teamOfApplication(sources),
    body: z.strictObject({
      overlapMs: z.number().int().min(0).max(overlapMaxMs).default(0).describe('At most 90 days.'),
    }),
    async handle(request) {
      // Made before, it may have ended the old one at once.
      const id = request.isAgain ? (request.params['keyId'] ?? '') : keyOf(sources, request.params);
      if (id === null) return missing;
      const input = { ...request.body, id };
      return withNewKey(sources, (facts) => execute(sources, request, 'key.rotate', input, facts));
    },
  });
}

function deleteKey(sources: ManagementSources): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'DELETE', path: `${KEYS}/{keyId}`, name: 'deleteKey', needs: { team: 'developer' } },
    summary: 'Revoke it: within a second no node takes it',
    teamOf: teamOfApplication(sources),
    async handle(request) {
      const id = keyOf(sources, request.params);
      return id === null ? missing : answerDone(await execute(sources, request, 'key.delete', { id }));
    },
  });
}

/** Of that application, or there is none. */
function keyOf({ registry }: ManagementSources, params: Readonly<Record<string, string>>): string | null {
  const key = registry.get('key', params['keyId'] ?? '');
  return key !== null && key.applicationId === params['id'] ? key.id : null;
}

/** Its hash is none of the key as somebody could send it: it is for this application alone. */
async function withPublicKey(
  sources: ManagementSources,
  request: Parameters<typeof execute>[1],
  input: { readonly applicationId: string },
  text: string,
): Promise<ApiAnswer> {
  const read = sources.readPublicKey(text);
  if (!read.ok) return faulty(422, [{ path: 'publicKey', message: read.message, cure: read.cure }]);
  const { key } = read;
  const sha256 = sources.sha256(`${input.applicationId} signs by ${key.kid}`);
  const credential = { sha256, lastFour: key.kid.slice(-4), publicKey: key };
  const executed = await execute(sources, request, 'key.create', input, { credential });
  return answerMade(executed, { status: 201, kind: 'key', show: shownKey });
}

type Making = (facts: { credential: { sha256: string; lastFour: string } }) => Promise<Executed>;

/** A repeated request is answered by the frame with what it was answered first; only where that was forgotten can the key not be told. */
async function withNewKey({ drawKey, sha256 }: ManagementSources, make: Making): Promise<ApiAnswer> {
  const secret = drawKey();
  const executed = await make({ credential: { sha256: sha256(secret), lastFour: secret.slice(-4) } });
  if (!executed.ok) return notDone(executed);
  const made = executed.entry.changes.flatMap((change) =>
    change.kind === 'key' && change.value !== null && change.value.version === 1 ? [change.value] : [],
  )[0];
  if (made === undefined || made.sha256 !== sha256(secret))
    return refusal(409, 'Already Done', 'An earlier request has made this key, and it was shown then.');
  return { status: 201, body: { ...shownKey(made), key: secret }, version: made.version };
}
