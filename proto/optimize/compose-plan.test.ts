import fc from 'fast-check';
import { expect, it } from 'vitest';
import { circleIn, readsOfAll, readyParts } from './compose-plan.js';

/** Parts 0 to n-1, each of which may need any other. */
const graphs = fc
  .integer({ min: 1, max: 8 })
  .chain((count) =>
    fc.array(fc.array(fc.integer({ min: 0, max: count - 1 }), { maxLength: 3 }), {
      minLength: count,
      maxLength: count,
    }),
  )
  .map((lists) => new Map(lists.map((needs, index) => [`p${index}`, needs.map((need) => `p${need}`)])));

it('what has no circle can be asked to its end, each part behind what it needs; what has one cannot', () => {
  fc.assert(
    fc.property(graphs, (needs) => {
      const order: string[] = [];
      const asked = new Set<string>();
      for (let ready = readyParts(needs, asked, asked); ready.length > 0; ready = readyParts(needs, asked, asked)) {
        for (const name of ready) {
          for (const need of needs.get(name) ?? []) expect(order).toContain(need);
        }
        for (const name of ready) {
          order.push(name);
          asked.add(name);
        }
      }
      expect(order.length === needs.size).toBe(circleIn(needs) === null);
    }),
    { numRuns: 500 },
  );
});

it('a circle is told as the parts that make it', () => {
  fc.assert(
    fc.property(graphs, (needs) => {
      const circle = circleIn(needs);
      if (circle === null) return;
      expect(circle.at(0)).toBe(circle.at(-1));
      for (const [index, name] of circle.slice(0, -1).entries()) expect(needs.get(name)).toContain(circle[index + 1]);
    }),
  );
});

it('parts, the request, the element and errors are told apart', () => {
  const reads = readsOfAll([
    ['get', 'user', 'id'],
    ['get', 'request', 'params', 'id'],
    ['get', 'status', 'orders'],
    ['eq', ['get', 'item', 'x'], ['get', 'user']],
    ['get', 'errors'],
  ]);
  expect(reads).toEqual({
    ...{ parts: ['user', 'orders'], request: [['params', 'id']], item: true, errors: true, whole: false },
  });
  expect(readsOfAll([['get']]).whole).toBe(true);
  expect(readsOfAll([['get', 'status']]).whole).toBe(true);
});
