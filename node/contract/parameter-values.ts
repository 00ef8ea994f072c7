/**
 * Parameters of a request as the values that their texts stand for. A text is a number where the schema asks for one and it is written as one; this is
 * for checking alone, and what goes on is the request as it came. Pure.
 */
import type { Json } from '@weir/proto/contract/json-value.js';
import type { ParameterSpec, ShapeSpec, TextTypes } from '@weir/proto/snapshot/contract.js';
import { itemTexts, memberTexts, type RequestTexts, rawTexts, scalarText } from './parameter-texts.js';

export type ParameterReading =
  | { readonly kind: 'absent' }
  /** Empty, where that is allowed. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'wrong'; readonly what: string }
  /** What it may stand for; one of them has to fit. */
  | { readonly kind: 'values'; readonly values: readonly Json[] };

export function readParameter(parameter: ParameterSpec, request: RequestTexts): ParameterReading {
  const raws = rawTexts(parameter, request);
  const [first] = raws;
  if (first === '' && raws.length === 1 && parameter.allowsEmpty) return { kind: 'empty' };
  if (parameter.isJson) return first === undefined ? { kind: 'absent' } : jsonReading(parameter, raws);
  const values: Json[] = [];
  for (const shape of parameter.shapes) {
    const read = readShape(shape, parameter, request, raws);
    if (typeof read === 'string') return { kind: 'wrong', what: read };
    values.push(...read);
  }
  return values.length === 0 ? { kind: 'absent' } : { kind: 'values', values };
}

function jsonReading(parameter: ParameterSpec, raws: readonly string[]): ParameterReading {
  if (raws.length > 1) return { kind: 'wrong', what: TWICE };
  try {
    return { kind: 'values', values: [JSON.parse(scalarText(parameter, raws[0] ?? '')) as Json] }; // Of these kinds alone.
  } catch {
    return { kind: 'wrong', what: 'must be JSON' };
  }
}

/** An upstream may read the first of several, or the last: only one of them would have been looked at. */
const TWICE = 'is here more than once';

function readShape(
  shape: ShapeSpec,
  parameter: ParameterSpec,
  request: RequestTexts,
  raws: readonly string[],
): readonly Json[] | string {
  switch (shape.kind) {
    case 'object': {
      const members = memberTexts(
        parameter,
        request,
        shape.members.map(([name]) => name),
      );
      return members === null ? [] : objectOf(members, shape);
    }
    case 'list':
      return raws.length === 0 ? [] : [itemTexts(parameter, raws).map((text) => valueOfText(text, shape.items))];
    default: {
      const [raw] = raws;
      if (raw === undefined) return [];
      // With a list among its shapes, several are items of that.
      if (raws.length > 1) return parameter.shapes.length > 1 ? [] : TWICE;
      const text = scalarText(parameter, raw);
      const value = valueOfText(text, shape.types);
      return value === text || !shape.types.includes('string') ? [value] : [value, text];
    }
  }
}

function objectOf(
  members: readonly (readonly [string, string])[],
  shape: ShapeSpec & { kind: 'object' },
): readonly Json[] | string {
  const known = new Map(shape.members.map(([name, types, isList]) => [name, { types, isList }]));
  const object: Record<string, Json> = {};
  for (const [name, text] of members) {
    if (name === '__proto__') return 'has a member that is not allowed';
    const { types = [], isList = false } = known.get(name) ?? {};
    const value = valueOfText(text, types);
    const earlier = Object.hasOwn(object, name) ? object[name] : undefined;
    if (isList) object[name] = [...(Array.isArray(earlier) ? earlier : []), value];
    else if (earlier !== undefined) return `has the member ${name.slice(0, 80)} more than once`;
    else object[name] = value;
  }
  return [object];
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,4})?$/;

/** The text itself, where it is none of the types. */
export function valueOfText(text: string, types: TextTypes): Json {
  if (text.length <= 400 && (types.includes('number') || types.includes('integer')) && NUMBER.test(text))
    return Number(text);
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text === '' && types.includes('null') ? null : text;
}
