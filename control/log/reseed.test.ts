import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Known, nextStep } from './reseed.js';

const known = (first: number, ...ids: string[]): Known[] => ids.map((id, index) => ({ number: first + index, id }));

/** Carries out all steps by one member, as `revisions.ts` does; how often each kind was taken. */
function keepInStep(ofLog: readonly Known[], ofCopy: readonly Known[]) {
  let [log, copy] = [ofLog, ofCopy];
  const taken: string[] = [];
  for (let rounds = 0; rounds < 200; rounds += 1) {
    const step = nextStep(log, copy);
    if (step.kind === 'in-step') return { log, copy, taken };
    taken.push(step.kind === 'copy' ? `copy ${step.after}` : `${step.kind} ${step.number}`);
    if (step.kind === 'copy') {
      const kept = copy.filter(({ number }) => number <= step.after);
      copy = [...(kept.at(-1)?.number === step.after ? kept : []), ...log.filter(({ number }) => number > step.after)];
    } else {
      const entry = copy.find(({ number }) => number === step.number);
      if (entry === undefined) throw new Error('a step about nothing');
      const last = log.at(-1)?.number ?? entry.number - 1;
      if (step.kind === 'repeat' && entry.number !== last + 1) throw new Error('repeated in another place');
      log = [...log, { ...entry, number: last + 1 }];
    }
  }
  throw new Error('never in step');
}

describe('a log and a copy', () => {
  it('are brought to say the same as the drawing says', () => {
    expect(keepInStep(known(1, 'a', 'b', 'c'), known(1, 'a', 'b', 'c', 'd', 'e')).taken).toEqual([
      'repeat 4',
      'repeat 5',
    ]);
    expect(keepInStep([], known(7, 'g', 'h')).taken).toEqual(['repeat 7', 'repeat 8']);
    expect(keepInStep(known(1, 'a', 'b', 'c', 'X'), known(1, 'a', 'b', 'c', 'd', 'e')).taken).toEqual([
      'recover 4',
      'recover 5',
      'copy 3',
    ]);
    expect(keepInStep(known(1, 'a', 'b', 'c'), known(1, 'a')).taken).toEqual(['copy 1']);
    expect(keepInStep(known(1, 'a'), known(1, 'a')).taken).toEqual([]);
    expect(keepInStep([], []).taken).toEqual([]);
  });

  it('that has given up its oldest is not given them back, nor is a copy that was away for long', () => {
    expect(keepInStep(known(3, 'c', 'd'), known(1, 'a', 'b', 'c', 'd')).taken).toEqual([]);
    expect(keepInStep(known(8, 'h'), known(1, 'a', 'b'))).toMatchObject({ taken: ['copy 7'], copy: known(8, 'h') });
  });

  it('end in step with all that either of them had, once, what the log had in its place', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 12, size: 'max' });
    fc.assert(
      fc.property(fc.nat(8), ids, ids, (common, logs, copies) => {
        const shared = Array.from({ length: common }, (_, i) => `s${i}`);
        const log = known(1, ...shared, ...logs.map((n) => `x${n}`));
        const copy = known(1, ...shared, ...copies.map((n) => `x${n}`));
        const end = keepInStep(log, copy);
        expect(end.log.slice(0, log.length)).toEqual(log);
        const all = end.log.map(({ id }) => id);
        expect(new Set(all).size).toBe(all.length);
        expect(new Set(all)).toEqual(new Set([...log, ...copy].map(({ id }) => id)));
        expect(end.copy).toEqual(end.log);
        expect(end.log.map(({ number }) => number)).toEqual(end.log.map((_, i) => i + 1));
      }),
    );
  });
});
