/**
 * Trying a service out: the console has a request sent to the gateway by control, since the gateway answers under another origin. It reaches nothing
 * but the listener of this gateway, of one of its nodes, and there nothing but the paths and hosts of one service that the caller may see; so it lets
 * nobody at anything that they could not call themselves. No redirect is followed, and no cookie of this API goes along.
 *
 * Where an allow list of addresses admits control, it admits whoever may try the service.
 *
 *   POST /v1/try {serviceId, method, path, headers, body}    `path` is below the service's base path
 */

import { originClaims } from '@weir/proto/http/origin-claims.js';
import * as z from 'zod';
import type { Service } from '../../model/entities.js';
import { type ApiRoute, apiRoute, type Caller } from './api-route.js';
import { type ApiProblem, missing, refusal } from './problems.js';

export interface TryRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface TriedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The answer goes on. */
  readonly isCut: boolean;
  readonly tookMs: number;
}

/** `gateway`: where it was sent, as `host:port`. */
export type Tried =
  | { readonly kind: 'answer'; readonly gateway: string; readonly answer: TriedAnswer }
  /** No answer came in time. */
  | { readonly kind: 'silent'; readonly gateway: string }
  /** It was sent nowhere. */
  | { readonly kind: 'nowhere'; readonly why: string };

export interface TrySources {
  readonly serviceOf: (id: string) => Service | null;
  readonly maySee: (caller: Caller, service: Service) => boolean;
  /** Why the gateway answers nothing of the service; null: it does. */
  readonly whyNot: (service: Service) => string | null;
  /** Bounded in time and bytes. */
  readonly send: (request: TryRequest) => Promise<Tried>;
}

export const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;
const HEADERS_MAX = 50;
const BODY_CHARS_MAX = 256 * 1024;
/** A text that JSON writes with escapes takes more. */
const BODY_BYTES_MAX = 1024 * 1024;

const fieldName = z.string().regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/);
const fieldValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]{0,8192}$/);

const tryBody = z.strictObject({
  serviceId: z.string().min(1).max(64),
  method: z.enum(methods),
  path: z
    .string()
    .max(8_192)
    .describe('Below the base path of the service, with its query; begins with / or is empty.'),
  headers: z.record(fieldName, fieldValue).default({}),
  body: z.string().max(BODY_CHARS_MAX).default(''),
});

/** At once, of one user and of all together: each may hold one of this API's 512 connections for half a minute. */
export const triesMax = { user: 8, all: 64 };

/** Under way, by user; whoever has none is not in it. */
class Tries {
  readonly #byUser = new Map<string, number>();
  #all = 0;

  /** False: there are as many as may be. */
  begin(userId: string): boolean {
    const own = this.#byUser.get(userId) ?? 0;
    if (own >= triesMax.user || this.#all >= triesMax.all) return false;
    this.#byUser.set(userId, own + 1);
    this.#all += 1;
    return true;
  }

  end(userId: string): void {
    const left = (this.#byUser.get(userId) ?? 1) - 1;
    if (left === 0) this.#byUser.delete(userId);
    else this.#byUser.set(userId, left);
    this.#all -= 1;
  }
}

export function tryRoutes(sources: TrySources): readonly ApiRoute[] {
  const tries = new Tries();
  const route = apiRoute({
    ...{ method: 'POST', path: '/v1/try', name: 'trySomething', area: 'try', needs: 'signed-in', does: 'write' },
    summary: 'Send a request to a service by this gateway, and see its answer',
    body: tryBody,
    bodyBytesMax: BODY_BYTES_MAX,
    async handle({ caller, body: { serviceId, ...asked } }) {
      const service = sources.serviceOf(serviceId);
      if (service === null || !sources.maySee(caller, service)) return missing;
      if (Object.keys(asked.headers).length > HEADERS_MAX)
        return refusal(422, 'Faulty Input', `A request that is tried has ${HEADERS_MAX} fields at most.`);
      const whyNot = sources.whyNot(service);
      if (whyNot !== null) return refusal(409, 'Not Served', whyNot);
      const request = requestTo(service, asked);
      if (typeof request === 'string') return refusal(422, 'Faulty Input', request);
      const { userId } = caller.actor;
      if (!tries.begin(userId)) return tooMany;
      const tried = await sources.send(request).finally(() => tries.end(userId));
      if (tried.kind === 'nowhere') return refusal(503, 'No Gateway Here', tried.why);
      const { gateway } = tried;
      if (tried.kind === 'silent')
        return refusal(504, 'No Answer', `The gateway at ${gateway} has not answered in time.`);
      return { status: 200, body: { ...tried.answer, gateway } };
    },
  });
  return [route];
}

const tooMany: ApiProblem = {
  problem: {
    ...{ status: 429, title: 'Too Many Tries', headers: { 'retry-after': '5' } },
    detail: `So many are being tried already (${triesMax.user} of one user, ${triesMax.all} of all): wait for an answer, or call the gateway itself.`,
  },
};

/**
 * Fields that belong to the connection, to this API, or that would make a request something else than it seems: control may be a peer that
 * the gateway trusts, and its users are not.
 */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  ...originClaims,
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
  ...['content-length', 'host', 'x-weir-csrf', 'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
  ...['x-request-id', 'via'],
]);

/** The request as the gateway gets it; a text says why it is none. Exported for tests. */
export function requestTo(
  { basePath, hosts }: Pick<Service, 'basePath' | 'hosts'>,
  { method, path, headers, body }: TryRequest,
): TryRequest | string {
  if (path !== '' && !/^[/?]/.test(path))
    return 'The path begins with a slash, and is below the base path of the service.';
  if (!/^[\x21-\x7e]*$/.test(path) || path.includes('#'))
    return 'The path is written as in a URL: other characters as %XX.';
  const [before = ''] = path.split('?');
  // In any reading: dots that are written as they are, encoded, or behind a backslash.
  const plain = before.replace(/%2e/gi, '.').replace(/%2f|%5c|\\/gi, '/');
  if (plain.split('/').some((segment) => segment === '..' || segment === '.'))
    return 'The path must not lead out of the service.';
  if (body !== '' && (method === 'GET' || method === 'HEAD')) return `A request with ${method} has no body.`;
  const kept = Object.entries(headers).filter(([name]) => !OWN_FIELDS.has(name.toLowerCase()));
  const host = hosts.find((name) => !name.includes('*'));
  if (host === undefined && hosts.length > 0)
    return 'The service answers at names by a pattern alone, so it is not known which one to ask for.';
  return {
    ...{ method, path: basePath + path, body },
    headers: {
      ...Object.fromEntries(kept.map(([name, value]) => [name.toLowerCase(), value])),
      ...(host === undefined ? {} : { host }),
    },
  };
}
