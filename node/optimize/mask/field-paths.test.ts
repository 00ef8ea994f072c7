import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FieldPaths } from './field-paths.js';

const name = fc.constantFrom('a', 'b', 'c', '', '*');
const path = fc
  .array(fc.constantFrom('a', 'b', '*', '**'), { minLength: 1, maxLength: 4 })
  .map((steps) => [...steps, 'a'] as const);

it('a walk comes to the same whether its steps were walked before or not', () => {
  fc.assert(
    fc.property(
      fc.array(path, { minLength: 1, maxLength: 4 }),
      fc.array(fc.array(name), { maxLength: 8 }),
      (paths, walks) => {
        const known = new FieldPaths(paths);
        for (const walk of walks) {
          let [one, other] = [known.start, new FieldPaths(paths).start];
          for (const member of walk) {
            const [remembered, anew] = [known.step(one, member), new FieldPaths(paths).step(other, member)];
            expect(remembered).toEqual(anew);
            [one, other] = [remembered.standing, anew.standing];
          }
        }
      },
    ),
  );
});

it('paths that stand at many steps at once cost no more for each member of a large object', () => {
  const anywhere = Array.from({ length: 15 }, () => ['**', 'a']).flat();
  const paths = new FieldPaths(Array.from({ length: 100 }, (_, i) => [...anywhere, '**', `z${i}`]));
  let { start: standing } = paths;
  for (let depth = 0; depth < 16; depth += 1) ({ standing } = paths.step(standing, 'a'));
  expect(standing.length).toBe(1_600);
  const { standing: below } = paths.step(standing, 'm');
  for (let i = 0; i < 100_000; i += 1) expect(paths.step(standing, `m${i}`).standing === below).toBe(true);
  expect(paths.step(standing, 'z7').isMeant).toBe(true);
});

it('what is remembered is bounded, and what was forgotten is found again', () => {
  const paths = new FieldPaths(Array.from({ length: 100 }, (_, i) => ['**', `a${i}`, 'z']));
  const first = paths.step(paths.start, 'a0');
  for (let i = 0; i < 100; i += 1)
    for (let j = 0; j < 100; j += 1) paths.step(paths.step(paths.start, `a${i}`).standing, `a${j}`);
  const again = paths.step(paths.start, 'a0');
  expect(again).toEqual(first);
  expect(again).not.toBe(first);
});
