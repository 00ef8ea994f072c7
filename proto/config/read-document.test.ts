import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentSchema } from './document.js';
import { readDocument } from './read-document.js';

/** Routes that are sound, and some that are not. */
const anyRoute: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.nat(5).map((i) => ({ match: `/r${i}/*`, upstream: 'app', timeouts: { total: `${i + 1}s` } })),
  },
  { weight: 6, arbitrary: fc.nat(5).map((i) => ({ match: '/x', respond: { status: 200 + i, body: `${i}` } })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      ...[null, undefined, 7, 'route', [], {}, { match: '/x' }, { match: '/x', respond: { status: Number.NaN } }],
      ...[
        { match: '/x', respond: { status: null } },
        { match: '/x', respond: { status: Number.POSITIVE_INFINITY } },
      ],
      ...[
        { match: '/x', respond: { status: 204 }, priority: -0 },
        { match: '/x', respond: { status: 204 }, priority: undefined },
      ],
    ),
  },
);
const mostly = <T>(sound: T, other: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(sound) }, { weight: 1, arbitrary: fc.constant(other) });

const anyDocument = fc.record(
  {
    version: mostly<unknown>(1, 2),
    gateway: mostly<unknown>({ listen: '127.0.0.1:1' }, { listen: 7 }),
    upstreams: mostly<unknown>([{ id: 'app', targets: ['http://127.0.0.1:1'] }], [{}]),
    routes: fc.oneof(
      { weight: 9, arbitrary: fc.array(anyRoute, { maxLength: 6 }) },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(null, {}, 'routes') },
    ),
    unknown: mostly<unknown>(undefined, 1),
  },
  { requiredKeys: ['routes', 'upstreams'] },
);

describe('a config that is read behind others', () => {
  it('comes to what it would come to by itself, with the same issues', () => {
    let sound = 0;
    fc.assert(
      fc.property(fc.array(anyDocument, { minLength: 1, maxLength: 8 }), (documents) => {
        for (const value of documents) {
          const alone = documentSchema.safeParse(value);
          const read = readDocument(value);
          expect(read.data).toEqual(alone.data);
          expect(read.error?.issues).toEqual(alone.error?.issues);
          if (read.success) sound += 1;
        }
      }),
      { numRuns: 300 },
    );
    // Or the property would say little.
    expect(sound).toBeGreaterThan(50);
  });

  it('keeps routes as they were where they are written so', () => {
    const of = (...routes: readonly object[]) => readDocument({ routes }).data?.routes ?? [];
    const [first] = of({ match: '/a', respond: { status: 204 } }, { match: '/b', respond: { status: 204 } });
    const again = of({ match: '/c', respond: { status: 204 } }, { match: '/a', respond: { status: 204 } });
    expect(again[1]).toBe(first);
    of({ match: '/d', respond: { status: 204 } });
    // What stood in no config since is not kept.
    expect(of({ match: '/a', respond: { status: 204 } })[0]).not.toBe(first);
  });

  it('takes what JSON does not tell apart for what it is', () => {
    const status = (of: unknown) => readDocument({ routes: [{ match: '/x', respond: { status: of } }] }).success;
    expect([status(200), status(Number.NaN), status(null), status(Number.POSITIVE_INFINITY)]).toEqual([
      ...[true, false, false, false],
    ]);
  });
});
