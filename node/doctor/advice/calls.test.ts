import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ITEMS_MIN, type ItemsSeen, type PageSeen, patternsIn, WINDOW_MS } from './burst-patterns.js';
import { filledShape, shapeOf } from './path-shape.js';
import { PATTERNS_MAX, PatternStore } from './pattern-store.js';
import { call } from './testing/calls.js';
import { CALLS_MAX, GAP_MS, Trail } from './trail.js';

const segment = fc.oneof(fc.constantFrom('users', 'v1', 'a-b', ''), fc.stringMatching(/^[A-Za-z0-9%._~-]{1,30}$/));

describe('the shape of a path', () => {
  it('has words of an API, and a value for everything else', () => {
    expect(shapeOf('/v2/users/7/orders', {})).toEqual({ shape: '/v2/users/{}/orders', values: ['7'] });
    expect(shapeOf('/bot3f9c/send', {})).toEqual({ shape: '/{}/send', values: ['bot3f9c'] });
    expect(shapeOf(`/${'secret'.repeat(5)}`, {})?.shape).toBe('/{}');
  });

  it('takes the word of the route for where its items are', () => {
    expect(shapeOf('/users/ada/orders', { id: 'ada' })).toEqual({ shape: '/users/{}/orders', values: ['ada'] });
    expect(shapeOf('/users/ada', { '*': 'ada' })?.values).toEqual([]);
  });

  it('gives the path back, whatever it was', () => {
    fc.assert(
      fc.property(fc.array(segment, { size: 'max', maxLength: 8 }), (segments) => {
        const path = `/${segments.join('/')}`;
        const shaped = shapeOf(path, {});
        expect(shaped === null ? path : filledShape(shaped.shape, shaped.values)).toBe(path);
      }),
    );
  });

  it('keeps no digit but of a version, so no number of anybody', () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
        const shape = shapeOf(`/${segments.join('/')}`, {})?.shape ?? '';
        expect(shape.replace(/\/v\d{1,2}(?=\/|$)/g, '')).not.toMatch(/\d/);
      }),
    );
  });
});

describe('the trail of a client', () => {
  /** The bursts that it tells of these calls, and at the end of all time. */
  const told = (...calls: ReturnType<typeof call>[]) => {
    const trail = new Trail(1, calls[0]?.startMs ?? 0);
    const bursts = calls.map((one) => trail.add(one));
    return [...bursts, trail.rested(Number.MAX_SAFE_INTEGER)].flatMap((burst) =>
      burst === null ? [] : [burst.length],
    );
  };

  it('tells calls without a pause between them as one, but for the first, which may have begun before', () => {
    expect(told(call('/a', 0), call('/b', 30), call('/a', 400), call('/b', 430), call('/c', 1_000))).toEqual([2, 1]);
  });

  it('measures a pause from the end of the longest call', () => {
    expect(
      told(call('/z', 0), call('/a', 1_000, 500), call('/b', 1_010), call('/c', 1_600), call('/d', 3_000)),
    ).toEqual([3, 1]);
    expect(told(call('/z', 0), call('/a', 1_000, 20), call('/b', 1_020 + GAP_MS), call('/d', 3_000))).toEqual([2, 1]);
    expect(told(call('/z', 0), call('/a', 1_000, 20), call('/b', 1_021 + GAP_MS), call('/d', 3_000))).toEqual([
      1, 1, 1,
    ]);
  });

  it('tells nothing of a burst of which a call was missed, nor of one that a late call belonged to', () => {
    const trail = new Trail(1, 0);
    trail.add(call('/z', 0));
    trail.add(call('/a', 1_000));
    trail.miss(1_040);
    expect(trail.add(call('/b', 2_000))).toBeNull();
    expect(trail.add(call('/c', 3_000))).toHaveLength(1);
    expect(trail.rested(4_000)).toHaveLength(1);
    // It began in the burst that was told, and ends after it.
    trail.add(call('/late', 2_900, 2_000));
    expect(trail.rested(9_000)).toBeNull();
  });

  it('is over when its client never rests, and after a minute', () => {
    const trail = new Trail(1, 0);
    for (let i = 0; i < CALLS_MAX; i += 1) {
      expect(trail.isOver(i)).toBe(false);
      trail.add(call('/a', i));
    }
    expect(trail.isOver(CALLS_MAX)).toBe(true);
    expect([59_999, 60_000].map((nowMs) => new Trail(1, 0).isOver(nowMs))).toEqual([false, true]);
  });

  it('tells each call at most once, and bursts that are apart', () => {
    const gaps = fc.array(fc.tuple(fc.nat(600), fc.nat(300)), { size: 'max', maxLength: 60 });
    fc.assert(
      fc.property(gaps, (steps) => {
        const trail = new Trail(1, 0);
        let atMs = 0;
        const bursts = steps.flatMap(([gapMs, forMs]) => {
          atMs += gapMs;
          return trail.add(call('/a', atMs, forMs)) ?? [];
        });
        const ends = trail.rested(Number.MAX_SAFE_INTEGER) ?? [];
        const all = [...bursts, ...ends];
        expect(new Set(all).size).toBe(all.length);
        expect(all.length).toBeLessThanOrEqual(steps.length);
      }),
    );
  });
});

