import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRoute } from '../../pipeline/testing/specs.js';
import { adviseOnAnswers, LOOKS_MIN, PAIRS_MIN, TTLS_S } from './advise-answers.js';
import { adviseOnCalls, DISTINCT_MIN, TIMES_MIN } from './advise-calls.js';
import { AnswerStats, type Look } from './answer-stats.js';
import { patternsIn, type Seen } from './burst-patterns.js';
import { flow } from './proposals.js';
import { call, counted } from './testing/calls.js';
import { makeLook } from './testing/looks.js';

const orders = makeRoute({ id: 'orders' });

/** Its origin says how long it may be kept. */
const look = (overrides: Partial<Look> = {}): Look => makeLook({ isSaid: true, bytes: 10_000, ...overrides });

function statsOf(looks: readonly Look[]): AnswerStats {
  const stats = new AnswerStats();
  for (const one of looks) stats.add(one);
  return stats;
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

describe('advice to keep answers', () => {
  /** One URL, so many times, at such a distance; `changes` at these. */
  const asked = (count: number, everyMs: number, changes: readonly number[] = [], more: Partial<Look> = {}) => {
    let digest = 1;
    const looks = times(count, (n) => {
      if (changes.includes(n)) digest += 1;
      return look({ isSaid: false, atMs: n * everyMs, digest, ...more });
    });
    return adviseOnAnswers(orders, statsOf(looks), 1)[0];
  };

  it('is given where the same comes again and again, for half the time that it was the same', () => {
    expect(asked(61, 1_000)).toMatchObject({
      ...{ kind: 'cache', routes: ['orders'], certainty: 'clear' },
      changes: [{ kind: 'config', path: 'routes[id=orders].cache.defaultTtl', from: 'none', to: '30s' }],
      saving: {
        upstreamRequests: { before: 61, after: 2 },
        waitMs: { before: 10, after: 0.3 },
        clientRequests: null,
        bytes: null,
      },
    });
  });

  it('is not given of few comparisons, of what changes, or of what was seen for a moment', () => {
    expect(asked(PAIRS_MIN, 1_000, [], { weight: 10 })).toBeUndefined();
    expect(asked(PAIRS_MIN + 1, 1_000, [], { weight: 10 })).toBeDefined();
    expect(
      asked(
        61,
        1_000,
        times(6, (n) => n * 10),
      ),
    ).toBeUndefined();
    expect(asked(61, 10)).toBeUndefined();
  });

  it('keeps for less where there was a change', () => {
    expect(asked(61, 1_000, [3])?.changes).toMatchObject([{ to: '5s' }]);
  });

  it('is not given where it would spare next to nothing', () => {
    // A request each ten seconds, kept for ten: each would still reach the upstream.
    expect(adviseOnAnswers(orders, statsOf(times(12, (n) => look({ isSaid: false, atMs: n * 1_500 }))), 6)).toEqual([]);
  });

  it('is none where the cache knows how long already, or a route asks nobody', () => {
    const looks = statsOf(times(61, (n) => look({ isSaid: false, atMs: n * 1_000 })));
    const cache = (overrideS: number | null, defaultS: number | null) =>
      makeRoute({ cache: { freshness: { overrideS, defaultS } } as never }); // The rule reads nothing else of it.
    expect(adviseOnAnswers(cache(null, 5), looks, 1)).toEqual([]);
    expect(adviseOnAnswers(cache(5, null), looks, 1)).toEqual([]);
    expect(adviseOnAnswers(cache(null, null), looks, 1)).toHaveLength(1);
    expect(
      adviseOnAnswers(makeRoute({ action: { kind: 'respond', status: 200, headers: [], body: '' } }), looks, 1),
    ).toEqual([]);
  });

  it('never keeps for longer than half of what was seen unchanged, nor asks the upstream more often', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 60_000 }), { size: 'max', minLength: 12, maxLength: 80 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 50 }), (steps, weight) => {
        let atMs = 0;
        const stats = statsOf(
          steps.map((gapMs) => {
            atMs += gapMs;
            return look({ isSaid: false, atMs, weight });
          }),
        );
        const [advice] = adviseOnAnswers(orders, stats, (atMs + 1) / 60_000);
        if (advice === undefined) return;
        const [change] = advice.changes;
        const ttlS = change?.kind === 'config' ? Number.parseInt(change.to, 10) : Number.NaN;
        expect(TTLS_S).toContain(ttlS);
        expect(ttlS * 2_000).toBeLessThanOrEqual(atMs - (steps[0] ?? 0));
        const { before, after } = advice.saving.upstreamRequests ?? { before: 0, after: 1 };
        expect(after).toBeLessThanOrEqual(before);
        expect(after).toBeLessThanOrEqual(60 / ttlS + 0.1);
      }),
    );
  });
});

