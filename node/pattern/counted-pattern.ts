/**
 * A pattern that is run by RE2, and says before what that takes. Whether it is calm (proto/pattern/pattern-work.ts) is found out when it has been asked for
 * about as much work as finding out takes; until then each character counts for all steps. Loaded late: RE2 comes with it.
 */
import { CALM_WORK, isCalm, type PatternPlace } from '@weir/proto/pattern/pattern-work.js';
import { RE2JS } from 're2js';

export interface CountedPattern {
  /** Of running it on so many characters. */
  workFor(characters: number): number;
  test(text: string): boolean;
  /** Looks for matches in a text, each from a place on, at all of its steps; null: there is none. */
  finder(text: string): (from: number) => readonly [start: number, end: number] | null;
  /** Its steps. */
  readonly size: number;
}

/** Half of what the walk through an automaton takes at most; whoever makes it due pays as much. */
const WALKED_AFTER = 50_000;

/** Throws where the pattern is none. */
export function countedPattern(written: string, place: PatternPlace): CountedPattern {
  const pattern = RE2JS.compile(written);
  const size = pattern.programSize();
  const byTable = (text: string): boolean => (place === 'whole' ? pattern.testExact(text) : pattern.test(text));
  // Of an automaton that outgrows its room each state is made in vain, and costs more than all steps of the pattern.
  const bySteps = (text: string): boolean =>
    place === 'whole' ? pattern.matcher(text).matches() : pattern.matcher(text).find();
  let asked = 0;
  let test = byTable;
  let perCharacter = size;
  return {
    workFor(characters) {
      asked += characters * size;
      if (asked <= WALKED_AFTER) return characters * perCharacter;
      asked = Number.NEGATIVE_INFINITY;
      if (isCalm(pattern, place)) perCharacter = CALM_WORK;
      else test = bySteps;
      return WALKED_AFTER + characters * perCharacter;
    },
    test: (text) => test(text),
    finder(text) {
      const matcher = pattern.matcher(text);
      return (from) => (matcher.find(from) ? [matcher.start(), matcher.end()] : null);
    },
    size,
  };
}
