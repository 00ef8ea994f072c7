/**
 * Services of teams on a real cluster: two controls, two nodes, one NATS. What is changed at one control is in force on all nodes soon after, and
 * secrets reach all nodes and nothing else.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { askAdmin } from '../support/admin.js';
import { ensureBuilt } from '../support/built.js';
import { onStage, type Stage, until } from '../support/stage.js';
import { startCluster, type TestCluster, type WeirControl } from '../support/weir-control.js';

const LONG_MS = 300_000;
beforeAll(ensureBuilt, 2 * LONG_MS);

const config = `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
routes: [{ id: ping, match: /ping, respond: pong }]
`.replace('respond: pong', 'respond: { body: pong }');

async function ask(
  control: WeirControl,
  method: string,
  path: string,
  body: unknown = {},
): Promise<Record<string, unknown>> {
  const init =
    method === 'DELETE' || method === 'GET'
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const answer = await askAdmin(`${control.admin}${path}`, { method, ...init });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>; // An object of our own API.
}

/** What all nodes that serve answer to that path. */
async function called(cluster: TestCluster, path: string, headers: Record<string, string> = {}) {
  const ports = Object.values(await cluster.ports());
  return Promise.all(
    ports.map(async (port) => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close', ...headers } });
      return { status: answer.status, text: await answer.text() };
    }),
  );
}

const saidBy = (cluster: TestCluster) => (): string =>
  [...cluster.controls, ...cluster.nodes].map((each) => each.said()).join('\n');

/** A key that is revoked at one control is refused by all nodes. */
async function revoke(cluster: TestCluster, [c0, c1]: readonly [WeirControl, WeirControl]): Promise<void> {
  const said = saidBy(cluster);
  const statuses = async (key: string): Promise<string> =>
    (await called(cluster, '/shop/orders', { 'x-api-key': key })).map(({ status }) => status).join();
  const plans = [{ id: 'p', name: 'P', approval: 'auto' }];
  await ask(c0, 'POST', '/v1/services', { id: 'shop', teamId: 'red', name: 'Shop', basePath: '/shop', plans });
  const routes = [{ id: 'all', match: '/*', respond: { body: 'from the shop' } }];
  await ask(c0, 'PUT', '/v1/services/shop/draft', { routes });
  await ask(c0, 'POST', '/v1/services/shop/releases');
  await ask(c0, 'POST', '/v1/applications', { id: 'web', teamId: 'red', name: 'Web' });
  const made = await ask(c0, 'POST', '/v1/applications/web/keys', { name: 'k' });
  await ask(c0, 'POST', '/v1/subscriptions', { serviceId: 'shop', applicationId: 'web', planId: 'p' });
  const key = String(made['key']);
  await until(async () => (await statuses(key)) === '200,200', said);
  const before = (await c1.view())?.record;
  expect(before).toMatchObject({ canary: [], target: { revision: 1 } });
  expect((await c1.status()).snapshot?.registry).toBe(before?.target.registry?.number);

  // By the other control, which has read what the first one was told.
  await ask(c1, 'DELETE', `/v1/applications/web/keys/${made['id']}`);
  const atMs = performance.now();
  await until(async () => (await statuses(key)) === '401,401', said);
  console.log(`refused by all nodes after ${(performance.now() - atMs).toFixed(0)} ms`);
  expect((await c0.view())?.record.target.revision).toBe(1);
}

