/**
 * Which variant of a resource a request selects (RFC 9111 §4.1): the request fields that Vary names, brought into a form in
 * which two requests that mean the same say the same. As one text, so that variants are found by a look-up and not by a
 * search, however many there are.
 *
 * What may be made one without knowing a field: lines of it, and spaces beside its commas. Of the fields for content
 * negotiation more is known: their members are a set with weights, in which order and case mean nothing.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { combinedValue } from '@weir/proto/http/headers.js';

/** `names` are sorted (varyNames), so that the same fields make the same key. Absent is not empty. */
export function varyKey(names: readonly string[], headers: HeaderList): string {
  let key = '';
  for (const name of names) {
    const value = combinedValue(headers, name);
    key += value === undefined ? `${name}\n\n` : `${name}\n=${normalValue(name, value)}\n`;
  }
  return key;
}

function normalValue(name: string, value: string): string {
  if (name === 'accept-language' || name === 'accept-encoding' || name === 'accept-charset')
    return rememberedForm(value);
  // A comma in quotes is no separator, and a cookie is no list: those are compared as they are.
  if (value.includes('"') || name === 'cookie') return value.trim();
  return value.trim().replace(/[ \t]*,[ \t]*/g, ',');
}

/**
 * Forms that were worked out lately, of all three fields: clients of one kind send one text, and sorting it anew for each
 * hit was most of what the hit cost (3.0 µs of CPU without these, 1.3 with). Forgotten as a whole when there are too many.
 */
const forms = new Map<string, string>();
const FORMS_MAX = 1_000;
/** No browser sends as much; longer ones, which anybody can make up, would be the memory of a thousand heads. */
const FORM_LENGTH_MAX = 512;

function rememberedForm(value: string): string {
  const known = forms.get(value);
  if (known !== undefined) return known;
  if (forms.size >= FORMS_MAX) forms.clear();
  const form = weighted(value);
  if (value.length <= FORM_LENGTH_MAX) forms.set(value, form);
  return form;
}

/** Members with a weight, the heaviest first and by name among equals; members without weight are not wanted. */
function weighted(value: string): string {
  const members: { readonly text: string; readonly weight: number }[] = [];
  for (const part of value.toLowerCase().split(',')) {
    const [range = '', ...parameters] = part.split(';').map((text) => text.trim());
    if (range === '') continue;
    const weight = weightOf(parameters);
    // Something that can't be read is kept as it is, so that it is equal to itself alone.
    if (weight === null) return value.trim();
    members.push({ text: range, weight });
  }
  members.sort((a, b) => b.weight - a.weight || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  return members.map(({ text, weight }) => (weight === 1 ? text : `${text};q=${weight}`)).join(',');
}

/** RFC 9110 §12.4.2. */
const WEIGHT = /^q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

function weightOf(parameters: readonly string[]): number | null {
  if (parameters.length === 0) return 1;
  const weight = WEIGHT.exec(parameters[0] ?? '')?.[1];
  return parameters.length > 1 || weight === undefined ? null : Number(weight);
}
