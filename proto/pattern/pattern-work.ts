/**
 * What a pattern takes for each character that it is run on. RE2 makes an automaton of a pattern as it meets texts: where that has few
 * states, a character is one look into a table. Of others, as `[ab]*a[ab]{280}`, it would have more than anybody can keep: each character
 * makes a new state, or is held against all steps of the pattern. That is linear too, and a thousand times as much.
 *
 * So the automaton is walked through once, from its start, within counted work. It is reached through the library (re2js, whose version is pinned),
 * and described here by what is used of it. Pure.
 */

/** Where a match has to lie: it is the whole text, or a part of it. */
export type PatternPlace = 'whole' | 'part';

interface State {
  readonly nfaStates: { readonly length: number };
}

interface Automaton {
  readonly prog: { readonly start: number };
  /** Characters that all steps treat alike are one class; each but the first begins at a bound. */
  readonly classBounds: ArrayLike<number>;
  /** Null: no room for it. */
  makeState(steps: number[], flags: number, ids: number[]): State | null;
  step(state: State, classOf: number, character: number, anchor: number): State | null;
}

export interface CompiledPattern {
  programSize(): number;
  re2(): { readonly onepass: object | null; readonly prefixComplete: boolean; readonly dfa: Automaton };
}

/** Of work, whose unit is about what one step of a pattern takes for one character: fifty nanoseconds at most. */
export const CALM_WORK = 0.25;

/** Steps in all that is walked through: some ten milliseconds, once for each pattern that has done as much. */
const WALK_MAX = 100_000;

/** As the library has them. */
const ANCHORS: Record<PatternPlace, number> = { whole: 2, part: 0 };
const AT_BEGIN = 4 | 1;
const END_OF_TEXT = -1;

/** Of a pattern for each request, where it is not calm: with the longest value that is looked at, a bound on what one of them takes. */
export const patternSizeMax = 300;

export function isCalm(pattern: CompiledPattern, place: PatternPlace): boolean {
  const program = pattern.re2();
  // A literal is looked for, and a pattern that never has two ways to go on is followed.
  return program.prefixComplete || program.onepass !== null || hasFewStates(program.dfa, ANCHORS[place]);
}

function hasFewStates(automaton: Automaton, anchor: number): boolean {
  const start = automaton.makeState([automaton.prog.start], AT_BEGIN, []);
  if (start === null) return false;
  const classes = automaton.classBounds.length + 1;
  const seen = new Set([start]);
  let work = 0;
  // A set is walked through with what is added on the way.
  for (const state of seen) {
    for (let classOf = 0; classOf <= classes; classOf += 1) {
      work += 1 + state.nfaStates.length;
      if (work > WALK_MAX) return false;
      const character = classOf === classes ? END_OF_TEXT : firstOf(automaton, classOf);
      const next = automaton.step(state, classOf, character, anchor);
      if (next === null) return false;
      if (classOf < classes) seen.add(next);
    }
  }
  return true;
}

const firstOf = ({ classBounds }: Automaton, classOf: number): number =>
  classOf === 0 ? 0 : (classBounds[classOf - 1] ?? 0);

/** What is left of the work that one request may ask for; all of its patterns draw on it. */
export class PatternWork {
  #left: number;

  constructor(work: number) {
    this.#left = work;
  }

  get isExhausted(): boolean {
    return this.#left < 0;
  }

  /** False: it is used up, and what was asked for shall not be done. */
  spend(work: number): boolean {
    this.#left -= work;
    return this.#left >= 0;
  }
}
