/** Limits as clients meet them: a whole node, real sockets, a real Redis. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.js';
import { startRedis } from '../../support/redis-server.js';
import { onStage, type Stage, until } from '../../support/stage.js';

/** Answers when it is told to. */
async function patientUpstream(stage: Stage) {
  const waiting: ServerResponse[] = [];
  const server = createServer((request, response) => {
    response.on('close', () => {
      const at = waiting.indexOf(response);
      if (at !== -1) waiting.splice(at, 1);
    });
    waiting.push(response);
    request.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stage.onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // It listens on a port.
  return { port, waiting };
}

async function gatewayOn(stage: Stage, config: string, redis: string | null = null): Promise<Gateway> {
  const gateway = await startGateway(`gateway: { accessLog: false }\n${config}`, {}, { redis });
  stage.onEnd(() => gateway.close());
  stage.onEnd(() => expect(gateway.bugs).toEqual([]));
  return gateway;
}

describe('requests in flight', { timeout: 60_000 }, () => {
  it('are let through up to the limit, and places come back with answers, and with clients that leave', () =>
    onStage(async (stage) => {
      const { port, waiting } = await patientUpstream(stage);
      const { url } = await gatewayOn(
        stage,
        `upstreams: [{ id: app, targets: "http://127.0.0.1:${port}" }]
routes: [{ id: r, match: /*, upstream: app, limits: { concurrent: 3, by: route } }]`,
      );
      const there = (count: number) =>
        until(
          () => waiting.length === count,
          () => `${waiting.length} requests at the upstream, not ${count}`,
        );
      const leaving = new AbortController();
      const left = fetch(`${url}/a`, { signal: leaving.signal }).catch(() => null);
      const [first, second] = [fetch(`${url}/b`), fetch(`${url}/c`)];
      await there(3);
      const refused = await fetch(`${url}/d`);
      expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('ratelimit')]).toEqual([
        ...[429, '1', '"route";r=0'],
      ]);
      leaving.abort();
      await left;
      await there(2);
      const third = fetch(`${url}/e`);
      await there(3);
      expect((await fetch(`${url}/f`)).status).toBe(429);
      for (const response of [...waiting]) response.end('ok');
      expect((await Promise.all([first, second, third])).map(({ status }) => status)).toEqual([200, 200, 200]);
      const next = fetch(`${url}/g`);
      await there(1);
      waiting[0]?.end('ok');
      expect((await next).headers.get('ratelimit-policy')).toBe('"route";q=3;qu="concurrent-requests"');
    }));
});

describe('strict limits of a node', { timeout: 60_000 }, () => {
  const config = (onLoss: 'open' | 'closed') => `
routes:
  - id: r
    match: /*
    limits: { rate: 5/h, by: route, mode: strict, onRedisLoss: ${onLoss}, redisTimeout: 500ms }
    respond: { status: 200, body: ok }`;

  it('are one for two nodes, to the request, and without Redis each does what its limit says', () =>
    onStage(async (stage) => {
      const redis = await startRedis(stage);
      const [a, b] = [
        await gatewayOn(stage, config('closed'), redis.url),
        await gatewayOn(stage, config('closed'), redis.url),
      ];
      const open = await gatewayOn(stage, config('open'), redis.url);
      const status = async ({ url }: Gateway): Promise<number> => (await fetch(url)).status;
      const reachable = (of: Gateway) => () => of.metric('weir_limit_strict_reachable').then((is) => is === 1);
      for (const each of [a, b, open]) await until(reachable(each), () => 'Redis was not reached');
      const asked: number[] = [];
      for (let i = 0; i < 4; i += 1) asked.push(await status(a), await status(b));
      expect(asked).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
      await redis.kill();
      const lost = await fetch(a.url);
      expect([lost.status, lost.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await lost.json()).toMatchObject({ code: 'limit_unavailable' });
      // Counted here meanwhile, from nothing.
      const meanwhile: number[] = [];
      for (let i = 0; i < 7; i += 1) meanwhile.push(await status(open));
      expect(meanwhile).toEqual([200, 200, 200, 200, 200, 429, 429]);
      const outcomes = await open.metric('weir_limit_strict_total{outcome="away"}');
      expect(outcomes + (await open.metric('weir_limit_strict_total{outcome="late"}'))).toBeGreaterThan(0);
      await startRedis(stage, redis.port);
      for (const each of [a, b]) await until(reachable(each), () => 'Redis was not reached again');
      expect([await status(a), await status(b)]).toEqual([200, 200]);
    }));
});
