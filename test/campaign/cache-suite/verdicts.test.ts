import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../../support/built.js';
import { reportOf } from '../cache-suite.js';
import { exceptions } from './exceptions.js';
import { countsByGroup, type SuiteCase, verdicts } from './verdicts.js';

const of = (id: string, kind: SuiteCase['kind'], ...needs: string[]): SuiteCase => ({ id, group: 'g', kind, needs });
const failed = ['Assertion', 'Response 2 comes from cache'] as const;

it('a case is met when it and what it needs are, and one that was not run does not count', () => {
  const cases = [of('a', 'required'), of('b', 'required', 'a'), of('c', 'optional', 'b'), of('d', 'optional')];
  const judged = verdicts(cases, { a: failed, b: true, c: true });
  expect(judged.map(({ id, missed }) => [id, missed])).toEqual([
    ['a', 'Assertion: Response 2 comes from cache'],
    ['b', 'says nothing without a'],
    ['c', 'says nothing without b'],
  ]);
  expect(countsByGroup(judged)).toEqual({
    g: 'required 0 of 2, optional 0 of 1',
    all: 'required 0 of 2, optional 0 of 1',
  });
});

it('what is missed without a reason is broken, and so is a reason for what is met', () => {
  const cases = [
    of('other-date-update', 'required'),
    of('method-POST', 'optional'),
    of('x', 'optional'),
    of('q', 'question'),
  ];
  const { figures, broken } = reportOf(
    verdicts(cases, { 'other-date-update': failed, 'method-POST': true, x: failed, q: failed }),
  );
  expect(Object.keys(figures)).toEqual(['g', 'all', 'not met: other-date-update (required)']);
  expect(broken).toEqual([expect.stringContaining('method-POST is met'), expect.stringContaining('x (optional)')]);
});

it('the docs name each exception', () => {
  const docs = readFileSync(join(root, 'docs/cache.md'), 'utf8');
  const ids = exceptions.flatMap((exception) => exception.ids);
  expect(ids.filter((id) => !docs.includes(`\`${id}\``))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
});
