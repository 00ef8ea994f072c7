/**
 * How many tokens a text has: counted by OpenAI's o200k vocabulary, for all models, of which some count a tenth more or less. A long text
 * is counted in part, and the rest is taken to be like it. Words are cut, for the time that one takes grows with its square: so
 * a count takes a millisecond or two, whatever the text. Pure, but for the vocabulary that is loaded when a budget needs it.
 */

export type CountTokens = (text: string) => number;

/** Of a text, characters that are looked at. */
const SAMPLE_MAX = 4_096;
/** A piece is cut at a space where there is one, which costs nothing; else it costs part of a token. */
const PIECE_MAX = 200;

export function countTokens(text: string, count: CountTokens): number {
  return extrapolated(text.slice(0, SAMPLE_MAX), text.length, count);
}

/** Of a text of which only the beginning is at hand. */
export function extrapolated(sample: string, length: number, count: CountTokens): number {
  if (length === 0) return 0;
  const counted = piecesOf(sample.slice(0, SAMPLE_MAX)).reduce((sum, piece) => sum + count(piece), 0);
  return Math.max(1, Math.round((counted * length) / Math.min(sample.length, SAMPLE_MAX)));
}

function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let from = 0; from < text.length; ) {
    const upTo = from + PIECE_MAX;
    const space = upTo < text.length ? text.lastIndexOf(' ', upTo) : -1;
    const to = space > from ? space : upTo;
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces;
}

/** Where no vocabulary is loaded: OpenAI's rule of thumb for English. */
export const byLength: CountTokens = (text) => Math.ceil(text.length / 4);

/** Some 50 MB, and a fifth of a second: for nodes that have a budget of tokens or money. */
export async function loadTokenizer(): Promise<CountTokens> {
  const { countTokens: count } = await import('gpt-tokenizer/encoding/o200k_base');
  // What looks like a control token in a text of a caller's is text.
  const options = { disallowedSpecial: new Set<string>() };
  return (text) => count(text, options);
}
