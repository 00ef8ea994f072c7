/** Two whole nodes on one bus: what one of them finds out about a target, and about latency, is of use to the other. */
import type { GatewayNode } from '@weir/node/node.js';
import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import type { BusClock } from '@weir/proto/bus/bus.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { expect, it } from 'vitest';
import { startGateway } from '../../support/gateway.js';
import { freePort, onStage, until } from '../../support/stage.js';
import { serve } from '../../support/workplace.js';

const realClock: BusClock = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

function member(broker: Broker, id: string): Presence {
  const subjects = new Subjects('c1');
  return new Presence({
    ...{ clock: realClock, subjects, role: 'node', random: Math.random },
    bus: memoryBus(broker, { clock: realClock, inbox: subjects.inbox(id) }),
    life: { id, incarnation: 1, session: 1 },
    report: () => ({ snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0 }),
    warn: () => {},
  });
}

const standingOf = (node: GatewayNode, target: string): string | undefined =>
  node.status().targets.find((each) => each.target === target)?.standing;

it("one node's discovery spares the other: a single failure, and its status says who said so", async () => {
  await onStage(async (stage) => {
    const server = await serve(stage, (_request, response) => response.end('well'));
    const dead = await freePort();
    const config = `
upstreams:
  - id: up
    targets: [{ url: http://127.0.0.1:${dead} }, { url: http://127.0.0.1:${server.port} }]
    balance: round-robin
routes:
  - { id: all, match: { path: /* }, upstream: up, retry: { attempts: 2 } }
`;
    const broker = new Broker();
    const start = async (id: string) => {
      const cluster = member(broker, id);
      stage.onEnd(() => cluster.leave());
      const gateway = await startGateway(config, {}, { cluster });
      stage.onEnd(() => gateway.close());
      return { cluster, gateway, node: gateway.node };
    };
    const [a, b] = [await start('a'), await start('b')];
    await until(
      () => [a, b].every(({ cluster }) => cluster.nodes() === 2),
      () => 'they do not meet',
    );
    const target = `127.0.0.1:${dead}`;
    while (standingOf(a.node, target) !== 'out') expect((await fetch(a.gateway.url)).status).toBe(200);
    await until(
      () => b.node.status().peerOpinions.length > 0,
      () => 'b does not hear of it',
    );
    expect(b.node.status().peerOpinions[0]).toMatchObject({ peer: 'a', target, kind: 'outlier', weight: 1 });
    while (standingOf(b.node, target) !== 'out') expect((await fetch(b.gateway.url)).status).toBe(200);
    const refused = `weir_attempts_total{upstream="up",target="${target}",outcome="connection_refused"}`;
    expect(await b.gateway.metric(refused)).toBe(1);
    expect(await b.gateway.metric('weir_cluster_doubts_total{result="confirmed"}')).toBe(1);
    expect(await b.gateway.metric('weir_cluster_failures_spared_total')).toBeGreaterThan(0);
    expect([a.gateway.bugs, b.gateway.bugs]).toEqual([[], []]);
  });
});
