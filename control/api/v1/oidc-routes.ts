/**
 * Signing in by the accounts of an organisation, in two steps of the browser: to the provider, and back. The cookie between both is SameSite=Lax, for it
 * has to come along when the provider sends the browser back; that of the session is Strict, so the way back ends on a page of our own that goes on by
 * itself, and not in a redirect, with which no Strict cookie is sent.
 */
import { oidcCookie } from '@weir/proto/http/own-cookies.js';
import * as z from 'zod';
import { oidcLastsMs } from '../../people/oidc.js';
import type { People } from '../../people/people.js';
import { type ApiAnswer, type ApiRoute, apiRoute } from './api-route.js';
import { missing, refusal } from './problems.js';
import { cookieOf, endPresent, notSignedIn } from './session-routes.js';

const PATH = '/v1/session/oidc';
const base = { method: 'GET', area: 'session', needs: 'nobody', asksNoScope: true } as const;

export function oidcRoutes(people: People): readonly ApiRoute[] {
  const { oidc, isSecure } = people;
  const attributes = `Path=${PATH}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  const start = apiRoute({
    ...{ ...base, path: `${PATH}/start`, name: 'startOidc', success: 302 },
    summary: 'To the provider of OpenID Connect, to sign in there',
    query: z.strictObject({ to: z.string().max(500).default('/') }),
    async handle({ query: { to }, sent }): Promise<ApiAnswer> {
      if (oidc === null) return missing;
      const begun = await oidc.begin(sent.origin, to);
      if (begun === null) return refusal(503, 'Service Unavailable', `${oidc.name} can't be reached; try again.`);
      const cookie = `${oidcCookie}=${begun.sealed}; Max-Age=${oidcLastsMs / 1_000}; ${attributes}`;
      return { status: 302, location: begun.location, headers: { 'set-cookie': cookie } };
    },
  });
  const callback = apiRoute({
    ...{ ...base, path: `${PATH}/callback`, name: 'endOidc' },
    summary: 'Where the provider sends the browser back to',
    // What a provider adds of its own (session_state, iss, …) is looked at by the library.
    query: z.record(z.string().max(100), z.string().max(4_000)),
    async handle({ query, caller, sent }): Promise<ApiAnswer> {
      if (oidc === null) return missing;
      const search = new URLSearchParams(query).toString();
      const ended = await oidc.end(sent.origin, search, sent.cookies.get(oidcCookie), caller.actor.from);
      if (!ended.ok) return refusal(403, 'Not Signed In', `Not signed in: ${ended.detail}.`);
      if (!ended.signed.ok) return notSignedIn(ended.signed);
      await endPresent(people, caller, sent);
      const cookies = [cookieOf(ended.signed.secret, isSecure), `${oidcCookie}=; Max-Age=0; ${attributes}`];
      return {
        ...{ status: 200, contentType: 'text/html; charset=utf-8', text: pageTo(ended.to) },
        headers: {
          'set-cookie': cookies,
          'content-security-policy': "default-src 'none'",
          'referrer-policy': 'no-referrer',
        },
      };
    },
  });
  return [start, callback];
}

/** `to` is a path of our own, in characters that are plain; what HTML would read otherwise is escaped all the same. */
function pageTo(to: string): string {
  const safe = to.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<!doctype html><meta charset="utf-8"><title>Signed in</title><meta http-equiv="refresh" content="0;url=${safe}"><p>Signed in. <a href="${safe}">Go on</a>`;
}