describe('advice to compress', () => {
  const plain = (count: number, others = 0, more: Partial<Look> = {}) => {
    const stats = statsOf([
      ...times(count, () => look({ isCodable: true, weight: 2, ...more })),
      ...times(others, () => look({ weight: 20 })),
    ]);
    stats.tried('coded', { wholeBytes: 1_000, leftBytes: 100 });
    return stats;
  };

  it('is given with what a trial has left', () => {
    expect(adviseOnAnswers(orders, plain(LOOKS_MIN), 2)).toMatchObject([
      {
        ...{ kind: 'compress', certainty: 'clear' },
        changes: [{ path: 'routes[id=orders].optimize.compress', from: 'false', to: 'true' }],
        saving: { bytes: { before: 200_000, after: 20_000 } },
      },
    ]);
  });

  it('warns where some are for one client alone', () => {
    const [advice] = adviseOnAnswers(orders, plain(LOOKS_MIN, 0, { isPersonal: true }), 1);
    expect(advice?.certainty).toBe('likely');
    expect(advice?.evidence.join()).toContain('BREACH');
  });

  it('is not given of few, without a trial, where little is gained, or where it is on', () => {
    expect(adviseOnAnswers(orders, plain(LOOKS_MIN - 1), 1)).toEqual([]);
    expect(adviseOnAnswers(orders, statsOf(times(50, () => look({ isCodable: true }))), 1)).toEqual([]);
    expect(adviseOnAnswers(orders, plain(LOOKS_MIN, LOOKS_MIN), 1)).toEqual([]);
    const on = makeRoute({ optimize: { fields: null, minify: false, etagBytesMax: 0, compress: {} as never } }); // It is on, whatever it says.
    expect(adviseOnAnswers(on, plain(LOOKS_MIN), 1)).toEqual([]);
  });
});

describe('advice on fields', () => {
  const fields = (parameter = 'fields') =>
    makeRoute({ optimize: { fields: { parameter }, minify: false, etagBytesMax: 0, compress: null } });

  it('allows what clients ask for and do not get', () => {
    const stats = statsOf(times(LOOKS_MIN, () => look({ isSelected: true })));
    expect(adviseOnAnswers(orders, stats, 1)).toEqual([]);
    stats.tried('selection', { wholeBytes: 1_000, leftBytes: 250 });
    expect(adviseOnAnswers(orders, stats, 1)).toMatchObject([
      {
        ...{ kind: 'fields', certainty: 'clear', changes: [{ path: 'routes[id=orders].optimize.fields', to: 'true' }] },
        saving: { bytes: { before: 200_000, after: 50_000 } },
      },
    ]);
  });

  it('is silent where the upstream does as they say, for then a selection leaves all of it', () => {
    const stats = statsOf(times(LOOKS_MIN, () => look({ isSelected: true })));
    stats.tried('selection', { wholeBytes: 1_000, leftBytes: 900 });
    expect(adviseOnAnswers(orders, stats, 1)).toEqual([]);
  });

  it('tells who takes it all what others need', () => {
    const few = times(5, () => look({ isSelected: true, bytes: 500 }));
    const many = times(LOOKS_MIN, () => look());
    const [advice] = adviseOnAnswers(fields('only'), statsOf([...few, ...many]), 1);
    expect(advice).toMatchObject({ kind: 'fields', certainty: 'likely', changes: [{ kind: 'advice' }] });
    expect(advice?.changes).toMatchObject([{ text: expect.stringContaining('?only=') }]);
    expect(advice?.saving.bytes).toEqual({ before: 200_000, after: 10_000 });
    expect(adviseOnAnswers(fields(), statsOf([...few.slice(1), ...many]), 1)).toEqual([]);
    expect(
      adviseOnAnswers(fields(), statsOf([...times(5, () => look({ isSelected: true, bytes: 6_000 })), ...many]), 1),
    ).toEqual([]);
  });
});

