import { expect, test } from 'vitest';
import { fakePeer } from './testing/fake-peer.js';
import { fakeClock, fakeTimers } from './testing/harness.js';
import { withIdleLimit } from './tunnel-idle.js';

const silent = { onMessage() {}, onPing() {}, onPong() {}, onDrain() {}, onClose() {} };
const bytes = new Uint8Array(1);

function open() {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const peer = fakePeer();
  let idle = 0;
  const limited = withIdleLimit(peer, 1_000, timers, () => {
    idle += 1;
  });
  limited.listen(silent);
  return { clock, timers, peer, limited, idle: () => idle };
}

test('a tunnel on which nothing passes is closed with 1001, and the timer counted', () => {
  const { clock, timers, peer, idle } = open();
  clock.advance(999);
  expect(peer.log).toEqual([]);
  clock.advance(1);
  expect([peer.log, idle(), timers.armed]).toEqual([['close 1001 idle'], 1, 0]);
});

test('the other end hears of it at once, and of nothing that comes behind it', () => {
  const clock = fakeClock();
  const peer = fakePeer();
  const heard: string[] = [];
  const limited = withIdleLimit(peer, 1_000, fakeTimers(clock), () => {});
  limited.listen({
    ...silent,
    onMessage: () => heard.push('message'),
    onClose: (code, reason) => heard.push(`close ${code} ${reason}`),
  });
  clock.advance(1_000);
  peer.events.onMessage(bytes, true);
  peer.events.onClose(1006, '');
  clock.advance(10_000);
  expect([heard, peer.log]).toEqual([['close 1001 idle'], ['close 1001 idle']]);
});

test('anything that passes, either way, begins the wait anew', () => {
  const { clock, peer, limited } = open();
  const passes = [
    () => limited.send(bytes, true),
    () => limited.ping(bytes),
    () => limited.pong(bytes),
    () => peer.events.onMessage(bytes, true),
    () => peer.events.onPing(bytes),
    () => peer.events.onPong(bytes),
    () => peer.events.onDrain(),
  ];
  for (const pass of passes) {
    clock.advance(900);
    pass();
  }
  expect(peer.log.filter((entry) => entry.startsWith('close'))).toEqual([]);
});

test('a tunnel that ends, however, leaves no timer', () => {
  const ends = [
    ({ limited }: ReturnType<typeof open>) => limited.close(1000, ''),
    ({ limited }: ReturnType<typeof open>) => limited.terminate(),
    ({ peer }: ReturnType<typeof open>) => peer.events.onClose(1000, ''),
  ];
  for (const end of ends) {
    const opened = open();
    end(opened);
    expect(opened.timers.armed).toBe(0);
  }
});
