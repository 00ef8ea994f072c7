import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { makeGateway, makeRoute } from '../pipeline/testing/specs.js';
import { isAlikeForAll, offersReuse, reusableHit } from './reuse.js';
import type { RouteCache } from './route-cache.js';
import type { Entry } from './store/l1.js';
import { makeCacheSpec } from './testing/specs.js';

const spec = makeCacheSpec();
const edits = { remove: [], set: [], add: [] };

describe('hits of a route', () => {
  it('are the same for all where nothing asks who the client is', () => {
    expect(isAlikeForAll(makeRoute({ cache: spec }), spec)).toBe(true);
  });

  // What stands here only has to be there: that a layer is made of it is enough.
  it.each<[string, object]>([
    ['authenticates', { auth: [{}] }],
    ['limits rates', { limits: [{}] }],
    ['admits addresses', { addresses: {} }],
    ['answers to other origins', { cors: {} }],
    ['makes jobs', { async: {} }],
    ['removes fields', { responseHeaders: { ...edits, remove: ['x'] } }],
    ['sets fields', { responseHeaders: { ...edits, set: [{}] } }],
    ['adds fields', { responseHeaders: { ...edits, add: [{}] } }],
    ['shows attempts', { shown: { serverTiming: false, attempts: true } }],
    ['shows times', { shown: { serverTiming: true, attempts: false } }],
  ])('are not where it %s', (_what, more) => {
    expect(isAlikeForAll({ ...makeRoute({ cache: spec }), ...more } as RouteSpec, spec)).toBe(false);
  });

  it.each([
    ['a consumer', { key: { ...spec.key, byConsumer: true } }],
    ['a device', { key: { ...spec.key, byDevice: true } }],
    ['a field', { key: { ...spec.key, headers: ['x-tenant'] } }],
    ['a cookie', { key: { ...spec.key, cookies: ['sid'] } }],
  ])('are not where %s is part of the key', (_what, more) => {
    expect(isAlikeForAll(makeRoute(), makeCacheSpec(more))).toBe(false);
  });

  it.each(['headers', 'cookies'] as const)('are not where %s lead past the cache', (part) => {
    const bypass = { ...spec.bypass, [part]: [{ name: 'x', kind: 'exists' }] };
    expect(isAlikeForAll(makeRoute(), makeCacheSpec({ bypass }))).toBe(false);
  });
});

describe('a snapshot', () => {
  const gateway = makeGateway();
  const accessLog = { ...gateway.accessLog, enabled: false };
  const silent = { ...gateway, accessLog, tracing: null };

  it('offers answers where nobody reads of each', () => {
    expect(offersReuse({ gateway: silent, routes: [makeRoute()] })).toBe(true);
    expect(offersReuse({ gateway: { ...silent, accessLog: { ...accessLog, enabled: true } }, routes: [] })).toBe(false);
    const tracing = { sample: 0.1 } as NonNullable<typeof gateway.tracing>; // The share is all that is looked at.
    expect(offersReuse({ gateway: { ...silent, tracing }, routes: [] })).toBe(false);
  });

  it('offers none where fields decide which route takes a request', () => {
    const route = makeRoute();
    const headers = [{ name: 'x-beta', kind: 'exists' }] as unknown as typeof route.match.headers;
    expect(offersReuse({ gateway: silent, routes: [{ ...route, match: { ...route.match, headers } }] })).toBe(false);
    const cookies = headers;
    expect(offersReuse({ gateway: silent, routes: [{ ...route, match: { ...route.match, cookies } }] })).toBe(false);
  });
});

describe('a hit', () => {
  const stored = { status: 200, vary: [], bornAtMs: 0, reuse: { freshMs: 10_000 } };
  const entry = { at: 'k', stored, body: { pieces: [new Uint8Array(3)], bytes: 3 } } as unknown as Entry;
  const node = { marks: { seq: 1 }, gate: { isOpen: true }, l1: { holds: (one: Entry) => one === entry } };
  const given: number[] = [];
  const observer = { reused: (_status: number, bytes: number) => void given.push(bytes) };
  const route = { isAlikeForAll: true, node, observer } as unknown as RouteCache;

  it('is good until its age, or what is left of its freshness, is another number of seconds', () => {
    expect(reusableHit(route, entry, 'k', 7_700, 2_300)?.untilMs).toBe(2_300 + 700);
    expect(reusableHit(route, entry, 'k', 7_300, 2_100)?.untilMs).toBe(2_100 + 300);
    expect(reusableHit(route, entry, 'k', 7_000, 3_000)?.untilMs).toBe(3_000 + 1_000);
  });

  it('is good no longer once anything was purged, it was replaced, or the gate is closed', () => {
    const good = reusableHit(route, entry, 'k', 5_000, 5_000);
    expect(good?.isGood()).toBe(true);
    node.marks.seq = 2;
    expect(good?.isGood()).toBe(false);
    node.marks.seq = 1;
    node.gate.isOpen = false;
    expect(good?.isGood()).toBe(false);
    node.gate.isOpen = true;
    node.l1.holds = () => false;
    expect(good?.isGood()).toBe(false);
  });

  it('is counted each time', () => {
    const good = reusableHit(route, entry, 'k', 5_000, 5_000);
    good?.used();
    good?.used();
    expect(given).toEqual([3, 3]);
  });

  it.each<[string, object]>([
    ['is found under the key of a variant', { at: 'k\u00001' }],
    ['varies', { stored: { ...stored, vary: ['accept'] } }],
    ['is no 200', { stored: { ...stored, status: 404 } }],
    ['is long', { body: { pieces: [new Uint8Array(20_000)], bytes: 20_000 } }],
    ['is in pieces', { body: { pieces: [new Uint8Array(1), new Uint8Array(1)], bytes: 2 } }],
  ])('is for one alone when it %s', (_what, more) => {
    expect(reusableHit(route, { ...entry, ...more } as Entry, 'k', 5_000, 5_000)).toBeNull();
  });

  it('is for one alone when it is stale, or the route is not for all', () => {
    expect(reusableHit(route, entry, 'k', 0, 10_000)).toBeNull();
    expect(reusableHit({ ...route, isAlikeForAll: false }, entry, 'k', 5_000, 5_000)).toBeNull();
  });
});
