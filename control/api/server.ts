/**
 * The admin API: a fastify server on loopback that tells what runs. It shares no event loop with traffic, and it is
 * read-only for now, so it has no sessions; whoever binds it elsewhere than to loopback decides who may look.
 *
 * No CORS fields are sent, so no other site's script can read an answer; the Host check keeps rebinding out.
 */
import type { Address } from '@weir/proto/bus/address.js';
import { isOwnHost, namesOf } from '@weir/proto/http/own-host.js';
import fastify, { type FastifyInstance } from 'fastify';
import type { ControlStatus } from './control-status.js';

export interface AdminApi {
  readonly address: Address;
  close(): Promise<void>;
}

export interface AdminOptions {
  readonly listen: Address;
  readonly status: () => ControlStatus;
}

/** RFC 9457. */
interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

const problem = (status: number, title: string, detail: string): Problem => ({
  type: 'about:blank',
  title,
  status,
  detail,
});

export async function startAdminApi({ listen, status }: AdminOptions): Promise<AdminApi> {
  const server = buildAdminApi(listen, status);
  await server.listen({ host: listen.host, port: listen.port });
  const bound = server.server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : listen.port;
  return { address: { host: listen.host, port }, close: () => server.close() };
}

/** The server without its socket; tests inject requests. */
export function buildAdminApi(listen: Address, status: () => ControlStatus): FastifyInstance {
  // The API takes no bodies; slow or endless requests are not waited for.
  const server = fastify({ bodyLimit: 1024, requestTimeout: 10_000, forceCloseConnections: true });
  const names = namesOf(listen.host);

  server.addHook('onRequest', async (request, reply) => {
    if (isOwnHost(request.headers.host, names)) return;
    const detail = 'This API answers to localhost and to the address that it listens at; use one of them in the URL.';
    await sendProblem(reply, problem(421, 'Misdirected Request', detail));
  });
  server.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });

  server.get('/', async () => ({ service: 'weir admin', links: ['/status', '/healthz'] }));
  server.get('/status', async () => status());
  server.get('/healthz', async () => ({ status: 'ok' }));

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

interface Reply {
  code(status: number): Reply;
  type(contentType: string): Reply;
  send(body: string): unknown;
}

/** Serialised here: the content type is not one for which fastify would do it. */
async function sendProblem(reply: Reply, body: Problem): Promise<void> {
  await reply.code(body.status).type('application/problem+json').send(JSON.stringify(body));
}

function pathOf(url: string): string {
  return url.replace(/\?.*$/, '').slice(0, 200);
}
