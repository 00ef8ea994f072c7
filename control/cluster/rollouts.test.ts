import { describe, expect, it, vi } from 'vitest';
import { LATE_AFTER_MS } from '../rollout/progress.js';
import { names, quarter, running, setUp, versionsOf } from './testing/small-cluster.js';
import { configOf, TestCluster, type TestControl, type TestNode } from './testing/test-cluster.js';

const good = { exchanges: 200, failed: 0, timeouts: 0, turnedAway: 0, slots: [200] };

const serve = (nodes: readonly TestNode[], more: object = {}): void => {
  for (const node of nodes) node.counts = { ...good, exchanges: node.counts.exchanges + 200, ...more };
};

describe('a revision', () => {
  it('is in force on all nodes a moment after it was appended, and is told with each of them', async () => {
    const { cluster, nodes, control } = await setUp();
    const seen: string[] = [];
    control.rollouts.onChange(() => {
      const view = control.rollouts.view();
      if (view !== null) seen.push(`${view.record.stage} ${view.nodes.map(({ state }) => state[0]).join('')}`);
    });
    cluster.apply(configOf('one'), control);
    await cluster.clock.pass(300);
    expect(versionsOf(nodes)).toEqual([1, 1, 1, 1]);
    expect(seen[0]).toBe('everywhere wwww');
    expect(seen.at(-1)).toBe('done aaaa');
    expect(control.rollouts.record()).toMatchObject({
      by: 'ada',
      why: 'on all 4 nodes',
      target: { revision: 1, version: 1 },
    });
    expect(control.rollouts.compilation()).toMatchObject({ state: 'published', routes: ['all'] });
  });

  it('that can not be compiled changes nothing, and its faults are told', async () => {
    const { cluster, nodes, control } = await running();
    cluster.apply('version: 1\nroutes: [{ id: all, match: /*, upstream: nowhere }]\n', control);
    await cluster.clock.pass(1_000);
    expect(versionsOf(nodes)).toEqual([1, 1, 1, 1]);
    expect(control.rollouts.compilation()).toMatchObject({ state: 'rejected', revision: 2 });
    expect(control.rollouts.compilation()?.faults[0]?.message).toContain('nowhere');
    cluster.apply(configOf('three'), control);
    await cluster.clock.pass(1_000);
    expect(control.rollouts.record()).toMatchObject({ stage: 'done', target: { revision: 3, version: 2 } });
  });

  it('is rolled out without a question for the end of a log, where both are followed', async () => {
    const { cluster, nodes, control } = await running();
    const [records, announcements] = [
      vi.spyOn(control.rolloutLog, 'bounds'),
      vi.spyOn(control.announcementLog, 'bounds'),
    ];
    cluster.apply(configOf('two'), control);
    await cluster.clock.pass(1_000);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
    expect(control.rollouts.record()).toMatchObject({ stage: 'done', target: { version: 2 } });
    expect(announcements).not.toHaveBeenCalled();
    // The one that looks every two seconds for what may have been missed.
    expect(records.mock.calls.length).toBeLessThanOrEqual(1);
  });

  it('waits for a store that is away, and for a log', async () => {
    const { cluster, nodes, control } = await running();
    cluster.blobs.isAway = true;
    cluster.apply(configOf('two'), control);
    await cluster.clock.pass(1_000);
    expect(control.rollouts.compilation()).toMatchObject({ state: 'waiting' });
    cluster.blobs.isAway = false;
    control.rolloutLog.isAway = true;
    await cluster.clock.pass(1_000);
    expect(versionsOf(nodes)).toEqual([1, 1, 1, 1]);
    control.rolloutLog.isAway = false;
    control.announcementLog.isAway = true;
    await cluster.clock.pass(1_000);
    expect(control.rollouts.record()).toMatchObject({ stage: 'everywhere', target: { version: 2 } });
    control.announcementLog.isAway = false;
    await cluster.clock.pass(1_000);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
  });

  it('names who refuses it and who is late, and is over', async () => {
    const { cluster, nodes, control } = await running();
    const [n0, n1] = nodes;
    if (n0 === undefined || n1 === undefined) throw new Error('four were made');
    n0.refuses = 'no such file: key.pem';
    n1.isDeaf = true;
    cluster.apply(configOf('two'), control);
    await cluster.clock.pass(LATE_AFTER_MS - 1_000);
    expect(control.rollouts.view()).toMatchObject({ isOver: false, waitsFor: '1 of 4 nodes' });
    await cluster.clock.pass(2_000);
    expect(control.rollouts.record()).toMatchObject({
      ...{ stage: 'done', why: 'on 2 of 4 nodes' },
      missing: [
        { id: 'n0', why: 'refused: no such file: key.pem' },
        { id: 'n1', why: 'not within 30 s: nothing was heard of it' },
      ],
    });
    // It hears again, and is told again.
    n1.isDeaf = false;
    await cluster.clock.pass(6_000);
    expect(versionsOf(nodes)).toEqual([1, 2, 2, 2]);
  });

  it('that no node can run is taken back, so that nobody who comes later tries it', async () => {
    const { cluster, nodes, control } = await running();
    for (const node of nodes) node.refuses = 'no such file: key.pem';
    cluster.apply(configOf('two'), control);
    await cluster.clock.pass(1_000);
    expect(control.rollouts.record()).toMatchObject({
      stage: 'rolledBack',
      why: expect.stringContaining('no node can run it'),
    });
    const late = cluster.node('n4');
    await cluster.clock.pass(2_000);
    expect(versionsOf([...nodes, late])).toEqual([1, 1, 1, 1, 1]);
  });
});

