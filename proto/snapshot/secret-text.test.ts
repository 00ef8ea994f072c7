// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fillReferences, referencesIn } from './secret-text.js';

const env = { A: 'one', B: 'two', DOLLAR: '${A}$$', EMPTY: '' };

it.each([
  ['plain', 'plain'],
  ['${A}', 'one'],
  ['x${A}-${B}y', 'xone-twoy'],
  ['$$', '$'],
  ['$${A}', '${A}'],
  ['$$${A}', '$one'],
  ['$A costs 5$', '$A costs 5$'],
  ['${EMPTY}', ''],
  // What comes out of the environment is not read a second time.
  ['${DOLLAR}', '${A}$$'],
])('%j is filled to %j', (text, filled) =>
  expect(fillReferences(text, env)).toEqual({ text: filled, missing: [], malformed: [] }),
);

it('a missing variable is named, and properties that every object has are not variables', () => {
  expect(fillReferences('${NOPE} ${toString} ${__proto__}', env).missing).toEqual(['NOPE', 'toString', '__proto__']);
});

it.each([
  ['${1}', '${1}'],
  ['${', '${'],
  ['${a-b} c', '${a-b}'],
  ['${A:-x}', '${A:-x}'],
  ['${}', '${}'],
])('%j is malformed', (text, piece) => expect(fillReferences(text, env).malformed).toEqual([piece]));

it('a text in which every dollar sign is doubled fills to what it was before', () => {
  const text = fc
    .array(fc.oneof(fc.constantFrom('$', '${A}', '{', '}', '$$'), fc.string()), { size: 'max', maxLength: 20 })
    .map((list) => list.join(''));
  fc.assert(
    fc.property(text, (literal) => {
      const escaped = literal.replaceAll('$', () => '$$');
      expect(fillReferences(escaped, env)).toEqual({ text: literal, missing: [], malformed: [] });
    }),
  );
});

it('finding references and filling them agree', () => {
  const text = fc
    .array(fc.oneof(fc.constantFrom('$', '${A}', '${NOPE}', '${', '}', '$$', '${1}'), fc.string()), {
      size: 'max',
      maxLength: 20,
    })
    .map((list) => list.join(''));
  fc.assert(
    fc.property(text, (template) => {
      const { names, malformed } = referencesIn(template);
      const filled = fillReferences(template, {});
      expect(filled.missing).toEqual(names);
      expect(filled.malformed).toEqual(malformed);
    }),
  );
});
