import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queriesOf, readTemplate } from './template.js';

const read = (text: string) => {
  const reading = readTemplate(text);
  return reading.ok ? reading.value : reading.message;
};

describe('texts with places', () => {
  it.each([
    ['/users', ['/users']],
    ['/users/{id}', ['/users/', { query: ['get', 'request', 'params', 'id'] }]],
    ['/a/{*}', ['/a/', { query: ['get', 'request', 'params', '*'] }]],
    ['{.user.id}', [{ query: ['get', 'user', 'id'] }]],
    ['a{ .x }b{.y}', ['a', { query: ['get', 'x'] }, 'b', { query: ['get', 'y'] }]],
    ['{.a | map({ b: .c })}', [{ query: ['pipe', ['get', 'a'], ['map', ['object', { b: ['get', 'c'] }]]] }]],
    ['{.a == "}"}', [{ query: ['eq', ['get', 'a'], '}'] }]],
    ['{{id}}', ['{id}']],
    ['', []],
  ])('%s', (text, pieces) => {
    expect(read(text)).toEqual(pieces);
  });

  it.each([
    ['/a/{id', 'not closed'],
    ['/a/id}', 'closes nothing'],
    ['/a/{}', 'empty'],
    ['/a/{.b c}', 'is no expression'],
    ['/a/{regex(.b, "x")}', 'is not one of those'],
    ['{.a == "x}', 'not closed'],
    ['x'.repeat(9000), 'longer than'],
  ])('%s: %s', (text, message) => {
    expect(read(text)).toContain(message);
  });

  it('a text without braces stands as it is, and doubled ones are braces', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        const escaped = text.replaceAll('{', '{{').replaceAll('}', '}}');
        const reading = readTemplate(escaped);
        expect(reading.ok && reading.value.join('')).toBe(text);
        if (reading.ok) expect(queriesOf(reading.value)).toEqual([]);
      }),
    );
  });
});
