import { describe, expect, it } from 'vitest';
import { type Notice, PendingPurges, type Waiter } from './pending-purges.js';

describe('purges that Redis has yet to hear of', () => {
  const purge = (tag: string): Notice => {
    return { kind: 'mark', place: { field: `t:${tag}`, prefix: null }, target: { kind: 'tag', tag }, isSoft: false };
  };
  const all: Notice = { kind: 'mark', place: { field: 'all', prefix: null }, target: { kind: 'all' }, isSoft: false };

  it('are told once for all who asked, and again when the answer was lost', () => {
    const pending = new PendingPurges();
    let told = 0;
    const waiter = (): Waiter => ({ told: () => (told += 1) });
    const gone: Waiter = { told: null };
    for (const one of [waiter(), gone, waiter()]) pending.add(purge('k'), one);
    const [first] = pending.take(10);
    // A new one while it is being told is told by itself: it may mean what was fetched meanwhile.
    pending.add(purge('k'), waiter());
    expect([pending.size, pending.waiting]).toEqual([2, 1]);
    pending.backAll();
    expect([pending.size, pending.waiting, told]).toEqual([1, 1, 0]);
    if (first !== undefined) pending.done(first);
    expect(told).toBe(0);
    for (const one of pending.take(10)) pending.done(one);
    expect([pending.size, told]).toEqual([0, 3]);
  });

  it('become one of everything when they are too many, for all who asked', () => {
    const pending = new PendingPurges(3);
    let told = 0;
    for (const key of ['a', 'b', 'c', 'd']) pending.add(purge(key), { told: () => (told += 1) });
    expect([pending.size, pending.collapses]).toEqual([1, 1]);
    const [one] = pending.take(10);
    expect(one?.notice).toEqual(all);
    if (one !== undefined) pending.done(one);
    expect(told).toBe(4);
  });
});
