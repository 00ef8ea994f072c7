import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NOWHERE, OpenExchanges, type Placed } from './open-exchanges.js';

const MEMBERS = 12;
const steps = fc.array(fc.record({ who: fc.nat(MEMBERS - 1), joins: fc.boolean() }), { size: 'max', maxLength: 200 });

it('holds what a Set would hold, whoever joins and leaves, however often', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const members = Array.from({ length: MEMBERS }, (): Placed => ({ place: NOWHERE }));
      const open = new OpenExchanges<Placed>();
      const model = new Set<Placed>();
      for (const { who, joins } of sequence) {
        const one = members[who];
        if (one === undefined) continue;
        if (joins) {
          open.add(one);
          model.add(one);
        } else {
          open.delete(one);
          model.delete(one);
        }
        expect(open.size).toBe(model.size);
        expect(members.every((each) => (each.place !== NOWHERE) === model.has(each))).toBe(true);
        expect([...open].every((each) => model.has(each))).toBe(true);
        expect(new Set(open).size).toBe(model.size);
      }
    }),
  );
});
