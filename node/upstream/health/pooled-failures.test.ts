import { describe, expect, it } from 'vitest';
import { Outliers, WARN_AT, WARNING_MS } from './outlier.js';
import type { AttemptOutcome } from './standing.js';
import { listening, outcome, outlierSpec } from './testing/outcomes.js';
import type { Verdict } from './verdict.js';

const ALONE = outlierSpec.consecutiveFailures;

function make(isAlone = false) {
  const [warnings, spared] = [[] as string[], [] as number[]];
  const told = [listening(), listening(), listening()];
  const outliers: Outliers = new Outliers(
    outlierSpec,
    told.map(({ tell }) => tell),
    (index) => outliers.members[index]?.opinion.isWell ?? false,
    isAlone
      ? null
      : {
          warn: (index, failures, nowMs) => warnings.push(`${index}: ${failures} at ${nowMs}`),
          spared: (_, failures) => spared.push(failures),
        },
  );
  const [member] = outliers.members;
  if (member === undefined) throw new Error('there are three targets');
  const run = (verdict: Verdict, nowMs: number, times = 1, more: Partial<AttemptOutcome> = {}): void => {
    for (let i = 0; i < times; i += 1)
      outliers.end(member, member.opinion.begin(nowMs), verdict, outcome(verdict, nowMs, more));
  };
  const pool = (failures: number, nowMs: number) => outliers.pool(member, failures, nowMs);
  return { member, run, pool, warnings, spared };
}

describe('failures of several nodes', () => {
  it('are warned of after two in a row, and not again for a while', () => {
    const { run, warnings } = make();
    run('bad', 0, WARN_AT - 1);
    run('good', 0);
    expect(warnings).toEqual([]);
    run('bad', 10, ALONE - 1);
    run('good', 20);
    run('bad', WARNING_MS, WARN_AT);
    run('good', WARNING_MS);
    run('bad', WARNING_MS + 10, WARN_AT);
    expect(warnings).toEqual(['0: 2 at 10', `0: 2 at ${WARNING_MS + 10}`]);
    const alone = make(true);
    alone.run('bad', 0, ALONE - 1);
    expect([alone.warnings, alone.member.opinion.isWell]).toEqual([[], true]);
  });

  it('eject with one of this node, whichever comes first, and that is what was spared', () => {
    const first = make();
    first.pool(ALONE - 1, 0);
    expect(first.member.opinion.isWell).toBe(true);
    first.run('bad', 10);
    expect([first.member.opinion.isWell, first.spared]).toEqual([false, [ALONE - 1]]);
    expect(first.member.reason).toBe('ejected: 1 failures in a row here, 4 at other nodes');
    const later = make();
    later.run('bad', 0);
    later.pool(ALONE - 1, 10);
    expect([later.member.opinion.isWell, later.spared]).toEqual([false, [ALONE - 1]]);
  });

  it('eject nothing without one of this node, nor with one that is too old, or one that was answered', () => {
    for (const before of [() => {}, (run: ReturnType<typeof make>['run']) => run('bad', 0, 1, { headAtMs: 0 })]) {
      const { member, run, pool } = make();
      before(run);
      pool(1_000, 10);
      expect(member.opinion.isWell).toBe(true);
    }
    const old = make();
    old.run('bad', 0);
    old.pool(1_000, WARNING_MS + 1);
    expect(old.member.opinion.isWell).toBe(true);
    const late = make();
    late.pool(1_000, 0);
    late.run('bad', WARNING_MS);
    expect(late.member.opinion.isWell).toBe(true);
  });

  it('are worth nothing against one answer', () => {
    const { member, run, pool } = make();
    pool(1_000, 0);
    run('good', 10);
    run('bad', 20, ALONE - 1);
    expect(member.opinion.isWell).toBe(true);
    const other = make();
    other.run('bad', 0);
    other.run('good', 5);
    other.pool(1_000, 10);
    expect(other.member.opinion.isWell).toBe(true);
  });
});
