import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isIpv4, isIpv6, readIpBlock } from './ip-block.js';

it.each([
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['192.0.2.7', '192.0.2.7/32'],
  ['::1', '::1/128'],
  ['fd00::/8', 'fd00::/8'],
  ['0.0.0.0/0', '0.0.0.0/0'],
])('%s is the block %s', (text, block) => expect(readIpBlock(text)).toEqual({ ok: true, value: block }));

it.each([
  '10.0.0.0/33',
  '::/129',
  '10.0.0/8',
  '10.0.0.0/',
  '10.0.0.0/08',
  '10.0.0.0/-1',
  '010.0.0.1',
  'localhost',
  '',
  '/8',
  '1.2.3.4/8/8',
  '10.0.0.256',
])('%j is refused', (text) => expect(readIpBlock(text).ok).toBe(false));

it('a double colon stands for at least one group, wherever it is and however many groups there are', () => {
  const group = fc.constantFrom('0', 'a', 'ffff');
  fc.assert(
    fc.property(fc.array(group, { minLength: 6, maxLength: 9 }), fc.nat(9), (groups, at) => {
      const address = `${groups.slice(0, at).join(':')}::${groups.slice(at).join(':')}`;
      expect(isIpv6(address)).toBe(groups.length <= 7);
      expect(isIpv6(groups.join(':'))).toBe(groups.length === 8);
    }),
  );
});

it('agrees with the platform about what an address is', () => {
  const part = fc.constantFrom('0', '1', 'ff', 'FFFF', '12345', '255', '256', '1.2.3.4', '', ':', '::', '.', 'g', '01');
  const text = fc
    .array(fc.tuple(part, fc.constantFrom(':', '.', '::', '')), { maxLength: 10 })
    .map((list) => list.flat().join(''));
  fc.assert(
    fc.property(fc.oneof(text, fc.ipV4(), fc.ipV6()), (address) => {
      expect(isIpv4(address)).toBe(isIPv4(address));
      expect(isIpv6(address)).toBe(isIPv6(address));
    }),
    { numRuns: 3000 },
  );
});
