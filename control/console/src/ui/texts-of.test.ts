import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textsOf } from './texts-of.js';

describe('inputs of a form', () => {
  it('show each its own text, and set nothing else', () => {
    const texts = fc.record({ url: fc.string(), key: fc.string() });
    fc.assert(
      fc.property(texts, fc.constantFrom('url' as const, 'key' as const), fc.string(), (form, name, typed) => {
        const sets: object[] = [];
        const { value, onChange } = textsOf(form, (part) => sets.push(part))(name);
        onChange({ currentTarget: { value: typed } });
        expect([value, sets]).toEqual([form[name], [{ [name]: typed }]]);
      }),
    );
  });
});
