import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencyWindow } from './latency-window.js';
import { bucketOf, estimateOf, Sketch } from './sketch.js';

const near = (ms: number) => estimateOf(bucketOf(ms));

/** Answers at an even pace; returns when the last one came. */
function answer(window: LatencyWindow, count: number, ms: number, fromMs: number, everyMs: number): number {
  for (let i = 0; i < count; i += 1) window.answered(ms, fromMs + i * everyMs);
  return fromMs + (count - 1) * everyMs;
}

describe('a window of latencies', () => {
  it('has forgotten within a minute what was true before', () => {
    const window = new LatencyWindow();
    const endMs = answer(window, 600, 500, 0, 100);
    expect(window.quantile(0.5, 'prompt', endMs)).toBe(near(500));
    const laterMs = answer(window, 600, 5, endMs + 100, 100);
    expect(window.quantile(0.99, 'prompt', laterMs)).toBe(near(5));
  });

  it('remembers more than the last fifty seconds and no more than the last minute of steady traffic', () => {
    const window = new LatencyWindow();
    const endMs = answer(window, 3_000, 5, 0, 100);
    expect(window.answers(endMs)).toBeGreaterThanOrEqual(500);
    expect(window.answers(endMs)).toBeLessThanOrEqual(600);
  });

  it('keeps the last hundred answers of a quiet route, however long they took to come', () => {
    const window = new LatencyWindow();
    const endMs = answer(window, 500, 5, 0, 20_000);
    expect(window.answers(endMs)).toBeGreaterThanOrEqual(100);
    expect(window.answers(endMs)).toBeLessThanOrEqual(120);
  });

  it('knows nothing any more after an hour of silence, and all of it after a minute', () => {
    const window = new LatencyWindow();
    const endMs = answer(window, 600, 5, 0, 100);
    const before = window.answers(endMs);
    expect(window.answers(endMs + 60_000)).toBeGreaterThan(before / 2);
    expect(window.answers(endMs + 3_700_000)).toBe(0);
    expect(window.quantile(0.5, 'patient', endMs + 3_700_000)).toBeNaN();
  });

  it('forgets what was given up together with the answers of its time', () => {
    const window = new LatencyWindow();
    for (let i = 0; i < 300; i += 1) window.gaveUp(900, i * 100);
    const endMs = answer(window, 1_200, 5, 30_000, 100);
    expect(window.quantile(0.99, 'patient', endMs)).toBe(near(5));
    // Once round all slices, and round again: what was taken out must not be taken out twice.
    const laterMs = answer(window, 1_200, 5, endMs + 100, 100);
    for (let i = 0; i < 300; i += 1) window.gaveUp(900, laterMs);
    expect(window.quantile(0.8, 'prompt', laterMs)).toBeGreaterThan(850);
  });

  it('is always the sketch of the latest answers, none of them left out and none counted twice', () => {
    const step = fc.tuple(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 0, max: 4_000 }));
    const steps = fc.array(step, { minLength: 1, maxLength: 400, size: 'max' });
    fc.assert(
      fc.property(steps, fc.double({ min: 0, max: 1, noNaN: true }), (taken, q) => {
        const window = new LatencyWindow();
        let nowMs = 0;
        for (const [ms, pauseMs] of taken) {
          nowMs += pauseMs;
          window.answered(ms, nowMs);
        }
        const latest = new Sketch();
        for (const [ms] of taken.slice(-window.answers(nowMs))) latest.observe(ms);
        expect(window.quantile(q, 'patient', nowMs)).toBe(latest.quantile(q));
      }),
    );
  });
});
