import type { CacheInspection } from '@weir/proto/events/cache.js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ASKS_MAX, Asks } from './asks.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const inspection: CacheInspection = {
  ...{ foretold: { kind: 'no-route' }, variants: [], isComplete: true, notStored: null },
};
const inspected = (number: number) => ({ v: 1, kind: 'cache.inspected', number, inspection }) as const;

describe('a question to a node', () => {
  it('is settled by the answer with its number, whatever the order of answers', async () => {
    const asks = new Asks(2_000);
    const numbers: number[] = [];
    const [first, second] = [1, 2].map(() => asks.ask((number) => numbers.push(number)));
    expect(new Set(numbers).size).toBe(2);
    asks.answered(inspected(numbers[1] ?? 0));
    vi.advanceTimersByTime(5);
    asks.answered(inspected(numbers[0] ?? 0));
    expect(await second).toEqual({ kind: 'answer', answer: inspected(numbers[1] ?? 0), ms: 0 });
    expect(await first).toEqual({ kind: 'answer', answer: inspected(numbers[0] ?? 0), ms: 5 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is given up after its time, and what comes then is nobody else’s answer', async () => {
    const asks = new Asks(2_000);
    const late: number[] = [];
    const first = asks.ask((number) => late.push(number));
    vi.advanceTimersByTime(2_000);
    expect(await first).toEqual({ kind: 'failed', reason: 'did not answer within 2 s' });
    let isSettled = false;
    void asks
      .ask(() => {})
      .then(() => {
        isSettled = true;
      });
    asks.answered(inspected(late[0] ?? 0));
    await Promise.resolve();
    expect(isSettled).toBe(false);
  });

  it('has failed when the node says so, and is settled when the process ends', async () => {
    const asks = new Asks(2_000);
    const failing = asks.ask((number) => asks.answered({ v: 1, kind: 'cache.failed', number, reason: 'a bug' }));
    expect(await failing).toEqual({ kind: 'failed', reason: 'failed: a bug' });
    const open = [asks.ask(() => {}), asks.ask(() => {})];
    asks.ended();
    expect(await Promise.all(open)).toMatchObject([{ kind: 'ended' }, { kind: 'ended' }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is refused where as many wait as may', async () => {
    const asks = new Asks(2_000);
    let sent = 0;
    for (let i = 0; i < ASKS_MAX; i += 1) void asks.ask(() => (sent += 1));
    expect(await asks.ask(() => (sent += 1))).toMatchObject({ kind: 'failed' });
    expect(sent).toBe(ASKS_MAX);
    asks.ended();
    void asks.ask(() => (sent += 1));
    expect(sent).toBe(ASKS_MAX + 1);
    asks.ended();
  });
});
