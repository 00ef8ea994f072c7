/** What a client changes or purges by one worker of `weir up --workers`, on the others. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { beforeAll, expect, it } from 'vitest';
import { ensureBuilt } from '../../support/built.js';
import { freePort, onStage, type Stage, until } from '../../support/stage.js';
import { type WeirUp, weirUp } from '../../support/weir-up.js';

const WORKERS = 3;
const LONG_MS = 120_000;
const KEY = 'ops-key-1';
const PROBES = 24;

beforeAll(ensureBuilt, LONG_MS);

const configFor = (port: number, upstream: number): string => `version: 1
gateway: { listen: 127.0.0.1:${port}, accessLog: false, cache: { purge: { consumers: ops } } }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${upstream}"] }]
consumers: [{ id: ops, keys: [{ sha256: ${createHash('sha256').update(KEY).digest('hex')} }] }]
routes:
  - { id: open, match: /*, cache: true }
  - { id: locked, match: /locked/*, cache: { key: { byConsumer: false } }, auth: apiKey }
`;

/** Each worker has version 1 of that path stored, and the origin is at version 2. */
async function stored(stage: Stage, path: string) {
  const origin = { version: 1, asked: 0 };
  const server = createServer((request, response) => {
    if (request.method === 'GET') origin.asked += 1;
    response.writeHead(200, { 'cache-control': 'public, max-age=3600' });
    response.end(`version ${origin.version}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.onEnd(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  const config = configFor(await freePort(), address.port);
  const weir = await weirUp(stage, config, stage.folder(), ['--workers', String(WORKERS)]);
  await until(
    async () => {
      await bodies(weir, path);
      return origin.asked === WORKERS;
    },
    () => `${origin.asked} workers have asked the origin:\n${weir.said()}`,
  );
  origin.version = 2;
  expect(await bodies(weir, path)).toEqual(['version 1']);
  return { origin, weir };
}

/** On a connection of its own, so that the kernel chooses a worker for it. */
async function ask({ port }: WeirUp, path: string, method: string): Promise<{ status: number; body: string }> {
  const headers = { connection: 'close', 'x-api-key': KEY };
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
  return { status: answer.status, body: await answer.text() };
}

/** All that is served for that path, by whichever worker. */
async function bodies(weir: WeirUp, path: string): Promise<string[]> {
  const answers: string[] = [];
  for (let at = 0; at < PROBES; at += 1) answers.push((await ask(weir, path, 'GET')).body);
  return [...new Set(answers)];
}

it(
  'PURGE by one worker is answered when none of them serves the URL any more',
  () =>
    onStage(async (stage) => {
      const { weir } = await stored(stage, '/locked/a');
      const { status, body } = await ask(weir, '/locked/a', 'PURGE');
      expect(status).toBe(200);
      const { purged, nodes } = JSON.parse(body) as { purged: string; nodes: string[] }; // What a PURGE is answered with.
      expect([purged, nodes.sort()]).toEqual(['hard', ['node-1', 'node-2', 'node-3']]);
      expect(await bodies(weir, '/locked/a')).toEqual(['version 2']);
    }),
  LONG_MS,
);

it(
  'what a client changes by one worker is asked for again by all, a moment later',
  () =>
    onStage(async (stage) => {
      const { weir } = await stored(stage, '/a');
      expect((await ask(weir, '/a', 'POST')).status).toBe(200);
      await until(
        async () => (await bodies(weir, '/a')).join() === 'version 2',
        () => 'a worker serves what was changed',
      );
    }),
  LONG_MS,
);
