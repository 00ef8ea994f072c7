/**
 * The admin API: a fastify server on loopback that tells what runs, purges the cache, keeps the revisions of the config, and serves /v1, by which
 * people manage services. It shares no event loop with traffic. Every route is behind the guard (guard.ts).
 *
 * No CORS fields are sent, so no other site's script can read an answer; the Host check keeps rebinding out. What changes
 * something takes JSON alone, which a script can't send elsewhere unasked, and nothing that another site's page sends.
 */
import { createServer } from 'node:http';
import type { Address } from '@weir/proto/bus/address.js';
import { boundConnections } from '@weir/proto/http/bounded-connections.js';
import { isOwnHost, namesOf } from '@weir/proto/http/own-host.js';
import fastify, { type FastifyInstance, type FastifyServerFactory } from 'fastify';
import type { Insight } from '../insight/insight.js';
import type { Callers } from '../people/callers.js';
import { isSameText } from '../people/digests.js';
import type { Registry } from '../registry/registry.js';
import { addCacheApi, type CacheOperations } from './cache-api.js';
import { addConsoleFiles } from './console-files.js';
import type { ControlStatus } from './control-status.js';
import { addGuard, forAnybody, forSignedIn } from './guard.js';
import { peerOf } from './peer.js';
import { problem, sendProblem } from './problem.js';
import { addRevisionsApi, type RevisionOperations } from './revisions-api.js';
import { addRolloutsApi, type RolloutOperations } from './rollouts-api.js';
import { briefOf, statusFor, type TeamOfService } from './status-for.js';
import type { ApiRoute } from './v1/api-route.js';
import { serveRoutes } from './v1/serve-routes.js';

export interface AdminApi {
  readonly address: Address;
  close(): Promise<void>;
}

/** Who may ask, and what of /v1 there is. */
export interface AdminAccess {
  readonly callers: Callers;
  readonly routes: readonly ApiRoute[];
  /** Whether the registry has made a request before; left out: there is none. */
  readonly earlier?: Registry['earlier'];
  /** Where browsers reach this API through a proxy, `https://weir.example.com`; null: at its own address. */
  readonly publicUrl: string | null;
  readonly version: string;
  /** Left out: no service is anybody's. */
  readonly teamOfService?: TeamOfService;
}

export interface AdminOptions {
  readonly listen: Address;
  readonly access: AdminAccess;
  readonly status: () => ControlStatus | Promise<ControlStatus>;
  readonly cache: CacheOperations;
  /** Left out: this control is alone with its nodes, and puts in force what it is given. */
  readonly rollouts?: RolloutOperations;
  /** Left out: no revisions are kept. */
  readonly revisions?: RevisionOperations;
  /** Left out: nobody hears what calls come to. */
  readonly insight?: Insight;
  /** What this control tells Prometheus of itself; left out: nothing. */
  readonly metrics?: () => string;
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
export function buildAdminApi(options: AdminOptions): FastifyInstance {
  const { listen, access, status, cache, revisions, rollouts } = options;
  // Bodies are small, but for those that a route allows more.
  const server = fastify({ bodyLimit: 1024, forceCloseConnections: true, serverFactory });
  server.removeContentTypeParser('text/plain');
  const { publicUrl } = access;
  const names = new Set([...namesOf(listen.host), ...(publicUrl === null ? [] : namesOf(new URL(publicUrl).hostname))]);

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
  addGuard(server, { ...access, isSame: isSameText, fromOf: (request) => peerOf(request, publicUrl !== null) });
  server.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    reply.header('x-content-type-options', 'nosniff');
  });

  const links = [
    ...['/v1/openapi.json', '/status', '/healthz', '/cache/purge', '/cache/inspect'],
    ...(revisions === undefined ? [] : ['/revisions']),
    ...(rollouts === undefined ? [] : ['/rollouts', '/rollouts/current']),
  ];
  const console = addConsoleFiles(server, forAnybody);
  server.get('/', { config: forAnybody }, async (request, reply) =>
    (await console.answerPage(request, reply)) ? reply : { service: 'weir admin', links },
  );
  const teamOf = access.teamOfService ?? (() => null);
  server.get<{ Querystring: { readonly brief?: string } }>(
    '/status',
    { config: forSignedIn },
    async ({ asked, query }) => {
      const told = statusFor(asked.caller, await status(), teamOf);
      return query.brief === undefined ? told : briefOf(told);
    },
  );
  const { metrics } = options;
  if (metrics !== undefined)
    server.get('/metrics', { config: forSignedIn }, async (_request, reply) =>
      reply.type(METRICS_TYPE).send(metrics()),
    );
  server.get('/healthz', { config: forAnybody }, async () => ({ status: 'ok' }));

  addCacheApi(server, cache);
  if (rollouts !== undefined) addRolloutsApi(server, rollouts);
  if (revisions !== undefined) addRevisionsApi(server, revisions);
  serveRoutes(server, access);

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
    await sendProblem(reply, problem(code, isOurs ? 'Internal Server Error' : (titles[code] ?? 'Bad Request'), detail));
  });
  return server;
}

/** Of which a hundred may follow the live page (v1/live-events.ts). */
const CONNECTIONS_MAX = 512;
/** A head must be complete within this; looked at so often. */
const HEAD_MS = 5_000;
const REQUEST_MS = 10_000;
/** Longer than the minute for which proxies keep a connection. */
const KEPT_MS = 72_000;
const CHECK_MS = 1_000;

/** Asked once for each address of `localhost`. Slow or endless requests are not waited for. */
const serverFactory: FastifyServerFactory = (handler) => {
  const limits = { headersTimeout: HEAD_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: KEPT_MS };
  const made = createServer({ ...limits, connectionsCheckingInterval: CHECK_MS }, handler);
  boundConnections(made, CONNECTIONS_MAX);
  return made;
};

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const titles: Readonly<Record<number, string>> = { 413: 'Content Too Large', 415: 'Unsupported Media Type' };

/** Browsers name the site whose page asks for something to be changed; commands name none. */
function isFromHere(origin: string | undefined, names: ReadonlySet<string>): boolean {
  return origin === undefined || isOwnHost(/^https?:\/\/([^/]+)$/.exec(origin)?.[1], names);
}

function pathOf(url: string): string {
  return url.replace(/\?.*$/, '').slice(0, 200);
}
