import type { InspectOutcome } from '@weir/control/api/cache-api.js';
import { beforeAll, expect, it } from 'vitest';
import { ensureBuilt } from '../support/built.js';
import { startCacheOrigin } from '../support/cache-origin.js';
import { onStage, until } from '../support/stage.js';
import { purge, runJson, startCluster, type WeirControl } from '../support/weir-control.js';

const LONG_MS = 300_000;
beforeAll(ensureBuilt, LONG_MS);

const config = (upstream: number): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${upstream}"] }]
routes: [{ id: all, match: /*, upstream: app, cache: true }]
`;

const inspect = (control: WeirControl, url: string) => runJson<InspectOutcome>(control, 'cache', 'inspect', url);

it(
  'a purge by any control is obeyed by all nodes, and one that is killed is named, and not waited for any more',
  () =>
    onStage(async (stage) => {
      const origin = await startCacheOrigin(stage);
      const cluster = await startCluster(stage, { controls: 2, nodes: 3 });
      const [c0, c1] = cluster.controls as [WeirControl, WeirControl]; // Two were asked for.
      await c0.apply(config(origin.port));
      const ids = ['n0', 'n1', 'n2'];
      await until(
        async () => Object.keys(await cluster.ports()).length === ids.length,
        () => cluster.nodes.map(({ said }) => said()).join('\n'),
      );
      const ports = await cluster.ports();
      const bodies = (): Promise<string[]> =>
        Promise.all(ids.map(async (id) => (await fetch(`http://127.0.0.1:${ports[id]}/x`)).text()));
      await origin.be({ tag: 'red', version: 1 });
      const first = await bodies();
      await origin.be({ tag: 'red', version: 2 });
      expect(await bodies()).toEqual(first);

      const { code, told } = await purge(c1, '--tag', 'red');
      expect([code, told.obeyed.map(({ node }) => node).sort(), told.missing]).toEqual([0, ids, []]);
      const second = await bodies();
      for (const [index, body] of second.entries()) expect(body).not.toBe(first[index]);

      const looked = await inspect(c1, `http://127.0.0.1:${ports['n1']}/x`);
      expect([looked.code, looked.told.missing]).toEqual([0, []]);
      // Each has an address of its own here, and stores what it is asked for there.
      expect(looked.told.nodes.map(({ node, inspection }) => [node, inspection.variants.length])).toEqual([
        ['n0', 0],
        ['n1', 1],
        ['n2', 0],
      ]);

      const dead = cluster.nodes[2];
      // With its worker.
      if (dead?.child.pid !== undefined) process.kill(-dead.child.pid, 'SIGKILL');
      await dead?.exited;
      const slow = await purge(c0, '--all');
      const obeyed = slow.told.obeyed.map(({ node }) => node).sort();
      const without = await inspect(c0, `http://127.0.0.1:${ports['n1']}/x`);
      expect([without.code, without.told.missing.map(({ node }) => node)]).toEqual([3, ['n2']]);
      expect([slow.code, obeyed, slow.told.lapsed?.map(({ node }) => node)]).toEqual([0, ['n0', 'n1'], ['n2']]);
      // Its last lease may be as old as the moment in which it was put out.
      await until(
        async () => (await purge(c1, '--all')).told.lapsed === undefined,
        () => 'it is still waited for',
      );
    }),
  LONG_MS,
);
