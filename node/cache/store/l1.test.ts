import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markedPath, markedUrl, PurgeMarks, type PurgeSubject } from '../purge/marks.js';
import { type Stored, storedOf } from '../stored.js';
import { makeCacheSpec } from '../testing/specs.js';
import { L1, type L1Limits, VARIED_MAX } from './l1.js';

const NOT_PURGED = Number.POSITIVE_INFINITY;
const ROOMY: L1Limits = { bytes: 1024 * 1024, writingBytes: 64 * 1024 };
const BODY_MAX = 32 * 1024;

const subjectOf = (key: string, tags: readonly string[] = []): PurgeSubject => {
  return { authority: 'a.example', path: markedPath(`/${key}`), url: markedUrl('a.example', `/${key}`, ''), tags };
};

function storedAt(askedAtMs: number, vary = '', more: readonly string[] = [], status = 200): Stored {
  const headers = ['cache-control', 'max-age=60', ...(vary === '' ? [] : ['vary', vary]), ...more];
  return storedOf(status, headers, { askedAtMs, receivedAtMs: askedAtMs, receivedWallMs: 0 }, makeCacheSpec());
}

interface Put {
  readonly key: string;
  readonly headers?: readonly string[];
  readonly stored?: Stored;
  readonly body?: string;
  readonly tags?: readonly string[];
  readonly began?: number;
}

function setUp(limits: L1Limits = ROOMY, bodyBytesMax = BODY_MAX) {
  const marks = new PurgeMarks();
  const l1 = new L1(limits, marks);
  const put = ({
    key,
    headers = [],
    stored = storedAt(0),
    body = 'body',
    tags = [],
    began = marks.seq,
  }: Put): boolean => {
    const writing = l1.write(null, bodyBytesMax);
    writing?.push(new TextEncoder().encode(body));
    return writing !== null && l1.keep(key, headers, stored, writing, subjectOf(key, tags), began);
  };
  const text = (key: string, headers: readonly string[] = [], isPart = false): string | null => {
    const { entry } = l1.find(key, headers, isPart);
    return entry === null ? null : entry.body.pieces.map((piece) => new TextDecoder().decode(piece)).join('');
  };
  return { marks, l1, put, text };
}

describe('the store of a node', () => {
  it('finds what was put, under its key and for the fields it varies by', () => {
    const { l1, put, text } = setUp();
    expect([put({ key: 'k' }), text('k'), text('other')]).toEqual([true, 'body', null]);
    put({ key: 'v', headers: ['foo', '1'], stored: storedAt(0, 'Foo'), body: 'one' });
    put({ key: 'v', headers: ['foo', '2'], stored: storedAt(0, 'Foo'), body: 'two' });
    expect([text('v', ['foo', '1']), text('v', ['foo', '2']), text('v')]).toEqual(['one', 'two', null]);
    expect([l1.find('v', []).isKnown, l1.find('w', []).isKnown]).toEqual([true, false]);
  });

  it('keeps an answer that did not vary beside those that do, and the latest kind wins', () => {
    const { put, text } = setUp();
    put({ key: 'k', stored: storedAt(0), body: 'plain' });
    put({ key: 'k', headers: ['foo', '1'], stored: storedAt(1, 'Foo'), body: 'one' });
    expect([text('k', ['foo', '1']), text('k', ['foo', '2'])]).toEqual(['one', 'plain']);
    put({ key: 'k', stored: storedAt(2), body: 'plain again' });
    expect(text('k', ['foo', '1'])).toBe('plain again');
  });

  it('follows an origin through so many sets of fields', () => {
    const { put, text } = setUp();
    for (let i = 0; i <= VARIED_MAX; i += 1) {
      put({ key: 'k', headers: [`f${i}`, 'x'], stored: storedAt(i, `F${i}`), body: `${i}` });
    }
    expect([text('k', ['f0', 'x']), text('k', ['f1', 'x']), text('k', ['f8', 'x'])]).toEqual([null, '1', '8']);
  });

  it('never lets an older answer take the place of a newer one', () => {
    const { put, text } = setUp();
    put({ key: 'k', stored: storedAt(10), body: 'newer' });
    expect([put({ key: 'k', stored: storedAt(5), body: 'older' }), text('k')]).toEqual([false, 'newer']);
    expect([put({ key: 'k', stored: storedAt(11), body: 'newest' }), text('k')]).toEqual([true, 'newest']);
  });

  it('keeps a part apart from the whole, and only one of the length that it states', () => {
    const { put, text } = setUp();
    const part = storedAt(0, '', ['content-range', 'bytes 2-5/10'], 206);
    expect(put({ key: 'k', stored: part, body: '234' })).toBe(false);
    expect(put({ key: 'k', stored: part, body: '2345' })).toBe(true);
    expect([text('k'), text('k', [], true)]).toEqual([null, '2345']);
    put({ key: 'k', body: 'whole' });
    expect([text('k'), text('k', [], true)]).toEqual(['whole', '2345']);
  });

  it('keeps the longer of two parts of one state, and the newer of two states', () => {
    const { put, text } = setUp();
    const part = (tag: string, range: string) =>
      storedAt(1, '', ['etag', tag, 'content-range', `bytes ${range}/20`], 206);
    put({ key: 'k', stored: part('"1"', '0-9'), body: '0123456789' });
    expect(put({ key: 'k', stored: part('"1"', '15-15'), body: 'f' })).toBe(false);
    expect(text('k', [], true)).toBe('0123456789');
    expect(put({ key: 'k', stored: part('"2"', '15-15'), body: 'F' })).toBe(true);
    expect(put({ key: 'k', stored: part('"2"', '0-1'), body: 'AB' })).toBe(true);
    expect(text('k', [], true)).toBe('AB');
  });

  it('says why it does not keep an answer', () => {
    const { l1, marks } = setUp({ bytes: 4_000, writingBytes: 64 * 1024 });
    const store = (bytes: number, stored = storedAt(0), began = marks.seq) => {
      const writing = l1.write(null, BODY_MAX);
      if (writing === null) throw new Error('there is place');
      writing.push(new Uint8Array(bytes));
      return l1.store('k', [], stored, writing, subjectOf('k'), began);
    };
    expect(store(10)).toBeNull();
    expect(store(10, storedAt(-1))).toBe('overtaken');
    expect(store(9, storedAt(0, '', ['content-range', 'bytes 0-9/20'], 206))).toBe('incomplete');
    const began = marks.seq;
    marks.purge({ kind: 'all' }, false, 0);
    expect(store(10, storedAt(0), began)).toBe('overtaken');
    expect(store(30_000)).toBe('not-admitted');
  });

  it('gives a confirmed entry a new head over the same body, unless it was replaced meanwhile', () => {
    const { l1, put, text } = setUp();
    put({ key: 'k', body: 'same' });
    const before = l1.find('k', []).entry;
    if (before === null) throw new Error('it was put');
    const after = l1.freshen('k', [], before, storedAt(9, '', ['x', 'y']), before.subject, 0);
    const found = l1.find('k', []).entry;
    expect([found === after, after.body === before.body, after.stored.headers.includes('x')]).toEqual([
      true,
      true,
      true,
    ]);
    put({ key: 'k', stored: storedAt(20), body: 'other' });
    l1.freshen('k', [], after, storedAt(21), after.subject, 0);
    expect(text('k')).toBe('other');
  });
});

