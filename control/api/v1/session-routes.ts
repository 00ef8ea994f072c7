/** Signing in and out, and one's own password and name. */
import { sessionCookie } from '@weir/proto/http/own-cookies.js';
import * as z from 'zod';
import { csrfOf } from '../../people/callers.js';
import { sha256Hex } from '../../people/digests.js';
import { faultOfPassword } from '../../people/password-rules.js';
import type { People } from '../../people/people.js';
import { type SignedIn, sessionLastsMs, signIn } from '../../people/sign-in.js';
import { type ApiAnswer, type ApiRequest, type ApiRoute, apiRoute } from './api-route.js';
import { answerDone } from './executed.js';
import { ownRole, roles, showUser, userView } from './people-views.js';
import { type ApiProblem, faulty, notDone, refusal } from './problems.js';

const credentials = z.strictObject({ login: z.string().min(1).max(200), password: z.string().min(1).max(1_000) });
const change = z.strictObject({ old: z.string().max(1_000), new: z.string().min(1).max(1_000) });

const sessionView = z.strictObject({
  user: userView.nullable(),
  teams: z.array(z.strictObject({ id: z.string(), name: z.string(), role: z.enum(roles) })),
  /** Empty: not by a cookie. */
  csrf: z.string(),
  /** Nobody has signed in yet: the operator `admin` has the password that was shown at the start. */
  isFirstRun: z.boolean(),
  oidc: z.strictObject({ name: z.string() }).nullable(),
});

export function sessionRoutes(people: People): readonly ApiRoute[] {
  return [openRoute(people), lookRoute(people), closeRoute(people), everywhereRoute(people), ...ownRoutes(people)];
}

function openRoute(people: People): ApiRoute {
  return apiRoute({
    ...{ method: 'POST', path: '/v1/session', name: 'signIn', area: 'session', needs: 'nobody', success: 201 },
    asksNoScope: true,
    summary: 'Sign in by a password',
    body: credentials,
    answers: z.strictObject({ user: userView, csrf: z.string() }),
    async handle({ body, caller, sent }) {
      const login = body.login.trim().toLowerCase();
      const signed = await signIn(people, { login, password: body.password, from: caller.actor.from });
      if (!signed.ok) return notSignedIn(signed);
      await endPresent(people, caller, sent);
      const { user, secret } = signed;
      return {
        ...{ status: 201, body: { user: showUser(user), csrf: csrfOf(secret, sha256Hex) } },
        headers: { 'set-cookie': cookieOf(secret, people.isSecure) },
      };
    },
  });
}

/** The session that the request came with makes room for the new one. */
export async function endPresent(
  { registry }: People,
  { actor }: ApiRequest<unknown, unknown>['caller'],
  { sessionSecret }: ApiRequest<unknown, unknown>['sent'],
): Promise<void> {
  if (sessionSecret === null) return;
  await registry.execute({ what: 'session.close', actor, input: { id: sha256Hex(sessionSecret) } });
}

export function cookieOf(secret: string, isSecure: boolean): string {
  const maxAge = Math.floor(sessionLastsMs / 1_000);
  return `${sessionCookie}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${isSecure ? '; Secure' : ''}`;
}

const noCookie = (isSecure: boolean): string =>
  `${sessionCookie}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0${isSecure ? '; Secure' : ''}`;

export function notSignedIn(signed: SignedIn & { readonly ok: false }): ApiProblem {
  switch (signed.why) {
    case 'wrong':
      return refusal(401, 'Wrong Login Or Password', 'This login and this password do not belong together.');
    case 'wait': {
      const seconds = Math.max(1, Math.ceil(signed.waitMs / 1_000));
      const detail = `There were too many tries; try again in ${seconds} s.`;
      return { problem: { status: 429, title: 'Too Many Tries', detail, headers: { 'retry-after': String(seconds) } } };
    }
    case 'busy':
      return {
        problem: {
          ...{
            status: 503,
            title: 'Service Unavailable',
            detail: 'Too many are signing in at this moment; try again.',
          },
          headers: { 'retry-after': '2' },
        },
      };
    case 'not done':
      return notDone(signed.executed);
  }
}

function lookRoute({ registry, oidc }: People): ApiRoute {
  return apiRoute({
    ...{ method: 'GET', path: '/v1/session', name: 'getSession', area: 'session', needs: 'nobody' },
    asksNoScope: true,
    summary: 'Who is signed in; `user` is null where nobody is',
    answers: sessionView,
    async handle({ caller: { user }, sent }) {
      const teams = user === null ? [] : [...registry.of('team', 'userId', user.id)];
      const body: z.output<typeof sessionView> = {
        user: user === null ? null : showUser(user),
        teams: teams.map((team) => ({ id: team.id, name: team.name, role: ownRole(team, user) ?? 'viewer' })),
        csrf: sent.sessionSecret === null ? '' : csrfOf(sent.sessionSecret, sha256Hex),
        isFirstRun: isFirstRun(registry),
        oidc: oidc === null ? null : { name: oidc.name },
      };
      return { status: 200, body };
    },
  });
}

