import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAttempt } from '../../pipeline/exchange.js';
import { makeExchange, makeRequest, seededRandom } from '../../pipeline/testing/harness.js';
import { AnswerStats, type Look, URLS_MAX } from './answer-stats.js';
import { BODY_BYTES_MAX, type KeptBody, Looking, PROJECTED_BYTES_MAX, tryFields } from './look.js';
import { LOOKS_PER_S, Stride } from './stride.js';
import { makeLook } from './testing/looks.js';

describe('the stride', () => {
  /** Looks, and what they stand for, of so many requests a second for so many seconds. */
  function drive(perS: number, seconds: number, seed = 1) {
    const stride = new Stride(seededRandom(seed));
    let [looks, weight] = [0, 0];
    for (let i = 0; i < perS * seconds; i += 1) {
      const nowMs = (i * 1_000) / perS;
      if (!stride.takes(nowMs)) continue;
      looks += 1;
      weight += stride.took(nowMs);
    }
    return { looks, weight };
  }

  it('looks at each request where there are few', () => {
    expect(drive(LOOKS_PER_S / 4, 20)).toEqual({ looks: 500, weight: 500 });
  });

  it('looks at about as many as it may where there are more, and they stand for all', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 20_000 }), fc.nat(), (perS, seed) => {
        const { looks, weight } = drive(perS, 10, seed);
        // Twice as many between two changes of the stride, and a dozen doublings at the beginning.
        expect(looks).toBeLessThan(LOOKS_PER_S * (2 * 10 + 15));
        expect(looks).toBeGreaterThan(LOOKS_PER_S * 2);
        // All but those behind the last look.
        expect(weight).toBeLessThanOrEqual(perS * 10);
        expect(weight / (perS * 10)).toBeGreaterThan(0.95);
      }),
      { numRuns: 20 },
    );
  });

  it('looks at all again, seconds after a flood', () => {
    const stride = new Stride(seededRandom(3));
    for (let i = 0; i < 100_000; i += 1) if (stride.takes(i / 100)) stride.took(i / 100);
    let last = 0;
    for (let i = 0; i < 400; i += 1) if (stride.takes(2_000 + i * 100)) last = stride.took(2_000 + i * 100);
    expect(last).toBe(1);
  });
});

describe('what answers of a route are like', () => {
  it('tells the same bytes from others, by URL, and since when they are the same', () => {
    const stats = new AnswerStats();
    for (const [atMs, url, digest] of [
      [0, 1, 7],
      [10, 2, 8],
      [1_000, 1, 9],
      [2_000, 1, 9],
      [5_000, 1, 9],
      [3_000, 2, 8],
    ] as const)
      stats.add(makeLook({ atMs, url, digest, weight: 2 }));
    expect(stats.repetition()).toEqual({
      ...{ urls: 2, same: 3, changed: 1, unchangedMs: 4_000, watchedMs: 7_990 },
      each: [
        { weight: 8, waitMs: 80, bytes: 8_000 },
        { weight: 4, waitMs: 40, bytes: 4_000 },
      ],
    });
  });

  it('compares only what is for everybody, asked an upstream, and says nothing of being kept', () => {
    const others: Partial<Look>[] = [
      ...[
        { isPersonal: true },
        { isSaid: true },
        { wasAsked: false },
        { digest: 0 },
        { status: 404 },
        { method: 'POST' },
      ],
    ];
    for (const other of others) {
      const stats = new AnswerStats();
      for (let i = 0; i < 3; i += 1) stats.add(makeLook(other));
      expect(stats.repetition().urls, JSON.stringify(other)).toBe(0);
    }
  });

  it('remembers so many URLs at most, those that were asked for last', () => {
    const stats = new AnswerStats();
    for (let url = 0; url < URLS_MAX; url += 1) stats.add(makeLook({ url }));
    for (const url of [0, 999, 0, 1]) stats.add(makeLook({ url }));
    // 0 stayed because it was asked for again; 1 made place for 999, and is new.
    expect(stats.repetition()).toMatchObject({ urls: 1, same: 2 });
  });

  it('loses half of all counts each time, and says when nothing is left', () => {
    const stats = new AnswerStats();
    for (let i = 0; i < 4; i += 1) stats.add(makeLook({ weight: 3, isCodable: true }));
    stats.tried('coded', { wholeBytes: 100, leftBytes: 10 });
    expect(stats.halve()).toBe(true);
    expect(stats.codable).toEqual({ looks: 2, weight: 6, bytes: 6_000 });
    expect(stats.coded).toEqual({ wholeBytes: 50, leftBytes: 5 });
    expect(stats.repetition()).toMatchObject({ same: 1.5, each: [{ weight: 6 }] });
    expect([stats.halve(), stats.halve(), stats.halve()]).toEqual([true, true, false]);
    expect(stats.repetition().urls).toBe(0);
  });
});

interface Answer {
  readonly query?: string;
  readonly asked?: readonly string[];
  readonly headers?: readonly string[];
  readonly chunks?: readonly Uint8Array[];
  readonly isWhole?: boolean;
  readonly mayRead?: boolean;
  readonly mayKeep?: boolean;
}

const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const JSON_TYPE = ['content-type', 'application/json'];

