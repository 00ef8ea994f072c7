import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { describe, expect, it } from 'vitest';
import { fakeClock, fakeTimers } from '../pipeline/testing/harness.js';
import { ClusterSpends } from './spends.js';
import { arrived, busClockOf, subjects } from './testing/rate-members.js';

const BUDGET = 'budget-0001';
const KEY = `${BUDGET}ada`;

function cluster() {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const broker = new Broker();
  const join = (id: string, incarnation = 1) => {
    const busClock = busClockOf(clock, timers);
    const presence = new Presence({
      ...{
        bus: memoryBus(broker, { clock: busClock, inbox: subjects.inbox(`${id}-${incarnation}`) }),
        clock: busClock,
        subjects,
      },
      ...{ role: 'node', life: { id, incarnation, session: incarnation }, random: () => 0.5, warn: () => {} },
      report: () => ({ snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0 }),
    });
    const spends = new ClusterSpends({ presence, clock, timers });
    const budget = spends.budget(BUDGET, { limit: 1_000, period: 'day' }, 100);
    return {
      spends,
      close: () => {
        spends.close();
        presence.leave();
      },
      known: () => budget.committed(KEY, clock.wallMs()),
      spend: (reserved: number, real: number | null) => {
        const verdict = budget.reserve(KEY, reserved, spends.members, clock.wallMs(), clock.nowMs());
        if (verdict.allowed && real !== null) budget.settle(KEY, verdict.window, reserved, real);
        return verdict.allowed;
      },
    };
  };
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 50) {
      clock.advance(50);
      await arrived();
    }
  };
  return { join, pass };
}

describe('nodes with a budget', () => {
  it('know what the others have reserved and spent, in a moment', async () => {
    const { join, pass } = cluster();
    const [first, second] = [join('n1'), join('n2')];
    await pass(2_000);
    expect(first.spends.members).toBe(2);
    expect([first.spend(700, 500), second.spend(200, null)]).toEqual([true, true]);
    await pass(500);
    expect([first.known(), second.known()]).toEqual([700, 700]);
    expect([first.spend(301, null), second.spend(300, null)]).toEqual([false, true]);
  });

  it('tell one that comes back what it has spent in its earlier life', async () => {
    const { join, pass } = cluster();
    const [first, second] = [join('n1'), join('n2')];
    await pass(2_000);
    second.spend(700, 600);
    await pass(1_000);
    second.close();
    const again = join('n2', 2);
    expect(again.known()).toBe(0);
    await pass(3_000);
    expect([first.known(), again.known()]).toEqual([600, 600]);
    expect(again.spend(401, null)).toBe(false);
  });

  it('count what one that died had spent, and not what it held', async () => {
    const { join, pass } = cluster();
    const [first, second] = [join('n1'), join('n2')];
    await pass(2_000);
    second.spend(300, 200);
    await pass(1_000);
    second.spend(300, null);
    await pass(1_000);
    expect(first.known()).toBe(500);
    second.close();
    await pass(30_000);
    expect(first.known()).toBe(200);
  });
});
