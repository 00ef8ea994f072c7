import { describe, expect, it } from 'vitest';
import { Gate } from './gate.js';

const LIMIT_MAX = 10_000;
/** The gateway gets the processor for 5 ms of every 40, as beside many others, or as a container that has used up its share. */
const AWAKE_MS = 5;
const ASLEEP_MS = 35;
/** So many answers it reads in a millisecond; all of them were there before it looked. */
const READ_PER_MS = 5;
const CLIENTS_MAX = 512;

interface Inside {
  readonly cameMs: number;
  readonly stalledMs: number;
}

/**
 * An upstream that answers at once behind a gateway that sleeps, and clients that ask again when they are answered, a
 * handful at first and then more and more. `tells`: the gate is told for how long the gateway slept.
 */
function lowestLimit(tells: boolean): number {
  const gate = new Gate({ mode: 'adaptive', limitMin: 8, limitMax: LIMIT_MAX, limitStart: LIMIT_MAX, queue: 1024 });
  const inside: Inside[] = [];
  let [nowMs, stalledMs, clients, lowest] = [0, 0, 4, LIMIT_MAX];
  const told = (): number => (tells ? stalledMs : 0);
  const come = (): void => {
    while (inside.length < clients && gate.enter()) inside.push({ cameMs: nowMs, stalledMs: told() });
  };
  const wake = (): void => {
    for (let ms = 0; ms < AWAKE_MS; ms += 1) {
      nowMs += 1;
      for (let read = 0; read < READ_PER_MS; read += 1) {
        const first = inside.shift();
        if (first === undefined) break;
        const tookMs = nowMs - first.cameMs - (told() - first.stalledMs);
        gate.leave('answered', tookMs, tookMs, nowMs, told());
        lowest = Math.min(lowest, gate.limit);
      }
      come();
    }
  };
  come();
  // Undisturbed first, so that it is known what is usual.
  for (let i = 0; i < 100; i += 1) wake();
  for (let i = 0; i < 250; i += 1) {
    clients = Math.min(CLIENTS_MAX, clients + 10);
    nowMs += ASLEEP_MS;
    stalledMs += ASLEEP_MS;
    wake();
  }
  return lowest;
}

describe('a gateway that stands still', () => {
  it('does not blame the upstream for what it slept through', () => {
    expect(lowestLimit(true)).toBe(LIMIT_MAX);
  });

  it('would, if nobody told the gate', () => {
    expect(lowestLimit(false)).toBeLessThan(CLIENTS_MAX);
  });
});
