import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { compileCidrSet, parseIPv4 } from './cidr-set.js';

describe('a set of CIDR blocks', () => {
  it.each([
    [['10.0.0.0/8'], '10.255.255.255', true],
    [['10.0.0.0/8'], '11.0.0.0', false],
    [['10.1.2.3/8'], '10.0.0.0', true],
    [['192.0.2.7'], '192.0.2.7', true],
    [['192.0.2.7'], '192.0.2.8', false],
    [['0.0.0.0/0'], '255.255.255.255', true],
    [['0.0.0.0/0'], '::1', false],
    [['::/0'], '192.0.2.1', false],
    [['::/0'], 'fe80::1%eth0', true],
    [['2001:db8::/32'], '2001:DB8:ffff::1', true],
    [['2001:db8::/32'], '2001:db9::', false],
    [['10.0.0.0/8'], '::ffff:10.1.1.1', true],
    [['10.0.0.0/8'], '::ffff:a01:101', true],
    [['::ffff:10.0.0.0/104'], '10.1.1.1', true],
    [['::ffff:0:0/96'], '8.8.8.8', true],
    [['10.0.0.0/9', '10.128.0.0/9', '9.0.0.0/8'], '10.128.0.1', true],
    [['10.0.0.0/8', '10.1.0.0/16'], '10.200.0.0', true],
    [[], '10.0.0.1', false],
    [['0.0.0.0/0'], 'localhost', null],
    [['0.0.0.0/0'], '', null],
    [['0.0.0.0/0'], '010.0.0.1', null],
    [['0.0.0.0/0'], '1.2.3', null],
    [['0.0.0.0/0'], '1.2.3.4.5', null],
    [['0.0.0.0/0'], '1.2.3.256', null],
    [['0.0.0.0/0'], '0x7f.0.0.1', null],
    [['0.0.0.0/0'], '1..2.3', null],
  ])('%j has %s: %s', (blocks, address, expected) => expect(compileCidrSet(blocks).has(address)).toBe(expected));

  it.each(['10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/', '10.0.0/8', '::/129', '::ffff:0:0/95', 'x', '', '10.0.0.0/8/8'])(
    '%j is no block',
    (block) => expect(() => compileCidrSet([block])).toThrow('not a CIDR block'),
  );

  it('agrees with a look at each block, bit by bit', () => {
    // Few distinct values in few places, so that blocks overlap, touch and are hit.
    const byte = fc.constantFrom(0, 1, 127, 128, 255);
    const v4 = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.'));
    const v6 = fc
      .tuple(byte, byte, byte, byte)
      .map((b) => `2001:${b[0].toString(16)}::${b[1].toString(16)}:${b[2]}:${b[3]}`);
    const block = fc.oneof(
      fc.tuple(v4, fc.integer({ min: 0, max: 32 })),
      fc.tuple(v6, fc.integer({ min: 0, max: 128 })),
    );
    fc.assert(
      fc.property(
        fc.array(block, { maxLength: 12, size: 'max' }),
        fc.array(fc.oneof(v4, v6), { minLength: 1 }),
        (blocks, asked) => {
          const set = compileCidrSet(blocks.map(([address, bits]) => `${address}/${bits}`));
          for (const text of asked) {
            const address = ipaddr.parse(text);
            const expected = blocks.some(([first, bits]) => {
              const range = ipaddr.parse(first);
              return range.kind() === address.kind() && address.match(range, bits);
            });
            expect(set.has(text)).toBe(expected);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('survives any text', () => {
    const set = compileCidrSet(['0.0.0.0/0', '::/0']);
    const hostile = fc.string({
      unit: fc.constantFrom('0', '1', '9', '.', ':', 'f', '%', '/', 'é'),
      maxLength: 50,
      size: 'max',
    });
    fc.assert(
      fc.property(hostile, (text) => {
        const strict = ipaddr.IPv4.isValidFourPartDecimal(text) && !/(^|\.)0\d/.test(text);
        expect([true, null]).toContain(set.has(text));
        expect(parseIPv4(text) !== -1).toBe(strict);
      }),
      { numRuns: 1_000 },
    );
  });
});
