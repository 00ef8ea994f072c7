import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTermsFault, readTerms } from './read-terms.js';
import { compatibleRows } from './table.js';

describe('terms of a compatible provider', () => {
  it.each(compatibleRows.map((row) => [row.id, row] as const))(
    'are read as they are: %s',
    (_id, { id: _own, ...terms }) => {
      expect(readTerms(terms)).toBe(terms);
    },
  );

  it.each([
    ['no object', 'x', ''],
    ['a word that is none', { refuse: ['seed'] }, 'refuse'],
    ['the name, which the config gives elsewhere', { id: 'x' }, 'id'],
    ['something to refuse that is nothing', { refuses: ['seed', 'sed'] }, 'refuses'],
    ['something to take that is nothing', { takes: ['seed'] }, 'takes'],
    ['an URL with a slash at its end', { defaultUrl: 'https://a.example/v1/' }, 'defaultUrl'],
    ['an URL of another kind', { defaultUrl: 'ftp://a.example' }, 'defaultUrl'],
    ['a path without a slash', { chatPath: 'chat' }, 'chatPath'],
    ['a header in upper case', { credential: { kind: 'header', name: 'X-Key', prefix: '' } }, 'credential'],
    ['a credential that only the driver of others has', { credential: { kind: 'sigv4', service: 's' } }, 'credential'],
    ['an effort that is none', { reasoning: { efforts: ['huge'] } }, 'reasoning.efforts'],
    ['a word of reasoning that is none', { reasoning: { effort: 'low' } }, 'reasoning.effort'],
    ['reasoning that is no object', { reasoning: true }, 'reasoning'],
    ['a finish that is none', { finishWords: { eos: 'end' } }, 'finishWords'],
    ['an error that is none', { errorKinds: { a: 'toString' } }, 'errorKinds'],
    ['another name that is none', { names: { seed: 1 } }, 'names'],
  ])('are refused with %s', (_what, terms, at) => {
    const read = readTerms(terms);
    expect(isTermsFault(read) && read.at).toBe(at);
    expect(isTermsFault(read) && read.wants).toMatch(/\w/);
  });

  it('are read from any JSON without a throw', () => {
    const names = [
      'title',
      'refuses',
      'takes',
      'names',
      'reasoning',
      'credential',
      'finishWords',
      'settings',
      '__proto__',
    ];
    const value = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...names), fc.jsonValue()));
    fc.assert(
      fc.property(value, (terms) => {
        const read = readTerms(terms);
        if (!isTermsFault(read)) expect(read).toBe(terms);
      }),
    );
  });
});
