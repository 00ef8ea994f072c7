import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeptTexts } from './kept-texts.js';

it('holds what fits, gives it back as it was, and forgets what was unused for longest', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 60 }), fc.boolean()), {
    maxLength: 60,
    size: 'max',
  });
  fc.assert(
    fc.property(steps, (all) => {
      const kept = new KeptTexts(100);
      let model: [key: string, text: string][] = [];
      const sizeOf = (entries: readonly (readonly [string, string])[]): number =>
        entries.reduce((sum, [key, text]) => sum + key.length + text.length, 0);
      for (const [name, length, isRead] of all) {
        const key = `k${name}`;
        const known = model.find(([other]) => other === key);
        if (isRead) {
          expect(kept.get(key)).toBe(known?.[1]);
          if (known !== undefined) model = [...model.filter((entry) => entry !== known), known];
        } else {
          kept.put(key, 'x'.repeat(length));
          if (known === undefined) model.push([key, 'x'.repeat(length)]);
          while (sizeOf(model) > 100) model.shift();
        }
        expect(kept.characters).toBe(sizeOf(model));
      }
    }),
  );
});

it('does not keep what alone is longer than all', () => {
  const kept = new KeptTexts(10);
  kept.put('a', '123');
  kept.put('b', '1234567890');
  expect([kept.get('a'), kept.get('b')]).toEqual(['123', undefined]);
});