describe('what was taken back', () => {
  it('is tried once more when somebody wants it, and not by itself', async () => {
    const { cluster, nodes, control } = await running();
    for (const node of nodes) node.refuses = 'no such file: key.pem';
    cluster.apply(configOf('two'), control);
    await cluster.clock.pass(1_000);
    for (const node of nodes) node.refuses = null;
    expect(await control.rollouts.command('start', 'bea')).toMatchObject({
      ok: true,
      record: { stage: 'rolledBack', target: { version: 2 } },
    });
    await cluster.clock.pass(60_000);
    expect(versionsOf(nodes)).toEqual([1, 1, 1, 1]);
    expect(await control.rollouts.command('retry', 'bea')).toMatchObject({
      ok: true,
      record: { stage: 'everywhere', by: 'bea', base: { version: 1 }, target: { version: 3, revision: 2 } },
    });
    await cluster.clock.pass(1_000);
    expect(versionsOf(nodes)).toEqual([3, 3, 3, 3]);
    expect(await control.rollouts.command('retry', 'bea')).toMatchObject({
      ok: false,
      detail: 'revision 2 was not taken back',
    });
  });

  it('and can not be compiled any more, or not be written down, is not', async () => {
    const { cluster, control } = await running();
    cluster.apply('version: 1\nroutes: [{ id: all, match: /*, upstream: nowhere }]\n', control);
    await cluster.clock.pass(1_000);
    expect(await control.rollouts.command('start', 'bea')).toMatchObject({
      ...{ ok: false, why: 'not now' },
      detail: expect.stringContaining('nowhere'),
    });
    control.rolloutLog.isAway = true;
    expect(await control.rollouts.command('start', 'bea')).toMatchObject({ ok: false, why: 'away' });
  });
});