/** Answers with what it was sent of a secret. */
async function origin(stage: Stage): Promise<number> {
  const server = createServer((request, response) => void response.end(String(request.headers['x-secret'] ?? 'none')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stage.onEnd(() => void server.close());
  return (server.address() as AddressInfo).port; // It listens at a port.
}

/** A secret is set at one control and in use on all nodes, changed at the other, tried by a node, and refused by a control without the key. */
async function useSecret(
  stage: Stage,
  cluster: TestCluster,
  [c0, c1]: readonly [WeirControl, WeirControl],
): Promise<() => Promise<string>> {
  const said = saidBy(cluster);
  const texts = async (): Promise<string> => (await called(cluster, '/bank/a')).map(({ text }) => text).join();
  await ask(c0, 'PUT', '/v1/teams/red/secrets/TOKEN', { value: 'first value' });
  const bank = { id: 'bank', teamId: 'red', name: 'Bank', basePath: '/bank', access: 'open' };
  await ask(c0, 'POST', '/v1/services', bank);
  await ask(c0, 'PUT', '/v1/services/bank/draft', {
    upstreams: [{ id: 'app', targets: [`http://127.0.0.1:${await origin(stage)}`] }],
    routes: [{ id: 'all', match: '/*', headers: { request: { set: { 'x-secret': `\${secret:TOKEN}` } } } }],
  });
  await ask(c0, 'POST', '/v1/services/bank/releases');
  await until(async () => (await texts()) === 'first value,first value', said);
  await until(
    async () => (await c1.status()).fleet?.rollout?.record.target.version === (await c0.status()).snapshot?.version,
    said,
  );
  await ask(c1, 'PUT', '/v1/teams/red/secrets/TOKEN', { value: 'second value' });
  const atMs = performance.now();
  await until(async () => (await texts()) === 'second value,second value', said);
  console.log(`another value on all nodes after ${(performance.now() - atMs).toFixed(0)} ms`);
  for (const control of [c0, c1]) {
    const tried = await ask(control, 'POST', '/v1/try', { serviceId: 'bank', method: 'GET', path: '/x' });
    expect(tried).toMatchObject({ status: 200, body: 'second value' });
    expect(Object.values(await cluster.ports())).toContain(Number(String(tried['gateway']).split(':').at(-1)));
  }
  const keyless = await cluster.control('c2', stage.folder(), []);
  expect(keyless.said()).toContain('no --secret-key');
  await until(async () => (await ask(keyless, 'GET', '/v1/services/bank'))['id'] === 'bank', said);
  await expect(ask(keyless, 'PUT', '/v1/teams/red/secrets/TOKEN', { value: 'x' })).rejects.toThrow(/503.*--secret-key/);
  // What it changes is put in force by those with the key, with all services.
  await ask(keyless, 'PATCH', '/v1/services/shop', { access: 'open' });
  await until(async () => (await called(cluster, '/shop/a')).every(({ status }) => status === 200), said);
  expect(await texts()).toBe('second value,second value');
  await keyless.kill();
  return texts;
}

/** A node that comes late, and one that is killed and comes back with all controls away. */
async function comeAndGo(stage: Stage, cluster: TestCluster, texts: () => Promise<string>): Promise<void> {
  const said = saidBy(cluster);
  const folder = stage.folder();
  const late = await cluster.node('n2', folder);
  await until(async () => (await texts()) === 'second value,second value,second value', said);
  if (late.child.pid !== undefined) process.kill(-late.child.pid, 'SIGKILL');
  await late.exited;
  const kept = readdirSync(join(folder, 'state-n2'));
  expect(kept).toContain('secrets.key');
  for (const file of kept) expect(readFileSync(join(folder, 'state-n2', file), 'latin1')).not.toContain('second value');
  for (const control of cluster.controls) await control.kill();
  const back = await cluster.node('n2', folder);
  const port = async () => {
    const { workers } = JSON.parse(await back.page('/status')) as {
      workers: { status: { listening: { port: number } | null } | null }[];
    }; // Our own page of the same build.
    return workers[0]?.status?.listening?.port ?? 0;
  };
  await until(async () => (await port()) !== 0, back.said);
  expect(await (await fetch(`http://127.0.0.1:${await port()}/bank/a`)).text()).toBe('second value');
  expect(await back.metric('weir_host_secrets')).toBe(1);
  expect(said()).not.toMatch(/first value|second value/);
}

describe('services of a team on two controls and two nodes, as processes', () => {
  it(
    'are served by all nodes, with keys and secrets as they are now, by late nodes and with controls away, too',
    () =>
      onStage(async (stage) => {
        const secretKey = join(stage.folder(), 'secret.key');
        writeFileSync(secretKey, randomBytes(32).toString('base64'), { mode: 0o600 });
        const cluster = await startCluster(stage, { controls: 2, nodes: 2, more: ['--secret-key', secretKey] });
        const controls = cluster.controls as [WeirControl, WeirControl]; // Two were asked for.
        const [c0] = controls;
        await until(
          async () => (await c0.status()).fleet?.members.length === 1,
          () => c0.said(),
        );
        await c0.apply(config);
        await until(async () => Object.keys(await cluster.ports()).length === 2, saidBy(cluster));
        await ask(c0, 'POST', '/v1/teams', { id: 'red', name: 'Red' });
        await revoke(cluster, controls);
        await comeAndGo(stage, cluster, await useSecret(stage, cluster, controls));
      }),
    LONG_MS,
  );
});
