import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formBytesMax, KeptForms } from './kept-forms.js';

describe('kept forms', () => {
  it('of all routes are no more than the node has room for, and of each no more than it may keep', () => {
    const step = fc.tuple(
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 0, max: 400 }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const node = new KeptForms(3_000);
        const routes = [node.open(2_000), node.open(1_000), node.open(10_000)];
        // In the order of their last use.
        let model: { route: number; key: string; length: number }[] = [];
        const sizeOf = (kept: { key: string; length: number }): number => kept.length + 2 * kept.key.length + 200;
        const sum = (of: number | null): number =>
          model.filter(({ route }) => of === null || route === of).reduce((all, kept) => all + sizeOf(kept), 0);
        const bounds = [2_000, 1_000, 3_000];
        for (const [route, name, length, isRead] of steps) {
          const key = `k${name}`;
          const known = model.find((kept) => kept.route === route && kept.key === key);
          if (isRead) {
            expect(routes[route]?.get(key)?.length).toBe(known?.length);
            if (known !== undefined) model = [...model.filter((kept) => kept !== known), known];
          } else {
            routes[route]?.put(key, new Uint8Array(length));
            const kept = { route, key, length };
            if (known === undefined && sizeOf(kept) <= (bounds[route] ?? 0)) model.push(kept);
            const evict = (of: number | null, max: number): void => {
              while (sum(of) > max)
                model.splice(
                  model.findIndex((one) => of === null || one.route === of),
                  1,
                );
            };
            evict(route, bounds[route] ?? 0);
            evict(null, 3_000);
          }
          expect([node.bytes, node.count]).toEqual([sum(null), model.length]);
          routes.forEach((one, index) => void expect(one.bytes).toBe(sum(index)));
        }
      }),
    );
  });

  it('of a route that was compiled anew make room for its new ones', () => {
    const node = new KeptForms(1_000);
    const old = node.open(1_000);
    old.put('a', new Uint8Array(500));
    const made = node.open(1_000);
    expect(made.get('a')).toBe(undefined);
    made.put('a', new Uint8Array(600));
    expect([old.bytes, made.get('a')?.length, node.count, node.evictions]).toEqual([0, 600, 1, 1]);
  });

  it('are none that are too long, and none where none are to be kept', () => {
    const node = new KeptForms();
    node.open(formBytesMax * 4).put('a', new Uint8Array(formBytesMax + 1));
    node.open(0).put('a', new Uint8Array(1));
    expect([node.bytes, node.count]).toEqual([0, 0]);
  });
});
