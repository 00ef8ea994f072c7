import type { AuditEntry, Change } from '@weir/control/model/entities.js';
import { FakeSource } from '@weir/control/publish/managed/testing/fake-source.js';
import { parseConfig } from '@weir/proto/config/parse.js';
import { expect, it } from 'vitest';
import { RegistryFeed } from './registry-feed.js';

const parsed = parseConfig('routes: [{ match: /*, respond: 204 }]', {}).config;
if (parsed === null) throw new Error('the config of this test is faulty');
const config = parsed;

/** Time that passes when it is told to. */
function handClock() {
  let nowMs = 0;
  let due: { readonly atMs: number; readonly run: () => void }[] = [];
  return {
    nowMs: () => nowMs,
    after(delayMs: number, run: () => void) {
      const timer = { atMs: nowMs + delayMs, run };
      due.push(timer);
      return () => {
        due = due.filter((other) => other !== timer);
      };
    },
    async pass(ms: number) {
      for (const endMs = nowMs + ms; ; ) {
        const [next] = due.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
        nowMs = next?.atMs ?? endMs;
        if (next === undefined) return;
        due = due.filter((timer) => timer !== next);
        next.run();
        for (let i = 0; i < 10; i += 1) await Promise.resolve();
      }
    },
  };
}

function setUp(tookMs = 0) {
  const source = new FakeSource();
  const clock = handClock();
  let listener: (entry: AuditEntry) => void = () => {};
  let rebuilt = (): void => {};
  const feed = new RegistryFeed({
    registry: Object.assign(source, {
      onChange(heard: (entry: AuditEntry) => void) {
        listener = heard;
        return () => {};
      },
      onRebuilt(heard: () => void) {
        rebuilt = heard;
        return () => {};
      },
    }),
    ...{ clock, wallMs: clock.nowMs, say: () => {} },
  });
  const published: number[] = [];
  let isGood = true;
  const publish = async () => {
    feed.project(config);
    await clock.pass(0);
    if (tookMs > 0) await new Promise<void>((resolve) => clock.after(tookMs, resolve));
    published.push(source.number);
    return isGood;
  };
  const fail = (fails: boolean): void => {
    isGood = !fails;
  };
  const enter = (change: Change, what = 'key.create') =>
    listener({ number: source.number, changes: [change], what } as unknown as AuditEntry);
  return { source, clock, feed, published, publish, enter, fail, rebuild: () => rebuilt() };
}

const key = (id: string, expiresWallMs: number | null = null) => ({
  ...{ id, applicationId: 'web', name: id, sha256: id, lastFour: '', expiresWallMs },
});

it('a burst of entries is a few publications, and the last of them has all', async () => {
  const { source, clock, feed, published, publish, enter } = setUp(40);
  feed.start(publish);
  for (let i = 0; i < 100; i += 1) {
    enter(source.put('key', key(`k${i}`)));
    await clock.pass(1);
  }
  await clock.pass(500);
  expect(published.length).toBeLessThanOrEqual(4);
  expect(published.at(-1)).toBe(source.number);
});

it('what revokes does not wait as long as the last publication took, and what is made does', async () => {
  const { source, clock, feed, published, publish, enter } = setUp(400);
  feed.start(publish);
  enter(source.put('key', key('a')));
  await clock.pass(410);
  expect(published.length).toBe(1);
  enter(source.put('key', key('b')));
  await clock.pass(100);
  // It overtakes the pause of what was made before it, which comes with it.
  enter(source.end('key', 'a'), 'key.delete');
  await clock.pass(410);
  expect(published).toEqual([1, 3]);
  enter(source.put('key', key('c')));
  await clock.pass(790);
  expect(published).toEqual([1, 3]);
  await clock.pass(20);
  expect(published).toEqual([1, 3, 4]);
});

it('what revokes while a publication is on is in the next one, right behind it', async () => {
  const { source, clock, feed, published, publish, enter } = setUp(400);
  feed.start(publish);
  enter(source.put('key', key('a')));
  await clock.pass(100);
  enter(source.end('key', 'a'), 'key.delete');
  enter(source.put('key', key('b')));
  await clock.pass(720);
  expect(published).toEqual([3, 3]);
});

it('what is only designed, and who signs in, is nothing to nodes', async () => {
  const { source, clock, feed, published, publish, enter } = setUp();
  feed.start(publish);
  enter(source.put('session', { id: 's', userId: 'u', sessionEpoch: 1, expiresWallMs: 0, from: '' }), 'session.open');
  await clock.pass(100);
  expect(published).toEqual([]);
});

it('what changed before somebody publishes is published then, and what failed is tried again', async () => {
  const { source, clock, feed, published, publish, enter, fail } = setUp();
  enter(source.put('key', key('k')));
  await clock.pass(100);
  expect(published).toEqual([]);
  fail(true);
  feed.start(publish);
  await clock.pass(100);
  expect(published.length).toBe(1);
  fail(false);
  await clock.pass(6_000);
  expect(published.length).toBe(2);
  await clock.pass(60_000);
  expect(published.length).toBe(2);
});

it('publishes when a key expires, though nobody does anything', async () => {
  const { source, clock, feed, published, publish, enter } = setUp();
  source.put('application', { id: 'web', teamId: 'red', name: '', description: '', isDisabled: false });
  feed.start(publish);
  enter(source.put('key', key('k', 5_000)));
  await clock.pass(1_000);
  expect(published.length).toBe(1);
  await clock.pass(3_900);
  expect(published.length).toBe(1);
  await clock.pass(200);
  expect(published.length).toBe(2);
  feed.close();
  await clock.pass(100_000);
  expect(published.length).toBe(2);
});

it('what could not be read at the start is published when it can, though nothing in it is new', async () => {
  const { source, clock, feed, published, publish, rebuild } = setUp();
  feed.start(publish);
  source.put('application', { id: 'web', teamId: 'red', name: '', description: '', isDisabled: false });
  rebuild();
  await clock.pass(100);
  expect(published).toEqual([source.number]);
});
