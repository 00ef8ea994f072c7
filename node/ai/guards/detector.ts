/**
 * Finds what must not pass in a text that comes in pieces. Whether something begins at a place is only said when nothing that is still
 * to come can change it, so that the same is found however a text is cut:
 *
 *   ... Hello ann@exam|            `Hello` is decided, `ann@exam` may still become an address
 *              ╰ run ╯
 *
 * A match consists of characters of a class and has a greatest length. So only the run of such characters that reaches the end of the
 * text is undecided, and of a run that is longer than twice that length its first half is decided: that bounds what is held back. Pure.
 */
import { PatternWork } from '@weir/proto/pattern/pattern-work.js';

export interface Match {
  readonly start: number;
  readonly end: number;
  /** Stands in place of it: `EMAIL`. */
  readonly label: string;
}

export interface Scan {
  readonly matches: readonly Match[];
  /** What begins before it is known. */
  readonly decided: number;
}

export interface Detector {
  /** Looks at `text` from `from` on; the character before it is there as well, where there is one. `isEnd`: nothing follows. */
  scan(text: string, from: number, isEnd: boolean): Scan;
  /** The same for one request, whose work it draws on; left out: it takes bounded work for each character. */
  forRequest?(work: PatternWork): Detector;
}

/** Of all patterns of one request in one guard or mask, questions and answers together: some 300 ms, over all of its pieces. */
const REQUEST_WORK_MAX = 8_000_000;

export function forRequest(detectors: readonly Detector[]): readonly Detector[] {
  const work = new PatternWork(REQUEST_WORK_MAX);
  return detectors.map((detector) => detector.forRequest?.(work) ?? detector);
}

export interface RunRules {
  readonly label: string;
  /** Whether a UTF-16 unit may stand in a match. */
  isPart(unit: number): boolean;
  /** Whether a match may begin here; where the text ends too soon to know, it may. Left out: at every part. */
  mayBegin?(text: string, at: number): boolean;
  readonly lengthMax: number;
  /**
   * Matches within `text` from `from` to `to`. There may be one character before and one behind, for boundaries; both may be looked
   * at, and no match holds them.
   */
  find(text: string, from: number, to: number): Iterable<readonly [start: number, end: number]>;
}

export function byRuns({ label, isPart, mayBegin = () => true, lengthMax, find }: RunRules): Detector {
  const windowMax = lengthMax * 2;
  return {
    scan(text, from, isEnd) {
      const matches: Match[] = [];
      let at = from;
      for (;;) {
        while (at < text.length && !(isPart(text.charCodeAt(at)) && mayBegin(text, at))) at += 1;
        let to = at;
        while (to < text.length && to - at < windowMax && isPart(text.charCodeAt(to))) to += 1;
        // The character behind it is looked at as well, so it has to be there.
        if (to === text.length && !isEnd) return { matches, decided: at };
        if (to === at) return { matches, decided: at };
        const isWhole = to === text.length || !isPart(text.charCodeAt(to));
        const begin = Math.max(0, at - 1);
        const half = at + lengthMax;
        let next = isWhole ? to : half;
        for (const [start, end] of find(text.slice(begin, to + 1), at - begin, to - begin)) {
          if (!isWhole && begin + start >= half) break;
          matches.push({ start: begin + start, end: begin + end, label });
          next = Math.max(next, begin + end);
        }
        at = next;
      }
    },
  };
}

/** All that a regular expression finds, and `accept` confirms. The pattern has the flag `g`, and takes bounded time from each place. */
export function findBy(pattern: RegExp, accept: (match: string) => boolean = () => true): RunRules['find'] {
  return function* (text, from, to) {
    pattern.lastIndex = from;
    for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
      const start = found.index;
      const end = start + found[0].length;
      if (end <= to && end > start && accept(found[0])) {
        yield [start, end];
        pattern.lastIndex = end;
      } else pattern.lastIndex = start + 1;
    }
  };
}

/** Whether a unit stands in a class that is written as a regular expression of one character. */
export function unitsOf(pattern: RegExp): (unit: number) => boolean {
  const ascii = Array.from({ length: 128 }, (_, unit) => pattern.test(String.fromCharCode(unit)));
  return (unit) => ascii[unit] ?? pattern.test(String.fromCharCode(unit));
}
