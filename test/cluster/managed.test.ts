/** Services of teams on a real cluster: two controls, two nodes, one NATS. What is changed at one control is in force on all nodes soon after. */
import { beforeAll, describe, expect, it } from 'vitest';
import { askAdmin } from '../support/admin.js';
import { ensureBuilt } from '../support/built.js';
import { onStage, until } from '../support/stage.js';
import { startCluster, type WeirControl } from '../support/weir-control.js';

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
    method === 'DELETE' ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const answer = await askAdmin(`${control.admin}${path}`, { method, ...init });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>; // An object of our own API.
}

describe('a service of a team on two controls and two nodes, as processes', () => {
  it(
    'is served by all nodes, and a key that is revoked is refused by all of them within a second',
    () =>
      onStage(async (stage) => {
        const cluster = await startCluster(stage, { controls: 2, nodes: 2 });
        const [c0, c1] = cluster.controls as [WeirControl, WeirControl]; // Two were asked for.
        await until(
          async () => (await c0.status()).fleet?.members.length === 1,
          () => c0.said(),
        );
        await c0.apply(config);
        await until(
          async () => Object.keys(await cluster.ports()).length === 2,
          () => cluster.nodes.map(({ said }) => said()).join('\n'),
        );
        const ports = Object.values(await cluster.ports());
        const statuses = (key: string): Promise<number[]> =>
          Promise.all(
            ports.map(async (port) => {
              const answer = await fetch(`http://127.0.0.1:${port}/shop/orders`, { headers: { 'x-api-key': key } });
              await answer.arrayBuffer();
              return answer.status;
            }),
          );
        const said = (): string => [...cluster.controls, ...cluster.nodes].map((each) => each.said()).join('\n');

        await ask(c0, 'POST', '/v1/teams', { id: 'red', name: 'Red' });
        const plans = [{ id: 'p', name: 'P', approval: 'auto' }];
        await ask(c0, 'POST', '/v1/services', { id: 'shop', teamId: 'red', name: 'Shop', basePath: '/shop', plans });
        const routes = [{ id: 'all', match: '/*', respond: { body: 'from the shop' } }];
        await ask(c0, 'PUT', '/v1/services/shop/draft', { routes });
        await ask(c0, 'POST', '/v1/services/shop/releases');
        await ask(c0, 'POST', '/v1/applications', { id: 'web', teamId: 'red', name: 'Web' });
        const made = await ask(c0, 'POST', '/v1/applications/web/keys', { name: 'k' });
        await ask(c0, 'POST', '/v1/subscriptions', { serviceId: 'shop', applicationId: 'web', planId: 'p' });
        const key = String(made['key']);
        await until(async () => (await statuses(key)).join() === '200,200', said);
        const before = (await c1.view())?.record;
        expect(before).toMatchObject({ canary: [], target: { revision: 1 } });
        expect((await c1.status()).snapshot?.registry).toBe(before?.target.registry?.number);

        // By the other control, which has read what the first one was told.
        await ask(c1, 'DELETE', `/v1/applications/web/keys/${made['id']}`);
        const atMs = performance.now();
        await until(async () => (await statuses(key)).join() === '401,401', said);
        console.log(`refused by all nodes after ${(performance.now() - atMs).toFixed(0)} ms`);
        expect((await c0.view())?.record.target.revision).toBe(1);
      }),
    LONG_MS,
  );
});
