import { describe, expect, it } from 'vitest';
import { add, isGood, lastLine, nothing, one, tallyVitest } from './tally.js';

const file = (name: string, statuses: readonly string[], status?: string) => ({
  name,
  status: status ?? (statuses.includes('failed') ? 'failed' : 'passed'),
  assertionResults: statuses.map((each, index) => ({ fullName: `${name} ${index}`, status: each })),
});
const report = (...files: ReturnType<typeof file>[]): string => JSON.stringify({ success: true, testResults: files });

describe('the tally of a test run', () => {
  it('counts the cases of all files', () => {
    const tally = tallyVitest(
      'tests',
      report(file('a', ['passed', 'passed']), file('b', ['failed', 'passed', 'pending'])),
      1,
    );
    expect(tally).toEqual({ passed: 3, failed: 1, skipped: 1, failures: ['b: b 0'] });
  });

  it('takes a runner that crashed for a failure, not for a run of nothing', () => {
    for (const text of [null, '', '{', '{}', '{"testResults":5}']) {
      expect(tallyVitest('tests', text, 139)).toMatchObject({ passed: 0, failed: 1 });
      expect(tallyVitest('tests', text, 0)).toMatchObject({ passed: 0, failed: 1 });
    }
  });

  it('takes a file that could not be loaded for a failure', () => {
    expect(tallyVitest('tests', report(file('a', ['passed']), file('b', [], 'failed')), 1)).toMatchObject({
      passed: 1,
      failed: 1,
      failures: ['b: the file failed as a whole'],
    });
  });

  it('does not count a file twice whose cases explain its failure', () => {
    expect(tallyVitest('tests', report(file('a', ['failed'])), 1)).toMatchObject({ failed: 1 });
  });

  it('takes an exit code that nothing explains for a failure', () => {
    expect(tallyVitest('tests', report(file('a', ['passed'])), 1)).toMatchObject({ passed: 1, failed: 1 });
    expect(tallyVitest('tests', report(file('a', ['passed'])), 0)).toMatchObject({ passed: 1, failed: 0 });
  });

  it('fails when no test ran, or all were skipped', () => {
    expect(tallyVitest('tests', report(), 0)).toMatchObject({ passed: 0, failed: 1 });
    expect(tallyVitest('tests', report(file('a', ['pending'])), 0)).toMatchObject({ passed: 0, failed: 1, skipped: 1 });
    expect(isGood(nothing)).toBe(false);
  });

  it('sums suites, and says so in one line', () => {
    const sum = add(
      add(one('lint', true), one('build', false)),
      tallyVitest('tests', report(file('a', ['passed'])), 0),
    );
    expect(lastLine(sum)).toBe('2 passed, 1 failed');
    expect(isGood(sum)).toBe(false);
    expect(isGood(one('lint', true))).toBe(true);
  });
});
