/**
 * The admin API: a fastify server on loopback that tells what runs, purges the cache, and
 * keeps the revisions of the config. It shares no event loop with
 * traffic. It has no sessions; whoever binds it elsewhere than to loopback decides who may look, purge and configure.
 *
 * No CORS fields are sent, so no other site's script can read an answer; the Host check keeps rebinding out. What changes
 * something takes JSON alone, which a script can't send elsewhere unasked, and nothing that another site's page sends.
 */
import type { Address } from '@weir/proto/bus/address.js';
import { isOwnHost, namesOf } from '@weir/proto/http/own-host.js';
import fastify, { type FastifyInstance } from 'fastify';
import type { Insight } from '../insight/insight.js';
import { addCacheApi, type CacheOperations } from './cache-api.js';
import type { ControlStatus } from './control-status.js';
import { problem, sendProblem } from './problem.js';
import { addRevisionsApi, type RevisionOperations } from './revisions-api.js';
import { addRolloutsApi, type RolloutOperations } from './rollouts-api.js';

export interface AdminApi {
  readonly address: Address;
  close(): Promise<void>;
}

export interface AdminOptions {
  readonly listen: Address;
  readonly status: () => ControlStatus | Promise<ControlStatus>;
  readonly cache: CacheOperations;
  /** Left out: this control is alone with its nodes, and puts in force what it is given. */
  readonly rollouts?: RolloutOperations;
  /** Left out: no revisions are kept. */
  readonly revisions?: RevisionOperations;
  /** Left out: nobody hears what calls come to. */
  readonly insight?: Insight;
}

export async function startAdminApi(options: AdminOptions): Promise<AdminApi> {
  const { listen } = options;
  const server = buildAdminApi(options);
  await server.listen({ host: listen.host, port: listen.port });
  const bound = server.server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : listen.port;
  return { address: { host: listen.host, port }, close: () => server.close() };
}

/** The server without its socket; tests inject requests. */
export function buildAdminApi({ listen, status, cache, revisions, rollouts }: AdminOptions): FastifyInstance {
  // Bodies are small, but for those that a route allows more; slow or endless requests are not waited for.
  const server = fastify({ bodyLimit: 1024, requestTimeout: 10_000, forceCloseConnections: true });
  server.removeContentTypeParser('text/plain');
  const names = namesOf(listen.host);

  server.addHook('onRequest', async (request, reply) => {
    if (isOwnHost(request.headers.host, names)) return;
    const detail = 'This API answers to localhost and to the address that it listens at; use one of them in the URL.';
    await sendProblem(reply, problem(421, 'Misdirected Request', detail));
  });
  server.addHook('onRequest', async (request, reply) => {
    if (isFromHere(request.headers.origin, names)) return;
    const detail = 'A page of another site has sent this; only this API and its commands may.';
    await sendProblem(reply, problem(403, 'Forbidden', detail));
  });
  server.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });

  server.get('/', async () => ({
    service: 'weir admin',
    links: [
      ...['/status', '/healthz', '/cache/purge', '/cache/inspect'],
      ...(revisions === undefined ? [] : ['/revisions']),
      ...(rollouts === undefined ? [] : ['/rollouts', '/rollouts/current']),
    ],
  }));
  server.get('/status', async () => status());
  server.get('/healthz', async () => ({ status: 'ok' }));

  addCacheApi(server, cache);
  if (rollouts !== undefined) addRolloutsApi(server, rollouts);
  if (revisions !== undefined) addRevisionsApi(server, revisions);

  server.setNotFoundHandler(async (request, reply) => {
    await sendProblem(
      reply,
      problem(404, 'Not Found', `${request.method} ${pathOf(request.url)} is not part of this API.`),
    );
  });
  server.setErrorHandler(async (error: { statusCode?: number; message: string }, _request, reply) => {
    const code = error.statusCode ?? 500;
    const isOurs = code >= 500;
    const detail = isOurs ? 'The control service failed; its log says more.' : error.message;
    if (isOurs) process.stderr.write(`weir: admin API: ${error.message}\n`);
    await sendProblem(reply, problem(code, isOurs ? 'Internal Server Error' : 'Bad Request', detail));
  });
  return server;
}

/** Browsers name the site whose page asks for something to be changed; commands name none. */
function isFromHere(origin: string | undefined, names: ReadonlySet<string>): boolean {
  return origin === undefined || isOwnHost(/^https?:\/\/([^/]+)$/.exec(origin)?.[1], names);
}

function pathOf(url: string): string {
  return url.replace(/\?.*$/, '').slice(0, 200);
}
