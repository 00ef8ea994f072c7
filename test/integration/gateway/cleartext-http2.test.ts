/** HTTP/2 without TLS is spoken where the configuration says so (RFC 9113 §3.3: prior knowledge), and nowhere else. */
import { createServer } from 'node:http2';
import { expect, it } from 'vitest';
import { startGateway } from '../../support/gateway.js';

it('an http target of an HTTP/2 upstream is spoken to in HTTP/2 at once, many requests on one connection', async () => {
  let sessions = 0;
  const server = createServer((request, response) => {
    response.end(`${request.httpVersion} ${request.method} ${request.url}`);
  });
  server.on('session', () => {
    sessions += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const gateway = await startGateway(`
upstreams: [{ id: app, protocol: http2, targets: "http://127.0.0.1:${port}" }]
routes: [{ id: all, match: /*, upstream: app }]
`);
  try {
    const answers = await Promise.all([1, 2, 3].map(async (n) => (await fetch(`${gateway.url}/${n}`)).text()));
    expect(answers).toEqual(['2.0 GET /1', '2.0 GET /2', '2.0 GET /3']);
    expect(sessions).toBe(1);
    expect(gateway.bugs).toEqual([]);
  } finally {
    await gateway.close();
    await new Promise((resolve) => server.close(resolve));
  }
});