describe('a purge', () => {
  it('is obeyed by what is stored, by what is written meanwhile, and not by what begins after it', () => {
    const { l1, marks, put, text } = setUp();
    put({ key: 'k', tags: ['t'] });
    const writing = l1.write(4, BODY_MAX);
    writing?.push(new TextEncoder().encode('late'));
    const began = marks.seq;
    marks.purge({ kind: 'tag', tag: 't' }, false, 0);
    expect([text('k'), l1.entries]).toEqual([null, 0]);
    if (writing === null) throw new Error('there is place');
    expect([l1.keep('k', [], storedAt(1), writing, subjectOf('k', ['t']), began), text('k')]).toEqual([false, null]);
    expect([put({ key: 'k', stored: storedAt(0), tags: ['t'], body: 'new' }), text('k')]).toEqual([true, 'new']);
    expect(l1.writingBytes).toBe(0);
  });

  it('that is soft leaves it, and says since when it is stale, until it is confirmed', () => {
    const { l1, marks, put } = setUp();
    put({ key: 'k' });
    expect(l1.find('k', []).softPurgedAtMs).toBe(NOT_PURGED);
    marks.purge({ kind: 'host', authority: 'a.example' }, true, 77);
    const { entry, softPurgedAtMs } = l1.find('k', []);
    expect(softPurgedAtMs).toBe(77);
    if (entry !== null) l1.freshen('k', [], entry, storedAt(80), entry.subject, marks.seq);
    expect(l1.find('k', []).softPurgedAtMs).toBe(NOT_PURGED);
  });
});

