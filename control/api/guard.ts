/**
 * Stands before every route of the admin API: finds out who asks, and whether they may, before a byte of a body is read. A route says in its
 * `config.access` what it needs; one that says nothing is for operators, so that nothing is open because somebody forgot it.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Callers } from '../people/callers.js';
import { problem, sendProblem } from './problem.js';
import { type Access, refusalAtDoor } from './v1/access.js';
import type { Caller, Sent } from './v1/api-route.js';
import { type ApiProblem, refusal, unknownToken } from './v1/problems.js';
import { readCookies } from './v1/read-input.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Set by the guard, before any handler runs. */
    asked: Asked;
  }
}

export interface Asked {
  readonly caller: Caller;
  readonly sent: Sent;
  /** Of a session; null: none is needed. */
  readonly csrf: string | null;
}

export interface GuardOptions {
  readonly callers: Callers;
  /** The peer's address, or that of whom a proxy speaks for. */
  readonly fromOf: (request: FastifyRequest) => string;
  readonly isSame: (a: string, b: string) => boolean;
  /** Null: whatever Host says. */
  readonly publicUrl: string | null;
}

type Config = { readonly access: Access };

/** What fastify's `config` of a route outside of /v1 says. */
export const forAnybody: Config = { access: { needs: 'nobody', area: 'control', does: 'read', asksNoScope: true } };
export const forSignedIn: Config = { access: { needs: 'signed-in', area: 'status', does: 'read' } };
export function forOperators(area: string, does: Access['does']): Config {
  return { access: { needs: 'operator', area, does } };
}
const unsaid = forOperators('control', 'write').access;

/** Who signs a change: users can't pass for others; of whoever may read the data folder nothing is known but what they say. */
export function signedBy({ asked }: FastifyRequest, told: string): string {
  return asked.caller.user?.login ?? told;
}

export function addGuard(server: FastifyInstance, { callers, fromOf, isSame, publicUrl }: GuardOptions): void {
  server.decorateRequest('asked');
  server.addHook('onRequest', async (request, reply) => {
    // Whoever asks for what there is not learns that, and nothing else.
    if (request.is404) return;
    const cookies = readCookies(request.headers.cookie);
    const { authorization } = request.headers;
    const seen = callers.identify({ authorization, cookies, from: fromOf(request) });
    if (!seen.ok) return sendRefusal(reply, unknownToken);
    const { caller, session } = seen;
    const origin = publicUrl === null ? `http://${request.headers.host}` : new URL(publicUrl).origin;
    const sent: Sent = { cookies, via: caller.actor.via, sessionSecret: session?.secret ?? null, origin };
    request.asked = { caller, sent, csrf: session?.csrf ?? null };
    const access = request.routeOptions.config.access ?? unsaid;
    const refused = refusalAtDoor(access, caller) ?? forgedBy(request, access, isSame);
    if (refused !== null) return sendRefusal(reply, refused);
  });
}

/** A browser sends the cookie along with whatever page has made the request; the page of the console alone knows this field. */
function forgedBy(request: FastifyRequest, access: Access, isSame: GuardOptions['isSame']): ApiProblem | null {
  const { csrf } = request.asked;
  const isWrite = request.method !== 'GET' && request.method !== 'HEAD';
  if (csrf === null || !isWrite || access.needs === 'nobody') return null;
  const told = request.headers['x-weir-csrf'];
  if (typeof told === 'string' && isSame(told, csrf)) return null;
  const detail = 'With a cookie, x-weir-csrf has to say what GET /v1/session tells as `csrf`.';
  return refusal(403, 'Forbidden', detail, { code: 'csrf' });
}

export async function sendRefusal(reply: FastifyReply, { problem: told }: ApiProblem): Promise<void> {
  const { status, title, detail, more, headers = {} } = told;
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
  await sendProblem(reply, problem(status, title, detail, more));
}
