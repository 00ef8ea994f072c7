/**
 * Words and phrases that must not pass, whatever their case and whatever stands between their words. A word is found where it is whole:
 * `ass` is not in `class`. Where words are not parted (Chinese, Japanese, Korean) each character is one. Pure.
 */
import { byRuns, type Detector, unitsOf } from './detector.js';

/** Of the basic plane, so that a word never ends within a character, wherever a text is cut. */
const LETTER = '(?:(?=[\\u0000-\\uffff])[\\p{L}\\p{N}\\p{M}])';
const UNPARTED = '[\\u3040-\\u30ff\\u3400-\\u9fff\\uac00-\\ud7af]';
const TOKEN = new RegExp(`${UNPARTED}|${LETTER}+?(?=${UNPARTED}|(?!${LETTER}))`, 'gu');
const TOUCHES_UNPARTED = new RegExp(UNPARTED);

interface Token {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

function tokensIn(text: string): Token[] {
  return [...text.matchAll(TOKEN)].map(({ 0: word, index }) => ({
    word: word.toLowerCase(),
    start: index,
    end: index + word.length,
  }));
}

/** Between two words of a phrase: spaces, hyphens, apostrophes; no more than this, and no end of a sentence. */
const GAP_MAX = 3;
const isPart = unitsOf(/[\p{L}\p{N}\p{M}\s'’_-]/u);
const isWordUnit = unitsOf(/[\p{L}\p{N}\p{M}]/u);

export function phraseDetector(phrases: readonly string[], label: string): Detector {
  const byFirst = new Map<string, string[][]>();
  let lengthMax = 32;
  for (const phrase of phrases) {
    const words = tokensIn(phrase).map(({ word }) => word);
    const [first] = words;
    if (first === undefined) continue;
    const others = byFirst.get(first) ?? [];
    others.push(words);
    byFirst.set(first, others);
    lengthMax = Math.max(lengthMax, phrase.length + words.length * GAP_MAX);
  }
  for (const list of byFirst.values()) list.sort((a, b) => b.length - a.length);
  const prefixes = new Set<string>();
  for (const first of byFirst.keys()) for (let i = 1; i <= first.length; i += 1) prefixes.add(first.slice(0, i));
  const longestFirst = Math.max(0, ...[...byFirst.keys()].map((first) => first.length));

  /** The word that begins here is the first of a phrase, or the text ends before that is known. */
  function mayBegin(text: string, at: number): boolean {
    if (!isWordUnit(text.charCodeAt(at))) return false;
    const isInside = at > 0 && isWordUnit(text.charCodeAt(at - 1));
    if (isInside && !TOUCHES_UNPARTED.test(text.slice(at - 1, at + 1))) return false;
    // Some letters become longer as small ones.
    const seen = text.slice(at, at + longestFirst * 2 + 2);
    let to = 0;
    while (to < seen.length && isWordUnit(seen.charCodeAt(to))) to += 1;
    const word = tokensIn(seen.slice(0, to))[0]?.word ?? '';
    return byFirst.has(word) || (at + to === text.length && prefixes.has(word));
  }

  return byRuns({
    label,
    isPart,
    mayBegin,
    lengthMax,
    *find(text, from, to) {
      const tokens = tokensIn(text);
      for (let i = 0; i < tokens.length; i += 1) {
        const token = tokens[i];
        if (token === undefined || token.start < from) continue;
        const count = (byFirst.get(token.word) ?? []).find((words) => isAt(tokens, i, words, to))?.length ?? 0;
        if (count === 0) continue;
        yield [token.start, tokens[i + count - 1]?.end ?? token.end];
        i += count - 1;
      }
    },
  });
}

function isAt(tokens: readonly Token[], first: number, words: readonly string[], to: number): boolean {
  return words.every((word, index) => {
    const token = tokens[first + index];
    if (token === undefined || token.word !== word || token.end > to) return false;
    const before = tokens[first + index - 1];
    return index === 0 || (before !== undefined && token.start - before.end <= GAP_MAX);
  });
}
