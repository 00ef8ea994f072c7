import { type CacheDirectives, noDirectives } from '@weir/proto/http/cache-control.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookUp, type Verdict } from './look-up.js';
import { type Stored, storedOf } from './stored.js';
import { makeCacheSpec } from './testing/specs.js';

const NEVER = Number.POSITIVE_INFINITY;
const moments = { askedAtMs: 0, receivedAtMs: 0, receivedWallMs: Date.UTC(2026, 2, 1) };
const storedWith = (control: string, staleS = 0): Stored =>
  storedOf(
    200,
    ['cache-control', control],
    moments,
    makeCacheSpec({ staleIfErrorS: staleS, staleWhileRevalidateS: staleS }),
  );

const span = fc.option(fc.nat(40));
const control = fc
  .record({
    maxAge: fc.nat(40),
    swr: span,
    sie: span,
    extra: fc.subarray(['must-revalidate', 'no-cache', 's-maxage=20', 'immutable']),
  })
  .map(({ maxAge, swr, sie, extra }) =>
    [
      `max-age=${maxAge}`,
      ...(swr === null ? [] : [`stale-while-revalidate=${swr}`]),
      ...(sie === null ? [] : [`stale-if-error=${sie}`]),
      ...extra,
    ].join(', '),
  );
const asked: fc.Arbitrary<CacheDirectives> = fc
  .record({
    maxAgeS: span,
    minFreshS: span,
    maxStaleS: span,
    staleIfErrorS: span,
    noCache: fc.boolean(),
    onlyIfCached: fc.boolean(),
  })
  .map((said) => ({ ...noDirectives, ...said }));

/** How much is done for a request: the larger, the less is taken from the store. */
const effort = (verdict: Verdict): number => (verdict.kind !== 'hit' ? 2 : verdict.refreshes ? 1 : 0);

describe('a look-up', () => {
  it('takes less from the store as time goes by, never more', () => {
    fc.assert(
      fc.property(control, fc.nat(40), asked, fc.nat(80), fc.nat(80), (said, staleS, demands, s, moreS) => {
        const stored = storedWith(said, staleS);
        const now = lookUp(stored, demands, NEVER, 'uri-miss', s * 1000);
        const later = lookUp(stored, demands, NEVER, 'uri-miss', (s + moreS) * 1000);
        expect(effort(later)).toBeGreaterThanOrEqual(effort(now));
      }),
    );
  });

  it('never uses stale without leave: that of the client, or a while-revalidate limit that has not passed', () => {
    fc.assert(
      fc.property(control, asked, fc.nat(80), (said, demands, s) => {
        const stored = storedWith(said);
        const verdict = lookUp(stored, demands, NEVER, 'uri-miss', s * 1000);
        if (verdict.kind !== 'hit' || !verdict.isStale) return;
        const staleMs = s * 1000 - stored.reuse.freshMs;
        const byClient = (demands.maxStaleS ?? -1) * 1000 >= staleMs;
        const isWithin = staleMs < stored.reuse.staleWhileRevalidateMs;
        // Who takes it stale asks for no refresh; who forbids that anybody is asked causes none.
        expect(verdict.refreshes ? isWithin : byClient || (isWithin && demands.onlyIfCached)).toBe(true);
        expect(/must-revalidate|no-cache/.test(said)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('asks nothing for only-if-cached', () => {
    fc.assert(
      fc.property(fc.option(control), asked, fc.nat(80), (said, demands, s) => {
        const stored = said === null ? null : storedWith(said, 20);
        const verdict = lookUp(stored, { ...demands, onlyIfCached: true }, NEVER, 'uri-miss', s * 1000);
        expect(verdict.kind === 'unavailable' || (verdict.kind === 'hit' && !verdict.refreshes)).toBe(true);
      }),
    );
  });

  it('lets no copy stand in beyond the leave for it, counted from when it went stale', () => {
    fc.assert(
      fc.property(control, fc.nat(40), asked, fc.nat(80), (said, staleS, demands, s) => {
        const stored = storedWith(said, staleS);
        const verdict = lookUp(stored, { ...demands, onlyIfCached: false }, NEVER, 'uri-miss', s * 1000);
        if (verdict.kind !== 'ask' || verdict.standsInUntilMs === Number.NEGATIVE_INFINITY) return;
        const limitS = Math.max(
          stored.reuse.staleIfErrorMs / 1000,
          stored.reuse.isClientsChoice ? (demands.staleIfErrorS ?? 0) : 0,
        );
        expect(verdict.standsInUntilMs).toBeLessThanOrEqual(stored.reuse.freshMs + limitS * 1000);
        expect(said).not.toContain('no-cache');
      }),
    );
  });
});

describe('a copy that was softly purged', () => {
  it('is stale from then on, and its limits count from then', () => {
    const stored = storedWith('max-age=3600', 10);
    expect(lookUp(stored, noDirectives, NEVER, 'uri-miss', 60_000)).toMatchObject({ kind: 'hit', isStale: false });
    expect(lookUp(stored, noDirectives, 50_000, 'uri-miss', 59_999)).toMatchObject({ kind: 'hit', refreshes: true });
    expect(lookUp(stored, noDirectives, 50_000, 'uri-miss', 60_000)).toMatchObject({
      kind: 'ask',
      standsInUntilMs: 60_000,
    });
  });
});
