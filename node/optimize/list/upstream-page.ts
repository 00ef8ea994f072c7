/**
 * What is asked of the upstream for a page, and where the next one begins. One request of the upstream for each page of a client, in each of its
 * ways to page; of the answer a window of the list is the page. Pure.
 *
 *     whole     the whole list          window at..at+limit
 *     offset    offset=at&limit=limit+1 window 0..limit, and one more that says whether there is a next page
 *     pages     page=p&size=s           the smallest s that has all of it on one page; window at-p·s..
 *     cursor    cursor=C&limit=…        window skip..skip+limit, of the page that the upstream's cursor names
 */
import type { UpstreamPaging } from '@weir/proto/snapshot/optimize.js';
import type { Position } from './cursor.js';

export interface UpstreamPage {
  /** Of the query, not encoded. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** Of the list in the answer. */
  readonly from: number;
  readonly to: number;
  /** Elements that the answer has where there may be more behind them; null: it has all there are, or says so itself. */
  readonly full: number | null;
}

export const firstPosition = ({ kind }: UpstreamPaging): Position =>
  kind === 'cursor' ? { kind: 'behind', cursor: null, skip: 0 } : { kind: 'at', at: 0 };

/** Names of parameters that are the gateway's. */
export function parametersOf(upstream: UpstreamPaging): readonly string[] {
  switch (upstream.kind) {
    case 'whole':
      return [];
    case 'offset':
      return [upstream.offset, upstream.limit];
    case 'pages':
      return [upstream.page, upstream.size];
    case 'cursor':
      return upstream.limit === null ? [upstream.cursor] : [upstream.cursor, upstream.limit];
  }
}

/** Elements of a page that the upstream could fill at once. */
export function limitWithin(upstream: UpstreamPaging, limit: number): number {
  return upstream.kind === 'whole' ? limit : Math.min(limit, upstream.max);
}

/** `limit`: within what the upstream gives. Null: that is no position of such a list. */
export function upstreamPage(upstream: UpstreamPaging, position: Position, limit: number): UpstreamPage | null {
  if (upstream.kind === 'cursor') return position.kind === 'behind' ? ofCursor(upstream, position, limit) : null;
  if (position.kind !== 'at') return null;
  const { at } = position;
  switch (upstream.kind) {
    case 'whole':
      return { parameters: [], from: at, to: at + limit, full: null };
    case 'offset': {
      const asked = Math.min(limit + 1, upstream.max);
      return {
        parameters: [
          [upstream.offset, String(at)],
          [upstream.limit, String(asked)],
        ],
        ...{ from: 0, to: limit, full: asked },
      };
    }
    case 'pages': {
      const size = sizeFor(at, limit, upstream.max);
      const page = Math.floor(at / size);
      const from = at - page * size;
      return {
        parameters: [
          [upstream.page, String(page + upstream.first)],
          [upstream.size, String(size)],
        ],
        ...{ from, to: Math.min(from + limit, size), full: size },
      };
    }
  }
}

/** The smallest size of which one page has all that is wanted; where there is none, the one whose page has most of it. */
function sizeFor(at: number, limit: number, max: number): number {
  let best = limit;
  let most = 0;
  for (let size = limit; size <= max; size += 1) {
    const has = Math.min(limit, size - (at % size));
    if (has > most) [best, most] = [size, has];
    if (has === limit) break;
  }
  return best;
}

function ofCursor(
  { cursor, limit: limitName, max }: UpstreamPaging & { readonly kind: 'cursor' },
  position: Position & { readonly kind: 'behind' },
  limit: number,
): UpstreamPage {
  const { skip } = position;
  return {
    parameters: [
      ...(position.cursor === null ? [] : ([[cursor, position.cursor]] as const)),
      ...(limitName === null ? [] : ([[limitName, String(Math.min(skip + limit, max))]] as const)),
    ],
    ...{ from: skip, to: skip + limit, full: null },
  };
}

/** What was seen of the answer. */
export interface SeenPage {
  /** Elements that the client gets. */
  readonly sent: number;
  /** Elements of the list that have begun. */
  readonly count: number;
  /** The list goes on behind those that the client gets. */
  readonly hasMore: boolean;
  /** Where the upstream says that the next page is; null: nowhere. */
  readonly cursor: string | null;
}

/** Null: there is no next page. */
export function nextPosition(position: Position, { full }: UpstreamPage, seen: SeenPage): Position | null {
  if (position.kind === 'behind') {
    if (seen.hasMore) return { ...position, skip: position.skip + seen.sent };
    // One that leads back to itself would lead there for ever.
    return seen.cursor === null || seen.cursor === position.cursor
      ? null
      : { kind: 'behind', cursor: seen.cursor, skip: 0 };
  }
  const isFull = full !== null && seen.count >= full;
  return seen.sent > 0 && (seen.hasMore || isFull) ? { kind: 'at', at: position.at + seen.sent } : null;
}
