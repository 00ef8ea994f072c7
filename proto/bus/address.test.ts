import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, parseAddress, reachableAddress } from './address.js';

describe('parseAddress', () => {
  it.each([
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['[::1]:8080', '::1', 8080],
    ['localhost:0', 'localhost', 0],
    [':9090', '127.0.0.1', 9090],
    ['9090', '127.0.0.1', 9090],
  ])('reads %s', (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port });
  });

  it.each([
    '',
    ':',
    'host',
    '::1:8080',
    '1.2.3.4:65536',
    '1.2.3.4:-1',
    '[::1]',
    '[::1]8080',
    'http://a:1',
    'a b:1',
    'a:1 ',
  ])('refuses %s', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  it('reads what formatAddress writes', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(fc.record({ host, port: fc.integer({ min: 0, max: 65_535 }) }), (address) => {
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
    );
  });

  it('names an address that one can go to', () => {
    expect(reachableAddress({ host: '0.0.0.0', port: 1 })).toBe('127.0.0.1:1');
    expect(reachableAddress({ host: '::', port: 1 })).toBe('[::1]:1');
    expect(reachableAddress({ host: '10.0.0.1', port: 1 })).toBe('10.0.0.1:1');
  });
});
