import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAddressHost, isLoopback, isOwnHost, namesOf } from './own-host.js';

const port = fc.option(fc.integer({ min: 0, max: 65_535 }));
const withPort = (host: string, at: number | null): string => (at === null ? host : `${host}:${at}`);

describe('a Host field', () => {
  it('with an address in it is told from every name', () => {
    const v6 = fc.ipV6().map((address) => `[${address}]`);
    fc.assert(fc.property(fc.oneof(fc.ipV4(), v6), port, (host, at) => isAddressHost(withPort(host, at))));
    fc.assert(
      fc.property(fc.domain(), port, (host, at) => {
        expect(isAddressHost(withPort(host, at))).toBe(false);
        expect(isOwnHost(withPort(host, at), namesOf('127.0.0.1'))).toBe(false);
      }),
    );
    for (const host of ['', ':80', '1.2.3.4.evil.example', '1.2.3.4:x', '[evil.example]', '[]']) {
      expect([host, isAddressHost(host)]).toEqual([host, false]);
    }
  });

  it('matters where only this machine can ask', () => {
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1']) expect(isLoopback(host)).toBe(true);
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.evil.example', '']) expect(isLoopback(host)).toBe(false);
  });
});
