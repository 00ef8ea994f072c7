/**
 * Subjects and the patterns that subscribers give, in the manner of NATS: words with dots between them. In a pattern `*`
 * stands for one word, and `>` at the end for one or more. Words are of few characters on purpose: a member's id or a
 * cluster's name becomes a word, and what is no word can't widen a subscription or reach somebody else's subject. Pure.
 */

/** Every subject, of which the longest word is an id of 64. */
export const subjectLengthMax = 255;

const WORD = /^[A-Za-z0-9_-]{1,64}$/;
/** As one expression: each message that is heard is looked at. */
const SUBJECT = /^[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,64})*$/;

export function isWord(text: string): boolean {
  return WORD.test(text);
}

export function isSubject(text: string): boolean {
  return text.length <= subjectLengthMax && SUBJECT.test(text);
}

export function isPattern(text: string): boolean {
  if (text.length > subjectLengthMax) return false;
  const words = text.split('.');
  return words.every((word, index) => isWord(word) || word === '*' || (word === '>' && index === words.length - 1));
}

/** Whether a message on `subject` is for who subscribed to `pattern`. Both are well-formed. */
export function matchesPattern(pattern: string, subject: string): boolean {
  if (pattern === subject) return true;
  const wanted = pattern.split('.');
  const words = subject.split('.');
  for (const [index, word] of wanted.entries()) {
    if (word === '>') return words.length > index;
    if (index >= words.length || (word !== '*' && word !== words[index])) return false;
  }
  return words.length === wanted.length;
}
