/**
 * The server of /v1 is made of its table of routes and of nothing else: who may call is decided before a body is read (../guard.ts), what is sent
 * is read by the schemas of its row, and what its handler says becomes an answer. A route that takes members nobody has foreseen, or
 * stands twice in the table, is a mistake of ours, and the server does not start with it.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import type { Registry } from '../../registry/registry.js';
import { sendRefusal } from '../guard.js';
import { refusalOfTeam } from './access.js';
import type { ApiAnswer, ApiHeaders, ApiRequest, ApiRoute } from './api-route.js';
import { KeptAnswers } from './kept-answers.js';
import { documentOf } from './openapi.js';
import { type ApiProblem, keyReused, refusal } from './problems.js';
import { isSameVersion, readIdempotencyKey, readIfMatch, readInput } from './read-input.js';
import { looseObjects } from './schemas.js';

const BODY_BYTES_MAX = 64 * 1024;
const TEXT_TYPES = [
  'application/json',
  'application/yaml',
  'application/x-yaml',
  'text/yaml',
  'application/vnd.oai.openapi',
  'application/vnd.oai.openapi+json',
];
const noQuery = z.strictObject({});

export interface ServedTable {
  readonly routes: readonly ApiRoute[];
  readonly version: string;
  /** Of the registry, which knows requests longer than this process; left out: there is none. */
  readonly earlier?: Registry['earlier'];
}

/** What is known of requests that came before. */
interface Known {
  readonly kept: KeptAnswers;
  readonly earlier: Registry['earlier'];
}

export function serveRoutes(server: FastifyInstance, { routes, version, earlier = () => 'none' }: ServedTable): void {
  const known: Known = { kept: new KeptAnswers(), earlier };
  const table = [...routes, describe([...routes], version)];
  for (const route of table) {
    const loose = looseObjects(route);
    if (loose.length > 0) throw new Error(`${route.name} takes members that nobody has foreseen: ${loose.join(', ')}`);
  }
  // Each in a scope of its own: one reads JSON, another takes the text as it is.
  void server.register(async (scope) => {
    readsJson(scope);
    for (const route of table) if (route.bodyIs !== 'text') serve(scope, route, known);
  });
  void server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(TEXT_TYPES, { parseAs: 'string' }, (_request, body, done) => done(null, body));
    for (const route of table) if (route.bodyIs === 'text') serve(scope, route, known);
  });
}

/** The table described by itself; it is a row of it, too. */
function describe(routes: ApiRoute[], version: string): ApiRoute {
  let text: string | null = null;
  const route: ApiRoute = {
    ...{ method: 'GET', path: '/v1/openapi.json', name: 'getDocument', area: 'document', needs: 'nobody' },
    asksNoScope: true,
    summary: 'This API as an OpenAPI 3.1 document',
    async handle() {
      text ??= JSON.stringify(documentOf(routes, version));
      return { status: 200, contentType: 'application/json', text };
    },
  };
  routes.push(route);
  return route;
}

/** As fastify reads it, but that an empty body is none whatever its type, and an error does not repeat what was sent. */
function readsJson(scope: FastifyInstance): void {
  const parse = scope.getDefaultJsonParser('error', 'error');
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body);
    if (text.trim() === '') return done(null, undefined);
    parse(request, text, (error, value) => {
      if (error === null) done(null, value);
      else
        done(
          Object.assign(new Error('The body is no JSON, or has a key that no object may have.'), { statusCode: 400 }),
        );
    });
  });
}

export function urlPatternOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

function serve(scope: FastifyInstance, route: ApiRoute, known: Known): void {
  const { method, path, needs, area, beforePasswordChange = false, asksNoScope = false } = route;
  const does = route.does ?? (method === 'GET' ? 'read' : 'write');
  scope.route<{ Params: Record<string, string> }>({
    ...{ method, url: urlPatternOf(path), bodyLimit: route.bodyBytesMax ?? BODY_BYTES_MAX },
    config: { access: { needs, area, does, beforePasswordChange, asksNoScope } },
    async handler(request, reply) {
      const read = readRequest(route, request);
      const answer = 'problem' in read ? read : await answered(route, read, known);
      await send(request, reply, answer);
      return reply;
    },
  });
}

