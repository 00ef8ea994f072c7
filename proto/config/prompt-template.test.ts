import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTemplate, variablesOf } from './prompt-template.js';

const piecesOf = (text: string) => {
  const read = readTemplate(text);
  return read.ok ? read.value.map(({ text: plain, variable, when }) => [variable ?? plain, when]) : read.message;
};

describe('a template', () => {
  it.each([
    ['Hello', [['Hello', null]]],
    ['', []],
    [
      'To {{ to }}: {{text}}',
      [
        ['To ', null],
        ['to', null],
        [': ', null],
        ['text', null],
      ],
    ],
    [
      '{{#tone}}In a {{tone}} tone. {{/tone}}Go',
      [
        ['In a ', 'tone'],
        ['tone', 'tone'],
        [' tone. ', 'tone'],
        ['Go', null],
      ],
    ],
    ['{"a": {"b": 1}} \\{{x}}', [['{"a": {"b": 1}} {{x}}', null]]],
  ])('%s', (text, pieces) => {
    expect(piecesOf(text)).toEqual(pieces);
  });

  it.each([
    ['{{ user.name }}', 'two braces begin a variable'],
    ['{{#a}}x', '{{#a}} is never closed'],
    ['{{#a}}{{#b}}x{{/b}}{{/a}}', '{{#b}} stands inside of {{#a}}'],
    ['x{{/a}}', '{{/a}} closes nothing'],
    ['{{{raw}}}', 'two braces begin a variable'],
  ])('%s is refused, for whoever wrote it meant more', (text, message) => {
    expect(piecesOf(text)).toContain(message);
  });

  it('gives back every text that has no two braces in it, and every name between them', () => {
    const plain = fc.string({ unit: 'binary', size: 'max', maxLength: 60 }).filter((text) => !/\{|\\$/.test(text));
    const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,9}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(plain, name), { size: 'max', maxLength: 8 }), (parts) => {
        const read = readTemplate(parts.map(([text, one]) => `${text}{{${one}}}`).join(''));
        expect(read.ok && variablesOf(read.value)).toEqual(parts.map(([, one]) => one));
        const texts = read.ok ? read.value.filter(({ variable }) => variable === null).map(({ text }) => text) : [];
        expect(texts.join('|')).toBe(
          parts
            .map(([text]) => text)
            .filter((text) => text !== '')
            .join('|'),
        );
      }),
    );
  });
});
