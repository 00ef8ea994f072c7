import { describe, expect, it } from 'vitest';
import { DEAD_AFTER } from './membership.js';
import { seededRandom } from './testing/world.js';

const INTERVAL_MS = 1_000;
const MEMBERS = 50;
// It ends between two pauses.
const LASTS_MS = 10.5 * 60_000;

interface Detector {
  heard(nowMs: number): void;
  isDead(nowMs: number): boolean;
}

function missCount(): Detector {
  let lastMs = 0;
  return {
    heard: (nowMs) => {
      lastMs = nowMs;
    },
    isDead: (nowMs) => nowMs - lastMs > DEAD_AFTER * INTERVAL_MS,
  };
}

/** Hayashibara et al., "The φ accrual failure detector" (2004): a normal distribution of the last 200 intervals, with Akka's floor. */
function phiAccrual(threshold: number): Detector {
  const intervals: number[] = [INTERVAL_MS * 0.75, INTERVAL_MS * 1.25];
  let lastMs = 0;
  return {
    heard(nowMs) {
      if (lastMs > 0) intervals.push(nowMs - lastMs);
      if (intervals.length > 200) intervals.shift();
      lastMs = nowMs;
    },
    isDead(nowMs) {
      const mean = intervals.reduce((a, b) => a + b, 0) / intervals.length;
      const variance = intervals.reduce((sum, each) => sum + (each - mean) ** 2, 0) / intervals.length;
      const deviation = Math.max(Math.sqrt(variance), 100);
      const y = (nowMs - lastMs - mean) / deviation;
      // The logistic approximation of the normal distribution's tail, as Akka and Cassandra's kin compute it.
      const e = Math.exp(-y * (1.5976 + 0.070566 * y * y));
      return -Math.log10(nowMs - lastMs > mean ? e / (1 + e) : 1 - 1 / (1 + e)) > threshold;
    },
  };
}

/** Heartbeats of many members of whom nobody dies, until one does; pauses of the bus hit all of them at once. */
function watch(make: () => Detector, pauses: { readonly everyMs: number; readonly lengthMs: number }, loss: number) {
  const random = seededRandom(1);
  const detectors = Array.from({ length: MEMBERS }, make);
  const nextMs = detectors.map(() => random() * INTERVAL_MS);
  const wasDead = detectors.map(() => false);
  let falseDeaths = 0;
  for (let nowMs = 0; nowMs < LASTS_MS; nowMs += 50) {
    const isPaused = nowMs % pauses.everyMs > pauses.everyMs - pauses.lengthMs;
    detectors.forEach((detector, i) => {
      if (!isPaused && nowMs >= (nextMs[i] ?? 0)) {
        nextMs[i] = Math.max(nowMs, (nextMs[i] ?? 0) + INTERVAL_MS * (0.8 + 0.2 * random()));
        if (random() >= loss) detector.heard(nowMs);
      }
      const isDead = detector.isDead(nowMs);
      if (isDead && wasDead[i] === false) falseDeaths += 1;
      wasDead[i] = isDead;
    });
  }
  // All die now: how long it takes to see it.
  let silentMs = 0;
  while (!detectors.every((detector) => detector.isDead(LASTS_MS + silentMs))) silentMs += 50;
  return { falseDeaths, detectedAfterMs: silentMs };
}

describe('judging silence by missed heartbeats', () => {
  it.each([
    ['a bus that pauses for three seconds each minute', { everyMs: 60_000, lengthMs: 3_000 }, 0],
    ['a bus that pauses for three seconds each minute, and loses a tenth', { everyMs: 60_000, lengthMs: 3_000 }, 0.1],
  ] as const)('calls nobody dead wrongly over %s, where phi accrual at 8 does', (_, pauses, loss) => {
    const [byCount, byPhi] = [watch(missCount, pauses, loss), watch(() => phiAccrual(8), pauses, loss)];
    expect(byCount.falseDeaths).toBe(0);
    expect(byPhi.falseDeaths).toBeGreaterThan(MEMBERS);
    // The price is known beforehand, and what a phi of twelve would save is not worth its surprises.
    expect(byCount.detectedAfterMs).toBeLessThanOrEqual((DEAD_AFTER + 1) * INTERVAL_MS);
  });
});
