import { headerValue } from '@weir/proto/http/headers.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordingHandler } from '../pipeline/testing/harness.js';
import { isWholeReply } from './reply.js';
import { serveEntry, serveWhole } from './serve.js';
import { bodyOf, emptyBody } from './store/body.js';
import type { Entry } from './store/l1.js';
import { storedOf, storedPart } from './stored.js';
import { askOf } from './testing/cases.js';
import { makeCacheSpec } from './testing/specs.js';

function entryOf(status: number, fields: readonly string[], body: readonly Uint8Array[]): Entry {
  const moments = { askedAtMs: 0, receivedAtMs: 0, receivedWallMs: 0 };
  const bytes = body.reduce((sum, piece) => sum + piece.byteLength, 0);
  return {
    kind: 'entry',
    stored: storedOf(status, ['cache-control', 'max-age=60', ...fields], moments, makeCacheSpec()),
    body: bytes === 0 ? emptyBody : bodyOf(body, bytes),
    subject: { authority: 'a.example', path: '/a', url: 'a.example/a?', tags: [] },
    began: 0,
    at: 'k',
  };
}

const GET = askOf({ how: 'hit' });
const STATUS = 'weir; hit; ttl=5';

describe('a stored response', () => {
  it('is given whole as it would be if its request had been looked at for all that could be asked', () => {
    const statuses = fc.constantFrom(200, 203, 301, 404, 410);
    const fields = fc.constantFrom<readonly string[]>(
      [],
      ['etag', '"1"'],
      ['last-modified', 'x', 'vary', 'foo'],
      ['age', '7'],
    );
    const body = fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { maxLength: 3 });
    fc.assert(
      fc.property(statuses, fields, body, fc.nat(100_000), (status, more, pieces, nowMs) => {
        const entry = entryOf(status, more, pieces);
        const [whole, asked] = [recordingHandler(), recordingHandler()];
        expect(isWholeReply(GET, entry.stored)).toBe(true);
        serveWhole(whole, entry, STATUS, nowMs);
        serveEntry(GET, asked, entry, { name: 'weir', forward: null, ttlS: 5 }, nowMs, nowMs);
        expect([whole.events, whole.status, whole.headers, whole.head?.lengthBytes, whole.text()]).toEqual([
          ...[asked.events, asked.status, asked.headers, asked.head?.lengthBytes, asked.text()],
        ]);
      }),
    );
  });

  it('is not given whole to HEAD, nor where it is a part', () => {
    const part = entryOf(206, ['content-range', 'bytes 0-1/9'], [new Uint8Array(2)]);
    expect(isWholeReply({ ...GET, method: 'HEAD' }, entryOf(200, [], []).stored)).toBe(false);
    expect(isWholeReply(GET, part.stored)).toBe(false);
  });

  it.each(['bytes=-5', 'bytes=3-7'])('is given as it came where the part is another one than %s', (range) => {
    const part = entryOf(206, ['content-range', 'bytes 0-4/10'], [new TextEncoder().encode('01234')]);
    const handler = recordingHandler();
    const ask = { ...GET, headers: ['range', range] };
    serveEntry(ask, handler, part, { name: 'weir', forward: null, ttlS: 5 }, 0, 0);
    expect([headerValue(handler.headers ?? [], 'content-range'), handler.head?.lengthBytes, handler.text()]).toEqual([
      ...['bytes 0-4/10', 5, '01234'],
    ]);
  });

  it('is no part that could be cut where its length is not what it says', () => {
    const headers = ['content-range', 'bytes 4-9/10', 'content-length'];
    expect(storedPart(206, [...headers, '5'])).toBeNull();
    expect(storedPart(206, [...headers, '6'])).toMatchObject({ range: { first: 4, last: 9 } });
  });

  it.each([
    [65_536, ['onHeaders', 'onData', 'onComplete'], ['onHeaders', 'onData', 'onComplete']],
    [65_537, ['onHeaders', 'onData'], ['onHeaders', 'onData', 'onComplete']],
  ])('of %i bytes ends with its last piece, or when that was taken', (bytes, before, after) => {
    const handler = recordingHandler();
    handler.open = false;
    serveWhole(handler, entryOf(200, [], [new Uint8Array(bytes)]), STATUS, 0);
    expect(handler.events).toEqual(before);
    handler.open = true;
    handler.head?.resume();
    expect(handler.events).toEqual(after);
  });
});
