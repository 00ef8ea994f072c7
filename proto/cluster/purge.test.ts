import { describe, expect, it } from 'vitest';
import type { PurgeEntry } from '../events/purge-log.js';
import { LEASE_MS, PurgeFollower } from './purge-follower.js';
import { PurgeRegistry, PurgeRound, SAFE_MS } from './purge-round.js';

const purge: PurgeEntry = { entry: 'purge', targets: [{ kind: 'all' }], isSoft: false };
const join = (id: string, incarnation = 1): PurgeEntry => ({ entry: 'join', id, incarnation });
const out = (id: string, isOwn = false, incarnation = 1): PurgeEntry => ({ entry: 'out', id, incarnation, isOwn });

/** A registry that has learnt these entries, each at its time. */
function learnt(...entries: readonly (readonly [atMs: number, content: PurgeEntry])[]): PurgeRegistry {
  const registry = new PurgeRegistry();
  entries.forEach(([atMs, content], index) => {
    registry.learn(index + 1, content, atMs);
  });
  return registry;
}

const missingOf = (round: PurgeRound, nowMs: number): string[] => round.verdict(nowMs).missing.map(({ id }) => id);

describe('a round of a purge', () => {
  it('needs everyone who had joined before, and nobody else', () => {
    const round = new PurgeRound(3, 0, learnt([0, join('a')], [0, join('b')], [0, purge], [0, join('c')]));
    expect(missingOf(round, 0)).toEqual(['a', 'b']);
    round.acknowledge('a', 1, 3, 5);
    round.acknowledge('b', 1, 2, 6); // Not far enough.
    round.acknowledge('b', 2, 3, 6); // Another life.
    expect(round.verdict(7)).toMatchObject({ isComplete: false, missing: [{ id: 'b', safeAtMs: SAFE_MS }] });
    round.acknowledge('b', 1, 4, 9);
    expect(round.verdict(9).isComplete).toBe(true);
    expect(round.verdict(9).acknowledged).toContainEqual({ id: 'b', tookMs: 9 });
  });

  it('is not complete before the log is known up to it', () => {
    const registry = learnt([0, join('a')]);
    const round = new PurgeRound(2, 0, registry);
    round.acknowledge('a', 1, 2, 1);
    expect(round.verdict(SAFE_MS * 2).isComplete).toBe(false);
    registry.learn(2, purge, 2);
    expect(round.verdict(3).isComplete).toBe(true);
  });

  it('waits for who is silent until no lease of it can last, and names it', () => {
    const round = new PurgeRound(2, 100, learnt([0, join('a')], [100, purge]));
    expect(round.verdict(100 + SAFE_MS - 1).isComplete).toBe(false);
    expect(round.verdict(100 + SAFE_MS)).toMatchObject({ isComplete: true, missing: [{ id: 'a' }] });
    expect(SAFE_MS).toBeGreaterThan(LEASE_MS);
  });

  it('waits for one that was put out as long as its lease may last, and not for one that has gone by itself', () => {
    const soon = 5_000;
    const registry = () =>
      learnt([0, join('a')], [0, join('b')], [1_000, out('a')], [1_000, out('b', true)], [soon, purge]);
    const round = new PurgeRound(5, soon, registry());
    expect(round.verdict(soon)).toMatchObject({ isComplete: false, missing: [{ id: 'a', safeAtMs: 1_000 + SAFE_MS }] });
    expect(round.verdict(1_000 + SAFE_MS).isComplete).toBe(true);
    const later = new PurgeRound(5, 1_000 + SAFE_MS, registry());
    expect(later.verdict(1_000 + SAFE_MS)).toMatchObject({ isComplete: true, missing: [] });
  });

  it('is not misled by a request to join from before a member was put out', () => {
    const entries = [
      [0, join('a')],
      [1_000, out('a')],
      [1_500, purge],
      [1_600, join('a')],
    ] as const;
    expect(missingOf(new PurgeRound(3, 1_500, learnt(...entries)), 1_700)).toEqual(['a']);
  });

  it('needs both lives of a member that has begun a later one', () => {
    const round = new PurgeRound(3, 0, learnt([0, join('a', 1)], [0, join('a', 2)], [0, purge]));
    round.acknowledge('a', 2, 3, 1);
    expect(round.verdict(1)).toMatchObject({ isComplete: false, missing: [{ id: 'a', incarnation: 1 }] });
  });

  it('is not complete before leases are over that the log can’t tell of any more', () => {
    const registry = new PurgeRegistry(4, 1_000);
    expect(registry.epoch).toBe(4);
    registry.learn(5, purge, 1_100);
    const round = new PurgeRound(5, 1_100, registry);
    expect([round.verdict(1_000 + SAFE_MS - 1).isComplete, round.verdict(1_000 + SAFE_MS).isComplete]).toEqual([
      false,
      true,
    ]);
  });

  it('does not learn entries out of their order', () => {
    expect(() => new PurgeRegistry().learn(2, purge, 0)).toThrow();
  });
});

