import { describe, expect, it } from 'vitest';
import { quarter, running, setUp, versionsOf } from './testing/small-cluster.js';
import { configOf, type TestControl } from './testing/test-cluster.js';

/** All controls read one log, though not all at the same time. */
function enter(controls: readonly TestControl[], number: number): void {
  for (const { registry } of controls) {
    registry.isNone = false;
    registry.number = number;
    registry.tell();
  }
}

const settled = 1_500;

describe('a change of the registry', () => {
  it('is a release of its own, of the same revision, on all nodes, made by one control', async () => {
    const { cluster, nodes, controls, control } = await running(['c0', 'c1', 'c2']);
    enter(controls, 7);
    await cluster.clock.pass(settled);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
    expect(control.rollouts.record()).toMatchObject({
      stage: 'done',
      target: { version: 2, revision: 1, registry: { number: 7 } },
      base: { version: 1 },
    });
    await cluster.clock.pass(10_000);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
  });

  it('comes from whoever is there', async () => {
    const { cluster, nodes, controls } = await running(['c0', 'c1']);
    controls[0]?.kill();
    await cluster.clock.pass(10_000);
    enter(controls.slice(1), 7);
    await cluster.clock.pass(settled);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
  });

  it('a burst is a few releases', async () => {
    const { cluster, nodes, controls } = await running();
    for (let number = 1; number <= 100; number += 1) {
      enter(controls, number);
      if (number % 10 === 0) await cluster.clock.pass(50);
    }
    await cluster.clock.pass(settled);
    expect(controls[0]?.rollouts.record()?.target.registry?.number).toBe(100);
    expect(versionsOf(nodes)[0]).toBeLessThanOrEqual(6);
  });

  it('reaches those who try out a revision and all others, and the trial goes on', async () => {
    const { cluster, nodes, controls, control } = await running(['c0', 'c1']);
    cluster.apply(configOf('two'), control, quarter);
    await cluster.clock.pass(1_000);
    const canary: readonly string[] = control.rollouts.record()?.canary ?? [];
    expect(canary.length).toBe(1);
    enter(controls, 3);
    await cluster.clock.pass(settled);
    expect(control.rollouts.record()).toMatchObject({
      ...{ stage: 'canary', canary, target: { version: 4, revision: 2 }, base: { version: 3, revision: 1 } },
    });
    expect(nodes.map(({ id, position }) => position.version === (canary.includes(id) ? 4 : 3))).toEqual(
      nodes.map(() => true),
    );
    await control.rollouts.command('abort', 'bea');
    await cluster.clock.pass(settled);
    expect(versionsOf(nodes)).toEqual([3, 3, 3, 3]);
  });

  it('after a revision was taken back it stays taken back, and the next one goes on from there', async () => {
    const { cluster, nodes, controls, control } = await running(['c0', 'c1']);
    cluster.apply(configOf('two'), control, quarter);
    await cluster.clock.pass(1_000);
    await control.rollouts.command('abort', 'bea');
    await cluster.clock.pass(settled);
    enter(controls, 9);
    await cluster.clock.pass(settled);
    expect(control.rollouts.record()).toMatchObject({
      ...{ stage: 'rolledBack', target: { version: 2, revision: 2 } },
      base: { version: 3, revision: 1, registry: { number: 9 } },
    });
    expect(versionsOf(nodes)).toEqual([3, 3, 3, 3]);
    cluster.apply(configOf('three'), control);
    await cluster.clock.pass(settled);
    expect(versionsOf(nodes)).toEqual([4, 4, 4, 4]);
    expect(control.rollouts.record()).toMatchObject({ target: { revision: 3, registry: { number: 9 } } });
  });

  it('is put in force though the latest revision can’t be compiled', async () => {
    const { cluster, nodes, controls, control } = await running();
    cluster.apply('version: 1\nroutes: [{ id: all, match: /*, upstream: nowhere }]\n', control);
    await cluster.clock.pass(1_000);
    enter(controls, 2);
    await cluster.clock.pass(settled);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
    expect(control.rollouts.record()).toMatchObject({ target: { revision: 1, registry: { number: 2 } } });
  });

  it('nothing goes back: who knows less of the registry than what runs publishes nothing', async () => {
    const { cluster, nodes, controls } = await running(['c0', 'c1']);
    const [ahead, behind] = controls;
    if (!ahead || !behind) throw new Error('two were made');
    enter([ahead], 5);
    await cluster.clock.pass(settled);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
    enter([behind], 4);
    cluster.apply(configOf('two'), behind);
    await cluster.clock.pass(400);
    expect(behind.rollouts.compilation()).toMatchObject({ state: 'waiting' });
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
    enter([behind], 5);
    await cluster.clock.pass(5_000);
    expect(behind.rollouts.record()).toMatchObject({ target: { revision: 2, registry: { number: 5 } } });
  });

  it('a key that expires is one, by the clock alone', async () => {
    const { cluster, nodes, controls, control } = await running(['c0', 'c1']);
    enter(controls, 5);
    await cluster.clock.pass(settled);
    for (const { registry } of controls) {
      registry.expiredWallMs = 1_790_000_000_000 + cluster.clock.nowMs();
      registry.tell();
    }
    await cluster.clock.pass(settled);
    expect(versionsOf(nodes)).toEqual([3, 3, 3, 3]);
    expect(control.rollouts.record()?.target.registry?.number).toBe(5);
    await cluster.clock.pass(5_000);
    expect(versionsOf(nodes)).toEqual([3, 3, 3, 3]);
  });

  it('where nothing runs yet there is nothing to be made anew', async () => {
    const { cluster, nodes, controls } = await setUp();
    enter(controls, 5);
    await cluster.clock.pass(settled);
    expect(versionsOf(nodes)).toEqual([0, 0, 0, 0]);
  });
});