describe('a store that is full', () => {
  const full = () => {
    const store = setUp({ bytes: 210_000, writingBytes: 4_000 });
    const validated = storedAt(0, '', ['etag', '"1"']);
    for (let i = 0; i < 80; i += 1) {
      const stored = i === 40 ? storedAt(0) : validated;
      store.put({ key: `k${i}`, stored, tags: i === 41 ? ['t'] : [], body: 'x'.repeat(1_000) });
    }
    for (let round = 0; round < 5; round += 1) {
      for (const i of [40, 41]) store.text(`k${i}`);
    }
    return store;
  };

  it('gives up what was purged, or is too old for any use, before what may still be asked for', () => {
    const { l1, marks, put, text } = full();
    const before = l1.entries;
    marks.purge({ kind: 'tag', tag: 't' }, false, 0);
    // Both were asked for most often, and so were kept apart from what goes first, until others were asked for as well.
    for (let i = 0; i < 80; i += 1) for (let round = 0; round < 8; round += 1) if (i !== 40 && i !== 41) text(`k${i}`);
    for (let i = 0; i < 60; i += 1) put({ key: `new${i}`, stored: storedAt(70_000), body: 'x'.repeat(1_000) });
    expect(l1.entries).toBeGreaterThan(before - 5);
    const isFound = (i: number): boolean => l1.find(`k${i}`, []).isKnown;
    expect([isFound(40), isFound(41), isFound(39), isFound(42)]).toEqual([false, false, true, true]);
  });

  it('has kept what nobody asks for out, and counted it as given up', () => {
    const { l1, put, text } = full();
    for (let i = 0; i < 60; i += 1) for (let round = 0; round < 4; round += 1) text(`k${i}`);
    const before = l1.evictions;
    for (let i = 0; i < 1_000; i += 1) put({ key: `once${i}`, body: 'x'.repeat(1_000) });
    expect(Array.from({ length: 60 }, (_, i) => text(`k${i}`) !== null)).toEqual(Array(60).fill(true));
    expect(l1.evictions - before).toBeGreaterThan(900);
    expect(l1.bytes).toBeLessThanOrEqual(210_000);
  });
});

describe('writing', () => {
  it('is refused when the body is too long, foreseen or not, and gives back what it took', () => {
    const { l1 } = setUp({ bytes: 100_000, writingBytes: 100 });
    expect([l1.write(61, 60), l1.writingBytes]).toEqual([null, 0]);
    const first = l1.write(60, 60);
    expect([l1.writingBytes, l1.write(60, 60)]).toEqual([60, null]);
    const second = l1.write(null, 60);
    expect([
      second?.push(new Uint8Array(30)),
      second?.push(new Uint8Array(20)),
      second?.push(new Uint8Array(1)),
    ]).toEqual([true, false, false]);
    expect([second?.end(), l1.writingBytes]).toEqual([null, 60]);
    first?.abandon();
    first?.abandon();
    expect(l1.writingBytes).toBe(0);
  });
});

describe('a limit', () => {
  it('that is lowered holds after a few steps, and the least recently used go first', () => {
    const { l1, put, text } = setUp();
    for (let i = 0; i < 300; i += 1) put({ key: `k${i}` });
    const before = l1.entries;
    expect(text('k0')).toBe('body');
    l1.limit({ ...ROOMY, bytes: 20_000 });
    expect([l1.trim(10), before - l1.entries]).toEqual([false, 10]);
    while (!l1.trim(10));
    expect([l1.bytes <= 20_000, text('k0'), text('k1'), l1.evictions]).toEqual([
      true,
      'body',
      null,
      before - l1.entries,
    ]);
    expect(put({ key: 'large', body: 'x'.repeat(20_000) })).toBe(false);
    expect(text('k0')).toBe('body');
  });
});

describe('any history', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const foo = fc.constantFrom('1', '2');
  const size = fc.nat(3000);
  const event = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), key, foo, size, varies: fc.boolean() }),
    fc.record({ kind: fc.constant('find' as const), key, foo }),
    fc.record({ kind: fc.constant('purge' as const), key }),
    fc.record({ kind: fc.constant('leave' as const), size }),
  );

  it('stays within its bytes, gives back what is not kept, and finds the latest put or nothing', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60, size: 'max' }), (events) => {
        const limits = { bytes: 12_000, writingBytes: 4000 };
        const { l1, marks, put, text } = setUp(limits, 2500);
        /** What may be found: the latest body for a key, as it was put for these fields. */
        const latest = new Map<string, Map<string, string>>();
        const wrong: unknown[] = [];
        events.forEach((happened, i) => {
          if (happened.kind === 'put') {
            const body = `${i}:`.padEnd(happened.size, 'x');
            const stored = storedAt(i, happened.varies ? 'Foo' : '');
            const isKept = put({ key: happened.key, headers: ['foo', happened.foo], stored, body });
            if (!isKept) return;
            const variants = latest.get(happened.key) ?? new Map<string, string>();
            latest.set(happened.key, variants);
            variants.delete(happened.varies ? happened.foo : 'any');
            variants.set(happened.varies ? happened.foo : 'any', body);
          } else if (happened.kind === 'find') {
            const found = text(happened.key, ['foo', happened.foo]);
            const variants = latest.get(happened.key);
            const allowed = [variants?.get(happened.foo), variants?.get('any'), null];
            if (!allowed.includes(found)) wrong.push({ happened, found });
          } else if (happened.kind === 'leave') l1.write(happened.size, 2500)?.abandon();
          else {
            marks.purge({ kind: 'url', authority: 'a.example', path: `/${happened.key}`, query: '' }, false, i);
            if (text(happened.key, ['foo', '1']) !== null) wrong.push({ happened });
            latest.delete(happened.key);
          }
          if (l1.bytes > limits.bytes || l1.writingBytes !== 0)
            wrong.push({ bytes: l1.bytes, writing: l1.writingBytes });
        });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  }, 60_000);
});
