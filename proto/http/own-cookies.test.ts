import fc from 'fast-check';
import { expect, it } from 'vitest';
import { setsOwnCookie, withoutOwnCookies } from './own-cookies.js';

const other = fc
  .stringMatching(/^[a-z_]{1,12}=[A-Za-z0-9"]{0,8}$/)
  .filter((pair) => !/^weir_(?:session|oidc)=/.test(pair));
const own = fc.constantFrom('weir_session=s', ' weir_session = s', 'weir_oidc=', 'weir_session');

it('cookies of the console are taken out of a field, and all others stay as they stood', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(other, own), { maxLength: 6 }), (pairs) => {
      const left = pairs.filter((pair) => !/^\s*weir_(?:session|oidc)\s*(?:=|$)/.test(pair));
      expect(withoutOwnCookies(pairs.join('; ')).split(/; ?/).filter(Boolean)).toEqual(left);
    }),
  );
});

it.each([
  ['weir_session=x; Path=/', true],
  ['weir_oidc=; Max-Age=0', true],
  ['weir_sessions=x', false],
  ['a=weir_session=x', false],
])('%s sets one of them: %s', (field, is) => {
  expect(setsOwnCookie(field)).toBe(is);
});
