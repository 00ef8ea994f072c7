import fc from 'fast-check';
import { expect, it } from 'vitest';
import { forwardedElement, hopsThrough } from './forwarded.js';

it('names the peer, the authority and the scheme of each request, whoever came before', () => {
  const address = fc.constantFrom('192.0.2.1', '192.0.2.10', '2001:db8::1');
  const authority = fc.constantFrom('a', 'b.example', 'b.example:80', 'a"b');
  const asked = fc.tuple(address, authority, fc.constantFrom('http', 'https'));
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 20, size: 'max' }), (requests) => {
      for (const [peer, host, scheme] of requests) {
        const node = peer.includes(':') ? `"[${peer}]"` : peer;
        const named = { a: 'a', 'b.example': 'b.example', 'b.example:80': '"b.example:80"', 'a"b': '"a\\"b"' }[host];
        expect(forwardedElement(peer, host, scheme)).toBe(`for=${node};host=${named};proto=${scheme}`);
      }
    }),
  );
});

it.each([
  ['1.1 weir', 1],
  ['1.1 Weir, 1.0 other,1.1  weir (x)', 2],
  ['1.1 weirs, weir', 0],
])('counts the hops of %j', (via, hops) => expect(hopsThrough(via, 'weir')).toBe(hops));
