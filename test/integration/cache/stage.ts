/** A gateway with a cache over an upstream that a test answers by hand; both over real sockets, in the test's process. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Gateway, startGateway } from '../../support/gateway.js';

export type Answer = (response: ServerResponse, request: IncomingMessage, count: number) => void;

export interface CacheStage {
  readonly weir: Gateway;
  /** Requests that the upstream has seen. */
  readonly requests: () => number;
  /** From now on it answers so. */
  answerBy(answer: Answer): void;
  ask(path: string, init?: RequestInit): Promise<Told>;
  result(result: string): Promise<number>;
  close(): Promise<void>;
}

export interface Told {
  readonly status: number;
  readonly body: string;
  readonly cacheStatus: string;
}

/** `more` is added to the route, `route: { cache, … }` as YAML flow. */
export async function openStage(cache: string, more = ''): Promise<CacheStage> {
  let requests = 0;
  let answer: Answer = (response) => response.end();
  const server = createServer((request, response) => {
    requests += 1;
    answer(response, request, requests);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  const weir = await startGateway(`
gateway: { accessLog: false }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${address.port}"], pool: { connections: 512 } }]
routes: [{ id: all, match: /*, upstream: app, retry: false, cache: ${cache}, ${more} }]
`);
  return {
    weir,
    requests: () => requests,
    answerBy(next) {
      answer = next;
    },
    async ask(path, init = {}) {
      const response = await fetch(`${weir.url}${path}`, init);
      const body = await response.text();
      return { status: response.status, body, cacheStatus: response.headers.get('cache-status') ?? '' };
    },
    result: (result) => weir.metric(`weir_cache_requests_total{route="all",result="${result}"}`),
    async close() {
      await weir.close();
      server.closeAllConnections();
      server.close();
    },
  };
}
