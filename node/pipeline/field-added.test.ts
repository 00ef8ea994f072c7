import { withField } from '@weir/proto/http/headers.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FieldAdded } from './field-added.js';

it('is what adding the field to each list by itself would be, whatever lists came before', () => {
  const field = fc.tuple(fc.constantFrom('x-id', 'a', 'b'), fc.constantFrom('1', '2'));
  const lists = fc.array(fc.array(field, { maxLength: 4 }), { minLength: 1, maxLength: 3 });
  const uses = fc.array(fc.tuple(fc.nat(), fc.string()), { maxLength: 20, size: 'max' });
  fc.assert(
    fc.property(lists, uses, (fields, all) => {
      const known = fields.map((each) => each.flat());
      const added = new FieldAdded('x-id');
      const made: string[][] = [];
      for (const [which, value] of all) {
        const headers = known[which % known.length] ?? [];
        const before = headers.slice();
        const list = added.to(headers, value);
        expect(list).toEqual(withField(headers, 'x-id', value));
        expect(headers).toEqual(before);
        made.push(list);
      }
      // Each is its receiver's own.
      expect(new Set(made).size).toBe(made.length);
      expect(made.map((list) => list.at(-1))).toEqual(all.map(([, value]) => value));
    }),
  );
});
