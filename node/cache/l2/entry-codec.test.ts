import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import type { LifetimeSource } from '../freshness.js';
import { decodeHead, encodeHead, HEAD_BYTES_MAX, HEAD_VERSION, type KeptHead } from './entry-codec.js';

const ms = fc.oneof(fc.double({ min: 0, max: 1e13, noNaN: true }), fc.nat());
const name = fc.constantFrom('content-type', 'cache-control', 'etag', 'x-own', 'vary', '~odd!');
const value = fc.stringMatching(/^[\t\x20-\x7e\x80-\u20ff]{0,40}$/);
const fields = fc.array(fc.tuple(name, value), { maxLength: 8 }).map((pairs) => pairs.flat());
const sources: readonly LifetimeSource[] = ['override', 'target', 's-maxage', 'max-age', 'expires', 'default', 'none'];

const head: fc.Arbitrary<KeptHead> = fc.record({
  stored: fc.record({
    status: fc.constantFrom(200, 203, 301, 404, 500),
    headers: fields,
    control: fields,
    reuse: fc.record({
      freshMs: ms,
      source: fc.constantFrom(...sources),
      staleWhileRevalidateMs: ms,
      staleIfErrorMs: ms,
      isErrorLimitOfOrigin: fc.boolean(),
      isClientsChoice: fc.boolean(),
      alwaysAsks: fc.boolean(),
      immutable: fc.boolean(),
    }),
    bornAtMs: ms,
    askedAtMs: ms,
    etag: fc.constantFrom(null, '"a"', 'W/"b"'),
    lastModifiedMs: fc.option(ms),
    dateMs: ms,
    part: fc.constant(null),
    vary: fc.subarray(['accept', 'accept-language', 'origin']),
  }),
  authority: fc.constantFrom('a.example', '[::1]:8080'),
  path: fc.webPath(),
  url: fc.webUrl(),
  tags: fc.array(fc.string({ maxLength: 20 }), { maxLength: 5 }),
  bytes: fc.nat(),
});

const packr = new Packr({ useRecords: false });

function encoded(of: KeptHead): Uint8Array {
  const bytes = encodeHead(of);
  if (bytes === null) throw new Error('too long');
  return bytes;
}

const plain: KeptHead = {
  stored: {
    status: 200,
    headers: ['etag', '"1"'],
    control: [],
    reuse: {
      freshMs: 60_000,
      source: 'max-age',
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 0,
      isErrorLimitOfOrigin: false,
      isClientsChoice: true,
      alwaysAsks: false,
      immutable: false,
    },
    bornAtMs: 1_700_000_000_000,
    askedAtMs: 1_700_000_000_001,
    etag: '"1"',
    lastModifiedMs: null,
    dateMs: 1_700_000_000_000,
    part: null,
    vary: ['accept'],
  },
  authority: 'a.example',
  path: '/x',
  url: 'a.example/x?',
  tags: ['t'],
  bytes: 5,
};

describe('the head of a response in Redis', () => {
  it('comes back as it went', () => {
    fc.assert(
      fc.property(head, (of) => {
        const bytes = encoded(of);
        expect(bytes[0]).toBe(HEAD_VERSION);
        expect(decodeHead(bytes)).toEqual(of);
      }),
    );
  });

  it('is these bytes: whoever changes them changes the version', () => {
    expect(Buffer.from(encoded(plain)).toString('hex')).toBe(GOLDEN);
    expect(decodeHead(Buffer.from(GOLDEN, 'hex'))).toEqual(plain);
  });

  it('of another version, or none, is nothing', () => {
    const bytes = encoded(plain);
    for (let version = 0; version < 256; version += 1) {
      bytes[0] = version;
      expect(decodeHead(bytes) !== null).toBe(version === HEAD_VERSION);
    }
    expect(decodeHead(new Uint8Array(0))).toBeNull();
  });

  it('with any byte changed, cut off or added never throws, and whatever is read can be sent', () => {
    const whole = encoded(plain);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
        const changed = Uint8Array.from(whole);
        changed[at] = byte;
        for (const bytes of [changed, whole.slice(0, length), Buffer.concat([whole, Buffer.of(byte)])]) {
          const read = decodeHead(bytes);
          if (bytes.length !== whole.length) expect(read).toBeNull();
          for (const text of read?.stored.headers ?? []) expect(text).not.toMatch(/[\r\n\0]/);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('of bytes by chance never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeHead(Uint8Array.of(HEAD_VERSION, ...bytes))).toBeNull();
      }),
    );
  });

  it('with a member that is not what it must be is nothing', () => {
    const members: unknown[] = packr.unpack(encoded(plain).slice(1));
    const bad: readonly (readonly [number, unknown])[] = [
      ...[99, 206, 304, 600, '200', 200.5, null].map((status) => [0, status] as const),
      ...[['a'], ['A', 'x'], ['a b', 'x'], ['a', 'x\r\ny: z'], ['content-length', '5'], 'x', [1, 2]].map(
        (headers) => [1, headers] as const,
      ),
      [1, ['transfer-encoding', 'chunked']],
      [1, ['connection', 'x']],
      [2, ['a']],
      ...[null, [], [1, 2, 3, 4, 5, 6, 7, 8], [-1, 'none', 0, 0, true, true, true, true]].map((r) => [3, r] as const),
      [3, [1, 'toString', 0, 0, true, true, true, true]],
      [3, [1, 'none', 0, 0, 1, true, true, true]],
      ...[Number.NaN, Number.POSITIVE_INFINITY, null, 'x'].map((time) => [4, time] as const),
      [5, null],
      [6, 'not "a tag'],
      [6, 5],
      [7, 'x'],
      [8, null],
      [9, ['Accept']],
      [9, 'accept'],
      ...[10, 11, 12].map((member) => [member, 5] as const),
      [13, Array.from({ length: 257 }, (_, i) => `t${i}`)],
      [13, ['x'.repeat(257)]],
      [14, -1],
      [14, 1.5],
    ];
    expect(decodeHead(Uint8Array.of(HEAD_VERSION, ...packr.pack(members)))).toEqual(plain);
    for (const [at, member] of bad) {
      const changed = members.map((before, i) => (i === at ? member : before));
      expect([at, member, decodeHead(Uint8Array.of(HEAD_VERSION, ...packr.pack(changed)))]).toEqual([at, member, null]);
    }
    for (const other of [members.slice(1), [...members, 1], {}, 5]) {
      expect(decodeHead(Uint8Array.of(HEAD_VERSION, ...packr.pack(other)))).toBeNull();
    }
  });

  it('that is too long is not kept, and not read', () => {
    const headers = ['x-long', 'x'.repeat(HEAD_BYTES_MAX)];
    expect(encodeHead({ ...plain, stored: { ...plain.stored, headers } })).toBeNull();
    expect(decodeHead(new Uint8Array(HEAD_BYTES_MAX + 1).fill(HEAD_VERSION))).toBeNull();
  });
});

const GOLDEN =
  '019fccc892a465746167a32231229098cdea60a76d61782d6167650000c2c3c2c2cb4278bcfe56800000cb4278bcfe56801000a3223122c0' +
  'cb4278bcfe5680000091a6616363657074a9612e6578616d706c65a22f78ac612e6578616d706c652f783f91a17405';
