/**
 * Whether what a model said is the output that was asked for. Models wrap JSON into fences and talk, leave commas behind, and stop
 * early: the first two can be mended, and the last one can't, for a list that was cut short looks whole once its bracket is closed. Pure.
 */
import type { FinishReason } from '../chat/chat-answer.js';
import { type Json, parsedJson } from '../json.js';

export interface Fit {
  /** Null: it fits; else where and why not. */
  check(value: unknown): string | null;
  /** Null: nothing is mended. Else JSON of what is nearly JSON, or null where it is too far from it. */
  readonly repaired: ((text: string) => string | null) | null;
}

export type Fitted = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly fault: string };

const no = (fault: string): Fitted => ({ ok: false, fault });

export function fitted(text: string, finish: FinishReason | null, fit: Fit): Fitted {
  if (finish === 'length' || finish === 'contextExceeded') return no('it was cut at the most tokens that it may have');
  if (finish === 'contentFilter') return no('its provider holds it back');
  if (finish === 'refusal') return no('the model refuses to answer');
  let fault = 'it is no JSON';
  for (const candidate of fit.repaired === null ? [text] : candidatesIn(text)) {
    const result = checked(candidate, fit);
    if (result.ok) return result;
    if (result.fault !== '') fault = result.fault;
  }
  if (fit.repaired === null) return no(fault);
  for (const candidate of candidatesIn(text)) {
    const mended = fit.repaired(candidate);
    const result = mended === null ? no('') : checked(mended, fit);
    if (result.ok) return result;
  }
  return no(fault);
}

/** The fault of what can't be read is empty: another candidate may say more. */
function checked(text: string, fit: Fit): Fitted {
  const value = parsedJson(text);
  if (value === undefined) return no('');
  const fault = fit.check(value);
  return fault === null ? { ok: true, value } : no(fault.slice(0, FAULT_MAX));
}

const FAULT_MAX = 300;

/** The whole text, what stands between its first fences, and what stands between its outermost brackets. */
function candidatesIn(text: string): readonly string[] {
  const whole = text.trim();
  const found = [whole];
  const fence = whole.indexOf('```');
  if (fence !== -1) {
    const from = whole.indexOf('\n', fence);
    const to = from === -1 ? -1 : whole.indexOf('```', from);
    if (to !== -1) found.push(whole.slice(from + 1, to).trim());
  }
  const from = whole.search(/[{[]/);
  const to = Math.max(whole.lastIndexOf('}'), whole.lastIndexOf(']'));
  if (from !== -1 && to > from && (from > 0 || to < whole.length - 1)) found.push(whole.slice(from, to + 1));
  return found;
}
