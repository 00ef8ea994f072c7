import { failure } from '@weir/proto/http/failures.js';
import { expect, it } from 'vitest';
import type { L2, L2Counts, L2Found, LeaseOutcome } from '../l2/l2.js';
import { setUpLayer } from '../testing/layer-cache.js';
import { NOT_SHARED_MS } from './flights.js';

const FRESH = ['cache-control', 'max-age=60'];

/** A second level that has nothing, and what it was asked. */
function emptyL2(outcome: LeaseOutcome = { kind: 'alone' }) {
  const asked = { finds: 0, skips: 0, leases: 0, follows: 0, cancels: 0 };
  const l2 = {
    isReadable: true,
    use: () => {},
    skip: () => {
      asked.skips += 1;
    },
    warnings: () => [],
    generation: () => null,
    find: async () => {
      asked.finds += 1;
      return null;
    },
    keep: () => false,
    forget: () => {},
    purge: async () => true,
    hear: () => {},
    lease: async () => {
      asked.leases += 1;
      return outcome;
    },
    follow: () => {
      asked.follows += 1;
      let end = (_found: L2Found | null): void => {};
      const found = new Promise<L2Found | null>((resolve) => {
        end = resolve;
      });
      const cancel = (): void => {
        asked.cancels += 1;
        end(null);
      };
      return { found, cancel };
    },
    counts: () => ({}) as L2Counts, // Nobody asks for them here.
    close: () => {},
  } satisfies L2;
  return { l2, asked };
}

/** Promises that are settled have been heard of. */
const heard = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

it('what may not be stored is not asked of other nodes, for as long as nobody waits for it', async () => {
  const { l2, asked } = emptyL2();
  const { send, call, clock } = setUpLayer({}, undefined, l2);
  send();
  await heard();
  call(0).answer(200, ['cache-control', 'private'], 'mine');
  expect(asked).toMatchObject({ finds: 1, leases: 1 });
  send();
  await heard();
  call(1).answer(200, ['cache-control', 'private'], 'mine');
  expect(asked).toMatchObject({ finds: 1, leases: 1 });
  clock.advance(NOT_SHARED_MS);
  send();
  await heard();
  expect(asked).toMatchObject({ finds: 2, leases: 2 });
});

it('each look-up that is spared, for the second level is away, is counted once, and those that it would not help are not', async () => {
  const { l2, asked } = emptyL2();
  const { send } = setUpLayer({}, undefined, Object.assign(l2, { isReadable: false }));
  send();
  send({ path: '/other' });
  send({ path: '/third', headers: ['cache-control', 'no-cache'] });
  await heard();
  expect(asked).toMatchObject({ finds: 0, skips: 2 });
});

it.each<[string, (to: ReturnType<ReturnType<typeof setUpLayer>['call']>) => void]>([
  ['a failure', (to) => to.fail(failure('connect_timeout', 'it did not answer'))],
  ['an answer of 503', (to) => to.answer(503, [], '')],
  ['one that finds no room here', (to) => to.answer(200, FRESH, 'x'.repeat(900_000))],
])('other nodes may have what this one could not get: after %s', async (_what, fails) => {
  const { l2, asked } = emptyL2();
  const { send, call, node } = setUpLayer({}, undefined, l2);
  const others = node.l1.write(500_000, 1_000_000);
  send();
  await heard();
  fails(call(0));
  send();
  await heard();
  expect(asked.finds).toBe(2);
  others?.abandon();
});

it('a wait for another node ends with the last client that waits', async () => {
  const { l2, asked } = emptyL2({ kind: 'follows' });
  const { send, upstream } = setUpLayer({}, undefined, l2);
  const [first, second] = [send(), send()];
  await heard();
  expect(asked).toMatchObject({ finds: 1, follows: 1, cancels: 0 });
  first.cancel();
  expect(asked.cancels).toBe(0);
  second.cancel();
  expect(asked.cancels).toBe(1);
  await heard();
  expect(upstream.calls.length).toBe(0);
  send();
  await heard();
  expect(asked).toMatchObject({ finds: 2, follows: 2 });
});

it('what is followed does not keep other keys from being asked for', async () => {
  const { l2, asked } = emptyL2({ kind: 'follows' });
  const { send } = setUpLayer({}, undefined, l2);
  for (let i = 0; i < 600; i += 1) {
    send({ path: `/${i}` });
    if (i % 100 === 0) await heard();
  }
  await heard();
  expect([asked.finds, asked.follows]).toEqual([600, 600]);
});
