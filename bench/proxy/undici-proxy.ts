/**
 * The plain Node proxy that Weir has to be better than: node:http in front, an undici Pool behind, nothing else. Run as
 * a process of its own: `node undici-proxy.js PORT ORIGIN_PORT CONNECTIONS`.
 */
import { createServer } from 'node:http';
import { Pool } from 'undici';

const [port, originPort, connections] = process.argv.slice(2).map(Number);
if (port === undefined || originPort === undefined || connections === undefined) {
  throw new Error('usage: undici-proxy.js PORT ORIGIN_PORT CONNECTIONS');
}

const pool = new Pool(`http://127.0.0.1:${originPort}`, { connections, pipelining: 1 });

/** Fields that end at this hop (RFC 9110 §7.6.1); without this line undici refuses the request. */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect']);

const server = createServer((request, response) => {
  const headers: string[] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] ?? '';
    if (!hopByHop.has(name.toLowerCase())) headers.push(name, request.rawHeaders[i + 1] ?? '');
  }
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  pool.stream(
    { path: request.url ?? '/', method: request.method ?? 'GET', headers, body: hasBody ? request : null },
    ({ statusCode, headers: answered }) => {
      delete answered['connection'];
      delete answered['keep-alive'];
      delete answered['transfer-encoding'];
      response.writeHead(statusCode, answered);
      return response;
    },
    (error) => {
      if (error === null) return;
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    },
  );
});

server.keepAliveTimeout = 0;
server.listen({ port, host: '127.0.0.1', backlog: 4096 });
