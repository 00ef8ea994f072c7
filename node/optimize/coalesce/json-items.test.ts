import fc from 'fast-check';
import { expect, it } from 'vitest';
import { itemsIn } from './json-items.js';

it.each([
  ['[]', [], []],
  [
    ' [ {"id":1} , { "id" : "b" } ] ',
    [],
    [
      ['1', '{"id":1}'],
      ['b', '{ "id" : "b" }'],
    ],
  ],
  ['{"a":{"b":[{"id":-2.5e3,"x":"]}"}]}}', ['a', 'b'], [['-2.5e3', '{"id":-2.5e3,"x":"]}"}']]],
  [
    '{"x":{"u":1},"y":[2]}',
    [],
    [
      ['x', '{"u":1}'],
      ['y', '[2]'],
    ],
  ],
  ['[{"no":1},3,null,{"id":null},{"id":"k\\"\\\\"}]', [], [['k"\\', '{"id":"k\\"\\\\"}']]],
  ['[{"id":12345678901234567890}]', [], [['12345678901234567890', '{"id":12345678901234567890}']]],
  ['[{"id":1,"id":2}]', [], [['2', '{"id":1,"id":2}']]],
  ['{"__proto__":[{"id":1}]}', ['__proto__'], [['1', '{"id":1}']]],
])('%s at %j', (text, path, items) => {
  expect([...(itemsIn(text, path, 'id') ?? [])]).toEqual(items);
});

it.each([
  ['1', []],
  ['"a"', []],
  ['{"a":1}', ['a']],
  ['{"a":[]}', ['b']],
  ['[', []],
  ['', []],
  [`${'['.repeat(300)}${']'.repeat(300)}`, []],
])('%s at %j holds no list', (text, path) => {
  expect(itemsIn(text, path, 'id')).toBeNull();
});

it('items are those of the list, whatever they hold and however it is written', () => {
  const item = fc.record({
    id: fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 1 }).map(([id]) => id),
    v: fc.jsonValue(),
  });
  const spaced = fc.constantFrom(undefined, 1, '\t');
  fc.assert(
    fc.property(
      fc.uniqueArray(item, { selector: ({ id }) => id, maxLength: 12, size: 'max' }),
      spaced,
      fc.string(),
      (list, space, at) => {
        const text = JSON.stringify({ first: [{ id: 'no' }], [`k${at}`]: list, last: '[{' }, null, space);
        const items = itemsIn(text, [`k${at}`], 'id');
        expect([...(items ?? [])].map(([id, own]) => [id, JSON.parse(own)])).toEqual(
          list.map((one) => [one.id, JSON.parse(JSON.stringify(one))]),
        );
      },
    ),
  );
});
