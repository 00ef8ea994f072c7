import { parse } from '@jsonquerylang/jsonquery';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXPRESSION_LENGTH_MAX, functionShapes, type Query, readExpression, readsOf } from './expression.js';

const why = (text: string): string => {
  const read = readExpression(text);
  return read.ok ? '' : read.message;
};
const reads = (text: string): string[] => readsOf(parse(text) as Query).map((path) => path.join('.'));

describe('what an expression may say', () => {
  it.each([
    '.user.name',
    '{ name: .user.name, total: .orders | map(.price) | sum() }',
    '.orders | filter(.open == true and .price > 10) | sort(.price, "desc") | limit(3) | pick(.id, .price)',
    'if(exists(.user.vip), "gold", "plain")',
    '.a + .b * 2',
    '[.a, .b] | flatten() | join(", ")',
    '.status.user == 200',
    '.name in ["a", "b"]',
    '.text | split(" ") | size()',
  ])('%s is sound', (text) => {
    expect(why(text)).toBe('');
  });

  it.each([
    ['.a | regex(.b, "(a+)+$")', 'the function "regex" is not one of those'],
    ['.a | match("x")', 'the function "match"'],
    ['.a | uniq()', 'the function "uniq"'],
    ['constructor(.a)', 'the function "constructor"'],
    ['toString()', 'the function "toString"'],
    ['__proto__(1)', '`__proto__` is no name'],
    ['.user.__proto__.x', '`__proto__` is no name'],
    ['{ "__proto__": .a }', '`__proto__` is no name'],
    ['.a | join(.b)', 'join() has a text'],
    [`.a | join("${'x'.repeat(65)}")`, 'join() has a text'],
    ['.a | limit(.b)', 'limit() has a number'],
    ['.a | sort(.b, .c)', 'sort() goes'],
    ['.a | pick("b")', 'pick() has paths'],
    ['.a | map()', 'map() has 1 arguments, not 0'],
    ['object(null)', 'an object is written'],
    ['get(.a)', 'a path is written'],
    ['.a |', 'is no expression'],
    ['', 'is no expression'],
    ['.a b', 'is no expression'],
    [`.a${'x'.repeat(EXPRESSION_LENGTH_MAX)}`, 'longer than'],
    [`${'('.repeat(40)}.a${')'.repeat(40)}`, 'nested deeper'],
    [`${'['.repeat(2000)}`, 'nested deeper'],
    [`[${'[1],'.repeat(300)}1]`, 'more than 500 steps'],
  ])('%s: %s', (text, message) => {
    expect(why(text)).toContain(message);
  });

  it('is read or refused within bounds, whatever the text', () => {
    const piece = fc.constantFrom(
      '.a',
      '"b"',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      ',',
      ':',
      '|',
      '==',
      'and',
      'map',
      '1',
      ' ',
      '\\',
      '"',
      '^',
      'in',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { size: 'max', maxLength: 60 }).map((all) => all.join('')),
        ),
        (text) => {
          const read = readExpression(text);
          if (read.ok) expect(readsOf(read.value)).toBeInstanceOf(Array);
          else expect(read.message.length).toBeLessThan(600);
        },
      ),
    );
  });

  it('every function of the table is one that the library has', () => {
    for (const name of Object.keys(functionShapes)) {
      const isOperator = !/^[a-z]+$/i.test(name);
      expect(isOperator || typeof parse(`${name}()`) === 'object').toBe(true);
    }
  });
});

describe('where an expression looks', () => {
  it.each([
    ['.user.name', ['user.name']],
    ['.user.orders.0.id', ['user.orders.0.id']],
    ['{ a: .user.id, b: .orders | map(.user) }', ['user.id', 'orders']],
    ['if(.a.b == 1, .c, [.d])', ['a.b', 'c', 'd']],
    ['.orders | filter(.x == 1) | map(.y)', ['orders']],
    ['exists(.user.vip)', ['user.vip']],
    ['.name in ["a"]', ['name']],
    ['map(.id)', ['']],
    ['size()', ['']],
    ['get()', ['']],
    ['get() | pick(.user)', ['']],
    ['1 + 2', []],
  ])('%s', (text, paths) => {
    expect(reads(text)).toEqual(paths);
  });
});
