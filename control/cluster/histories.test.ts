import type { RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LATE_AFTER_MS } from '../rollout/progress.js';
import { forAll } from '../rollout/rollout.js';
import { configOf, TestCluster, type TestControl, type TestNode } from './testing/test-cluster.js';

/** What may happen to controls and nodes at any time, and how long nothing else does. */
const event = fc.record({
  what: fc.constantFrom(
    ...(['apply', 'apply', 'canary', 'canary', 'killControl', 'newControl', 'logAway', 'uncertain', 'heal'] as const),
    ...([
      'crashNode',
      'deafNode',
      'refuse',
      'fail',
      'serve',
      'promote',
      'pause',
      'abort',
      'retry',
      'lateWriter',
    ] as const),
  ),
  who: fc.nat(20),
  afterMs: fc.constantFrom(0, 100, 400, 1_000, 4_000),
});

const canary: RolloutPlan = { sharePermille: 400, label: '', bakeMs: 2_000, exchangesMin: 20, unjudged: [] };

class History {
  readonly cluster = new TestCluster();
  readonly nodes: TestNode[] = ['n0', 'n1', 'n2'].map((id) => this.cluster.node(id));
  controls: TestControl[] = ['c0', 'c1'].map((id) => this.cluster.control(id));
  #named = 2;
  #applied = 0;

  /** There is always one left: with none nothing happens until the next one comes. */
  play(what: string, who: number): void {
    const control = this.controls[who % this.controls.length];
    const at = who % this.nodes.length;
    const node = this.nodes[at];
    if (control === undefined || node === undefined) throw new Error('there is one of each');
    const { rolloutLog, announcementLog, rollouts } = control;
    const log = who % 2 === 0 ? rolloutLog : announcementLog;
    if (what === 'apply' || what === 'canary') {
      this.#applied += 1;
      // Some are nobody's own: the control that took it has died right after.
      const by = who % 3 === 0 ? undefined : control;
      this.cluster.apply(configOf(`${this.#applied}`), by, what === 'canary' ? canary : null);
    } else if (what === 'killControl') this.#kill(control);
    else if (what === 'newControl') this.#join();
    else if (what === 'logAway') log.isAway = true;
    else if (what === 'uncertain') log.isUncertain = true;
    else if (what === 'heal') this.heal();
    else if (what === 'crashNode') this.nodes[at] = node.crash();
    else if (what === 'deafNode') node.isDeaf = true;
    else if (what === 'refuse') node.refuses = 'no such file';
    else if (what === 'fail')
      node.counts = { ...node.counts, exchanges: node.counts.exchanges + 100, failed: node.counts.failed + 90 };
    else if (what === 'serve')
      for (const one of this.nodes) one.counts = { ...one.counts, exchanges: one.counts.exchanges + 100 };
    else if (what === 'lateWriter') log.beforeAppend = () => this.cluster.clock.pass(900);
    else if (what === 'promote' || what === 'pause' || what === 'abort' || what === 'retry')
      void rollouts.command(what, 'ada');
  }

  heal(): void {
    for (const { rolloutLog, announcementLog } of this.controls) {
      Object.assign(rolloutLog, { isAway: false, isUncertain: false, beforeAppend: null });
      Object.assign(announcementLog, { isAway: false, isUncertain: false, beforeAppend: null });
    }
    for (const node of this.nodes) Object.assign(node, { isDeaf: false, refuses: null });
  }

  #kill(control: TestControl): void {
    control.kill();
    this.controls = this.controls.filter((one) => one !== control);
    if (this.controls.length === 0) this.#join();
  }

  #join(): void {
    if (this.controls.length < 3) this.controls.push(this.cluster.control(`c${this.#named}`));
    this.#named += 1;
  }
}

describe('any history of controls, logs and nodes', () => {
  it('ends, once all is well again, with one record that all controls know and all nodes run', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { size: 'max', minLength: 1, maxLength: 25 }), async (events) => {
        const history = new History();
        const { cluster } = history;
        await cluster.clock.pass(3_000);
        cluster.apply(configOf('first'), history.controls[0]);
        await cluster.clock.pass(500);
        for (const { what, who, afterMs } of events) {
          history.play(what, who);
          await cluster.clock.pass(afterMs);
        }
        history.heal();
        // A canary that nobody sends anything to is ended by hand, as an operator would.
        await cluster.clock.pass(LATE_AFTER_MS + 10_000);
        await history.controls[0]?.rollouts.command('promote', 'ada');
        await cluster.clock.pass(LATE_AFTER_MS + 10_000);

        const records = history.controls.map(({ rollouts }) => rollouts.record());
        const [record] = records;
        if (record === undefined || record === null) throw new Error('the first was rolled out');
        for (const other of records) expect(other).toEqual(record);
        expect(['done', 'rolledBack']).toContain(record.stage);
        const meant = forAll(record).version;
        // Hosts try nothing again that they have refused; who has is told.
        const view = history.controls[0]?.rollouts.view()?.nodes ?? [];
        const refused = new Set(view.filter(({ state }) => state === 'refused').map(({ id }) => id));
        for (const { id, position } of history.nodes)
          if (!refused.has(id)) expect([id, position.version]).toEqual([id, meant]);
        await expectOneStory(history);
      }),
      { numRuns: 100, timeout: 60_000 },
    );
  }, 600_000);
});

/** Each version is of one revision and has one content, a revision has another one only where it was taken back, and what is gone back to is what all ran. */
async function expectOneStory({ controls }: History): Promise<void> {
  const told = (await controls[0]?.rollouts.history(1_000))?.toReversed() ?? [];
  const hashes = new Map<number, string>();
  const revisions = new Map<number, number>();
  for (const [index, { target, base, stage }] of told.entries()) {
    expect(hashes.get(target.version) ?? target.hash).toBe(target.hash);
    const isRetried = told[index - 1]?.stage === 'rolledBack' && told[index - 1]?.target.revision === target.revision;
    if (!isRetried) expect(revisions.get(target.revision) ?? target.version).toBe(target.version);
    hashes.set(target.version, target.hash);
    revisions.set(target.revision, target.version);
    const before = told[index - 1];
    if (before === undefined) continue;
    expect(target.version).toBeGreaterThanOrEqual(before.target.version);
    if (target.version > before.target.version) expect(base).toEqual(forAll(before));
    if (target.version === before.target.version) expect(['done', 'rolledBack']).not.toContain(before.stage);
    if (stage === 'rolledBack') expect(base).not.toBeNull();
  }
}
