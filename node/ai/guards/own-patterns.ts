/**
 * Patterns of the operator's own and of teams, run by RE2: in linear time, with as many steps for a character as a pattern has at worst. So a request has an
 * account of work, and where it is used up all of the text counts as a match: what can't be looked at doesn't pass. Loaded by
 * own-patterns-loader.ts alone, when the first snapshot has any.
 */
import type { PatternWork } from '@weir/proto/pattern/pattern-work.js';
import type { AiGuardPatternSpec } from '@weir/proto/snapshot/ai.js';
import { countedPattern } from '../../pattern/counted-pattern.js';
import { byRuns, type Detector, unitsOf } from './detector.js';

const isVisible = unitsOf(/\S/);

export function ownPattern({ name, pattern, lengthMax, hasSpaces }: AiGuardPatternSpec): Detector {
  const counted = countedPattern(pattern, 'part');
  const drawingOn = (work: PatternWork | null): Detector => {
    const pays = (units: number): boolean => work === null || (!work.isExhausted && work.spend(units));
    const runs = byRuns({
      label: name.toUpperCase().replace(/[^A-Z0-9]+/g, '_'),
      isPart: hasSpaces ? () => true : isVisible,
      lengthMax,
      *find(text, from, to) {
        if (!pays(counted.workFor(text.length))) return yield [from, to];
        // Most texts have none, and to say so is cheaper than to say where.
        if (!counted.test(text)) return;
        const next = counted.finder(text);
        for (let at = from; at < to; ) {
          if (!pays((text.length - at) * counted.size)) return yield [at, to];
          const found = next(at);
          if (found === null) return;
          const [start, end] = found;
          const isMatch = end > start && end <= to;
          if (isMatch) yield [start, end];
          at = isMatch ? end : start + 1;
        }
      },
    });
    return { ...runs, forRequest: drawingOn };
  };
  return drawingOn(null);
}