/** A follower that has joined, knows everything up to 1, and has asked at 0. */
function follower(): PurgeFollower {
  const made = new PurgeFollower({ id: 'a', incarnation: 1 }, null);
  made.step({ event: 'end', askedAtMs: 0, last: 0, first: 1 }, 5);
  made.step({ event: 'entry', number: 1, content: join('a') }, 6);
  return made;
}

describe('a follower of the purge log', () => {
  it('serves under a lease that begins when it asked, and not when it was answered', () => {
    const one = follower();
    expect([one.mayServe(LEASE_MS - 1), one.mayServe(LEASE_MS)]).toEqual([true, false]);
    one.step({ event: 'end', askedAtMs: 4_000, last: 1, first: 1 }, 9_000);
    expect([one.mayServe(LEASE_MS + 3_999), one.mayServe(LEASE_MS + 4_000)]).toEqual([true, false]);
    // An old answer takes nothing back.
    one.step({ event: 'end', askedAtMs: 1_000, last: 1, first: 1 }, 9_001);
    expect(one.mayServe(LEASE_MS + 3_999)).toBe(true);
  });

  it('does not serve before it has joined, once it is put out, or when it knows of more than it has', () => {
    const fresh = new PurgeFollower({ id: 'a', incarnation: 1 }, null);
    fresh.step({ event: 'end', askedAtMs: 0, last: 0, first: 1 }, 1);
    expect(fresh.mayServe(1)).toBe(false);
    const expelled = follower();
    expelled.step({ event: 'entry', number: 2, content: out('a') }, 7);
    expect(expelled.mayServe(7)).toBe(false);
    const replaced = follower();
    replaced.step({ event: 'entry', number: 2, content: join('a', 2) }, 7);
    expect(replaced.mayServe(7)).toBe(false);
    const behind = follower();
    const effects = behind.step({ event: 'known', number: 2 }, 1_000);
    expect(behind.mayServe(1_000)).toBe(false);
    expect(effects).toContainEqual({ effect: 'ask entries', from: 2 });
    behind.step({ event: 'entry', number: 2, content: purge }, 1_001);
    expect(behind.mayServe(1_001)).toBe(true);
  });

  it('applies entries in order, however they come, acknowledges them, and again when they come again', () => {
    const one = follower();
    expect(
      one.step({ event: 'entry', number: 3, content: purge }, 100).filter(({ effect }) => effect === 'apply'),
    ).toEqual([]);
    expect(one.mayServe(100)).toBe(false);
    const effects = one.step({ event: 'entry', number: 2, content: purge }, 101);
    expect(effects.flatMap((effect) => (effect.effect === 'apply' ? [effect.number] : []))).toEqual([2, 3]);
    expect(effects).toContainEqual({ effect: 'acknowledge', epoch: 3 });
    expect(one.step({ event: 'entry', number: 2, content: purge }, 102)).toContainEqual({
      effect: 'acknowledge',
      epoch: 3,
    });
  });

  it('does not take itself for joined when the log has given up its joining, and joins again before', () => {
    const one = follower();
    for (let number = 2; number <= 100; number += 1) one.step({ event: 'entry', number, content: purge }, 10);
    const asksToJoin = (atMs: number, first: number): boolean =>
      one
        .step({ event: 'end', askedAtMs: atMs, last: 100, first }, atMs)
        .some(({ effect }) => effect === 'ask to join');
    expect([asksToJoin(1_000, 1), one.mayServe(1_000)]).toEqual([false, true]);
    one.step({ event: 'entry', number: 101, content: join('a') }, 2_000);
    expect(one.step({ event: 'end', askedAtMs: 2_500, last: 101, first: 101 }, 2_500)).toEqual([]);
    const old = follower();
    old.step({ event: 'entry', number: 2, content: purge }, 10);
    const effects = old.step({ event: 'end', askedAtMs: 4_000, last: 2, first: 2 }, 4_000);
    expect([effects.some(({ effect }) => effect === 'ask to join'), old.hasJoined, old.mayServe(4_000)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('takes everything for purged when the log has given up what it has not seen', () => {
    const returned = new PurgeFollower({ id: 'a', incarnation: 2 }, 4);
    const effects = returned.step({ event: 'end', askedAtMs: 0, last: 9, first: 7 }, 1);
    expect(effects).toContainEqual({ effect: 'purge all', number: 6 });
    expect(effects).toContainEqual({ effect: 'ask entries', from: 7 });
    expect(returned.epoch).toBe(6);
  });
});
