import type { RateLimitSpec } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLimiterStore } from './limiter-store.js';
import { createLimiter } from './local-limiter.js';
import { compileRateLimit, policyField, policyNames } from './ratelimit-fields.js';

const spec: RateLimitSpec = {
  ...{ kind: 'rate', requests: 1, periodMs: 1_000, burst: 1 },
  ...{ by: 'address', mode: 'local', keys: 2, redis: null },
};

describe('a limiter', () => {
  it('reserves no memory for keys that have not come', () => {
    const before = process.memoryUsage();
    const limiters = Array.from({ length: 200 }, () => createLimiter({ ...spec, keys: 100_000 }));
    const after = process.memoryUsage();
    const grownBytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    expect(limiters).toHaveLength(200);
    expect(grownBytes).toBeLessThan(20 * 1024 * 1024);
  });

  it('counts each key for itself', () => {
    const limiter = createLimiter(spec);
    expect([limiter.take('a', 0).allowed, limiter.take('a', 0).allowed, limiter.take('b', 0).allowed]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('takes nothing when it is only asked', () => {
    const limiter = createLimiter(spec);
    for (let i = 0; i < 5; i += 1) expect(limiter.peek('a', 0).allowed).toBe(true);
    expect(limiter.take('a', 0).allowed).toBe(true);
    expect(limiter.peek('a', 0).allowed).toBe(false);
  });

  it('remembers as many keys as it may and forgets the one that was used least recently', () => {
    const limiter = createLimiter(spec);
    limiter.take('a', 0);
    limiter.take('b', 0);
    limiter.take('a', 0);
    limiter.peek('b', 0);
    limiter.take('c', 0);
    expect(limiter.peek('a', 0).allowed).toBe(false);
    expect(limiter.peek('b', 0).allowed).toBe(true);
  });
});

describe('the store', () => {
  it('gives the same limiter for the same route, position and definition, and only then', () => {
    const store = createLimiterStore();
    const first = store.limiter('r', 0, spec);
    expect(store.limiter('r', 0, { ...spec })).toBe(first);
    const others = [
      store.limiter('r2', 0, spec),
      store.limiter('r', 1, spec),
      store.limiter('r', 0, { ...spec, burst: 2 }),
      store.limiter('r', 0, { ...spec, by: { header: 'x' } }),
      store.limiter('r', 0, { ...spec, periodMs: 1 }),
    ];
    for (const other of others) expect(other).not.toBe(first);
  });

  it('forgets limiters that no snapshot has asked for in a long time', () => {
    const store = createLimiterStore({ limitersMax: 2 });
    const first = store.limiter('a', 0, spec);
    store.limiter('b', 0, spec);
    store.limiter('c', 0, spec);
    expect(store.limiter('a', 0, spec)).not.toBe(first);
  });
});

describe('the RateLimit fields', () => {
  it('name each policy once and round times up to whole seconds', () => {
    const specs: RateLimitSpec[] = [
      { ...spec, requests: 100, periodMs: 60_000, by: 'consumer' },
      { ...spec, requests: 5, periodMs: 100, by: 'consumer' },
      { ...spec, by: { header: 'x-tenant' } },
    ];
    const names = policyNames(specs);
    expect(policyField(names, specs)).toBe('"consumer";q=100;w=60, "consumer-2";q=5;w=1, "header";q=1;w=1');
    const verdict = { allowed: true, remaining: 4, resetMs: 1_001, retryAfterMs: 0 };
    expect(compileRateLimit(names.slice(0, 2), specs)([verdict, { ...verdict, resetMs: 0 }])).toBe(
      '"consumer";r=4;t=2, "consumer-2";r=4;t=0',
    );
  });

  it('state of each limit what is left of it now, whatever they said before', () => {
    const few = fc.constantFrom(0, 1, 2);
    const verdicts = fc.tuple(few, few, few, few);
    fc.assert(
      fc.property(fc.array(verdicts, { size: 'max', maxLength: 50 }), (all) => {
        const write = compileRateLimit(['a', 'b'], [spec, spec]);
        for (const [r1, t1, r2, t2] of all) {
          const [first, second] = [
            { allowed: true, remaining: r1, resetMs: t1 * 1_000, retryAfterMs: 0 },
            { allowed: true, remaining: r2, resetMs: t2 * 1_000, retryAfterMs: 0 },
          ];
          expect(write([first, second])).toBe(`"a";r=${r1};t=${t1}, "b";r=${r2};t=${t2}`);
        }
      }),
    );
  });
});