function looked(answer: Answer): { look: Look; kept: KeptBody | null } {
  const {
    query = '',
    asked = [],
    headers = JSON_TYPE,
    chunks = [],
    isWhole = true,
    mayRead = true,
    mayKeep = false,
  } = answer;
  const told: { look: Look; kept: KeptBody | null }[] = [];
  const exchange = makeExchange({ receivedAtMs: 100 });
  Object.assign(exchange, { headersAtMs: 140, endedAtMs: 150 });
  exchange.attempts.push(createAttempt('a:1', 100));
  const request = makeRequest({ exchange, method: 'GET', query, headers: asked });
  const lengthBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const looking = new Looking(
    request,
    { status: 200, headers, lengthBytes, resume: () => {} },
    {
      ...{ parameter: 'fields', mayRead: () => mayRead, mayKeep: () => mayKeep },
      looked: (seen, kept) => told.push({ look: seen, kept }),
    },
    4,
  );
  for (const chunk of chunks) looking.data(chunk);
  looking.ended(isWhole);
  const [only] = told;
  if (only === undefined || told.length > 1) throw new Error('a look is told once');
  return only;
}

describe('a look at an answer', () => {
  it('tells what it stands for, its length and how long it was waited for', () => {
    const { look: seen, kept } = looked({ chunks: [text('{"a":'), text('1}')] });
    expect(seen).toMatchObject({
      weight: 4,
      bytes: 7,
      waitMs: 40,
      atMs: 150,
      wasAsked: true,
      isJson: true,
      isSaid: false,
    });
    expect(kept).toBeNull();
  });

  it.each(['cache-control', 'expires', 'pragma', 'set-cookie'])('takes %s for something that is said', (name) => {
    expect(looked({ headers: [...JSON_TYPE, name, 'x'] }).look.isSaid).toBe(true);
  });

  it.each(['authorization', 'cookie'])('takes a request with %s for one of somebody', (name) => {
    expect(looked({ asked: [name, 'x'] }).look.isPersonal).toBe(true);
  });

  it('has one digest for one content, however it comes in pieces, and another for another', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(199), fc.nat(199), (body, cut, at) => {
        const whole = looked({ chunks: [body] }).look.digest;
        expect(looked({ chunks: [body.subarray(0, cut), body.subarray(cut)] }).look.digest).toBe(whole);
        expect(whole).not.toBe(0);
        const other = body.slice();
        other[at % body.length] = (other[at % body.length] ?? 0) ^ 1;
        expect(looked({ chunks: [other] }).look.digest).not.toBe(whole);
      }),
    );
  });

  it('compares by the entity tag where there is one', () => {
    const tagged = (tag: string, content: string) =>
      looked({ headers: [...JSON_TYPE, 'etag', tag], chunks: [text(content)] }).look.digest;
    expect(tagged('"1"', 'a')).toBe(tagged('"1"', 'b'));
    expect(tagged('"1"', 'a')).not.toBe(tagged('"2"', 'a'));
  });

  it('compares nothing that broke off, is too long, or may not be read now', () => {
    const long = [new Uint8Array(BODY_BYTES_MAX), new Uint8Array(1)];
    expect(looked({ chunks: [text('a')], isWhole: false }).look.digest).toBe(0);
    expect(looked({ chunks: [text('a')], mayRead: false }).look.digest).toBe(0);
    expect(looked({ chunks: long }).look.digest).toBe(0);
    expect(looked({ chunks: long.slice(0, 1) }).look.digest).not.toBe(0);
  });

  it('finds what could go compressed: long enough, plain, of a type that gains by it, to who takes it', () => {
    const body = [text('x'.repeat(1_024))];
    const accepts = ['accept-encoding', 'gzip'];
    expect(looked({ chunks: body, asked: accepts }).look.isCodable).toBe(true);
    expect(looked({ chunks: body }).look.isCodable).toBe(false);
    expect(looked({ chunks: [text('x')], asked: accepts }).look.isCodable).toBe(false);
    expect(looked({ chunks: body, asked: accepts, headers: ['content-type', 'image/png'] }).look.isCodable).toBe(false);
    expect(
      looked({ chunks: body, asked: accepts, headers: [...JSON_TYPE, 'content-encoding', 'gzip'] }).look.isCodable,
    ).toBe(false);
  });

  it('keeps so much of a body at most, and only what something can be tried on', () => {
    const accepts = ['accept-encoding', 'br'];
    const chunk = new Uint8Array(BODY_BYTES_MAX - 10);
    expect(looked({ chunks: [chunk, chunk], asked: accepts, mayKeep: true }).kept).toMatchObject({
      bytes: BODY_BYTES_MAX,
      encoding: 'br',
    });
    expect(looked({ chunks: [chunk], mayKeep: true }).kept).toBeNull();
    expect(looked({ chunks: [chunk], query: 'fields=a', mayKeep: true }).kept).toMatchObject({
      selection: 'a',
      encoding: null,
    });
    expect(looked({ chunks: [chunk], asked: accepts, mayKeep: false }).kept).toBeNull();
  });

  it('tries what clients name on what they get', () => {
    const body = '{"items":[{"id":1,"text":"long"},{"id":2,"text":"longer"}]}';
    const tried = (selection: string, content = body) =>
      tryFields({
        pieces: [text(content.slice(0, 9)), text(content.slice(9))],
        bytes: content.length,
        selection,
        encoding: null,
      });
    expect(tried('items(id)')).toEqual({ wholeBytes: body.length, leftBytes: '{"items":[{"id":1},{"id":2}]}'.length });
    const [long, start] = [`[${' '.repeat(PROJECTED_BYTES_MAX)}1]`, PROJECTED_BYTES_MAX];
    expect(tried('*', long)).toEqual({ wholeBytes: start, leftBytes: 1 });
    expect(tried('items(')).toBeNull();
    expect(tried('items(id)', '{"items": ]')).toBeNull();
  });
});
