import { describe, expect, it } from 'vitest';
import { SERIAL_MAX } from '../events/guards.js';
import type { Heartbeat } from '../events/membership.js';
import {
  CUT_OFF_PATIENCE,
  DEAD_AFTER,
  FORGET_MS,
  Membership,
  type MembershipEffect,
  SUSPECT_AFTER,
  TICK_MS,
} from './membership.js';
import { heartbeatIntervalMs, INTERVAL_MAX_MS, INTERVAL_MIN_MS, membersMax } from './pace.js';

const own = { snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0, told: { health: 0, rate: 0, latency: 0 } };
const beat = (id: string, seq: number, more: Partial<Heartbeat> = {}): Heartbeat => ({
  ...{ kind: 'heartbeat', id, incarnation: 1, session: 5, role: 'node', seq, intervalMs: 1_000, ...own, ...more },
});

class Watch {
  readonly membership = new Membership({ id: 'me', incarnation: 10, session: 1 }, 'node', () => 0.5);
  readonly effects: MembershipEffect[] = [];
  nowMs = 0;

  constructor() {
    this.effects.push(...this.membership.step({ event: 'bus', isConnected: true }, 0));
    this.tick();
  }

  tick(): void {
    this.effects.push(...this.membership.step({ event: 'tick', own }, this.nowMs));
  }

  hear(message: Heartbeat): readonly MembershipEffect[] {
    return this.membership.step({ event: 'heard', message }, this.nowMs);
  }

  /** Ticks until then, as a process that runs does. */
  pass(ms: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) {
      this.nowMs += TICK_MS;
      this.tick();
    }
  }

  standing(id: string): string | undefined {
    return this.membership.members().find(({ life }) => life.id === id)?.standing;
  }
}

