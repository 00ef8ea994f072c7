import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bornAt,
  DELAY_FIRST_MS,
  DELAY_MAX_MS,
  delayAfter,
  GOOD_RUN_MS,
  type LifeEvent,
  type NodeLife,
  step,
} from './node-life.js';

function after(events: readonly [event: LifeEvent, atMs: number][]): { life: NodeLife; effects: string[] } {
  let life = bornAt(0);
  const effects: string[] = [];
  for (const [event, atMs] of events) {
    const next = step(life, event, atMs);
    life = next.life;
    const { effect } = next;
    if (effect.kind === 'wait') effects.push(`wait ${effect.delayMs}`);
    else if (effect.kind === 'end') effects.push(effect.failed ? 'failed' : 'ended');
    else if (effect.kind !== 'none') effects.push(effect.kind);
  }
  return { life, effects };
}

describe('the life of a node', () => {
  it('is started again after a death, later each time, and at once again after a good run', () => {
    const { effects, life } = after([
      ['ready', 1],
      ['exited', 2],
      ['due', 102],
      ['ready', 103],
      ['exited', 104],
      ['due', 304],
      ['ready', 305],
      ['exited', 305 + GOOD_RUN_MS],
    ]);
    expect(effects).toEqual(['wait 100', 'fork', 'wait 200', 'fork', 'wait 100']);
    expect(life.restarts).toBe(2);
  });

  it('is not taken for a good run when it only took long to start', () => {
    const { effects } = after([
      ['ready', 1],
      ['exited', 2],
      ['due', 102],
      ['exited', 102 + GOOD_RUN_MS],
    ]);
    expect(effects).toEqual(['wait 100', 'fork', 'wait 200']);
  });

  it('is given up when it never came up', () => {
    expect(after([['exited', 5]])).toMatchObject({ effects: ['failed'], life: { phase: 'stopped' } });
  });

  it('drains once, and ends when it has', () => {
    const stop: [LifeEvent, number][] = [
      ['ready', 1],
      ['stop', 2],
      ['stop', 3],
      ['exited', 4],
      ['stop', 5],
    ];
    expect(after(stop)).toMatchObject({ effects: ['drain', 'ended'], life: { phase: 'stopped' } });
  });

  it('ends at once when it is stopped between two runs, and is not started by the timer that was armed', () => {
    expect(
      after([
        ['ready', 1],
        ['exited', 2],
        ['stop', 3],
        ['due', 102],
      ]).effects,
    ).toEqual(['wait 100', 'ended']);
  });

  it('doubles its delay from the first to the longest', () => {
    expect([1, 2, 3, 7, 8, 1000, 1e9].map(delayAfter)).toEqual([
      100,
      200,
      400,
      6_400,
      DELAY_MAX_MS,
      DELAY_MAX_MS,
      DELAY_MAX_MS,
    ]);
  });

  it('never runs two processes, never starts one after a stop, and ends exactly once', () => {
    const events = fc.array(fc.constantFrom<LifeEvent>('ready', 'exited', 'due', 'stop'), {
      maxLength: 200,
      size: 'max',
    });
    fc.assert(
      fc.property(events, (sequence) => {
        let life = bornAt(0);
        let processes = 1;
        let ends = 0;
        let isStopped = false;
        sequence.forEach((event, index) => {
          if (event === 'exited') {
            if (processes === 0) return; // What does not run cannot exit.
            processes -= 1;
          }
          if (event === 'ready' && processes === 0) return;
          const next = step(life, event, index);
          life = next.life;
          if (event === 'stop') isStopped = true;
          if (next.effect.kind === 'fork') {
            expect(isStopped).toBe(false);
            processes += 1;
          }
          if (next.effect.kind === 'wait') {
            expect(next.effect.delayMs).toBeGreaterThanOrEqual(DELAY_FIRST_MS);
            expect(next.effect.delayMs).toBeLessThanOrEqual(DELAY_MAX_MS);
          }
          if (next.effect.kind === 'end') ends += 1;
          expect(processes).toBeLessThanOrEqual(1);
          expect(ends).toBeLessThanOrEqual(1);
          expect(life.phase === 'stopped').toBe(ends === 1);
        });
      }),
    );
  });
});
