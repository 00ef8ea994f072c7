import { describe, expect, it } from 'vitest';
import { Line, type PriorityRank, Waiter } from './line.js';
import { StandingQueue, standingWaitMs } from './standing-queue.js';

class Client extends Waiter {
  override readonly priority: PriorityRank = 1;
  override readonly deadlineAtMs = Number.POSITIVE_INFINITY;
  override admit(): void {}
  override refuse(): void {}
}

/** Stands from 1,500 ms on. */
function standing(): StandingQueue {
  const queue = new StandingQueue();
  queue.look(150, 50, 1_000);
  queue.look(400, 50, 1_500);
  return queue;
}

describe('a queue', () => {
  it('stands when the oldest waited beyond the target at every look of an interval', () => {
    const queue = new StandingQueue();
    queue.look(101, 50, 1_000);
    queue.look(300, 50, 1_499);
    expect(queue.stands).toBe(false);
    queue.look(300, 50, 1_500);
    expect(queue.stands).toBe(true);
  });

  it.each([99, Number.NaN])('does not stand when it was short in between: the oldest waited %d ms', (oldestMs) => {
    const queue = new StandingQueue();
    queue.look(101, 50, 1_000);
    queue.look(oldestMs, 50, 1_400);
    queue.look(300, 50, 1_600);
    expect(queue.stands).toBe(false);
  });

  it('is given more time where answers take long', () => {
    const queue = new StandingQueue();
    queue.look(350, 1_000, 1_000);
    queue.look(350, 1_000, 9_000);
    expect(queue.stands).toBe(false);
    queue.look(450, 1_000, 10_000);
    queue.look(450, 1_000, 11_999);
    expect(queue.stands).toBe(false);
    queue.look(450, 1_000, 12_000);
    expect(queue.stands).toBe(true);
  });

  it('stands no longer when a second went by without a drop, or fifty in a row were served', () => {
    const slow = standing();
    slow.dropped(1_700);
    slow.look(5, 50, 2_699);
    expect(slow.stands).toBe(true);
    slow.look(5, 50, 2_700);
    expect(slow.stands).toBe(false);
    const quick = standing();
    for (let i = 0; i < 49; i += 1) quick.served();
    quick.dropped(1_600);
    for (let i = 0; i < 49; i += 1) quick.served();
    quick.look(5, 50, 1_650);
    expect(quick.stands).toBe(true);
    quick.served();
    quick.look(5, 50, 1_650);
    expect(quick.stands).toBe(false);
  });

  it('lets nobody wait for more than 5 ms while it stands, or for the next place at a slow upstream', () => {
    expect([standingWaitMs(1), standingWaitMs(250)]).toEqual([5, 250]);
  });
});

describe('a line', () => {
  it('serves in order while it is calm; while it stands, who came before in order, and then the newest first', () => {
    const line = new Line();
    const [first, second, third, fourth] = [new Client(), new Client(), new Client(), new Client()];
    line.push(first, 0);
    line.push(second, 900);
    expect(line.next).toBe(first);
    line.standing.look(150, 50, 1_000);
    line.standing.look(400, 50, 1_500);
    line.push(third, 1_501);
    line.push(fourth, 1_502);
    const served: (Waiter | null)[] = [];
    for (let next = line.next; next !== null; next = line.next) {
      expect(line.overdue).toBe(served.length < 2 ? null : third);
      served.push(next);
      line.remove(next);
    }
    expect(served).toEqual([first, second, fourth, third].slice(0, 4));
    expect([line.length, line.oldestMs(2_000)]).toEqual([0, Number.NaN]);
  });
});