describe('membership', () => {
  it('suspects after three intervals, calls dead after six, and takes back both when it hears', () => {
    const watch = new Watch();
    watch.hear(beat('a', 1));
    watch.pass(SUSPECT_AFTER * 1_000);
    expect(watch.standing('a')).toBe('alive');
    watch.pass(TICK_MS);
    expect([watch.standing('a'), watch.membership.size]).toEqual(['suspect', 2]);
    watch.pass(DEAD_AFTER * 1_000 - SUSPECT_AFTER * 1_000);
    expect([watch.standing('a'), watch.membership.size]).toEqual(['dead', 1]);
    watch.hear(beat('a', 2));
    expect(watch.standing('a')).toBe('alive');
  });

  it('goes by the interval that the sender states, within what anybody may state', () => {
    const watch = new Watch();
    watch.hear(beat('slow', 1, { intervalMs: 5_000 }));
    watch.hear(beat('endless', 1, { intervalMs: Number.MAX_SAFE_INTEGER }));
    watch.pass(SUSPECT_AFTER * 5_000);
    expect(watch.standing('slow')).toBe('alive');
    watch.pass(CUT_OFF_PATIENCE * DEAD_AFTER * INTERVAL_MAX_MS);
    expect([watch.standing('slow'), watch.standing('endless')]).toEqual(['dead', 'dead']);
  });

  it('counts no silence while the bus is away, or while it did not run itself', () => {
    const watch = new Watch();
    watch.hear(beat('a', 1));
    watch.membership.step({ event: 'bus', isConnected: false }, watch.nowMs);
    watch.pass(60_000);
    watch.membership.step({ event: 'bus', isConnected: true }, watch.nowMs);
    watch.pass(SUSPECT_AFTER * 1_000 - TICK_MS);
    expect(watch.standing('a')).toBe('alive');
    watch.nowMs += 60_000;
    watch.tick();
    expect(watch.standing('a')).toBe('alive');
    watch.pass(DEAD_AFTER * 1_000);
    expect(watch.standing('a')).toBe('dead');
  });

  it('is three times as patient when several fall silent together', () => {
    const watch = new Watch();
    for (const id of ['a', 'b', 'c']) watch.hear(beat(id, 1));
    watch.pass(CUT_OFF_PATIENCE * DEAD_AFTER * 1_000 - 1_000);
    expect(['a', 'b', 'c'].map((id) => watch.standing(id))).toEqual(['suspect', 'suspect', 'suspect']);
    watch.pass(2_000);
    expect(watch.membership.size).toBe(1);
  });

  it('tells who lives in the past of the life that is known, and not more often than an interval', () => {
    const watch = new Watch();
    watch.hear(beat('a', 1, { incarnation: 7, session: 8 }));
    const told = { effect: 'tell', to: 'a', message: { kind: 'outdated', id: 'a', incarnation: 7, session: 8 } };
    expect(watch.hear(beat('a', 1, { incarnation: 6, session: 9 }))).toEqual([told]);
    expect(watch.hear(beat('a', 2, { incarnation: 6, session: 9 }))).toEqual([]);
    watch.nowMs += 1_000;
    // Two of one incarnation: the one that came first stays.
    expect(watch.hear(beat('a', 3, { incarnation: 7, session: 9 }))).toEqual([told]);
  });

  it('is heard again after heartbeats in its name that it has never told, and takes no number that nobody can read', () => {
    const watch = new Watch();
    const forged = beat('me', SERIAL_MAX, { incarnation: 10, session: 1 });
    watch.hear(forged);
    expect(watch.membership.life.incarnation).toBe(11);
    watch.hear(beat('me', 1, { incarnation: 11, session: 1 }));
    expect(watch.membership.life.incarnation).toBe(11);
    const outdated = { kind: 'outdated', id: 'me', incarnation: SERIAL_MAX, session: 2 } as const;
    expect(watch.membership.step({ event: 'heard', message: outdated }, 0)).toEqual([
      { effect: 'duplicate', session: 2 },
    ]);
    expect(watch.membership.life.incarnation).toBe(11);
  });

  it('raises its incarnation above another life of its name, and only tells of it when that goes on', () => {
    const watch = new Watch();
    watch.membership.step({ event: 'heard', message: { kind: 'outdated', id: 'me', incarnation: 10, session: 1 } }, 0);
    watch.membership.step({ event: 'heard', message: { kind: 'outdated', id: 'me', incarnation: 9, session: 2 } }, 0);
    expect(watch.membership.life.incarnation).toBe(10);
    watch.membership.step({ event: 'heard', message: { kind: 'outdated', id: 'me', incarnation: 20, session: 2 } }, 0);
    expect(watch.membership.life.incarnation).toBe(21);
    for (const incarnation of [30, 40]) expect(watch.hear(beat('me', 1, { incarnation, session: 2 }))).toEqual([]);
    expect(watch.hear(beat('me', 1, { incarnation: 50, session: 2 }))).toEqual([{ effect: 'duplicate', session: 2 }]);
    expect(watch.membership.life).toEqual({ id: 'me', incarnation: 41, session: 1 });
  });

  it('lets nobody come back in a life that has left, and forgets the dead after a while', () => {
    const watch = new Watch();
    watch.hear(beat('a', 1));
    watch.membership.step({ event: 'heard', message: { kind: 'leave', id: 'a', incarnation: 1, session: 5 } }, 0);
    watch.hear(beat('a', 2));
    expect(watch.standing('a')).toBe('left');
    watch.hear(beat('a', 1, { incarnation: 2, session: 6 }));
    expect(watch.standing('a')).toBe('alive');
    watch.pass(DEAD_AFTER * 1_000 + FORGET_MS + 1_000);
    expect(watch.standing('a')).toBeUndefined();
  });

  it('has a bound: tells of who comes beyond it, and makes room where somebody is gone', () => {
    const watch = new Watch();
    for (let i = 0; i < membersMax; i += 1) watch.hear(beat(`m${i}`, 1));
    expect(watch.hear(beat('late', 1))).toEqual([{ effect: 'overfull', id: 'late' }]);
    watch.membership.step({ event: 'heard', message: { kind: 'leave', id: 'm3', incarnation: 1, session: 5 } }, 0);
    watch.hear(beat('late', 2));
    expect([watch.standing('late'), watch.standing('m3')]).toEqual(['alive', undefined]);
  });

  it('says nothing any more when it has left', () => {
    const watch = new Watch();
    const said = watch.membership.step({ event: 'leave' }, 0);
    expect(said).toEqual([{ effect: 'publish', message: { kind: 'leave', id: 'me', incarnation: 10, session: 1 } }]);
    const before = watch.effects.length;
    watch.pass(10_000);
    expect(watch.effects.length).toBe(before);
  });

  it('lets each member hear at most 500 heartbeats a second, whatever the number of members', () => {
    for (let members = 1; members <= membersMax; members += 7) {
      const intervalMs = heartbeatIntervalMs(members);
      expect(((members - 1) * 1_000) / intervalMs).toBeLessThanOrEqual(500);
      expect(intervalMs).toBeGreaterThanOrEqual(INTERVAL_MIN_MS);
    }
  });
});