const template = (id: string, path: string) =>
  makeRoute({ id, match: { ...orders.match, path: { kind: 'template', template: path } } });
const shop = [template('users', '/users/{id}'), template('carts', '/carts/{id}'), makeRoute({ id: 'offers' })];
const routesOf = (...routes: readonly ReturnType<typeof makeRoute>[]) =>
  new Map(routes.map((route) => [route.id, route]));

const only = (seen: readonly Seen[]): Seen => {
  const [first] = seen;
  if (first === undefined || seen.length > 1) throw new Error('one pattern was meant');
  return first;
};
const atOnce = only(patternsIn([1, 2, 3, 4].map((n) => call(`/users/${n}`, n / 2))));
const inTurn = only(patternsIn([1, 2, 3, 4].map((n) => call(`/users/${n}`, n * 30))));
const page = only(patternsIn([call('/users/7', 0), call('/carts/7', 25), call('/offers?user=7&limit=3', 50)]));

describe('advice on calls', () => {
  it('puts together what is asked for at once, where the upstream can be asked so', () => {
    const [advice] = adviseOnCalls(counted(atOnce), routesOf(...shop), 2);
    expect(advice).toMatchObject({
      ...{ kind: 'coalesce', routes: ['users'], certainty: 'likely', subject: '/users/{}' },
      changes: [{ path: 'routes[id=users].coalesce', from: 'none', to: '{ url: /users }' }],
      saving: { upstreamRequests: { before: 80, after: 20 }, waitMs: { before: 20, after: 25 }, clientRequests: null },
    });
  });

  it.each([
    ['none', '/api/users/{id}', null, '/api/users'],
    ['a prefix that is stripped', '/api/users/{id}', { kind: 'strip-prefix', prefix: '/api' }, '/users'],
    [
      'a prefix that is replaced',
      '/api/users/{id}',
      { kind: 'replace-prefix', prefix: '/api', with: '/v1' },
      '/v1/users',
    ],
  ] as const)('names the list as the upstream knows it, behind a rewrite: %s', (_name, path, rewrite, url) => {
    const route = { ...template('users', path), action: { kind: 'proxy', upstream: 'u', rewrite } } as const;
    expect(adviseOnCalls(counted(atOnce), routesOf(route), 1)[0]?.changes).toMatchObject([{ to: `{ url: ${url} }` }]);
  });

  it('proposes a batch where a list can not be named', () => {
    const any = makeRoute({ id: 'users', match: { ...orders.match, path: { kind: 'prefix', prefix: '/users' } } });
    expect(adviseOnCalls(counted(atOnce), routesOf(any), 1)[0]?.kind).toBe('batch');
    const two = template('users', '/of/{team}/users/{id}');
    expect(adviseOnCalls(counted(atOnce), routesOf(two), 1)[0]?.kind).toBe('batch');
  });

  it('proposes a batch for what is asked for in turn, and says what the client waits for now', () => {
    const [advice] = adviseOnCalls(counted(inTurn), routesOf(...shop), 1);
    expect(advice).toMatchObject({
      ...{ kind: 'batch', routes: ['users'] },
      changes: [
        {
          ...{ path: 'routes[id=batch-users]', from: 'none' },
          to: '{ match: { path: /batch/users, methods: [POST] }, batch: { routes: [users] } }',
        },
      ],
      saving: { clientRequests: { before: 40, after: 10 }, waitMs: { before: 110, after: 20 }, upstreamRequests: null },
    });
  });

  it('composes a page of calls that come together, and has no value of anybody in it', () => {
    const [advice] = adviseOnCalls(counted(page), routesOf(...shop), 1);
    expect(advice).toMatchObject({ kind: 'composition', routes: ['carts', 'offers', 'users'] });
    const [change] = advice?.changes ?? [];
    expect(change).toEqual({
      ...{ kind: 'config', path: 'routes[id=page-carts-offers-users]', from: 'none' },
      to:
        '{ match: { path: "/pages/carts-offers-users/{id}", methods: [GET] }, compose: { parts: { carts: { route: carts, path: "/carts/{id}" }, ' +
        'offers: { route: offers, path: /offers, query: { user: "{id}", limit: "{.request.query.limit}" } }, users: { route: users, path: "/users/{id}" } } } }',
    });
    expect(advice?.saving).toMatchObject({
      clientRequests: { before: 30, after: 10 },
      waitMs: { before: 70, after: 20 },
    });
  });

  it('is given from so many times on, and of several clients or things', () => {
    const times = (times: number, distinct: number) =>
      adviseOnCalls({ ...counted(page), times, distinct }, routesOf(...shop), 1);
    expect(times(TIMES_MIN, DISTINCT_MIN)).toHaveLength(1);
    expect(times(TIMES_MIN - 1, DISTINCT_MIN)).toEqual([]);
    expect(times(TIMES_MIN, DISTINCT_MIN - 1)).toEqual([]);
  });

  it('names the route that is there for it already', () => {
    const parts = ['users', 'carts', 'offers'].map((route) => ({ call: { route } }));
    const composed = makeRoute({ id: 'mine', action: { kind: 'compose', parts } as never }); // The rule reads nothing else of it.
    const batch = makeRoute({ id: 'many', action: { kind: 'batch', routes: null } as never }); // Likewise.
    const text = (kind: Seen) => adviseOnCalls(counted(kind), routesOf(...shop, composed, batch), 1)[0]?.changes;
    expect(text(page)).toMatchObject([{ kind: 'advice', text: expect.stringContaining('route mine') }]);
    expect(text(inTurn)).toMatchObject([{ kind: 'advice', text: expect.stringContaining('route many') }]);
  });

  it('is words alone where the config can not say it: routes of services, parameters that come twice', () => {
    const managed = shop.map((route) => ({ ...route, id: `shop@1/${route.id}` }));
    const own = only(
      patternsIn([
        call('/users/7', 0, 20, 'shop@1/users'),
        call('/carts/7', 25, 20, 'shop@1/carts'),
        call('/o', 50, 20, 'shop@1/offers'),
      ]),
    );
    expect(adviseOnCalls(counted(own), routesOf(...managed), 1)[0]?.changes).toMatchObject([{ kind: 'advice' }]);
    const twice = only(patternsIn([call('/users/7', 0), call('/carts/7', 25), call('/offers?a=1&a=2', 50)]));
    expect(adviseOnCalls(counted(twice), routesOf(...shop), 1)[0]?.changes).toMatchObject([{ kind: 'advice' }]);
  });

  it('is none where routes are gone, answer by themselves, or coalesce already', () => {
    const gone = routesOf(...shop.slice(1));
    expect([atOnce, inTurn, page].flatMap((one) => adviseOnCalls(counted(one), gone, 1))).toEqual([]);
    const coalesced = routesOf({ ...template('users', '/users/{id}'), coalesce: {} as never }); // It is on, whatever it says.
    expect(adviseOnCalls(counted(atOnce), coalesced, 1)).toEqual([]);
  });
});

describe('a line of config', () => {
  it('quotes what YAML would read as something else', () => {
    expect(flow({ a: 'true', b: '12', c: '/x', d: ['{id}', 'on'], e: undefined })).toBe(
      '{ a: "true", b: "12", c: /x, d: ["{id}", "on"] }',
    );
  });
});
