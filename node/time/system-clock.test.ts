import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { driveWheel, systemClock } from './system-clock.js';
import { TICK_MS, TimerWheel } from './wheel.js';

/** Answers each piece at once, on a thread that goes on while this one stalls, and says so in shared memory. */
const ECHO = `
const { parentPort, workerData } = require('node:worker_threads');
const answered = new Int32Array(workerData);
const server = require('node:net').createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (piece) => socket.write(piece, () => Atomics.store(answered, 0, 1)));
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

it('reads an answer that is there already before its timer may fire, however long this process has stalled', async () => {
  const shared = new SharedArrayBuffer(4);
  const answered = new Int32Array(shared);
  const worker = new Worker(ECHO, { eval: true, workerData: shared });
  const [port] = await once(worker, 'message');
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const wheel = new TimerWheel(systemClock);
  const stop = driveWheel(wheel);
  const outcomes: string[] = [];
  for (let round = 0; round < 10; round += 1) {
    await new Promise<void>((done) => {
      const end = (how: string) => () => {
        outcomes.push(how);
        timer.cancel();
        socket.removeAllListeners('data');
        done();
      };
      const timer = wheel.create(end('timeout'));
      // Behind the sockets, so that timers are what comes next.
      setImmediate(() => {
        socket.on('data', end('answer'));
        Atomics.store(answered, 0, 0);
        timer.arm(2 * TICK_MS);
        socket.write('?');
        const limitMs = systemClock.nowMs() + 6 * TICK_MS;
        while (Atomics.load(answered, 0) === 0 || systemClock.nowMs() < limitMs);
      });
    });
  }
  stop();
  socket.destroy();
  await worker.terminate();
  expect(outcomes).toEqual(Array.from({ length: 10 }, () => 'answer'));
});

const untilLaterThan = (ms: number): void => {
  while (performance.now() <= ms);
};

it('stands still from hold to release, and goes on with the time that has passed meanwhile', () => {
  systemClock.hold();
  try {
    const heldAtMs = systemClock.nowMs();
    untilLaterThan(heldAtMs);
    expect(systemClock.nowMs()).toBe(heldAtMs);
    systemClock.hold();
    expect(systemClock.nowMs()).toBeGreaterThan(heldAtMs);
  } finally {
    systemClock.release();
  }
  const runningAtMs = systemClock.nowMs();
  untilLaterThan(runningAtMs);
  expect(systemClock.nowMs()).toBeGreaterThan(runningAtMs);
});

it('tells the time of the wall as it was a millisecond ago at most, also while the clock is held', () => {
  const isTrue = (): boolean => {
    const [from, told, to] = [Date.now(), systemClock.wallMs(), Date.now()];
    return told >= from - 1 && told <= to;
  };
  const startedAtMs = performance.now();
  for (let reading = 0; performance.now() < startedAtMs + 5; reading += 1)
    expect([reading, isTrue()]).toEqual([reading, true]);
  untilLaterThan(performance.now() + 2);
  systemClock.hold();
  try {
    expect(isTrue()).toBe(true);
  } finally {
    systemClock.release();
  }
});

it('knows for how long its process has stood still, and that it did not where it only turned', async () => {
  const stop = driveWheel(new TimerWheel(systemClock));
  const turned = (ticks: number): Promise<unknown> => new Promise((done) => setTimeout(done, ticks * TICK_MS));
  await turned(2);
  const [stalledMs, fromMs] = [systemClock.stalledMs(), performance.now()];
  untilLaterThan(fromMs + 20 * TICK_MS);
  await turned(2);
  const heldUpMs = systemClock.stalledMs() - stalledMs;
  stop();
  // One tick of it was due anyway, and nobody can say when the last one was.
  expect(heldUpMs).toBeGreaterThan(18 * TICK_MS);
  expect(heldUpMs).toBeLessThanOrEqual(performance.now() - fromMs);
});
