import { describe, expect, it } from 'vitest';
import { storedOf } from '../stored.js';
import { makeCacheSpec } from '../testing/specs.js';
import { KEEP_MIN_MS, keepForMs } from './keep-for.js';

const moments = { askedAtMs: 0, receivedAtMs: 0, receivedWallMs: 0 };
const storedWith = (cacheControl: string) => storedOf(200, ['cache-control', cacheControl], moments, makeCacheSpec());

describe('how long a response is kept', () => {
  it('is as long as anything may be done with it, and no longer than the bound', () => {
    expect(keepForMs(storedWith('max-age=60'), 10_000, 1e9)).toBe(50_000);
    expect(keepForMs(storedWith('max-age=60, stale-while-revalidate=10, stale-if-error=30'), 0, 1e9)).toBe(90_000);
    expect(keepForMs(storedWith('max-age=60'), 0, 7_000)).toBe(7_000);
    expect(keepForMs(storedWith('max-age=60'), 60_000 - KEEP_MIN_MS, 1e9)).toBe(KEEP_MIN_MS);
    expect(keepForMs(storedWith('max-age=60'), 60_001 - KEEP_MIN_MS, 1e9)).toBe(0);
    expect(keepForMs(storedWith('max-age=60, no-cache, stale-if-error=30'), 0, 1e9)).toBe(60_000);
  });
});
