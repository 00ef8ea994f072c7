/**
 * One proxy from npm in front of the origin: `node npm-proxy.js NAME FOLDER PORT ORIGIN_PORT CONNECTIONS`. Keep-alive to the
 * origin, no log, and nothing else that its documentation does not set up by itself.
 */
import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { NpmProxy } from './npm-proxies.js';

const [name, folder, port, originPort, connections] = process.argv.slice(2);
if (name === undefined || folder === undefined || connections === undefined) {
  throw new Error('usage: npm-proxy.js NAME FOLDER PORT ORIGIN_PORT CONNECTIONS');
}

// They are not among our packages, so what is used of them is declared here.
const load = createRequire(join(folder, 'package.json'));
const origin = `http://127.0.0.1:${originPort}`;
const at = { port: Number(port), host: '127.0.0.1', backlog: 4096 };

interface Fastify {
  readonly server: Server;
  register(plugin: unknown, options: object): unknown;
  listen(at: object): Promise<string>;
}

interface ProxyServer {
  web(request: IncomingMessage, response: ServerResponse): void;
  on(event: 'error', listener: (error: Error, request: IncomingMessage, response: ServerResponse) => void): void;
}

const starts: Readonly<Record<NpmProxy, () => Promise<Server> | Server>> = {
  'fast-gateway': () => {
    const gateway: (options: object) => { getServer(): Server } = load('fast-gateway');
    const proxyConfig = { maxSockets: Number(connections), maxFreeSockets: Number(connections) };
    return gateway({ routes: [{ prefix: '', target: origin, proxyConfig }] })
      .getServer()
      .listen(at);
  },
  'fastify-http-proxy': async () => {
    const fastify: (options: object) => Fastify = load('fastify');
    const app = fastify({ logger: false, keepAliveTimeout: 0 });
    // Streams are not retried, as nowhere else here.
    const undici = { connections: Number(connections), pipelining: 1 };
    app.register(load('@fastify/http-proxy'), { upstream: origin, undici });
    await app.listen(at);
    return app.server;
  },
  'http-proxy-3': () => {
    const { createProxyServer }: { createProxyServer(options: object): ProxyServer } = load('http-proxy-3');
    const agent = new Agent({ keepAlive: true, maxSockets: Number(connections), maxFreeSockets: Number(connections) });
    const proxy = createProxyServer({ target: origin, agent });
    proxy.on('error', (_error, _request, response) => void response.writeHead(502).end());
    return createServer((request, response) => proxy.web(request, response)).listen(at);
  },
};

const start = starts[name as NpmProxy]; // Whoever starts this has the name from that table.
const server = await start();
server.keepAliveTimeout = 0;