describe('a burst', () => {
  const items = (burst: Parameters<typeof patternsIn>[0]) =>
    patternsIn(burst).filter((one): one is ItemsSeen => one.kind === 'items');
  const pages = (burst: Parameters<typeof patternsIn>[0]) =>
    patternsIn(burst).filter((one): one is PageSeen => one.kind === 'page');

  it('shows items that were asked for one after the other: a batch waits for its longest', () => {
    const burst = [0, 1, 2, 3, 4].map((n) => call(`/reviews/${n}`, n * 30, 25));
    expect(items(burst)).toEqual([
      {
        ...{
          kind: 'items',
          routeId: 'reviews',
          shape: '/reviews/{}',
          isTogether: false,
          values: ['0', '1', '2', '3', '4'],
        },
        ...{ calls: 5, asked: 5, askedAfter: 5, spanMs: 145, spanAfterMs: 25 },
      },
    ]);
  });

  it('shows items that were asked for at once: each window is one request', () => {
    const burst = [0, 1, 2, 3, 40, 41].map((startMs, n) => call(`/products/${n}`, startMs, 20));
    expect(items(burst)).toMatchObject([
      { isTogether: true, calls: 6, asked: 6, askedAfter: 2, spanMs: 20, spanAfterMs: 20 + WINDOW_MS },
    ]);
  });

  it('shows none where they are few, the same, or differ by more than the item', () => {
    expect(items([1, 2, 3].map((n) => call(`/x/${n}`, n)))).toEqual([]);
    expect(items([1, 2, 3, 4].map((n) => call('/x/1', n)))).toEqual([]);
    expect(items([1, 2, 3, 4].map((n) => call(`/x/${n}/y/${n}`, n)))).toEqual([]);
    expect(items([1, 2, 3, 4].map((n) => call(`/x/7/y/${n}`, n)))).toHaveLength(1);
  });

  it('shows a page, whose values are slots wherever they come again', () => {
    const burst = [call('/users/7', 0, 20), call('/carts/7', 25, 30), call('/offers?user=7&limit=5', 60, 10)];
    expect(pages(burst)).toEqual([
      {
        ...{ kind: 'page', values: ['7'], calls: 3, asked: 3, askedAfter: 3, spanMs: 70, spanAfterMs: 30 },
        parts: [
          { routeId: 'carts', shape: '/carts/{}', slots: [0], query: [] },
          {
            routeId: 'offers',
            shape: '/offers',
            slots: [],
            query: [
              ['user', 0],
              ['limit', null],
            ],
          },
          { routeId: 'users', shape: '/users/{}', slots: [0], query: [] },
        ],
      },
    ]);
  });

  it('leaves out of a page what comes several times, and tells it by itself', () => {
    const list = [1, 2, 3, 4].map((n) => call(`/products/${n}`, 90 + n));
    const burst = [call('/users/7', 0), call('/carts/7', 25), call('/offers', 60), ...list];
    expect(pages(burst)[0]?.parts).toHaveLength(3);
    expect(items(burst)).toHaveLength(1);
    expect(pages([call('/users/7', 0), call('/carts/7', 25), ...list])).toEqual([]);
  });

  it('is the same pattern whatever the order of its calls and the values in them', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 9_999 }), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(ids, fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), ([a, b], order) => {
        const page = (id: number, at: readonly number[]) =>
          pages(['/users', '/carts', '/notes'].map((path, n) => call(`${path}/${id}`, (at[n] ?? 0) * 30)));
        expect(page(a ?? 0, order)[0]?.parts).toEqual(page(b ?? 0, [0, 1, 2])[0]?.parts);
      }),
    );
  });

  it('never asks the upstream more often than it did, nor makes more of calls than there are', () => {
    const any = fc.array(fc.tuple(fc.constantFrom('/a', '/b', '/c', '/d'), fc.nat(12), fc.nat(100), fc.nat(50)), {
      size: 'max',
      maxLength: 64,
    });
    fc.assert(
      fc.property(any, (calls) => {
        const seen = patternsIn(calls.map(([path, id, startMs, forMs]) => call(`${path}/${id}`, startMs, forMs)));
        expect(seen.reduce((sum, one) => sum + one.calls, 0)).toBeLessThanOrEqual(calls.length);
        for (const one of seen) {
          expect(one.askedAfter).toBeLessThanOrEqual(one.asked);
          expect(one.calls).toBeGreaterThanOrEqual(3);
          if (one.kind === 'items') expect(one.values.length).toBeGreaterThanOrEqual(ITEMS_MIN);
          if (one.kind === 'page') expect(one.spanAfterMs).toBeLessThanOrEqual(one.spanMs);
        }
      }),
    );
  });
});

