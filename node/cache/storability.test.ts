import { responseDirectives } from '@weir/proto/http/targeted-cache-control.js';
import { describe, expect, it } from 'vitest';
import { askedDirectives } from './ask.js';
import { type NotStored, whyNotStored } from './storability.js';
import { storedOf } from './stored.js';
import { askOf } from './testing/cases.js';
import { makeCacheSpec } from './testing/specs.js';

const spec = makeCacheSpec();
const moments = { askedAtMs: 0, receivedAtMs: 0, receivedWallMs: 0 };
const FRESH = ['cache-control', 'max-age=60'];

/** The table of reasons is told to operators, so each is named for what it is. */
describe('an answer that is not stored', () => {
  it.each<[NotStored | null, number, readonly string[], Parameters<typeof askOf>[0]]>([
    [null, 200, FRESH, { how: 'fetched' }],
    ['method', 200, FRESH, { how: 'fetched', method: 'POST' }],
    ['method', 200, FRESH, { how: 'fetched', method: 'HEAD' }],
    ['status', 304, FRESH, { how: 'fetched' }],
    ['status', 599, ['cache-control', 'max-age=60, must-understand'], { how: 'fetched' }],
    ['broken', 200, ['cache-control', 'max-age=60, x="'], { how: 'fetched' }],
    ['request-no-store', 200, FRESH, { how: 'fetched', with: ['cache-control', 'no-store'] }],
    ['no-store', 200, ['cache-control', 'max-age=60, no-store'], { how: 'fetched' }],
    ['private', 200, ['cache-control', 'max-age=60, private'], { how: 'fetched' }],
    ['authorization', 200, FRESH, { how: 'fetched', with: ['authorization', 'x'] }],
    ['not-said', 201, [], { how: 'fetched' }],
    ['vary', 200, [...FRESH, 'vary', '*'], { how: 'fetched' }],
    ['set-cookie', 200, [...FRESH, 'set-cookie', 'a=b'], { how: 'fetched' }],
    ['partial', 206, FRESH, { how: 'fetched' }],
    ['useless', 200, [], { how: 'fetched' }],
    ['useless', 200, ['cache-control', 'max-age=60, no-cache'], { how: 'fetched' }],
    ['useless', 200, ['cache-control', 's-maxage=0'], { how: 'fetched' }],
    [null, 200, ['cache-control', 'max-age=0'], { how: 'fetched' }],
    [null, 200, ['cache-control', 'no-cache', 'etag', '"1"'], { how: 'fetched' }],
  ])('is one for this reason: %s (%d, %j)', (why, status, headers, step) => {
    const ask = askOf(step);
    const said = responseDirectives(headers, spec.targets);
    const { reuse } = storedOf(status, headers, moments, spec);
    const asked = askedDirectives(ask.headers, spec);
    expect(whyNotStored(ask, asked, status, headers, said, reuse, spec)).toBe(why);
  });
});
