/** Marks on entity tags of what is made of an answer before it is compressed: which fields of it, which page of its list. Pure. */
import { hash32 } from '../upstream/balance/hash.js';
import { type Branch, selectionText } from './fields/selection.js';

const FIELDS = 'f-';
const PAGE = 'p-';

/** Null: all of them, without white space. */
export function fieldsMark(selection: Branch | null): string {
  return selection === null ? `${FIELDS}all` : `${FIELDS}${hashed(selectionText(selection))}`;
}

/** `identity`: all that the page is made of besides the answer. */
export const pageMark = (identity: string): string => `${PAGE}${hashed(identity)}`;

export const isOfFields = (mark: string): boolean => mark.startsWith(FIELDS);
export const isOfPage = (mark: string): boolean => mark.startsWith(PAGE);
/** Either of them. */
export const isOfAnswer = (mark: string): boolean => isOfFields(mark) || isOfPage(mark);

/** Two hashes of one spelling: 64 bits. */
const hashed = (text: string): string => `${hash32(text, 1).toString(36)}${hash32(text, 2).toString(36)}`;
