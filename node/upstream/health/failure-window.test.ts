import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FailureWindow } from './failure-window.js';

const WINDOW_MS = 1_000;
const steps = fc.array(fc.record({ afterMs: fc.nat(700), hasFailed: fc.boolean() }), { maxLength: 60, size: 'max' });

it('holds all that came in the last nine tenths of the window, and nothing older than the window', () => {
  fc.assert(
    fc.property(fc.nat(5_000), steps, (startMs, list) => {
      const window = new FailureWindow(WINDOW_MS);
      const seen: { atMs: number; hasFailed: boolean }[] = [];
      let nowMs = startMs;
      for (const { afterMs, hasFailed } of list) {
        nowMs += afterMs;
        window.add(hasFailed, nowMs);
        seen.push({ atMs: nowMs, hasFailed });
        const since = (ms: number) => seen.filter(({ atMs }) => atMs > nowMs - ms);
        const failures = (among: typeof seen) => among.filter((each) => each.hasFailed).length;
        const [surely, perhaps] = [since(WINDOW_MS * 0.9), since(WINDOW_MS)];
        expect(window.total).toBeGreaterThanOrEqual(surely.length);
        expect(window.total).toBeLessThanOrEqual(perhaps.length);
        expect(window.failed).toBeGreaterThanOrEqual(failures(surely));
        expect(window.failed).toBeLessThanOrEqual(failures(perhaps));
      }
    }),
  );
});

it('is empty after a pause, and after it was cleared', () => {
  const window = new FailureWindow(WINDOW_MS);
  window.add(true, 100);
  window.advance(100 + WINDOW_MS);
  expect([window.total, window.failed]).toEqual([0, 0]);
  window.add(true, 1_200);
  window.clear();
  window.add(false, 1_250);
  expect([window.total, window.failed]).toEqual([1, 0]);
});
