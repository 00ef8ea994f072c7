/**
 * Leaves whose text may be secret. Their `${NAME}` references are checked when the file is read but stay references:
 * the snapshot travels, is stored and is shown, and the node alone fills them, from its own environment.
 *
 * A key, password or shared secret that stands in the file itself is refused, since the file ends up in version control.
 * Header values may be literal: most of them are no secrets.
 */
import * as z from 'zod';
import { referencesIn } from '../snapshot/secret-text.js';
import { hasControl, leaf, readText, textLengthMax } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

/** Marks the leaves whose references are kept. */
export const keptReferences = z.registry<{ readonly kept: true }>();

/** A text that must come from the environment, such as a key. The message never shows what stands in the file. */
export function secret(what: string, otherwise = '') {
  const read = (text: string): Reading<string> => {
    if (referencesIn(text).names.length > 0) return accept(text);
    return refuse(
      `${what} stands in the file itself`,
      `write a reference such as \${NAME} and set the variable${otherwise}`,
    );
  };
  // A key of digits only is a number to YAML; readText would show it in its cure, so it is met here.
  return leaf((value) => (typeof value === 'number' ? read('') : readText(value, what, read)), {
    type: 'string',
  }).register(keptReferences, { kept: true });
}

/** A field value (RFC 9110 §5.5): visible ASCII, spaces and tabs inside, and bytes beyond ASCII as Latin-1. */
export function headerValue() {
  const read = (text: string): Reading<string> => {
    if (text.length > textLengthMax)
      return refuse(`a header value of at most ${textLengthMax} characters was expected`);
    if (hasControl(text.replaceAll('\t', ' ')) || /[\u0100-\uffff]/.test(text)) {
      return refuse(`${quote(text)} cannot be a header value`, 'use one line of text without control characters');
    }
    return text === text.trim()
      ? accept(text)
      : refuse(`the header value ${quote(text)} begins or ends with a space`, 'remove the space');
  };
  return leaf((value) => readText(value, 'a header value', read), { type: 'string' }).register(keptReferences, {
    kept: true,
  });
}