async function answered(
  route: ApiRoute,
  read: ApiRequest<unknown, unknown>,
  { kept, earlier }: Known,
): Promise<ApiAnswer> {
  const { needs } = route;
  const { idempotencyKey: id } = read;
  const before = id === undefined ? 'none' : earlier(id);
  if (before === 'other') return keyReused;
  const isAgain = before === 'same';
  // What it has ended is nobody's any more, so nobody's rights to it could be looked at; its author is told no more than before.
  if (isAgain && route.method === 'DELETE') return { status: 204 };
  const asked = { ...read, isAgain };
  if (typeof needs === 'object') {
    if (route.teamOf === undefined)
      throw new Error(`${route.name} needs a role in a team, and does not say which team`);
    const refused = refusalOfTeam(needs.team, route.teamOf(asked), asked.caller);
    if (refused !== null) return refused;
  }
  if (id === undefined) return route.handle(asked);
  const begun = kept.begin(id, performance.now());
  if (begun.kind === 'again') return begun.answer;
  if (begun.kind === 'under way')
    return refusal(409, 'Under Way', 'A request with this Idempotency-Key is being done.');
  if (begun.kind === 'other') return keyReused;
  let answer: ApiAnswer | null = null;
  try {
    answer = await route.handle(asked);
    return answer;
  } finally {
    kept.settle(id, answer);
  }
}

/** The request as its handler gets it, or what is wrong with it. */
function readRequest(
  route: ApiRoute,
  request: FastifyRequest<{ Params: Record<string, string> }>,
): ApiRequest<unknown, unknown> | ApiProblem {
  const { caller, sent } = request.asked;
  const query = readInput(route.query ?? noQuery, { ...(request.query as object) }, 400); // Fastify makes an object of it.
  if (!query.ok) return query.problem;
  const body = readBody(route, request.body);
  if (!body.ok) return body.problem;
  const expected = readIfMatch(oneOf(request.headers['if-match']));
  if (!expected.ok) return expected.problem;
  const key = readIdempotencyKey(oneOf(request.headers['idempotency-key']));
  if (!key.ok) return key.problem;
  // Of a reading it means nothing; of nobody it would be everybody's, and what signs in is to be done each time.
  const isKept =
    key.value !== undefined && route.method !== 'GET' && caller.actor.via !== 'none' && route.needs !== 'nobody';
  const idempotencyKey = isKept
    ? `${hash([caller.actor.userId, request.method, request.url, key.value])}~${hash(request.body ?? null)}`
    : undefined;
  const read = { query: query.value, body: body.value, expected: expected.value };
  return { caller, params: request.params, ...read, idempotencyKey, isAgain: false, sent };
}

function readBody(route: ApiRoute, body: unknown) {
  if (route.body !== undefined) return readInput(route.body, body ?? (route.bodyIs === 'text' ? '' : {}), 422);
  if (body === undefined || body === null) return { ok: true, value: undefined } as const;
  return readInput(noQuery, body, 422);
}

const oneOf = (field: string | string[] | undefined): string | undefined =>
  Array.isArray(field) ? field.join(', ') : field;

async function send(request: FastifyRequest, reply: FastifyReply, answer: ApiAnswer): Promise<void> {
  if ('problem' in answer) return sendRefusal(reply, answer);
  setHeaders(reply, answer.headers);
  if (answer.status === 302) {
    await reply.code(302).header('location', answer.location).send();
    return;
  }
  if (answer.version !== undefined) {
    reply.header('etag', `"${answer.version}"`);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (isRead && isSameVersion(request.headers['if-none-match'], answer.version)) {
      await reply.code(304).send();
      return;
    }
  }
  reply.code(answer.status);
  if ('text' in answer) {
    const { text } = answer;
    await reply.type(answer.contentType).send(typeof text === 'string' ? text : Readable.from(text));
    return;
  }
  if (answer.body === undefined) await reply.send();
  else await reply.type('application/json').send(JSON.stringify(answer.body));
}

function setHeaders(reply: FastifyReply, headers: ApiHeaders = {}): void {
  for (const [name, value] of Object.entries(headers))
    reply.header(name, typeof value === 'string' ? value : [...value]);
}

/** 128 bits of it. */
function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}