function isFirstRun(registry: People['registry']): boolean {
  const [only, other] = [...registry.list('user', { max: 2 }).items];
  return only !== undefined && other === undefined && only.isOperator && only.mustChangePassword;
}

function closeRoute({ registry, isSecure }: People): ApiRoute {
  return apiRoute({
    ...{ method: 'DELETE', path: '/v1/session', name: 'signOut', area: 'session', needs: 'signed-in' },
    summary: 'Sign out',
    beforePasswordChange: true,
    async handle({ caller, sent }): Promise<ApiAnswer> {
      if (sent.sessionSecret === null)
        return refusal(409, 'No Session', 'Signed in by a token; DELETE /v1/tokens/{id}.');
      const input = { id: sha256Hex(sent.sessionSecret) };
      const executed = await registry.execute({ what: 'session.close', actor: caller.actor, input });
      if (!executed.ok && executed.why !== 'missing') return notDone(executed);
      return { status: 204, headers: { 'set-cookie': noCookie(isSecure) } };
    },
  });
}

function everywhereRoute({ registry }: People): ApiRoute {
  return apiRoute({
    ...{ method: 'POST', path: '/v1/session/sign-out-everywhere', name: 'signOutEverywhere', area: 'session' },
    ...{ needs: 'signed-in', success: 204, beforePasswordChange: true },
    summary: 'End all sessions and tokens of oneself',
    async handle({ caller: { actor, user }, idempotencyKey: id }) {
      if (user === null) return nobodyInParticular;
      const once = id === undefined ? {} : { id };
      return answerDone(await registry.execute({ what: 'user.sign-out', actor, ...once, input: { id: user.id } }));
    },
  });
}

export const nobodyInParticular = refusal(
  409,
  'No User',
  'By the token of the data folder one is nobody in particular; sign in as a user for this.',
);

function ownRoutes({ registry, passwords, limits, wallMs }: People): readonly ApiRoute[] {
  const password = apiRoute({
    ...{ method: 'PUT', path: '/v1/session/password', name: 'changePassword', area: 'session', needs: 'signed-in' },
    ...{ success: 204, beforePasswordChange: true },
    summary: 'Change the own password; all other sessions and all tokens end',
    body: change,
    async handle({ caller: { actor, user }, body, sent }): Promise<ApiAnswer> {
      if (user === null) return nobodyInParticular;
      const fault = faultOfPassword(body.new, user.login);
      if (fault !== null) return faulty(422, [{ path: 'new', ...fault }]);
      if (body.new === body.old) return faulty(422, [{ path: 'new', message: 'is the old one', cure: 'take another' }]);
      // As signing in: whoever has found an open session does not find out the password by it.
      const attempt = { from: actor.from, login: user.login, isKnown: true };
      const waitMs = limits.take(attempt, wallMs());
      if (waitMs > 0) return notSignedIn({ ok: false, why: 'wait', waitMs });
      const isRight = await passwords.isRight(body.old, user.passwordHash);
      if (isRight === false) return faulty(422, [{ path: 'old', message: 'is not right', cure: 'type it again' }]);
      const passwordHash = isRight === null ? null : await passwords.hash(body.new);
      if (passwordHash === null) return notSignedIn({ ok: false, why: 'busy' });
      limits.giveBack(attempt, wallMs());
      const keptSession = sent.sessionSecret === null ? '' : sha256Hex(sent.sessionSecret);
      // What was looked at above is what is replaced.
      const command = { what: 'user.password', actor, expected: user.version, input: { id: user.id, keptSession } };
      return answerDone(await registry.execute({ ...command, facts: { passwordHash } }));
    },
  });
  const rename = apiRoute({
    ...{ method: 'PATCH', path: '/v1/session/user', name: 'renameMyself', area: 'session', needs: 'signed-in' },
    summary: 'Change the own name',
    body: z.strictObject({ name: z.string().min(1).max(100) }),
    answers: userView,
    async handle({ caller: { actor, user }, body }): Promise<ApiAnswer> {
      if (user === null) return nobodyInParticular;
      const executed = await registry.execute({ what: 'user.rename', actor, input: { id: user.id, name: body.name } });
      if (!executed.ok) return notDone(executed);
      const now = registry.get('user', user.id) ?? user;
      return { status: 200, body: showUser(now), version: now.version };
    },
  });
  return [password, rename];
}