describe('a canary', () => {
  it('is tried out by a quarter, judged, and then run by all', async () => {
    const { cluster, nodes, control } = await running();
    cluster.apply(configOf('two'), control, quarter);
    await cluster.clock.pass(1_000);
    const canary = control.rollouts.record()?.canary ?? [];
    expect(canary.length).toBe(1);
    expect(TestCluster.versions(nodes)).toEqual(
      Object.fromEntries(names.map((id) => [id, canary.includes(id) ? 2 : 1])),
    );
    serve(nodes);
    await cluster.clock.pass(3_000);
    expect(control.rollouts.view()).toMatchObject({ isOver: false, waitsFor: expect.stringContaining('bake') });
    serve(nodes);
    await cluster.clock.pass(3_000);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
    const history = await control.rollouts.history(10);
    expect(history?.map(({ stage, why }) => `${stage}: ${why}`)).toEqual([
      'done: on all 4 nodes',
      expect.stringMatching(/^everywhere: nothing spoke against it in \d s and [24]00 exchanges/),
      'canary: revision 2',
      'done: on all 4 nodes',
      'everywhere: revision 1',
    ]);
  });

  it('that fails is taken back by itself within two looks at the traffic, and the record says why', async () => {
    const { cluster, nodes, control } = await running();
    cluster.apply(configOf('two'), control, quarter);
    await cluster.clock.pass(1_000);
    const canary = control.rollouts.record()?.canary ?? [];
    serve(nodes.filter(({ id }) => !canary.includes(id)));
    serve(
      nodes.filter(({ id }) => canary.includes(id)),
      { failed: 150 },
    );
    await cluster.clock.pass(1_500);
    expect(control.rollouts.record()).toMatchObject({
      ...{ stage: 'rolledBack', by: 'control', canary: [] },
      why: 'errors: 75 % of 200 on the canary, 0.0 % of 600 on the rest',
    });
    expect(versionsOf(nodes)).toEqual([1, 1, 1, 1]);
    expect(nodes.filter(({ ran }) => ran.includes(2)).map(({ id }) => id)).toEqual(canary);
    // The next revision begins from what runs, with a number that was never used.
    cluster.apply(configOf('three'), control);
    await cluster.clock.pass(1_000);
    expect(control.rollouts.record()).toMatchObject({ stage: 'done', base: { version: 1 }, target: { version: 3 } });
    expect(versionsOf(nodes)).toEqual([3, 3, 3, 3]);
  });

  it('that a node refuses, or does not survive, is taken back', async () => {
    for (const [fate, why] of [
      ['refuse', /refused: no such file/],
      ['crash', /its process ended/],
      ['kill', /it went away/],
    ] as const) {
      const { cluster, nodes, control } = await running();
      // Which one it will be follows from the version.
      const chosen = nodes[2] as TestNode; // Four were made.
      if (fate === 'refuse') chosen.refuses = 'no such file';
      cluster.apply(configOf('two'), control, quarter);
      await cluster.clock.pass(1_000);
      if (fate !== 'refuse') expect(control.rollouts.record()?.canary).toEqual([chosen.id]);
      if (fate !== 'refuse') chosen[fate]();
      await cluster.clock.pass(fate === 'kill' ? 9_000 : 3_000);
      expect(control.rollouts.record()).toMatchObject({ stage: 'rolledBack', why: expect.stringMatching(why) });
    }
  });

  it('is chosen by label, promoted and aborted by hand, paused and resumed', async () => {
    const { cluster, nodes, control } = await running();
    const labelled = nodes[3] as TestNode; // Four were made.
    labelled.labels = ['zone=a'];
    cluster.apply(configOf('two'), control, { ...quarter, label: 'zone=a' });
    await cluster.clock.pass(1_000);
    expect(versionsOf(nodes)).toEqual([1, 1, 1, 2]);
    expect(await control.rollouts.command('pause', 'bea')).toMatchObject({
      ok: true,
      record: { why: 'paused by bea' },
    });
    serve(nodes);
    await cluster.clock.pass(9_000);
    expect(control.rollouts.record()?.stage).toBe('paused');
    expect(await control.rollouts.command('resume', 'bea')).toMatchObject({ ok: true });
    serve(nodes);
    await cluster.clock.pass(1_000);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
    expect(await control.rollouts.command('abort', 'bea')).toMatchObject({ ok: false, why: 'not now' });
    cluster.apply(configOf('three'), control, { ...quarter, label: 'zone=a' });
    await cluster.clock.pass(1_000);
    expect(await control.rollouts.command('abort', 'bea')).toMatchObject({
      ok: true,
      record: { stage: 'rolledBack', by: 'bea' },
    });
    await cluster.clock.pass(1_000);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
  });
});

describe('how later revisions are rolled out', () => {
  it('is told with who has said so, and the rollout before stays whose it was', async () => {
    const { cluster, control } = await running();
    const before = control.rollouts.record();
    expect(await control.rollouts.setPolicy(quarter, 'bea')).toMatchObject({ ok: true });
    const policySet = { by: 'bea', control: 'c0', atWallMs: expect.any(Number) };
    expect(control.rollouts.record()).toEqual({ ...before, policy: quarter, policySet });
    cluster.apply(configOf('two'), control);
    await cluster.clock.pass(1_000);
    expect(control.rollouts.record()).toMatchObject({ stage: 'canary', by: 'ada', policy: quarter, policySet });
    expect(await control.rollouts.setPolicy(null, 'cyd')).toMatchObject({ record: { policySet: { by: 'cyd' } } });
    expect(control.rollouts.record()?.policy).toBeUndefined();
  });
});

