import { readExpression } from '@weir/proto/optimize/expression.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileQuery, STEPS_MAX } from './evaluate.js';

function evaluate(text: string, data: unknown, left = STEPS_MAX) {
  const read = readExpression(text);
  if (!read.ok) throw new Error(read.message);
  const meter = { left };
  return { ...compileQuery(read.value)(data, meter), used: left - meter.left };
}
const value = (text: string, data: unknown) => {
  const evaluated = evaluate(text, data);
  return evaluated.ok ? evaluated.value : evaluated.why;
};

const data = {
  user: { name: 'Ada', vip: true, age: 36 },
  orders: [
    { id: 1, price: 20, open: true },
    { id: 2, price: 5, open: false },
    { id: 3, price: 10, open: true },
  ],
  gone: null,
};

describe('an expression over answers', () => {
  it.each([
    ['.user.name', 'Ada'],
    ['{ n: .user.name, ids: .orders | filter(.open == true) | sort(.price) | map(.id) }', { n: 'Ada', ids: [3, 1] }],
    ['.orders | map(.price) | sum()', 35],
    ['.orders | map(.id) | join("-")', '1-2-3'],
    ['.orders | keyBy(.id) | keys()', ['1', '2', '3']],
    ['[.orders, .orders] | flatten() | size()', 6],
    ['.user.name + "!"', 'Ada!'],
    ['if(.user.vip, "gold", "plain")', 'gold'],
    ['.user.age > 18 and .gone == null', true],
    ['.user.name in ["Ada", "Eva"]', true],
    ['.user.name not in ["Ada"]', false],
    ['.orders | limit(1) | pick(.id)', [{ id: 1 }]],
    ['exists(.user.vip)', true],
    ['.user.none.deeper', null],
  ])('%s', (text, expected) => {
    expect(value(text, data)).toEqual(expected);
  });

  it.each([
    '.gone | map(.id)',
    '.gone | filter(.a == 1) | sort(.b) | limit(2)',
    '.gone | size()',
    '.gone | map(.price) | sum()',
    '.gone | join(",")',
    '.gone | flatten()',
    '.gone.name + "!"',
    'split(.gone.name, " ")',
    '1 + .gone',
    'string(.gone)',
  ])('of a part that has failed it makes null: %s', (text) => {
    expect(value(text, data)).toBeNull();
  });

  it.each([
    ['.user + 1', 'an operator wants'],
    ['string(.orders)', 'an operator wants'],
    ['.orders | join(",")', 'an operator wants'],
    ['.orders | sum()', 'an operator wants'],
    ['.orders | groupBy(get())', 'an operator wants'],
    ['.user | flatten()', 'flatten() wants a list'],
    ['.user.name | map(.x)', 'does not fit'],
    ['.user.constructor', 'Unsupported property'],
    ['.user.toString', 'Unsupported property'],
    ['.orders.length', 'Unsupported property'],
  ])('%s is refused: %s', (text, why) => {
    expect(value(text, data)).toContain(why);
  });

  it('lists and objects are equal to nothing, also not to themselves', () => {
    expect(value('.user == .user', data)).toBe(false);
    expect(value('.orders in [.orders]', data)).toBe(false);
  });

  it('what an upstream sends as `__proto__` is a member like any other, and changes no other object', () => {
    const hostile = JSON.parse(
      '{"a":{"__proto__":{"admin":true},"k":"__proto__"},"l":[{"k":"__proto__"},{"k":"constructor"}]}',
    );
    expect(value('.a.admin', hostile)).toBeNull();
    expect(value('.l | keyBy(.k) | keys()', hostile)).toEqual([]);
    expect(value('.l | groupBy(.k)', hostile)).toContain('does not fit');
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('bombs end', () => {
  const twice = (inner: string, times: number) => `${inner}${' | [get(), get()] | flatten()'.repeat(times)}`;
  const numbers = { list: Array.from({ length: 1_000 }, (_, index) => index), text: 'x'.repeat(1_000) };

  it.each([
    ['a list that doubles with each step', twice('.list', 30)],
    ['a text that doubles with each step', `.text${' | (get() + get())'.repeat(30)}`],
    ['pairs of pairs, laid flat', `.list${' | map([get(), get()]) | flatten()'.repeat(14)}`],
    ['a sort of a long list by itself', `${twice('.list', 8)} | sort(get()) | sort(get()) | sort(get())`],
    [
      'a text that is cut and joined',
      `.text${' | split(get(), "") | join("yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy")'.repeat(9)}`,
    ],
  ])('%s', (_, text) => {
    const read = readExpression(text);
    if (!read.ok) throw new Error(read.message);
    const evaluated = compileQuery(read.value)(numbers, { left: STEPS_MAX });
    expect(evaluated.ok ? '' : evaluated.why).toContain('more than');
  });

  it('no expression takes more steps than it is given, whatever it is and whatever was answered', () => {
    const piece = fc.constantFrom(
      'map(get())',
      'flatten()',
      '[get(), get()]',
      '{ a: get(), b: get() }',
      'values()',
      'filter(true)',
      'reverse()',
      'sort()',
      'size()',
    );
    const json = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20, size: 'max' }), json, (pieces, answer) => {
        const { used } = evaluate(['get()', ...pieces].join(' | '), answer, 2_000);
        // The step that goes beyond is the last one; it makes one list of what is there already.
        expect(used).toBeLessThan(2_000 + 20_000);
      }),
      { numRuns: 300 },
    );
  });

  it('steps are counted for all expressions of an answer together', () => {
    const meter = { left: 10 };
    const read = readExpression('.list | map(get())');
    if (!read.ok) throw new Error(read.message);
    const run = compileQuery(read.value);
    expect(run({ list: [1] }, meter).ok).toBe(true);
    expect(run({ list: [1, 2] }, meter).ok).toBe(false);
  });
});
