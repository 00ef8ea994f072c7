import { connect } from 'node:net';
import { isOwnHost, namesOf } from '@weir/proto/http/own-host.js';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CacheOperations } from './cache-api.js';
import type { ControlStatus } from './control-status.js';
import { buildAdminApi } from './server.js';
import { openAccess } from './testing/open-access.js';

const status: ControlStatus = {
  version: '0.1.0',
  pid: 1,
  startedWallMs: 0,
  uptimeMs: 5,
  configFile: null,
  snapshot: null,
  routes: [],
  publish: null,
  nodes: [],
  cluster: null,
};
const cache: CacheOperations = {
  purge: async () => ({ obeyed: [], missing: [] }),
  inspect: async () => ({ nodes: [], missing: [] }),
};
const api = (host = '127.0.0.1') =>
  buildAdminApi({ access: openAccess, listen: { host, port: 9080 }, status: () => status, cache });
const localhost = { host: 'localhost:9080' };

describe('the admin API', () => {
  it('tells the status, uncached', async () => {
    const answer = await api().inject({ url: '/status', headers: localhost });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toEqual(status);
  });

  it('answers a health probe', async () => {
    expect((await api().inject({ url: '/healthz', headers: localhost })).json()).toEqual({ status: 'ok' });
  });

  it('answers though six hundred connections say nothing', async () => {
    const server = api();
    onTestFinished(() => server.close());
    const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
    const silent = Array.from({ length: 600 }, () =>
      connect(Number(port), '127.0.0.1')
        .on('error', () => {})
        .resume(),
    );
    await expect.poll(() => silent.filter((socket) => socket.closed).length, { timeout: 10_000 }).toBe(600 - 512);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    for (const socket of silent) socket.destroy();
  });

  it('describes errors as problem documents', async () => {
    const missing = await api().inject({ url: '/nothing?key=secret', headers: localhost });
    expect(missing.statusCode).toBe(404);
    expect(missing.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(missing.json()).toMatchObject({
      status: 404,
      title: 'Not Found',
      detail: 'GET /nothing is not part of this API.',
    });
    const method = await api().inject({ method: 'DELETE', url: '/status', headers: localhost });
    expect(method.statusCode).toBe(404);
    const body = await api().inject({
      method: 'POST',
      url: '/status',
      headers: { ...localhost, 'content-type': 'application/json' },
      payload: 'x'.repeat(5_000),
    });
    expect(body.statusCode).toBeGreaterThanOrEqual(400);
    expect(body.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  it('keeps its own failures to itself', async () => {
    const failing = buildAdminApi({
      access: openAccess,
      listen: { host: '127.0.0.1', port: 1 },
      status: () => {
        throw new Error('secret detail');
      },
      cache,
    });
    const answer = await failing.inject({ url: '/status', headers: localhost });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret detail');
  });

  it('is not served under a name that somebody else points here', async () => {
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:9080', 'evil.example:127']) {
      const answer = await api().inject({ url: '/status', headers: { host } });
      expect(answer.statusCode).toBe(421);
      expect(answer.body).not.toContain('uptimeMs');
    }
  });

  it('allows no other origin to read it', async () => {
    const answer = await api().inject({ url: '/status', headers: { ...localhost, origin: 'https://evil.example' } });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('is served under the address that it was told to listen at', async () => {
    const told = { url: '/status', headers: { host: '10.1.2.3:9080' } };
    expect((await api('10.1.2.3').inject(told)).statusCode).toBe(200);
    expect((await api().inject(told)).statusCode).toBe(421);
  });
});

describe('isOwnHost', () => {
  it('accepts the local names with any port, in any case', () => {
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:9080', '[::1]', '[::1]:9080']) {
      expect(isOwnHost(host, new Set())).toBe(true);
    }
    for (const host of [undefined, '', ':9080', 'localhost:', '127.0.0.1:x'])
      expect(isOwnHost(host, new Set())).toBe(false);
    expect(isOwnHost('[fd00::1]:9080', namesOf('fd00::1'))).toBe(true);
  });

  it('accepts no domain name that was not configured', () => {
    fc.assert(
      fc.property(fc.domain(), fc.option(fc.nat({ max: 65_535 })), (domain, port) => {
        expect(isOwnHost(port === null ? domain : `${domain}:${port}`, namesOf('127.0.0.1'))).toBe(false);
      }),
    );
  });
});
