// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { conceal } from './conceal.js';
import { quote } from './units.js';

const KEY = 'correct-horse-battery';
const variables = new Map([['KEY', KEY]]);

it.each([
  [`there is no ${KEY} here`, 'there is no ${KEY} here'],
  [`${KEY}${KEY}`, '${KEY}${KEY}'],
  [`cut ${KEY.slice(0, 12)}…`, 'cut ${KEY}…'],
  [`lowered ${KEY.toUpperCase()}`, 'lowered ${KEY}'],
  ['correct ho', 'correct ho'],
])('%j', (message, shown) => expect(conceal(message, variables)).toBe(shown));

it('a short value is left alone: it would garble every message and hides nothing', () => {
  expect(conceal('the port 8080', new Map([['PORT', '8080']]))).toBe('the port 8080');
});

it('no stretch of a value that is long enough survives, quoted, cut or escaped', () => {
  // Values without repeats in themselves, so that a stretch found afterwards can only be one that was left.
  const secret = fc
    .uniqueArray(fc.constantFrom(...'abcdefghij"\\KLMNOP0123456789'), { minLength: 8, maxLength: 24 })
    .map((list) => list.join(''));
  fc.assert(
    fc.property(secret, fc.string({ size: 'max', maxLength: 200 }), fc.nat(70), (value, around, padding) => {
      const shown = conceal(`${quote(`${' '.repeat(padding)}${value}${around}`)} ${value}`, new Map([['V', value]]));
      expect(shown).not.toContain(value);
      expect(shown).not.toContain(JSON.stringify(value).slice(1, -1));
    }),
  );
});
