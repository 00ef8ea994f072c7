import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMachineAddress, isMachineHost } from './machine-address.js';

describe('addresses of the machine and of its cloud', () => {
  it.each([
    ...['169.254.169.254', '169.254.0.1', '0.0.0.0', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
    ...['2852039166', '0xa9.0xfe.0xa9.0xfe', '169.254.43518', '0251.0376.0251.0376', '169.254.169.254.'],
    ...['fe80::1', '[fe80::1]', 'fe80::1%eth0', 'febf::1', '::', 'fd00:ec2::254', 'fd20:ce::254', 'fd00:c1::a9fe:a9fe'],
    ...[
      '::ffff:169.254.169.254',
      '[::169.254.169.254]',
      '64:ff9b::a9fe:a9fe',
      '64:ff9b:1::a9fe:a9fe',
      '2002:a9fe:a9fe::',
    ],
    ...['::ffff:0:169.254.169.254', '2001:0:1::5601:5601', '2001:db8::5efe:a9fe:a9fe', '::ffff:100.100.100.200'],
    ...['metadata', 'METADATA.google.internal.', 'metadata.goog', 'instance-data'],
  ])('%s is one', (host) => {
    expect(isMachineHost(host)).toBe(true);
  });

  it.each([
    ...[
      '127.0.0.1',
      '::1',
      '10.0.0.1',
      '192.168.1.1',
      '172.16.0.1',
      '100.100.100.201',
      '169.253.255.255',
      '169.255.0.0',
    ],
    ...[
      'fd12::1',
      'fec0::1',
      '2001:db8::a9fe:a9fe',
      '::ffff:10.0.0.1',
      '64:ff9b::808:808',
      '2002:808:808::',
      '::7f00:1',
    ],
    ...['api.example.com', '169.254.169.254.nip.io', 'metadata.example.com', '', 'a b', '1.2.3.4.5', '[', ':::'],
  ])('%s is none', (host) => {
    expect(isMachineHost(host)).toBe(false);
  });

  it('of IPv4 are the same within IPv6, in each of the ways to put one there', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const near = fc.tuple(fc.constantFrom(168, 169, 170), fc.constantFrom(253, 254, 255), byte, byte);
    fc.assert(
      fc.property(fc.oneof(near, fc.tuple(byte, byte, byte, byte)), (bytes) => {
        const text = bytes.join('.');
        const hex = bytes.map((one) => one.toString(16).padStart(2, '0')).join('');
        const two = `${hex.slice(0, 4)}:${hex.slice(4)}`;
        fc.pre(two !== '0000:0001');
        const judged = [`::ffff:${text}`, `::${two}`, `64:ff9b::${two}`, `2002:${two}::`].map(isMachineAddress);
        expect(judged).toEqual(judged.map(() => isMachineAddress(text)));
      }),
    );
  });

  it('any text is judged without an end', () => {
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => typeof isMachineHost(text) === 'boolean'));
  });
});
