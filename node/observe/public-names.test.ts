import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeTarget } from '../pipeline/testing/specs.js';
import { noTargets, publicNames } from './public-names.js';

const orders = publicNames([
  {
    id: 'orders',
    targets: [
      makeTarget({ id: '10.0.0.1:9001', host: '10.0.0.1', port: 9001 }).spec,
      makeTarget({ id: 'db.internal:80', host: 'db.internal', port: 80 }).spec,
      makeTarget({ id: '[fd00::7]:81', host: 'fd00::7', port: 81 }).spec,
      makeTarget({ id: 'a:82', host: 'a', port: 82 }).spec,
    ],
  },
  { id: 'spare', targets: [makeTarget({ id: 'spare.internal:80', host: 'spare.internal', port: 80 }).spec] },
]);

describe('public names of targets', () => {
  it('are the same one in the text of a failure, where two upstreams share a target', () => {
    const shared = { targets: [makeTarget({ id: '10.0.0.1:9001', host: '10.0.0.1', port: 9001 }).spec] };
    const names = publicNames([
      { id: 'first', ...shared },
      { id: 'second', ...shared },
    ]);
    expect([names.target('10.0.0.1:9001'), names.conceal('to 10.0.0.1:9001')]).toEqual(['first/1', 'to first/1']);
  });

  it('replace whatever name is in the text, longest first, wherever it stands', () => {
    const part = fc.constantFrom('.', '$&', '(', 'db', '-1', 'x');
    const host = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `h${parts.join('')}z.`);
    fc.assert(
      fc.property(fc.uniqueArray(host, { minLength: 1, maxLength: 8 }), fc.nat(7), (hosts, at) => {
        const targets = hosts.map((name) => makeTarget({ id: `${name}:1`, host: name, port: 1 }).spec);
        const index = at % hosts.length;
        const said = publicNames([{ id: 'u', targets }]).conceal(`<${hosts[index]}:1> and <${hosts[index]}>`);
        expect(said).toBe(`<u/${index + 1}> and <u/${index + 1}>`);
      }),
    );
  });

  it('count the targets of an upstream from one, in the order of the configuration', () => {
    expect(['10.0.0.1:9001', 'db.internal:80', '[fd00::7]:81'].map(orders.target)).toEqual([
      'orders/1',
      'orders/2',
      'orders/3',
    ]);
    expect(orders.target('10.9.9.9:1')).toBe('orders/?');
    expect(noTargets.target('10.9.9.9:1')).toBe('(unknown)');
  });

  it.each([
    ['connect ECONNREFUSED 10.0.0.1:9001', 'connect ECONNREFUSED orders/1'],
    ['getaddrinfo ENOTFOUND db.internal', 'getaddrinfo ENOTFOUND orders/2'],
    ['no answer from [fd00::7]:81 in time', 'no answer from orders/3 in time'],
    ['no answer from fd00::7', 'no answer from orders/3'],
    ['db resolved to 192.168.7.12:443, then to [2001:db8::1]:443', 'db resolved to [address], then to [address]'],
    ['bound to fe80::1 or ::1', 'bound to [address] or [address]'],
    ['sent to a:82', 'sent to orders/4'],
    ['getaddrinfo ENOTFOUND spare.internal', 'getaddrinfo ENOTFOUND spare/1'],
  ])('stand for addresses in the text of a failure: %s', (text, concealed) => {
    expect(orders.conceal(text)).toBe(concealed);
  });

  it.each([
    'the firstByte timer fired after 250 ms',
    'the answer came at 12:30 and had HTTP/1.1',
    'upstream "orders" sent 1.5 MiB',
    'a short host name is a word',
  ])('leave alone what is no address: %s', (text) => {
    expect(orders.conceal(text)).toBe(text);
  });
});
