import { describe, expect, it } from 'vitest';
import { quarter, running, versionsOf } from './testing/small-cluster.js';
import { configOf } from './testing/test-cluster.js';

describe('logs that are lost', () => {
  it('are begun anew from what controls remember, with numbers that nodes believe', async () => {
    const { cluster, nodes, control } = await running();
    for (const answer of ['two', 'three']) {
      cluster.apply(configOf(answer), control);
      await cluster.clock.pass(1_000);
    }
    cluster.rolloutServer.records = [];
    cluster.announcementServer.records = [];
    await cluster.clock.pass(4_000);
    const late = cluster.node('n4');
    await cluster.clock.pass(2_000);
    expect(versionsOf([...nodes, late])).toEqual([3, 3, 3, 3, 3]);
    cluster.apply(configOf('four'), control);
    await cluster.clock.pass(1_000);
    expect(versionsOf([...nodes, late])).toEqual([4, 4, 4, 4, 4]);
  });

  it('are of revisions: the one that took the number of a lost one is rolled out, at once by who appended it', async () => {
    for (const isOwn of [true, false]) {
      const { cluster, nodes, control } = await running(['c0', 'c1']);
      const kept = cluster.revision();
      for (const answer of ['two', 'three']) {
        cluster.apply(configOf(answer), control);
        await cluster.clock.pass(1_000);
      }
      if (kept === null) throw new Error('one was applied');
      const lost = control.rollouts.record()?.target.revisionId ?? '';
      // The log is shorter than it was, and somebody appends before any control has put back the rest.
      cluster.lose(kept);
      await cluster.clock.pass(1_000);
      expect(versionsOf(nodes)).toEqual([3, 3, 3, 3]);
      const id = cluster.apply(configOf('other'), isOwn ? control : undefined, null, 2);
      expect([control.rollouts.isOf({ number: 2, id }), control.rollouts.isOf({ number: 3, id: lost })]).toEqual([
        ...[false, true],
      ]);
      await cluster.clock.pass(isOwn ? 1_000 : 10_000);
      expect(versionsOf(nodes)).toEqual(isOwn ? [4, 4, 4, 4] : [3, 3, 3, 3]);
      await cluster.clock.pass(15_000);
      expect(versionsOf(nodes)).toEqual([4, 4, 4, 4]);
      expect(control.rollouts.record()).toMatchObject({ stage: 'done', target: { revision: 2, revisionId: id } });
      expect(control.rollouts.isOf({ number: 2, id })).toBe(true);
    }
  });

  it('take nodes back to no revision that they ran before what the log has lost', async () => {
    const { cluster, nodes, control } = await running(['c0', 'c1']);
    const kept = cluster.revision();
    if (kept === null) throw new Error('one was applied');
    cluster.apply(configOf('two'), control);
    await cluster.clock.pass(1_000);
    const lost = cluster.revision();
    cluster.lose(kept);
    await cluster.clock.pass(60_000);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
    expect(control.said).toEqual([expect.stringContaining('has lost those behind 1')]);
    // And where it is put back, nothing is rolled out again.
    if (lost !== null) cluster.lose(lost);
    await cluster.clock.pass(20_000);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
    expect(cluster.rolloutServer.records.length).toBe(4);
    // But where somebody wants it.
    cluster.lose(kept);
    expect(await control.rollouts.command('start', 'bea')).toMatchObject({ ok: true, record: { by: 'bea' } });
    await cluster.clock.pass(1_000);
    expect(versionsOf(nodes)).toEqual([3, 3, 3, 3]);
  });

  it('and forgotten by all controls: the next version and serial are above what nodes have', async () => {
    const { cluster, nodes, control } = await running();
    cluster.apply(configOf('two'), control);
    await cluster.clock.pass(1_000);
    control.kill();
    cluster.rolloutServer.records = [];
    cluster.announcementServer.records = [];
    const anew = cluster.control('c9');
    await cluster.clock.pass(3_000);
    cluster.apply(configOf('three'), anew);
    await cluster.clock.pass(7_000);
    expect(versionsOf(nodes)).toEqual([3, 3, 3, 3]);
    expect(anew.rollouts.record()).toMatchObject({ stage: 'done' });
  });

  it('and forgotten by a control whose bus comes late: nodes are heard before anything is numbered', async () => {
    const { cluster, nodes, control } = await running();
    cluster.apply(configOf('two'), control);
    await cluster.clock.pass(1_000);
    control.kill();
    cluster.rolloutServer.records = [];
    cluster.announcementServer.records = [];
    const anew = cluster.control('c9', 10_000);
    cluster.apply(configOf('three'), anew);
    await cluster.clock.pass(9_000);
    expect(anew.rollouts.record()).toBeNull();
    await cluster.clock.pass(9_000);
    expect(versionsOf(nodes)).toEqual([3, 3, 3, 3]);
    expect(anew.rollouts.record()).toMatchObject({ stage: 'done', target: { version: 3 } });
  });

  it('while all controls were away: what was taken back stays so, by what one of them has kept', async () => {
    for (const others of [[], ['c9']]) {
      const { cluster, nodes, control } = await running();
      for (const node of nodes) node.refuses = 'no such file: key.pem';
      cluster.apply(configOf('bad'), control);
      await cluster.clock.pass(1_000);
      expect(control.rollouts.record()?.stage).toBe('rolledBack');
      for (const node of nodes) node.refuses = null;
      control.kill();
      cluster.rolloutServer.records = [];
      cluster.announcementServer.records = [];
      // Another one that has kept nothing comes as well.
      for (const id of others) cluster.control(id);
      const again = cluster.control('c0');
      expect(again.rollouts.record()?.stage).toBe('rolledBack');
      await cluster.clock.pass(60_000);
      const late = cluster.node('n4');
      await cluster.clock.pass(2_000);
      expect(versionsOf([...nodes, late])).toEqual([1, 1, 1, 1, 1]);
      expect(nodes.flatMap(({ ran }) => ran)).toEqual([1, 1, 1, 1]);
      expect(again.rollouts.record()).toMatchObject({ stage: 'rolledBack', target: { version: 2 } });
      expect(cluster.rolloutServer.records.length).toBe(1);
    }
  });

  it('of what one has kept that is older than what nodes run, the newer one is put back', async () => {
    const { cluster, nodes, control, controls } = await running(['c0', 'c1']);
    const old = cluster.disks.get('c0');
    if (old === undefined) throw new Error('it keeps its record');
    cluster.apply(configOf('two'), control);
    await cluster.clock.pass(1_000);
    for (const one of controls) one.kill();
    cluster.disks.set('c0', old);
    cluster.rolloutServer.records = [];
    cluster.announcementServer.records = [];
    const [c0, c1] = [cluster.control('c0'), cluster.control('c1')];
    await cluster.clock.pass(30_000);
    for (const one of [c0, c1]) expect(one.rollouts.record()).toMatchObject({ target: { version: 2 } });
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
  });

  it('at their end alone: what was taken back is not announced again by an older record', async () => {
    const { cluster, nodes, control } = await running();
    cluster.apply(configOf('bad'), control, quarter);
    await cluster.clock.pass(1_000);
    await control.rollouts.command('abort', 'ada');
    await cluster.clock.pass(1_000);
    cluster.rolloutServer.records.pop();
    await cluster.clock.pass(10_000);
    expect(control.rollouts.record()?.stage).toBe('rolledBack');
    expect(cluster.rolloutServer.records.length).toBe(4);
    expect(versionsOf(nodes)).toEqual([1, 1, 1, 1]);
  });

  it('hold nothing that others than control have written', async () => {
    const { cluster, nodes, control } = await running();
    const last = cluster.rolloutServer.records.at(-1);
    cluster.rolloutServer.records.push({ number: 3, writer: 'control', bytes: Uint8Array.of(1, 2, 3) });
    cluster.rolloutServer.records.push({ ...last, number: 4, writer: 'control', bytes: new Uint8Array(200).fill(1) });
    await cluster.clock.pass(3_000);
    expect(control.rollouts.record()).toMatchObject({ stage: 'done', target: { version: 1 } });
    cluster.apply(configOf('two'), control);
    await cluster.clock.pass(1_000);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
  });
});
