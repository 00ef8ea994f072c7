import { Broker } from '@weir/proto/bus/broker.js';
import { settled, TestClock } from '@weir/proto/cluster/testing/test-clock.js';
import { expect, it } from 'vitest';
import { makeTarget } from '../pipeline/testing/specs.js';
import { outcome, outlierSpec } from '../upstream/health/testing/outcomes.js';
import { createUpstreamOpinions } from '../upstream/health/upstream-health.js';
import { HealthGossip } from './health-gossip.js';
import { joinCluster, timersOf } from './testing/members.js';

const NODES = 16;
const TARGETS = 4;
/** Failures in a row that put a target out where nobody tells of it. */
const ALONE = outlierSpec.consecutiveFailures;

/** Requests that fail at all nodes together, from when one of their targets refuses until all nodes have put it out. */
async function failuresOf(areTold: boolean): Promise<number> {
  const [broker, clock] = [new Broker(), new TestClock()];
  const specs = Array.from({ length: TARGETS }, (_, i) => makeTarget({ id: `t${i}:80` }).spec);
  const wall = { nowMs: () => clock.nowMs(), wallMs: () => clock.nowMs() };
  const nodes = Array.from({ length: NODES }, (_, n) => {
    const spec = { id: 'up', targets: specs, probe: null, outlier: outlierSpec, breaker: null };
    const opinions = createUpstreamOpinions(
      spec,
      wall,
      (change) => gossip.changed(change),
      (warning) => gossip.changed(warning),
    );
    const targets = opinions.targets.map((health) => ({ upstreamId: 'up', spec: health.spec, health, probes: null }));
    const upstreams = [{ spec: { id: 'up' }, targets }];
    const presence = joinCluster(broker, clock, `n${n}`);
    const gossip = new HealthGossip({ presence, clock, timers: timersOf(clock), upstreams: () => upstreams });
    gossip.refresh();
    if (!areTold) gossip.end();
    return opinions.targets;
  });
  await clock.pass(1_500);
  let failures = 0;
  for (let turn = 0; turn < 200; turn += 1) {
    for (const targets of nodes) {
      const at = (standing: string) => targets.filter((health) => health.standing(clock.nowMs()) === standing);
      // As a balancer does: what is on trial is tried first.
      const [candidate] = [...at('trial'), ...at('well').slice(turn % TARGETS)];
      if (candidate === undefined) continue;
      const isGood = candidate !== targets[0];
      if (!isGood) failures += 1;
      candidate.end(candidate.begin(clock.nowMs()), outcome(isGood ? 'good' : 'bad', clock.nowMs()));
      await settled();
    }
  }
  expect(nodes.map(([target]) => target?.standing(clock.nowMs()))).toEqual(Array(NODES).fill('out'));
  return failures;
}

it("one node's discovery spares the others: eighteen requests fail at sixteen nodes instead of eighty", async () => {
  expect(await failuresOf(false)).toBe(NODES * ALONE);
  // The load is even, so all meet it at the same time: the first two turns are warnings, and then one failure is enough.
  const told = await failuresOf(true);
  expect(told).toBe(18);
});
