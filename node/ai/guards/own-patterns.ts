/**
 * Patterns of the operator's own, run by RE2: in linear time, whatever the pattern and the text are. Loaded by
 * own-patterns-loader.ts alone, when the first snapshot has any.
 */
import type { AiGuardPatternSpec } from '@weir/proto/snapshot/ai.js';
import { RE2JS } from 're2js';
import { byRuns, type Detector, unitsOf } from './detector.js';

const isVisible = unitsOf(/\S/);

export function ownPattern({ name, pattern, lengthMax, hasSpaces }: AiGuardPatternSpec): Detector {
  const compiled = RE2JS.compile(pattern);
  return byRuns({
    label: name.toUpperCase().replace(/[^A-Z0-9]+/g, '_'),
    isPart: hasSpaces ? () => true : isVisible,
    lengthMax,
    *find(text, from, to) {
      const matcher = compiled.matcher(text);
      let at = from;
      while (at < to && matcher.find(at)) {
        const [start, end] = [matcher.start(), matcher.end()];
        if (end > start && end <= to) yield [start, end];
        at = end > start && end <= to ? end : start + 1;
      }
    },
  });
}
