import { expect, test } from 'vitest';
import { fakeClock, fakeTimers } from '../../pipeline/testing/harness.js';
import { Patience } from './patience.js';

function open() {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const told: string[] = [];
  const startMs = clock.nowMs();
  const note = (what: string) => () => told.push(`${what} ${clock.nowMs() - startMs}`);
  const patience = new Patience(clock, timers, note('renew'), note('spent'));
  return { clock, timers, told, patience };
}

test('a wait ends at its limit, and renews on the way', () => {
  const { clock, timers, told, patience } = open();
  patience.wait(10_000);
  clock.advance(20_000);
  expect([told, timers.armed]).toEqual([['renew 4000', 'renew 8000', 'spent 10000'], 0]);
});

test('progress moves the deadline but does not put the renewal off', () => {
  const { clock, told, patience } = open();
  for (let i = 0; i < 10; i += 1) {
    patience.wait(3_000);
    clock.advance(1_000);
  }
  expect(told).toEqual(['renew 3000', 'renew 5000', 'renew 7000', 'renew 9000']);
  clock.advance(5_000);
  expect(told.at(-1)).toBe('spent 12000');
});

test('a shorter wait takes over from a longer one', () => {
  const { clock, told, patience } = open();
  patience.wait(Number.POSITIVE_INFINITY);
  clock.advance(1_000);
  patience.wait(500);
  clock.advance(5_000);
  expect(told).toEqual(['spent 1500']);
});

test('a wait without a limit renews for ever, and stops when told', () => {
  const { clock, timers, told, patience } = open();
  patience.wait(Number.POSITIVE_INFINITY);
  clock.advance(12_000);
  patience.stop();
  clock.advance(60_000);
  expect([told, timers.armed]).toEqual([['renew 4000', 'renew 8000', 'renew 12000'], 0]);
});