describe('several controls', () => {
  it('publish a revision once, whoever hears of it, and go on where one was killed', async () => {
    const { cluster, nodes, controls } = await running(['c0', 'c1', 'c2']);
    const [c0, c1, c2] = controls as [TestControl, TestControl, TestControl]; // Three were made.
    cluster.apply(configOf('two'), c1);
    await cluster.clock.pass(2_000);
    expect(c2.rollouts.record()).toMatchObject({ stage: 'done', target: { version: 2, revision: 2 } });
    expect(cluster.rolloutServer.records.length).toBe(4);
    // Nobody's own: the first in the order of names takes it.
    cluster.apply(configOf('three'));
    await cluster.clock.pass(4_000);
    expect(c1.rollouts.record()).toMatchObject({ stage: 'done', control: 'c0', target: { version: 3 } });
    c0.kill();
    cluster.apply(configOf('four'));
    await cluster.clock.pass(5_000);
    expect(c1.rollouts.record()).toMatchObject({ stage: 'done', control: 'c1', target: { version: 4 } });
    expect(versionsOf(nodes)).toEqual([4, 4, 4, 4]);
    expect(cluster.rolloutServer.records.length).toBe(8);
  });

  it('announce what one has written down and was killed before it announced', async () => {
    const { cluster, nodes, controls } = await running(['c0', 'c1']);
    const [c0, c1] = controls as [TestControl, TestControl]; // Two were made.
    c0.announcementLog.isAway = true;
    cluster.apply(configOf('two'), c0);
    await cluster.clock.pass(200);
    expect([c1.rollouts.record()?.target.version, ...versionsOf(nodes)]).toEqual([2, 1, 1, 1, 1]);
    c0.kill();
    await cluster.clock.pass(2_000);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
    expect(c1.rollouts.record()).toMatchObject({ stage: 'done', control: 'c1' });
  });

  it('end a canary that one has begun and was killed in the middle of, for better and for worse', async () => {
    for (const failed of [0, 150]) {
      const { cluster, nodes, controls } = await running(['c0', 'c1']);
      const [c0, c1] = controls as [TestControl, TestControl]; // Two were made.
      cluster.apply(configOf('two'), c0, quarter);
      await cluster.clock.pass(1_000);
      c0.kill();
      const canary = c1.rollouts.record()?.canary ?? [];
      for (const node of nodes) serve([node], canary.includes(node.id) ? { failed } : {});
      await cluster.clock.pass(8_000);
      expect(c1.rollouts.record()).toMatchObject({ stage: failed === 0 ? 'done' : 'rolledBack', control: 'c1' });
      expect(versionsOf(nodes)).toEqual(names.map(() => (failed === 0 ? 2 : 1)));
    }
  });

  it('that act at once are one: the other reads what was done, and what it wrote is in no log', async () => {
    const { cluster, nodes, controls } = await running(['c0', 'c1']);
    const [c0, c1] = controls as [TestControl, TestControl]; // Two were made.
    c0.rolloutLog.beforeAppend = async () => {
      c1.rollouts.own(cluster.revision()?.id ?? '');
      await cluster.clock.pass(500);
    };
    cluster.apply(configOf('two'), c0);
    await cluster.clock.pass(2_000);
    expect(cluster.rolloutServer.records.length).toBe(4);
    const history = await c0.rollouts.history(2);
    expect(history?.map(({ stage, control }) => `${stage} ${control}`)).toEqual(['done c0', 'everywhere c1']);
    expect(c1.rollouts.record()).toEqual(c0.rollouts.record());
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
    expect([...c0.said, ...c1.said]).toEqual([]);
  });

  it('take an answer that was lost for what it is', async () => {
    const { cluster, nodes, control } = await running();
    control.rolloutLog.isUncertain = true;
    control.announcementLog.isUncertain = true;
    cluster.apply(configOf('two'), control);
    await cluster.clock.pass(2_000);
    expect(versionsOf(nodes)).toEqual([2, 2, 2, 2]);
    expect([cluster.rolloutServer.records.length, cluster.announcementServer.records.length]).toEqual([4, 2]);
  });
});

it('a snapshot of a format that no node can read is taken back, and all serve on', async () => {
  const { cluster, nodes, control } = await running();
  const why = 'the snapshot can’t be read: unknown-format';
  for (const node of nodes) node.refuses = why;
  cluster.apply(configOf('two'), control);
  await cluster.clock.pass(3_000);
  expect(control.rollouts.record()).toMatchObject({ stage: 'rolledBack', target: { version: 2 } });
  expect(control.rollouts.record()?.why).toContain(`no node can run it; n0 refused: ${why}`);
  expect(versionsOf(nodes)).toEqual([1, 1, 1, 1]);
});
