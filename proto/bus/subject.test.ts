import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPattern, isSubject, matchesPattern, subjectLengthMax } from './subject.js';

const word = fc.stringMatching(/^[a-c_-]{1,3}$/);
const words = fc.array(word, { minLength: 1, maxLength: 5 });
const patternWords = fc.tuple(fc.array(fc.oneof(word, fc.constant('*')), { minLength: 1, maxLength: 5 }), fc.boolean());

/** The definition, as a regular expression. */
function reference(pattern: string, subject: string): boolean {
  const parts = pattern.split('.').map((part) => (part === '*' ? '[^.]+' : part === '>' ? '.+' : part));
  return new RegExp(`^${parts.join('\\.')}$`).test(subject);
}

describe('patterns of subjects', () => {
  it('match what their definition says', () => {
    fc.assert(
      fc.property(patternWords, words, ([parts, isOpen], subject) => {
        const pattern = [...parts, ...(isOpen ? ['>'] : [])].join('.');
        expect(isPattern(pattern)).toBe(true);
        expect(matchesPattern(pattern, subject.join('.'))).toBe(reference(pattern, subject.join('.')));
      }),
    );
  });

  it('match the subject that they were made from', () => {
    fc.assert(
      fc.property(words, fc.nat(4), (subject, at) => {
        const text = subject.join('.');
        const starred = subject.map((part, index) => (index === at ? '*' : part)).join('.');
        expect([text, starred, '>'].every((pattern) => matchesPattern(pattern, text))).toBe(true);
        expect(matchesPattern(`${text}.>`, text)).toBe(false);
      }),
    );
  });

  it('are no subjects, and what comes from outside can be neither', () => {
    for (const text of ['a.*', '>', 'a.>']) expect([isPattern(text), isSubject(text)]).toEqual([true, false]);
    for (const text of ['', '.', 'a.', 'a b', 'a\r\nPUB x', '*a', '>.a', 'ü', 'x'.repeat(65)])
      expect([isPattern(text), isSubject(text)]).toEqual([false, false]);
    const long = Array.from({ length: 64 }, () => 'abc').join('.');
    expect(long.length).toBe(subjectLengthMax);
    expect([isSubject(long), isSubject(`${long}d`)]).toEqual([true, false]);
  });
});
