import { expect, it } from 'vitest';
import { atOnce, inSlices, SLICE_MS, type Work } from './slices.js';

function* counting(to: number, ended: string[] = []): Work<number> {
  try {
    for (let at = 0; at < to; at += 1) yield;
    return to;
  } catch (error) {
    ended.push(String(error));
    throw error;
  }
}

/** Each reading is a millisecond later. */
const ticking = () => {
  let nowMs = 0;
  return { nowMs: () => (nowMs += 1) };
};

it('gives way after each slice, and has the same result as in one piece', async () => {
  let turns = 0;
  const counted = await inSlices(counting(100), ticking(), async () => {
    turns += 1;
  });
  expect([counted, atOnce(counting(100))]).toEqual([100, 100]);
  expect(turns).toBe(100 / SLICE_MS);
});

it('lets the work clean up when there is no next turn', async () => {
  const ended: string[] = [];
  const over = inSlices(counting(100, ended), ticking(), () => Promise.reject(new Error('draining')));
  await expect(over).rejects.toThrow('draining');
  expect(ended).toEqual(['Error: draining']);
});
