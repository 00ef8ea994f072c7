import type { UpstreamPaging } from '@weir/proto/snapshot/optimize.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Position } from './cursor.js';
import { firstPosition, limitWithin, nextPosition, upstreamPage } from './upstream-page.js';

interface Answer {
  readonly elements: readonly number[];
  readonly cursor: string | null;
}

/** An upstream with so many elements, as it answers those parameters. */
function upstreamAnswer(paging: UpstreamPaging, parameters: ReadonlyMap<string, number>, total: number): Answer {
  const all = Array.from({ length: total }, (_, i) => i);
  switch (paging.kind) {
    case 'whole':
      return { elements: all, cursor: null };
    case 'offset': {
      const [offset = 0, limit = 0] = [parameters.get('offset'), parameters.get('limit')];
      expect(limit).toBeLessThanOrEqual(paging.max);
      return { elements: all.slice(offset, offset + limit), cursor: null };
    }
    case 'pages': {
      const [page = 0, size = 1] = [parameters.get('page'), parameters.get('size')];
      expect(size).toBeLessThanOrEqual(paging.max);
      const from = (page - paging.first) * size;
      return { elements: all.slice(from, from + size), cursor: null };
    }
    case 'cursor': {
      const from = parameters.get('after') ?? 0;
      const end = Math.min(from + (parameters.get('count') ?? 7), total);
      return { elements: all.slice(from, end), cursor: end < total ? String(end) : null };
    }
  }
}

const max = fc.integer({ min: 1, max: 20 });
const paging: fc.Arbitrary<UpstreamPaging> = fc.oneof(
  fc.constant<UpstreamPaging>({ kind: 'whole' }),
  max.map((most): UpstreamPaging => ({ kind: 'offset', offset: 'offset', limit: 'limit', max: most })),
  fc
    .tuple(max, fc.constantFrom(0, 1))
    .map(([most, first]): UpstreamPaging => ({ kind: 'pages', page: 'page', size: 'size', first, max: most })),
  fc
    .tuple(max, fc.constantFrom('count', null))
    .map(([most, limit]): UpstreamPaging => ({ kind: 'cursor', cursor: 'after', limit, max: most, next: ['next'] })),
);

describe('the pages of a list', () => {
  it('are together the whole, in its order, and nothing comes twice, in whatever way the upstream pages and whatever is asked for', () => {
    const limits = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });
    // Elements that fit into the bytes of a page: it ends early where they are fewer than asked for.
    const fits = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(paging, fc.integer({ min: 0, max: 90 }), limits, fits, (way, total, asked, fitting) => {
        const seen: number[] = [];
        let position: Position | null = firstPosition(way);
        let pages = 0;
        for (; position !== null; pages += 1) {
          expect(pages).toBeLessThanOrEqual(total + 2);
          const limit = limitWithin(way, asked[pages % asked.length] ?? 1);
          const page = upstreamPage(way, position, limit);
          if (page === null) throw new Error('it is a position of this list');
          const numbers = new Map(page.parameters.map(([name, value]) => [name, Number(value)]));
          const { elements, cursor } = upstreamAnswer(way, numbers, total);
          const window = elements.slice(page.from, page.to);
          expect(window.length).toBeLessThanOrEqual(limit);
          const sent = Math.min(window.length, fitting[pages % fitting.length] ?? 1);
          seen.push(...window.slice(0, sent));
          // As a cutter sees it: it need not read the list to its end.
          const count = Math.min(elements.length, page.to + 1);
          const hasMore = count > page.from + sent;
          position = nextPosition(position, page, { sent, count, hasMore, cursor });
        }
        expect(seen).toEqual(Array.from({ length: total }, (_, i) => i));
      }),
      { numRuns: 2_000 },
    );
  });

  it('of one length are pages of the upstream as they are', () => {
    const way: UpstreamPaging = { kind: 'pages', page: 'page', size: 'size', first: 1, max: 100 };
    for (const [at, page] of [[0, '1'] as const, [25, '2'] as const, [75, '4'] as const])
      expect(upstreamPage(way, { kind: 'at', at }, 25)).toEqual({
        parameters: [
          ['page', page],
          ['size', '25'],
        ],
        ...{ from: 0, to: 25, full: 25 },
      });
  });

  it('that begin in the midst of one are asked for by the smallest that has all of them, or else most', () => {
    const way = (max: number): UpstreamPaging => ({ kind: 'pages', page: 'page', size: 'size', first: 0, max });
    const asked = (at: number, limit: number, max: number) => {
      const page = upstreamPage(way(max), { kind: 'at', at }, limit);
      return [...(page?.parameters ?? []).map(([, value]) => Number(value)), page?.from, page?.to];
    };
    expect(asked(30, 25, 100)).toEqual([1, 28, 2, 27]);
    expect(asked(7, 5, 100)).toEqual([1, 6, 1, 6]);
    expect(asked(7, 5, 5)).toEqual([1, 5, 2, 5]);
  });

  it('end where an upstream’s cursor leads back to itself', () => {
    const way: UpstreamPaging = { kind: 'cursor', cursor: 'c', limit: null, max: 10, next: ['next'] };
    const position: Position = { kind: 'behind', cursor: 'x', skip: 0 };
    const page = upstreamPage(way, position, 5);
    if (page === null) throw new Error('it is one');
    expect(nextPosition(position, page, { sent: 5, count: 5, hasMore: false, cursor: 'x' })).toBe(null);
    expect(nextPosition(position, page, { sent: 5, count: 5, hasMore: false, cursor: 'y' })).not.toBe(null);
  });

  it('are those of their own kind: a position of another way to page is none here', () => {
    const cursor: UpstreamPaging = { kind: 'cursor', cursor: 'c', limit: null, max: 10, next: ['next'] };
    expect(upstreamPage(cursor, { kind: 'at', at: 3 }, 5)).toBe(null);
    expect(upstreamPage({ kind: 'whole' }, { kind: 'behind', cursor: null, skip: 0 }, 5)).toBe(null);
  });
});
