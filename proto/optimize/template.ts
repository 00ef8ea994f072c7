/**
 * Texts with places that are filled for each request: `/orders/{id}` and `/users/{.user.id}`. A name is a parameter of the route's path,
 * anything else an expression. A doubled brace is a brace. Pure.
 */
import { accept, quote, type Reading, refuse } from '../config/units.js';
import { type Query, readExpression } from './expression.js';

/** Texts stand as they are; the rest is filled in. */
export type Template = readonly (string | { readonly query: Query })[];

const PARAMETER = /^(?:[A-Za-z_][A-Za-z0-9_]{0,63}|\*)$/;
const LENGTH_MAX = 8_192;

export function readTemplate(text: string): Reading<Template> {
  if (text.length > LENGTH_MAX) return refuse(`the text is longer than ${LENGTH_MAX} characters`);
  const pieces: (string | { readonly query: Query })[] = [];
  let literal = '';
  for (let at = 0; at < text.length; ) {
    const unit = text.charAt(at);
    if ((unit === '{' || unit === '}') && text.charAt(at + 1) === unit) {
      literal += unit;
      at += 2;
    } else if (unit === '}') {
      return refuse(`${quote(text)} has a brace that closes nothing`, 'write }} for a brace');
    } else if (unit === '{') {
      const end = endOfPlace(text, at);
      if (end === -1) return refuse(`${quote(text)} has a brace that is not closed`, 'write {{ for a brace');
      const place = readPlace(text.slice(at + 1, end).trim());
      if (!place.ok) return place;
      if (literal !== '') pieces.push(literal);
      literal = '';
      pieces.push({ query: place.value });
      at = end + 1;
    } else {
      literal += unit;
      at += 1;
    }
  }
  if (literal !== '') pieces.push(literal);
  return accept(pieces);
}

/** Behind texts and inner braces; -1: there is none. */
function endOfPlace(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const unit = text.charAt(at);
    if (unit === '"') {
      const rest = /^"(?:[^"\\]|\\.)*"/.exec(text.slice(at));
      if (rest === null) return -1;
      at += rest[0].length - 1;
    } else if (unit === '{') depth += 1;
    else if (unit === '}') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}

function readPlace(text: string): Reading<Query> {
  if (text === '') return refuse('a place in braces is empty', 'write {name} or {.part.field}');
  return PARAMETER.test(text) ? accept(['get', 'request', 'params', text]) : readExpression(text);
}

export function queriesOf(template: Template): Query[] {
  return template.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.query]));
}
