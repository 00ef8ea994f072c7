/** Four nodes and some controls, as most tests of rollouts begin. Only tests import this file. */
import type { RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import { expect } from 'vitest';
import { configOf, TestCluster, type TestControl, type TestNode } from './test-cluster.js';

/** A canary of a quarter of the nodes. */
export const quarter: RolloutPlan = { sharePermille: 250, label: '', bakeMs: 5_000, exchangesMin: 50, unjudged: [] };
export const names = ['n0', 'n1', 'n2', 'n3'];
export async function setUp(controls = ['c0']) {
  const cluster = new TestCluster();
  const [nodes, running] = [names.map((id) => cluster.node(id)), controls.map((id) => cluster.control(id))];
  await cluster.clock.pass(3_000);
  return { cluster, nodes, controls: running, control: running[0] as TestControl }; // One at least.
}

/** With something in force everywhere, at version 1. */
export async function running(controls = ['c0']) {
  const all = await setUp(controls);
  all.cluster.apply(configOf('one'), all.control);
  await all.cluster.clock.pass(1_000);
  expect(all.control.rollouts.record()).toMatchObject({ stage: 'done', missing: [] });
  return all;
}

export const versionsOf = (nodes: readonly TestNode[]): number[] => nodes.map(({ position }) => position.version);
