/** Real HTTP servers with so much to work with and no more: so many workers, one request each, the others wait in line. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Stage } from './stage.js';

export interface Work {
  /** How long one worker takes for it; read when it begins, so a test may change it. */
  workMs(request: IncomingMessage): number;
  workers?: number;
  answer?(request: IncomingMessage, response: ServerResponse): void;
}

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const ok = (_request: IncomingMessage, response: ServerResponse): void => void response.end('ok');

/** First come, first served, and nobody is refused: what most servers do, and why they time out. */
export function workplace({ workMs, workers = Number.POSITIVE_INFINITY, answer = ok }: Work): RequestListener {
  const line: Waiting[] = [];
  let busy = 0;
  const next = (): void => {
    if (busy >= workers) return;
    // Nobody works for a client that has left.
    let work = line.shift();
    while (work?.response.destroyed === true) work = line.shift();
    if (work === undefined) return;
    busy += 1;
    setTimeout(finish, workMs(work.request), work);
  };
  const finish = ({ request, response }: Waiting): void => {
    busy -= 1;
    if (!response.destroyed) answer(request, response);
    next();
  };
  return (request, response) => {
    request.resume();
    line.push({ request, response });
    next();
  };
}

export async function serve(
  stage: Stage,
  listener: RequestListener,
  certificate: { readonly cert: Buffer; readonly key: Buffer } | null = null,
): Promise<{ readonly port: number }> {
  const server: Server = certificate === null ? createServer(listener) : createTlsServer(certificate, listener);
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  stage.onEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: address.port };
}
