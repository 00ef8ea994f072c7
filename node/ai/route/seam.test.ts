import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anchorOf, Seam, type SeamKind } from './seam.js';

/** What the client has read in the end, with the continuation in pieces. */
function read(said: string, pieces: readonly string[], kind: SeamKind): string {
  const seam = new Seam(said, kind);
  return said + pieces.map((piece) => seam.push(piece)).join('') + seam.end();
}

describe('a text that is carried on', () => {
  it.each<[what: string, kind: SeamKind, said: string, came: string, whole: string]>([
    ['goes on in the middle of a word', 'prefix', 'The quick br', 'own fox', 'The quick brown fox'],
    ['goes on behind white space', 'prefix', 'The quick ', ' brown', 'The quick  brown'.replace('  ', ' ')],
    ['keeps another white space than it had', 'prefix', 'one.\n', '\n\nTwo', 'one.\n\nTwo'],
    ['says its own words again, where they are meant', 'prefix', 'ha ha', ' ha ha', 'ha ha ha ha'],
    ['says all of itself again', 'echo', 'The', 'The quick', 'The quick'],
    [
      'says all of itself again, without being known for it',
      'prefix',
      'The quick brown fox',
      'The quick brown fox jumps',
      'The quick brown fox jumps',
    ],
    ['begins with the last words, as it was asked', 'instruction', 'a b c d e f g', 'b c d e f g h', 'a b c d e f g h'],
    ['begins anew', 'instruction', 'Once upon a time', 'Once upon a time there was', 'Once upon a time there was'],
    ['begins with the word that broke off', 'instruction', 'The quick bro', 'brown fox', 'The quick brown fox'],
    [
      'repeats much, but not what it was asked to',
      'instruction',
      'It was a dark and stormy night',
      'dark and stormy night; the rain',
      'It was a dark and stormy night; the rain',
    ],
    ['repeats what ended with white space', 'instruction', 'The quick ', 'The quick brown', 'The quick brown'],
    ['repeats what ended with an empty line', 'instruction', 'The quick\n\n', 'The quick\n\nTwo', 'The quick\n\nTwo'],
    ['has letters of its end by chance', 'instruction', 'We are a nation', 'on the move', 'We are a nationon the move'],
    ['repeats nothing', 'instruction', 'One, two', ', three', 'One, two, three'],
    [
      'is alike by chance',
      'instruction',
      'so it is. And, ',
      'it is said, no more',
      'so it is. And, it is said, no more',
    ],
    [
      'ends while it repeats',
      'instruction',
      'The quick brown fox jumps',
      'quick brown',
      'The quick brown fox jumpsquick brown',
    ],
    ['says nothing', 'instruction', 'The quick', '', 'The quick'],
  ])('%s', (_what, kind, said, came, whole) => {
    expect(read(said, [came], kind)).toBe(whole);
    expect(read(said, [...came], kind)).toBe(whole);
  });

  const anyWords = fc
    .array(
      fc.tuple(fc.constantFrom('the', 'tea', 'a', 'an', 'and', 'fox', 'é', '東'), fc.constantFrom(' ', ', ', '\n\n')),
      {
        minLength: 1,
        size: 'max',
        maxLength: 60,
      },
    )
    .map((words) => words.flat().join(''));

  it('is the text that it would have been, wherever it breaks off and however it is repeated and cut', () => {
    const anyCase = fc.record({
      text: anyWords,
      at: fc.nat(),
      cuts: fc.array(fc.nat(), { maxLength: 8 }),
      kind: fc.constantFrom('echo' as const, 'instruction' as const),
    });
    fc.assert(
      fc.property(anyCase, ({ text, at, cuts, kind }) => {
        const said = text.slice(0, 1 + (at % text.length));
        fc.pre(said.trim() !== '');
        const from = kind === 'echo' ? 0 : said.trimEnd().length - anchorOf(said).length;
        const came = text.slice(from);
        const places = [...new Set(cuts.map((cut) => cut % (came.length + 1)))].sort((one, other) => one - other);
        const pieces = [0, ...places].map((place, index) => came.slice(place, places[index] ?? came.length));
        const whole = read(said, pieces, kind);
        // Where the last words stand further up as well, a model that begins there may mean either.
        if (kind === 'echo' || !isAmbiguous(said, came)) expect(whole).toBe(text);
      }),
    );
  });

  it('loses and adds nothing where nothing is repeated', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n'), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(letters, letters, (said, came) => {
        fc.pre(said.trim() !== '');
        // No letter of the one is one of the other.
        const other = came.replace(/a/g, 'x').replace(/b/g, 'y');
        const space = said.slice(said.trimEnd().length);
        let same = 0;
        while (same < space.length && other[same] === space[same]) same += 1;
        for (const kind of ['prefix', 'echo', 'instruction'] as const)
          expect(read(said, [...other], kind)).toBe(said + other.slice(same));
      }),
    );
  });
});

/** A longer repetition than that of the last words is one, too. */
function isAmbiguous(said: string, came: string): boolean {
  const text = said.trimEnd();
  const anchor = anchorOf(said).length;
  for (let length = anchor + 1; length <= Math.min(text.length, came.length); length += 1)
    if (came.startsWith(text.slice(-length))) return true;
  return false;
}

describe('the last words', () => {
  it('are some of the last, as they stand', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '\n'), maxLength: 300 }), (said) => {
        const anchor = anchorOf(said);
        expect(said.trimEnd().endsWith(anchor)).toBe(true);
        expect(anchor.length).toBeLessThanOrEqual(80);
        expect(anchor === '').toBe(said.trim() === '');
      }),
    );
  });
});