describe('patterns that were seen', () => {
  const page = (id: number) => {
    const [seen] = patternsIn(['/users', '/carts', '/notes'].map((path, n) => call(`${path}/${id}`, n * 30)));
    if (seen === undefined) throw new Error('three calls are a page');
    return seen;
  };

  it('are added up, and told apart by who asked for what', () => {
    const store = new PatternStore();
    store.add(page(7), 1);
    store.add(page(7), 1);
    store.add(page(8), 1);
    store.add(page(8), 2);
    expect(store.list()).toMatchObject([{ times: 4, distinct: 3, calls: 12, asked: 12, spanMs: 320 }]);
  });

  it('lose half each time, and are forgotten at last, or with their route', () => {
    const store = new PatternStore();
    store.add(page(7), 1);
    store.halve();
    expect(store.list()).toMatchObject([{ times: 0.5, calls: 1.5 }]);
    store.halve();
    expect(store.list()).toEqual([]);
    store.add(page(7), 1);
    store.retainRoutes(new Set(['users', 'carts', 'notes']));
    expect(store.list()).toHaveLength(1);
    store.retainRoutes(new Set(['users', 'carts']));
    expect(store.list()).toEqual([]);
  });

  it('are so many at most: those that were seen last', () => {
    const store = new PatternStore();
    const items = (route: string) => patternsIn([1, 2, 3, 4].map((n) => call(`/x/${n}`, n * 30, 20, route)));
    const add = (route: string) => {
      for (const one of items(route)) store.add(one, 1);
    };
    for (let i = 0; i < PATTERNS_MAX; i += 1) add(`r${i}`);
    add('r0');
    add('new');
    const routes = store.list().map(({ pattern }) => (pattern.kind === 'items' ? pattern.routeId : ''));
    expect(routes).toHaveLength(PATTERNS_MAX);
    expect(routes.slice(-2)).toEqual(['r0', 'new']);
    expect(routes).not.toContain('r1');
  });
});
