import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Task, TURN_MS, Turns } from './turns.js';

const tasks: readonly Task[] = ['publish', 'remember', 'announce', 'step'];

describe('the turn of a control', () => {
  it('comes after those of the controls before it, from when it has seen that something is due', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(1_000_000), fc.nat(12_000), (rank, atMs, laterMs) => {
        const turns = new Turns();
        expect(turns.isMine('announce', '7', rank, atMs)).toBe(rank === 0);
        expect(turns.isMine('announce', '7', rank, atMs + laterMs)).toBe(laterMs >= rank * TURN_MS);
      }),
    );
  });

  it('begins anew with another thing to be done, with another stage, and not with another task', () => {
    const turns = new Turns();
    turns.isMine('publish', '7', 1, 0);
    turns.isMine('step', '7', 1, 100);
    expect(turns.isMine('publish', '7', 1, TURN_MS)).toBe(true);
    expect(turns.isMine('publish', '8', 1, TURN_MS)).toBe(false);
    expect(turns.isMine('step', '7', 1, TURN_MS)).toBe(false);
    expect(turns.isMine('step', '7', 1, TURN_MS + 100)).toBe(true);
    turns.forget();
    expect(turns.isMine('step', '7', 1, TURN_MS + 100)).toBe(false);
  });

  it('remembers no more than one thing of each task, however many revisions can not be compiled', () => {
    const turns = new Turns();
    for (let n = 0; n < 1_000; n += 1) for (const task of tasks) turns.isMine(task, String(n), n % 3, n);
    expect(turns.size).toBe(tasks.length);
  });
});
