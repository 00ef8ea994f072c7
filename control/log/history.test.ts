import { describe, expect, it } from 'vitest';
import type { DecodedEntry, Entry } from './entry.js';
import { History, revisionsKeptMax } from './history.js';

const entry = (number: number, id: string, before: string, more: Partial<Entry> = {}): DecodedEntry => ({
  ok: true,
  entry: {
    ...{ number, id, before, author: 'ada', reason: '', atWallMs: 1, restores: 0, recovers: 0, textBytes: 1 },
    text: Uint8Array.of(1),
    ...more,
  },
});
const of = (...entries: readonly DecodedEntry[]): History => {
  const history = new History();
  entries.forEach((decoded, index) => {
    history.apply(index + 1, decoded);
  });
  return history;
};
const ids = (history: History): string[] => history.revisions.map(({ head }) => head.id);

describe('the history that a log makes', () => {
  it('is what follows one another, each behind the one that its author had seen', () => {
    const history = of(
      ...[entry(1, 'a', ''), entry(2, 'x', 'other'), entry(3, 'y', 'a'), entry(2, 'b', 'a'), entry(2, 'c', 'a')],
      ...[{ ok: false, why: 'malformed' } as const, entry(3, 'b', 'b'), entry(3, 'd', 'b')],
    );
    expect(ids(history)).toEqual(['a', 'b', 'd']);
    expect([history.ignored, history.lastSequence, history.last?.number]).toEqual([5, 8, 3]);
    expect(history.byNumber(2)).toMatchObject({ sequence: 4, head: { id: 'b' } });
    expect([history.byNumber(0), history.byNumber(4)]).toEqual([null, null]);
  });

  it('has the last one in force that was not recovered', () => {
    const history = of(entry(1, 'a', ''), entry(2, 'b', 'a', { recovers: 5 }));
    expect([history.current?.id, history.last?.id]).toEqual(['a', 'b']);
  });

  it('ends where an entry is of a later release', () => {
    const history = of(entry(1, 'a', ''), { ok: false, why: 'unknown' }, entry(2, 'b', 'a'));
    expect([ids(history), history.blockedAt, history.lastSequence]).toEqual([['a'], 2, 1]);
  });

  it('begins anywhere, and not for good with what may be no revision', () => {
    expect(ids(of(entry(7, 'g', 'f'), entry(8, 'h', 'g')))).toEqual(['g', 'h']);
    // What is left of the beginning is an entry whose author had not seen the last revision.
    expect(ids(of(entry(5, 'x', 'w'), entry(8, 'h', 'g'), entry(9, 'i', 'h'), entry(10, 'x', 'w')))).toEqual([
      'h',
      'i',
    ]);
    // The very first one is beyond doubt.
    expect(ids(of(entry(1, 'a', ''), entry(8, 'h', 'g'), entry(2, 'b', 'a')))).toEqual(['a', 'b']);
  });

  it('keeps so many, and pages through them', () => {
    const idOf = (n: number): string => (n === 0 ? '' : `r${n}`);
    const all = Array.from({ length: revisionsKeptMax + 10 }, (_, i) => entry(i + 1, idOf(i + 1), idOf(i)));
    const history = of(...all);
    expect(history.revisions).toHaveLength(revisionsKeptMax);
    expect(history.byId('r10')).toBeNull();
    expect(history.page(0, 2).map(({ id }) => id)).toEqual([idOf(revisionsKeptMax + 10), idOf(revisionsKeptMax + 9)]);
    expect(history.page(13, 9).map(({ id }) => id)).toEqual(['r12', 'r11']);
    expect(history.page(revisionsKeptMax + 100, 1)).toHaveLength(1);
    expect(new History().page(0, 5)).toEqual([]);
  });
});
