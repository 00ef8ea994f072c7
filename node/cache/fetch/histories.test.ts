/**
 * Purges racing with fetches, through the layer and its real store, in virtual time: requests, answers that come early or
 * late, failures, clients that leave, and purges of every kind, in any order. The promise: what was asked of the upstream
 * before a purge was acknowledged is not the answer to a request that comes after it.
 */
import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PurgeTarget } from '../purge/marks.js';
import { setUpLayer } from '../testing/layer-cache.js';

const AUTHORITY = 'api.example.com';
const PATHS = ['/a', '/a/b', '/c'] as const;
/** What the answers to each path are tagged with. */
const TAGS: Readonly<Record<string, string>> = { '/a': 't', '/a/b': 't u', '/c': 'u' };

const path = fc.constantFrom(...PATHS);
const target: fc.Arbitrary<PurgeTarget> = fc.oneof(
  path.map((url) => ({ kind: 'url' as const, authority: AUTHORITY, path: url, query: '' })),
  fc.constantFrom('t', 'u').map((tag) => ({ kind: 'tag' as const, tag })),
  fc.constant({ kind: 'prefix' as const, authority: AUTHORITY, prefix: '/a' }),
  fc.constantFrom<PurgeTarget>({ kind: 'host', authority: AUTHORITY }, { kind: 'all' }),
);
const answer = fc.constantFrom(
  'max-age=5, stale-while-revalidate=10, stale-if-error=60',
  'max-age=1, stale-if-error=60',
  'no-cache',
  'no-cache',
  'private',
);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('ask' as const), path, vary: fc.constantFrom('1', '2') }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('head' as const), which: fc.nat(3), control: answer }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(3) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('confirm' as const), which: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), which: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('purge' as const), target, isSoft: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 400, 1_500, 6_000) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function means(purged: PurgeTarget, url: string): boolean {
  switch (purged.kind) {
    case 'url':
      return purged.path === url;
    case 'tag':
      return (TAGS[url] ?? '').split(' ').includes(purged.tag);
    case 'prefix':
      return url.startsWith(purged.prefix);
    default:
      return true;
  }
}

/** All that was answered, as an offence or nothing: each body says which request to the upstream it was the answer to. */
function play(steps: readonly Step[]): { readonly wrong: unknown[]; readonly left: unknown } {
  const world = setUpLayer({ staleIfSlow: { kind: 'after', afterMs: 300 } }, 5_000);
  const { clock, node, upstream, send, timers } = world;
  const asked: { sent: ReturnType<typeof send>; path: string; purges: number }[] = [];
  const purges: { target: PurgeTarget; isSoft: boolean }[] = [];
  /** For each request to the upstream, how many purges had been acknowledged. */
  const began: number[] = [];
  /** For each answer, the same of the latest request that has confirmed it. */
  const confirmed = new Map<number, number>();
  const heads = new Set<number>();
  const noteCalls = (): void => {
    while (began.length < upstream.calls.length) began.push(purges.length);
  };
  const openCall = (which: number) => {
    const open = upstream.calls.map((call, i) => ({ call, i })).filter(({ call }) => !call.cancelled);
    return open[which % Math.max(1, open.length)];
  };
  const done = new Set<number>();
  const act = (one: Step): void => {
    if (one.kind === 'ask') {
      const headers = ['foo', one.vary, ...(one.vary === '2' ? ['x', 'y'] : [])];
      asked.push({ sent: send({ path: one.path, headers }), path: one.path, purges: purges.length });
    } else if (one.kind === 'purge') {
      node.purge(one.target, one.isSoft);
      purges.push({ target: one.target, isSoft: one.isSoft });
    } else if (one.kind === 'wait') clock.advance(one.ms);
    else if (one.kind === 'leave') {
      const client = asked[one.which % Math.max(1, asked.length)];
      if (client !== undefined && !client.sent.handler.ended) client.sent.cancel();
    } else answerCall(one);
  };
  const answerCall = (one: Extract<Step, { which: number }>): void => {
    const found = openCall(one.which);
    if (found === undefined || done.has(found.i)) return;
    const { call, i } = found;
    if (one.kind === 'fail' && !heads.has(i)) {
      done.add(i);
      call.fail(failure('connection_closed', ''));
    } else if (one.kind === 'confirm' && !heads.has(i) && call.request.headers.includes('if-none-match')) {
      done.add(i);
      const origin = upstream.calls.findIndex((_, n) => call.request.headers.includes(`"${n}"`));
      confirmed.set(origin, Math.max(confirmed.get(origin) ?? 0, began[i] ?? 0));
      call.answer(304, ['cache-control', 'max-age=5']);
    } else if (one.kind === 'head' && !heads.has(i)) {
      heads.add(i);
      const tags = TAGS[call.request.path] ?? '';
      call.head(200, ['cache-control', one.control, 'etag', `"${i}"`, 'vary', 'Foo', 'surrogate-key', tags]);
      call.data(`${i}`);
    } else if (one.kind === 'end' && heads.has(i)) {
      done.add(i);
      call.complete();
    }
  };
  for (const one of steps) {
    act(one);
    noteCalls();
  }
  const wrong = asked.flatMap(({ sent, path: url, purges: before }) => {
    const body = sent.handler.text();
    if (body === '' || sent.handler.failure !== null) return [];
    const origin = Number(body);
    // A copy that was confirmed is as new as the question that confirmed it.
    const since = Math.max(began[origin] ?? 0, confirmed.get(origin) ?? 0);
    const missed = purges.slice(since, before).some((purge) => !purge.isSoft && means(purge.target, url));
    return missed ? [{ url, body, since, before }] : [];
  });
  clock.advance(60_000);
  return { wrong, left: { ...leftOf(node), armed: timers.armed } };
}

function leftOf(node: ReturnType<typeof setUpLayer>['node']) {
  const { fetches, flights, refreshes, writingBytes } = node.counts();
  return { fetches, flights, refreshes, writingBytes };
}

const nothing = { fetches: 0, flights: 0, refreshes: 0, writingBytes: 0, armed: 0 };

describe('a purge', () => {
  it('is obeyed by every answer to a request that comes after it, and nothing is left behind: 10,000 histories', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        const { wrong, left } = play(steps);
        expect(wrong).toEqual([]);
        expect(left).toEqual(nothing);
      }),
      { numRuns: 10_000 },
    );
  }, 240_000);
});
