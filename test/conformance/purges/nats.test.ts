import { LEASE_MS } from '@weir/proto/cluster/purge-follower.js';
import { beforeAll, expect, it } from 'vitest';
import { ensureBuilt } from '../../support/built.js';
import { startNats } from '../../support/nats-server.js';
import { onStage, type Stage, until } from '../../support/stage.js';
import { startNodeProcess } from './node-process.js';
import { natsWay, startControl, startNode } from './world.js';

beforeAll(() => ensureBuilt(), 300_000);

/** A server, a control, and nodes in this process; `again` starts the server after a kill, with its disk or with an empty one. */
async function cluster(stage: Stage, ...ids: readonly string[]) {
  const folder = stage.folder();
  const configOf = (disk: string): string => `jetstream { store_dir: "${disk}" }`;
  const server = await startNats(stage, { config: configOf(folder) });
  const wayOf = (id: string, makes: boolean) => {
    const way = natsWay(server.url, id, makes);
    stage.onEnd(() => way.close());
    return way;
  };
  const control = startControl('k', wayOf('k', true));
  stage.onEnd(() => control.end());
  const nodes = ids.map((id) => startNode(id, wayOf(id, false)));
  for (const node of nodes) stage.onEnd(() => node.end());
  await Promise.all(nodes.map((node) => node.isServing()));
  const again = (disk = folder) => startNats(stage, { port: server.port, config: configOf(disk) });
  return { server, control, nodes, again };
}

it(
  'four nodes over NATS acknowledge a purge, and one that is stopped is named, put out, and serves nothing of it when it wakes',
  () =>
    onStage(async (stage) => {
      const { server, control, nodes } = await cluster(stage, 'a', 'b', 'c');
      const away = await startNodeProcess(stage, 'd', server.url);
      // The first one of a control waits until no lease can be from before it.
      const first = await control.purgeTag('none');
      expect([first.obeyed.map(({ node }) => node).sort(), first.missing]).toEqual([['a', 'b', 'c', 'd'], []]);
      for (const node of [...nodes, away]) node.store('/x', 'red');
      expect(await away.look('/x')).toBe(true);
      away.child.kill('SIGSTOP');
      const second = await control.purgeTag('red');
      expect(second.obeyed.map(({ node }) => node).sort()).toEqual(['a', 'b', 'c']);
      expect([second.missing, second.lapsed?.map(({ node }) => node)]).toEqual([[], ['d']]);
      expect(second.lapsed?.[0]?.ms).toBeGreaterThanOrEqual(LEASE_MS);
      const { redisMs, logMs = NaN, confirmedMs } = second.steps ?? {};
      // There is none here.
      expect(redisMs).toBeNull();
      expect([0, logMs, confirmedMs].toSorted((a, b) => Number(a) - Number(b))).toEqual([0, logMs, confirmedMs]);
      expect(confirmedMs).toBeLessThan(LEASE_MS);
      // It has been put out, so nobody waits for it.
      await until(
        async () => (await control.purgeTag('none')).lapsed === undefined,
        () => 'it is still waited for',
      );
      // Asked before it can hear of anything: the first thing that it does when it wakes.
      const looked = away.look('/x');
      away.child.kill('SIGCONT');
      expect(await looked).toBe(false);
      expect(nodes.map((node) => node.servesStored('/x'))).toEqual([false, false, false]);
      away.store('/y', 'blue');
      await until(
        () => away.look('/y'),
        () => 'it does not come back',
      );
      expect(await away.look('/x')).toBe(false);
      expect((await control.purgeTag('blue')).obeyed.map(({ node }) => node).sort()).toEqual(['a', 'b', 'c', 'd']);
      expect(await away.look('/y')).toBe(false);
    }),
  90_000,
);

it(
  'without NATS nodes serve what they have stored for a lease, and again when it is back; a log that was lost purges it',
  () =>
    onStage(async (stage) => {
      const { server, control, nodes, again } = await cluster(stage, 'a', 'b');
      for (const node of nodes) node.store('/x', 'red');
      await server.kill();
      expect(nodes.map((node) => node.servesStored('/x'))).toEqual([true, true]);
      expect((await control.purgeTag('red')).missing[0]?.node).toBe('the purge log');
      await until(
        () => nodes.every((node) => !node.driver.isServing),
        () => 'a lease does not end',
        LEASE_MS * 2,
      );
      expect(nodes.map((node) => node.servesStored('/x'))).toEqual([false, false]);
      const back = await again();
      await Promise.all(nodes.map((node) => node.isServing()));
      expect(nodes.map((node) => node.servesStored('/x'))).toEqual([true, true]);
      expect(nodes.map((node) => node.driver.following().begunAnew)).toEqual([0, 0]);
      await back.kill();
      await again(stage.folder());
      await until(
        () => nodes.every((node) => node.driver.following().begunAnew > 0),
        () => 'nobody notices',
        LEASE_MS * 2,
      );
      await Promise.all(nodes.map((node) => node.isServing()));
      expect(nodes.map((node) => node.servesStored('/x'))).toEqual([false, false]);
      const { obeyed, missing } = await control.purgeTag('red');
      expect([obeyed.map(({ node }) => node).sort(), missing]).toEqual([['a', 'b'], []]);
    }),
  120_000,
);
