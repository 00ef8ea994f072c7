/**
 * An upstream in a process of its own, so that its memory and its event loop are not those of the test. It does what the
 * path says, and tells on a second port what it has seen.
 *
 *   /small           a 100-byte answer
 *   /hold/ID         answers when it is told to release
 *   /after/MS/ID     answers after so many milliseconds
 *   /bytes/N         N bytes of the pattern, Content-Length; /stream/N the same, chunked
 *   /sink/RATE       reads a body at RATE bytes a second, answers its length and digest
 *
 * Arguments: certificate and key file for HTTPS with HTTP/2; none for plain HTTP/1.1.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { patternBlocks } from './pattern.js';

/** What many real servers allow (nginx: 128, h2o: 100). */
const STREAMS_MAX = 100;
const SMALL = 'x'.repeat(100);
const SECOND_MS = 1_000;

let connections = 0;
let protocol = '';
const seen: string[] = [];
const held: (() => void)[] = [];

const answer: RequestListener = (request, response) => {
  const [, what = '', first = '', second = ''] = (request.url ?? '').split('/');
  protocol = request.httpVersion;
  switch (what) {
    case 'small':
      return end(response, SMALL);
    case 'hold':
      seen.push(first);
      held.push(() => end(response, first));
      return;
    case 'after':
      seen.push(second);
      setTimeout(() => end(response, second), Number(first));
      return;
    case 'bytes':
      response.setHeader('content-length', first);
      void send(response, Number(first));
      return;
    case 'stream':
      void send(response, Number(first));
      return;
    case 'sink':
      void swallow(request, response, Number(first));
      return;
    default:
      response.statusCode = 404;
      end(response, 'no such thing');
  }
};

function end(response: ServerResponse, text: string): void {
  response.setHeader('content-length', text.length);
  response.end(text);
}

async function send(response: ServerResponse, totalBytes: number): Promise<void> {
  for (const block of patternBlocks(totalBytes)) {
    if (response.destroyed) return;
    if (!response.write(block)) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
  }
  response.end();
}

async function swallow(request: IncomingMessage, response: ServerResponse, bytesPerSecond: number): Promise<void> {
  const startedAtMs = performance.now();
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of request) {
    hash.update(chunk);
    bytes += chunk.length;
    const aheadMs = (bytes / bytesPerSecond) * SECOND_MS - (performance.now() - startedAtMs);
    if (aheadMs > 1) await new Promise((resolve) => setTimeout(resolve, aheadMs));
  }
  end(response, JSON.stringify({ bytes, digest: hash.digest('hex') }));
}

function serverOf([certFile, keyFile]: readonly string[]): Server {
  // Nothing here ever closes a connection: what closes is the gateway's doing, and can be counted.
  if (certFile === undefined || keyFile === undefined) {
    const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, answer);
    return server.on('connection', () => {
      connections += 1;
    });
  }
  const server = createSecureServer({
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
    allowHTTP1: true,
    settings: { maxConcurrentStreams: STREAMS_MAX },
  });
  // The compatibility API of node:http2 is made to take the same listeners; only its declared types differ.
  server.on('request', answer as unknown as Parameters<typeof server.on>[1]);
  return server.on('secureConnection', () => {
    connections += 1;
  });
}

const control = createServer((request, response) => {
  if (request.url === '/release') for (const release of held.splice(0)) release();
  const all = request.url === '/seen' ? seen : [];
  end(response, JSON.stringify({ connections, protocol, requests: seen.length, held: held.length, seen: all }));
});

const server = serverOf(process.argv.slice(2));
const backlog = 4_096;
server.listen({ host: '127.0.0.1', port: 0, backlog }, () => {
  control.listen(0, '127.0.0.1', () => {
    const port = (of: Server): number => (of.address() as AddressInfo).port; // Both listen on TCP.
    process.send?.({ port: port(server), control: port(control) });
  });
});
// Without its parent it has no purpose.
process.on('disconnect', () => process.exit(0));
