/** Users, by operators. A password that was made for somebody is told in the answer, once, and is kept as a hash. */
import * as z from 'zod';
import { newUser, userPatch } from '../../model/command-inputs.js';
import { drawPassword } from '../../people/passwords.js';
import type { People } from '../../people/people.js';
import { type ApiAnswer, type ApiRoute, apiRoute } from './api-route.js';
import { commandOf } from './command-of.js';
import { answerDone, answerMade, madeOf } from './executed.js';
import { listOf, showUser, userView } from './people-views.js';
import { faulty, missing, notDone } from './problems.js';
import { pageQuery } from './read-input.js';
import { notSignedIn } from './session-routes.js';

const created = newUser.extend({
  /** False: signs in by OIDC, or is given a password later. */
  withPassword: z.boolean().default(true),
});
const patch = userPatch.omit({ id: true }).extend({
  /** Who they are at an issuer of OIDC; null: nobody. */
  oidc: z
    .strictObject({ issuer: z.string().max(500), subject: z.string().max(500) })
    .nullable()
    .optional(),
});
/** Null: none was made, or it was told before. */
const withPassword = userView.extend({ password: z.string().nullable() });

const base = { area: 'users', needs: 'operator' } as const;

export function userRoutes(people: People): readonly ApiRoute[] {
  return [...lookRoutes(people), createRoute(people), changeRoute(people), passwordRoute(people), ...endRoutes(people)];
}

function lookRoutes({ registry }: People): readonly ApiRoute[] {
  const list = apiRoute({
    ...{ ...base, method: 'GET', path: '/v1/users', name: 'listUsers', summary: 'All users' },
    query: z.strictObject(pageQuery),
    answers: listOf(userView),
    async handle({ query: { q, after, max } }) {
      const asked = { max, ...(q === undefined ? {} : { q }), ...(after === undefined ? {} : { after }) };
      const { items, next } = registry.list('user', asked);
      return { status: 200, body: { items: items.map(showUser), next } };
    },
  });
  const look = apiRoute({
    ...{ ...base, method: 'GET', path: '/v1/users/{id}', name: 'getUser', summary: 'One user' },
    answers: userView,
    async handle({ params }) {
      const user = registry.get('user', params['id'] ?? '');
      return user === null ? missing : { status: 200, body: showUser(user), version: user.version };
    },
  });
  return [list, look];
}

function createRoute({ registry, passwords }: People): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'POST', path: '/v1/users', name: 'createUser', success: 201 },
    summary: 'A new user, with a password to be changed at the first sign-in',
    body: created,
    answers: withPassword,
    async handle(request): Promise<ApiAnswer> {
      const { withPassword: isWanted, ...input } = request.body;
      const password = isWanted ? drawPassword() : null;
      const passwordHash = password === null ? undefined : await passwords.hash(password);
      if (passwordHash === null) return notSignedIn({ ok: false, why: 'busy' });
      const facts = passwordHash === undefined ? {} : { facts: { passwordHash } };
      const executed = await registry.execute({ ...commandOf(request, 'user.create', input), ...facts });
      if (!executed.ok) return notDone(executed);
      const user = madeOf(executed, 'user');
      if (user === null) return { status: 204 };
      return {
        ...{ status: 201, version: user.version, headers: { location: `/v1/users/${user.id}` } },
        body: { ...showUser(user), password: executed.isNew ? password : null },
      };
    },
  });
}

function changeRoute({ registry }: People): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'PATCH', path: '/v1/users/{id}', name: 'changeUser' },
    summary: 'Change a user: name, login, operator or not, disabled or not, whom OIDC means',
    body: patch,
    answers: userView,
    async handle(request): Promise<ApiAnswer> {
      const { oidc, ...fields } = request.body;
      const id = request.params['id'] ?? '';
      if (oidc !== undefined) {
        // Each is a change of its own, with a version of its own.
        const other = Object.keys(fields).find((key) => Reflect.get(fields, key) !== undefined);
        if (other !== undefined)
          return faulty(422, [
            { path: other, message: 'is not changed together with `oidc`', cure: 'send it by itself' },
          ]);
        const linked = await registry.execute(commandOf(request, 'user.link', { id, oidc }));
        return answerMade(linked, { status: 200, kind: 'user', show: showUser });
      }
      const executed = await registry.execute(commandOf(request, 'user.change', { id, ...fields }));
      return answerMade(executed, { status: 200, kind: 'user', show: showUser });
    },
  });
}

function passwordRoute({ registry, passwords }: People): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'POST', path: '/v1/users/{id}/password', name: 'resetPassword' },
    summary: 'A new password, to be changed at the next sign-in; all their sessions and tokens end',
    answers: withPassword,
    async handle(request): Promise<ApiAnswer> {
      const id = request.params['id'] ?? '';
      if (registry.get('user', id) === null) return missing;
      const password = drawPassword();
      const passwordHash = await passwords.hash(password);
      if (passwordHash === null) return notSignedIn({ ok: false, why: 'busy' });
      const command = commandOf(request, 'user.reset-password', { id });
      const executed = await registry.execute({ ...command, facts: { passwordHash } });
      if (!executed.ok) return notDone(executed);
      const user = madeOf(executed, 'user');
      if (user === null) return missing;
      const body = { ...showUser(user), password: executed.isNew ? password : null };
      return { status: 200, version: user.version, body };
    },
  });
}

function endRoutes({ registry }: People): readonly ApiRoute[] {
  const signOut = apiRoute({
    ...{ ...base, method: 'POST', path: '/v1/users/{id}/sign-out', name: 'signOutUser', success: 204 },
    summary: 'End all their sessions and tokens',
    handle: async (request) =>
      answerDone(await registry.execute(commandOf(request, 'user.sign-out', { id: request.params['id'] }))),
  });
  const remove = apiRoute({
    ...{ ...base, method: 'DELETE', path: '/v1/users/{id}', name: 'deleteUser' },
    summary: 'Delete a user, with sessions, tokens and memberships',
    handle: async (request) =>
      answerDone(await registry.execute(commandOf(request, 'user.delete', { id: request.params['id'] }))),
  });
  return [signOut, remove];
}
