/**
 * An origin that lets its answers be cached, in a process of its own. What it does can be changed while it runs, by the
 * second port, which also tells what it has seen since then. Each body says which URL was asked for, and the version that
 * the origin was at when the request came.
 */
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { type OriginBehaviour, originBody, quietOrigin } from './cache-origin.js';

const TICK_MS = 50;

let behaviour: OriginBehaviour = quietOrigin;
let requests = 0;

const answer: RequestListener = (request, response) => {
  requests += 1;
  const first = requests === 1 ? behaviour.first : null;
  const { status, cacheControl, delayMs, jitterMs, tag, bodyBytes, bodyMs, version } = { ...behaviour, ...first };
  const body = originBody(request.url ?? '', version, bodyBytes);
  const respond = (): void => {
    response.writeHead(status, {
      ...(cacheControl === '' ? {} : { 'cache-control': cacheControl }),
      'content-length': body.length,
      etag: `"${version}"`,
      ...(tag === '' ? {} : { 'surrogate-key': tag }),
    });
    if (bodyMs === 0) response.end(body);
    else drip(response, body, Math.ceil(bodyMs / TICK_MS));
  };
  setTimeout(respond, delayMs + Math.random() * jitterMs);
};

/** In so many pieces. */
function drip(response: ServerResponse, body: string, pieces: number): void {
  const each = Math.ceil(body.length / pieces);
  let at = 0;
  const next = (): void => {
    response.write(body.slice(at, at + each));
    at += each;
    if (at >= body.length) response.end();
    else setTimeout(next, TICK_MS);
  };
  next();
}

const control = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => {
    const seen = requests;
    if (request.method === 'POST') {
      behaviour = JSON.parse(text) as OriginBehaviour; // Written by cache-origin.ts.
      requests = 0;
    }
    response.end(JSON.stringify({ requests: seen }));
  });
});

// Connections are never closed from here: what fails is the gateway's doing.
const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, answer);
const backlog = 4_096;
server.listen({ host: '127.0.0.1', port: 0, backlog }, () => {
  control.listen(0, '127.0.0.1', () => {
    const port = (of: Server): number => (of.address() as AddressInfo).port; // Both listen on TCP.
    process.send?.({ port: port(server), control: port(control) });
  });
});
// Without its parent it has no purpose.
process.on('disconnect', () => process.exit(0));
