/** Counting what passed and what failed, over suites of every kind. Pure. */
import { z } from 'zod';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed, by name, for the list at the end. */
  readonly failures: readonly string[];
}

export const nothing: Tally = { passed: 0, failed: 0, skipped: 0, failures: [] };

export function add(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  };
}

export function one(name: string, hasPassed: boolean): Tally {
  return hasPassed ? { ...nothing, passed: 1 } : { ...nothing, failed: 1, failures: [name] };
}

/** The line that a machine reads. */
export function lastLine({ passed, failed }: Tally): string {
  return `${passed} passed, ${failed} failed`;
}

/** A run is good when something ran and nothing failed. */
export function isGood({ passed, failed }: Tally): boolean {
  return failed === 0 && passed > 0;
}

/** The parts of Vitest's JSON report (Jest's format) that are counted. */
const report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

/**
 * Counts a run of Vitest from its report and its exit code. A report that is missing or unreadable is a crash, a file
 * that failed as a whole is a failure of its own, and an exit code that no failure in the report explains (an error
 * outside any test) is one as well: nothing that went wrong may end as a smaller number of passes.
 */
export function tallyVitest(name: string, reportText: string | null, exitCode: number): Tally {
  const parsed = reportText === null ? null : report.safeParse(parseJson(reportText));
  if (!parsed?.success) return one(`${name}: the test runner crashed (exit code ${exitCode})`, false);
  let tally = nothing;
  for (const file of parsed.data.testResults) {
    for (const { fullName, status } of file.assertionResults) {
      if (status === 'passed') tally = add(tally, one(fullName, true));
      else if (status === 'failed') tally = add(tally, one(`${file.name}: ${fullName}`, false));
      else tally = { ...tally, skipped: tally.skipped + 1 };
    }
    const isExplained = file.assertionResults.some(({ status }) => status === 'failed');
    if (file.status === 'failed' && !isExplained)
      tally = add(tally, one(`${file.name}: the file failed as a whole`, false));
  }
  if (tally.passed + tally.failed === 0) return add(tally, one(`${name}: no test ran`, false));
  if (exitCode !== 0 && tally.failed === 0) {
    return add(tally, one(`${name}: errors outside of any test (exit code ${exitCode})`, false));
  }
  return tally;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
