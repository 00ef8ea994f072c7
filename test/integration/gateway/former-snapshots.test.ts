/**
 * What a reload replaces is garbage behind it. One closure that holds more than it uses keeps the snapshot before its own, and that one the one
 * before: a node with a thousand upstreams grew by eleven MiB with each reload that way, and its collections with it.
 */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createNode } from '@weir/node/node.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { snapshotOf } from '../../support/gateway.js';
import { onStage, until } from '../../support/stage.js';
import { startUpstream } from '../../support/upstream.js';

const env = {
  ...{ MOBILE_KEY: 'a', ALICE_PASSWORD: 'b', ORDERS_TOKEN: 'c', COLLECTOR_TOKEN: 'd', STICKY_SECRET: 'e' },
  BACKOFFICE_SECRET: 'a shared secret of the back office',
  ...{ OPENAI_API_KEY: 'f', OPENAI_SPARE_KEY: 'g', AZURE_OPENAI_API_KEY: 'h', APP_KEY: 'i' },
};

/** The last of them stays in force. */
const EDITIONS = 4;

const COLLECTED_WITHIN_MS = 10_000;

/** The example that has every setting, but of the gateway. Nothing in it leaves this machine. */
function everySetting(): Snapshot {
  const file = new URL('../../../deploy/examples/full.yaml', import.meta.url);
  const text = readFileSync(file, 'utf8')
    .replace(/^version: .*$/m, '')
    .replaceAll('https://issuer.example.com', 'https://127.0.0.1:9');
  const { gateway } = snapshotOf('gateway: { accessLog: false }\nroutes: [{ id: all, match: /*, respond: 204 }]', 1);
  return { ...snapshotOf(text, 1, env), gateway };
}

/** Its like, of which no object and no route and no upstream is that of another edition. */
function edition(of: Snapshot, version: number, port: number): Snapshot {
  const { routes, upstreams, ...rest } = structuredClone(of);
  return {
    ...rest,
    version,
    routes: routes.map((route) => ({ ...route, timeouts: { ...route.timeouts, totalMs: 1_000 + version } })),
    upstreams: upstreams.map((upstream) => ({
      ...upstream,
      pool: { ...upstream.pool, connections: 10 + version },
      targets: upstream.targets.map((target) => ({ ...target, scheme: 'http', host: '127.0.0.1', port })),
    })),
  };
}

/** Throws with the names of those that are there still, however often all that can be collected is. */
async function untilCollected(former: ReadonlyMap<string, WeakRef<object>>): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let left: string[] = [];
  const areGone = (): boolean => {
    collect();
    left = [...former].filter(([, one]) => one.deref() !== undefined).map(([name]) => name);
    return left.length === 0;
  };
  // Exchanges end, and former upstreams are looked for once a second.
  await until(areGone, () => `left are ${left.join(', ')}`, COLLECTED_WITHIN_MS);
}

describe('snapshots that are no longer in force', () => {
  it('are collected with their routes and upstreams, whatever those are set to', () =>
    onStage(async (stage) => {
      const { port } = await startUpstream(stage);
      const loopback = { host: '127.0.0.1', port: 0 };
      const bugs: unknown[] = [];
      const node = await createNode({
        metrics: loopback,
        env,
        redis: 'redis://127.0.0.1:9',
        onBug: (error) => bugs.push(error),
      });
      stage.onEnd(() => node.close());
      const first = everySetting();
      const former = new Map<string, WeakRef<object>>();
      /** Of a frame of its own: what it holds is not held by the test. */
      const apply = async (version: number): Promise<void> => {
        const snapshot = edition(first, version, port);
        await node.apply(snapshot, `of ${version}`);
        if (version === EDITIONS) return;
        former.set(`snapshot ${version}`, new WeakRef(snapshot));
        for (const route of snapshot.routes) former.set(`route ${route.id} of ${version}`, new WeakRef(route));
        for (const spec of snapshot.upstreams) former.set(`upstream ${spec.id} of ${version}`, new WeakRef(spec));
      };
      for (let version = 1; version <= EDITIONS; version += 1) {
        await apply(version);
        const url = `http://127.0.0.1:${node.status().listening?.port}`;
        for (const path of ['/', '/orders/7', '/v1/orders/7', '/search?q=a', '/none'])
          await (await fetch(url + path, { headers: { host: 'api.example.com' } })).arrayBuffer();
      }
      expect(former.size).toBeGreaterThan(10);
      await untilCollected(former);
      expect(bugs).toEqual([]);
    }));
});
