/**
 * One of the three replicas, a process of its own: `node replica.js INDEX HOST PORT`. It answers like a small API until it
 * is told over its channel to have a fault. What the fault does to a request is decided in answer.ts.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { BODY_BYTES, bodyOf, cacheControlOf, PROBE_PATH } from '../contents.js';
import { draw } from '../draw.js';
import { type Fault, replicaIndexes, WELL } from '../faults.js';
import type { Counts, ReplicaOrder } from '../messages.js';
import { type Answer, answerOf, createLine } from './answer.js';

const [indexText, host = '127.0.0.1', portText] = process.argv.slice(2);
const index = replicaIndexes.find((known) => String(known) === indexText);
if (index === undefined || portText === undefined) throw new Error('usage: replica.js INDEX HOST PORT');

const line = createLine();
const lastUsedMs = new WeakMap<Socket, number>();
/** How often each path was asked for here: a second attempt draws its luck anew. */
const attempts = new Map<string, number>();
let fault: Fault = WELL;
let seed = 0;
let server: Server | null = null;
let requests = 0;
let probes = 0;
let swallowed = 0;
let posts: string[] = [];

/** Connections that the kernel takes before we do; a black hole without a namespace wants as few as there can be. */
const BACKLOG = 1_024;
const BACKLOG_OF_SILENCE = 1;

function listen(then: () => void, backlog = BACKLOG): void {
  if (server !== null) {
    then();
    return;
  }
  server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, receive);
  // A proxy that resets a connection is nothing to end for.
  server.on('clientError', (_, socket) => socket.destroy());
  // A port that somebody else took meanwhile is an error that the runner must see: it ends this process.
  server.listen({ host, port: Number(portText), backlog }, then);
}

function stopListening(closes: 'all' | 'idle' | 'none'): void {
  const closing = server;
  server = null;
  if (closing === null) return;
  // The close of an HTTP server closes idle connections with it; that of its parent closes the port alone.
  if (closes === 'none') NetServer.prototype.close.call(closing);
  else closing.close();
  if (closes === 'all') closing.closeAllConnections();
}

function receive(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '/';
  const isProbe = path === PROBE_PATH;
  const nowMs = performance.now();
  const usedMs = lastUsedMs.get(request.socket);
  let chance = 1;
  if (isProbe) probes += 1;
  else {
    requests += 1;
    const attempt = (attempts.get(path) ?? 0) + 1;
    attempts.set(path, attempt);
    chance = draw(seed, path, index ?? 0, attempt);
  }
  const idleMs = usedMs === undefined ? null : nowMs - usedMs;
  // In use until it is answered; the time of that is written over it then.
  lastUsedMs.set(request.socket, Number.POSITIVE_INFINITY);
  response.once('finish', () => lastUsedMs.set(request.socket, performance.now()));
  response.on('error', () => {});
  const answer = answerOf(fault, { isProbe, nowMs, idleMs, chance }, line);
  // A body is read to its end before the fault shows, so that it is certain that the replica had the whole request.
  request.resume();
  request.once('end', () => {
    if (request.method === 'POST') {
      posts.push(path);
      if (answer.kind !== 'whole') swallowed += 1;
    }
    give(answer, path, request.socket, response);
  });
}

function give(answer: Answer, path: string, socket: Socket, response: ServerResponse): void {
  switch (answer.kind) {
    case 'never':
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'close':
      socket.destroy();
      return;
    case 'status':
      response.writeHead(answer.status, { 'content-type': 'text/plain', 'content-length': 4 }).end('bad\n');
      return;
    case 'half':
      writeHead(response, path);
      response.write(bodyOf(path).slice(0, BODY_BYTES / 2));
      return;
    case 'pieces':
      writeHead(response, path);
      trickle(bodyOf(path), Math.ceil(BODY_BYTES / answer.pieces), answer.everyMs, response);
      return;
    case 'whole': {
      const send = (): void => {
        writeHead(response, path);
        response.end(bodyOf(path));
      };
      if (answer.afterMs <= 0) send();
      else setTimeout(send, answer.afterMs);
    }
  }
}

function writeHead(response: ServerResponse, path: string): void {
  // A server that is stopping says so on what it still answers.
  if (server === null) response.setHeader('connection', 'close');
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': BODY_BYTES,
    'cache-control': cacheControlOf(path),
  });
}

function trickle(body: string, pieceChars: number, everyMs: number, response: ServerResponse): void {
  if (response.destroyed) return;
  if (body.length <= pieceChars) {
    response.end(body);
    return;
  }
  response.write(body.slice(0, pieceChars));
  setTimeout(() => trickle(body.slice(pieceChars), pieceChars, everyMs, response), everyMs);
}

function zero(): void {
  requests = 0;
  probes = 0;
  swallowed = 0;
  posts = [];
}

function tellCounts(): void {
  const counts: Counts = { kind: 'counts', replica: index ?? 0, requests, probes, swallowed, posts };
  process.send?.(counts);
}

function obey(order: ReplicaOrder): void {
  if (order.kind === 'zero') zero();
  if (order.kind === 'count' || order.kind === 'zero') {
    tellCounts();
    return;
  }
  line.clear();
  if (fault.kind === 'silent') stopListening('none'); // Its backlog is too short for what follows.
  fault = order.kind === 'fault' ? order.fault : WELL;
  if (order.kind === 'renew') {
    seed = order.seed;
    attempts.clear();
    zero();
    stopListening('all');
  }
  if (fault.kind === 'dead' || fault.kind === 'stopping') {
    stopListening(fault.kind === 'dead' ? 'all' : 'idle');
    tellCounts();
  } else if (fault.kind === 'silent') {
    stopListening('none');
    listen(tellCounts, BACKLOG_OF_SILENCE);
  } else listen(tellCounts);
}

process.on('message', (message) => {
  obey(message as ReplicaOrder); // The only sender is the runner, which is built from the same messages.ts.
});
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {}); // Ctrl-C reaches the whole group; the runner ends this process when it has finished.
listen(tellCounts);
