import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AppKey, Change } from '../../model/entities.js';
import { KeyExpiries } from './key-expiries.js';

it('knows which key was the latest to expire and which is next, whatever has become of them', () => {
  const step = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.nat(100)), fc.boolean());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30, size: 'max' }), fc.nat(100), (steps, nowMs) => {
      const kept = new KeyExpiries([]);
      const keys = new Map<string, number | null>();
      for (const [id, expiresWallMs, isEnd] of steps) {
        if (isEnd) keys.delete(id);
        else keys.set(id, expiresWallMs);
        const value = isEnd ? null : ({ id, expiresWallMs } as AppKey);
        kept.note({ changes: [{ kind: 'key', id, value } as Change, { kind: 'user', id, value: null }] });
      }
      const ends = [...keys.values()].filter((end) => end !== null);
      expect(kept.latest(nowMs)).toBe(Math.max(0, ...ends.filter((end) => end <= nowMs)));
      const later = ends.filter((end) => end > nowMs);
      expect(kept.next(nowMs)).toBe(later.length === 0 ? null : Math.min(...later));
    }),
  );
});
