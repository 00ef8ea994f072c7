/** One's own tokens for programs. The secret is told in the answer that makes it, once, and is kept as a hash. */
import * as z from 'zod';
import { newToken } from '../../model/command-inputs.js';
import { tokenPrefix } from '../../people/callers.js';
import { drawCredential, sha256Hex } from '../../people/digests.js';
import type { People } from '../../people/people.js';
import { type ApiAnswer, type ApiRoute, apiRoute } from './api-route.js';
import { commandOf } from './command-of.js';
import { answerDone, madeOf } from './executed.js';
import { listOf, showToken, tokenView } from './people-views.js';
import { missing, notDone } from './problems.js';
import { pageQuery } from './read-input.js';
import { nobodyInParticular } from './session-routes.js';

const LASTS_MS = 90 * 86_400_000;

const wanted = newToken.partial({ expiresWallMs: true });
const base = { area: 'tokens', needs: 'signed-in' } as const;

export function tokenRoutes(people: People): readonly ApiRoute[] {
  return [listRoute(people), createRoute(people), deleteRoute(people)];
}

function listRoute({ registry }: People): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'GET', path: '/v1/tokens', name: 'listTokens', summary: 'The own tokens' },
    query: z.strictObject(pageQuery),
    answers: listOf(tokenView),
    async handle({ caller: { user }, query: { q, after, max } }): Promise<ApiAnswer> {
      if (user === null) return nobodyInParticular;
      const asked = {
        max,
        by: { userId: user.id },
        ...(q === undefined ? {} : { q }),
        ...(after === undefined ? {} : { after }),
      };
      const { items, next } = registry.list('token', asked);
      return { status: 200, body: { items: items.map(showToken), next } };
    },
  });
}

function createRoute({ registry, wallMs }: People): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'POST', path: '/v1/tokens', name: 'createToken', success: 201 },
    summary: 'A token for a program; for 90 days, where nothing else is said',
    body: wanted,
    answers: tokenView.extend({ token: z.string().nullable() }),
    async handle(request): Promise<ApiAnswer> {
      if (request.caller.user === null) return nobodyInParticular;
      const secret = drawCredential(tokenPrefix);
      const input = { ...request.body, expiresWallMs: request.body.expiresWallMs ?? wallMs() + LASTS_MS };
      const executed = await registry.execute({
        ...commandOf(request, 'token.create', input),
        facts: { credential: { sha256: sha256Hex(secret), lastFour: secret.slice(-4) } },
      });
      if (!executed.ok) return notDone(executed);
      const token = madeOf(executed, 'token');
      if (token === null) return missing;
      return {
        ...{ status: 201, version: token.version },
        // Told before, to whoever made it: of that one nothing but the hash is left.
        body: { ...showToken(token), token: executed.isNew ? secret : null },
      };
    },
  });
}

function deleteRoute({ registry }: People): ApiRoute {
  return apiRoute({
    ...{ ...base, method: 'DELETE', path: '/v1/tokens/{id}', name: 'deleteToken' },
    summary: 'Revoke a token: from now on it is unknown',
    handle: async (request) =>
      answerDone(await registry.execute(commandOf(request, 'token.delete', { id: request.params['id'] }))),
  });
}
