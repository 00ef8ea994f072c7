import { describe, expect, it } from 'vitest';
import { configOf, TestCluster } from './testing/test-cluster.js';

async function setUp(controls = ['c0']) {
  const cluster = new TestCluster();
  const running = controls.map((id) => cluster.control(id));
  const [control] = running;
  if (control === undefined) throw new Error('there is one at least');
  cluster.node('n0');
  await cluster.clock.pass(3_000);
  const apply = async (answer: string): Promise<void> => {
    cluster.apply(configOf(answer), control);
    await cluster.clock.pass(1_000);
  };
  return { cluster, control, controls: running, apply };
}

describe('the store of snapshots', () => {
  it('keeps what the latest rollouts are of, however many there were', async () => {
    const { cluster, control, apply } = await setUp();
    for (let n = 1; n <= 60; n += 1) await apply(`answer ${n}`);
    await cluster.clock.pass(400_000);
    expect(control.rollouts.record()).toMatchObject({ stage: 'done', target: { version: 60 } });
    expect(cluster.blobs.blobs.size).toBeGreaterThan(1);
    expect(cluster.blobs.blobs.size).toBeLessThan(20);
    const { target, base } = control.rollouts.record() ?? {};
    for (const release of [target, base]) expect(cluster.blobs.blobs.has(release?.hash ?? '')).toBe(true);
  });

  it('that is full says so, is not asked each moment, and takes the revision when room was made', async () => {
    const { cluster, control, apply } = await setUp();
    for (let n = 0; n < 50; n += 1) cluster.blobs.blobs.set(`${'a'.repeat(62)}${n + 10}`, new Uint8Array(9));
    cluster.blobs.max = 50;
    await apply('one');
    const before = cluster.blobs.puts;
    await cluster.clock.pass(60_000);
    expect(control.rollouts.compilation()).toMatchObject({ state: 'waiting', waitsFor: 'maximum bytes exceeded' });
    expect(cluster.blobs.puts - before).toBeLessThan(12);
    cluster.blobs.max = 51;
    await cluster.clock.pass(30_000);
    expect(control.rollouts.record()).toMatchObject({ stage: 'done', target: { version: 1 } });
    // From then on room is made by itself.
    await cluster.clock.pass(400_000);
    expect([...cluster.blobs.blobs.keys()]).toEqual([control.rollouts.record()?.target.hash]);
  });

  it('is tried at once for what somebody applies while another one waits', async () => {
    const { cluster, control, apply } = await setUp();
    cluster.blobs.isAway = true;
    await apply('one');
    await cluster.clock.pass(120_000);
    cluster.blobs.isAway = false;
    await apply('two');
    expect(control.rollouts.record()).toMatchObject({ stage: 'done', target: { revision: 2 } });
  });

  it('that has lost its data is given again what nodes may be told to run, by any control', async () => {
    const { cluster, controls, apply } = await setUp(['c0', 'c1']);
    await apply('one');
    await apply('two');
    await cluster.clock.pass(61_000);
    const there = new Map(cluster.blobs.blobs);
    expect(there.size).toBe(2);
    // The one that made them is gone.
    controls[0]?.kill();
    cluster.blobs.blobs.clear();
    cluster.rolloutServer.records = [];
    cluster.announcementServer.records = [];
    await cluster.clock.pass(8_000);
    expect(new Set(cluster.blobs.blobs.keys())).toEqual(new Set(there.keys()));
    for (const [name, bytes] of there) expect(cluster.blobs.blobs.get(name)).toEqual(bytes);
    const late = cluster.node('n1');
    await cluster.clock.pass(2_000);
    expect(late.position.version).toBe(2);
  });

  it('that has lost them alone is given them within minutes', async () => {
    const { cluster, control, apply } = await setUp();
    await apply('one');
    cluster.blobs.blobs.clear();
    await cluster.clock.pass(301_000);
    expect(cluster.blobs.blobs.size).toBe(1);
    expect(control.said).toEqual(['the store of snapshots had lost that of version 1; it is there again']);
  });

  it('that has lost what nobody has says so once', async () => {
    const { cluster, control, apply } = await setUp();
    await apply('one');
    control.kill();
    cluster.blobs.blobs.clear();
    const anew = cluster.control('c1');
    await cluster.clock.pass(900_000);
    expect(anew.said).toEqual([expect.stringContaining('has lost that of version 1, and no copy is here')]);
  });
});
