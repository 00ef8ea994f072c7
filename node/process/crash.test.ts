import { describe, expect, it } from 'vitest';
import { bugLog } from './bug-log.js';
import { CRASH_DRAIN_MS, crashHandler, EXIT_CRASHED } from './crash.js';

function setUp(stop: (code: number) => void = () => {}) {
  const logs: string[] = [];
  const exits: number[] = [];
  const stops: number[] = [];
  const timers: { delayMs: number; task: () => void }[] = [];
  const crashed = crashHandler({
    log: (text) => logs.push(text),
    stop: (code) => {
      stops.push(code);
      stop(code);
    },
    exit: (code) => exits.push(code),
    after: (delayMs, task) => timers.push({ delayMs, task }),
  });
  return { crashed, logs, exits, stops, timers };
}

describe('an exception that nobody caught', () => {
  it('is told with its stack, and ends the process after a short drain', () => {
    const { crashed, logs, exits, stops, timers } = setUp();
    crashed(new Error('boom'), 'uncaughtException');
    expect(logs[0]).toMatch(/^uncaughtException: Error: boom\n +at /);
    expect(stops).toEqual([EXIT_CRASHED]);
    expect(exits).toEqual([]);
    expect(timers.map(({ delayMs }) => delayMs)).toEqual([CRASH_DRAIN_MS]);
    timers[0]?.task();
    expect(exits).toEqual([EXIT_CRASHED]);
  });

  it('that follows another one is told, and puts nothing off', () => {
    const { crashed, logs, stops, timers } = setUp();
    for (const reason of [new Error('one'), 'two', Object.create(null)]) crashed(reason, 'unhandledRejection');
    expect(logs.filter((line) => line.startsWith('unhandledRejection'))).toHaveLength(3);
    expect(logs.join('\n')).toContain('unhandledRejection: two');
    expect([stops.length, timers.length]).toEqual([1, 1]);
  });

  it('ends the process at once when it cannot be drained', () => {
    const { crashed, exits } = setUp(() => {
      throw new Error('half gone');
    });
    crashed(new Error('boom'), 'uncaughtException');
    expect(exits).toEqual([EXIT_CRASHED]);
  });
});

describe('the log of bugs', () => {
  it('tells some of them each minute, and how many it left out', () => {
    const logs: string[] = [];
    let nowMs = 0;
    const tell = bugLog(
      (text) => logs.push(text),
      () => nowMs,
    );
    for (let i = 0; i < 50; i += 1) tell(new Error(`bug ${i}`));
    expect(logs).toHaveLength(20);
    expect(logs[19]).toMatch(/^bug: Error: bug 19\n/);
    nowMs = 60_000;
    tell('a text');
    expect(logs.slice(20)).toEqual(['30 bugs before this one were not told', 'bug: a text']);
    tell('another');
    expect(logs.slice(22)).toEqual(['bug: another']);
  });
});
