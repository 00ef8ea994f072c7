/** Values for the variables of a prompt: which ones fit, and how they stand in a text. For whoever checks a config, and for nodes. Pure. */
import type { AiVariableSpec, AiVariableValue } from '../snapshot/ai.js';

/** `wants`: what it has to be, for a sentence: `a whole number from 1 to 10`. */
export type VariableReading =
  | { readonly ok: true; readonly value: AiVariableValue }
  | { readonly ok: false; readonly wants: string; readonly at: string };

const wrong = (wants: string, at = ''): VariableReading => ({ ok: false, wants, at });

/** `at`: where in the value, `[2]`, or empty. A number in quotes is no number: who meant one can send one. */
export function readVariable(spec: AiVariableSpec, value: unknown): VariableReading {
  switch (spec.type) {
    case 'string':
      return textOf(spec, value, '');
    case 'enum': {
      const word = spec.values.find((one) => one === value);
      return word === undefined ? wrong(`one of ${spec.values.join(', ')}`) : { ok: true, value: word };
    }
    case 'boolean':
      return typeof value === 'boolean' ? { ok: true, value } : wrong('true or false');
    case 'integer':
    case 'number': {
      const isNumber = typeof value === 'number' && Number.isFinite(value);
      const fits = isNumber && (spec.type === 'number' || Number.isInteger(value)) && isWithin(spec, value);
      return fits ? { ok: true, value } : wrong(numberWanted(spec));
    }
    case 'list': {
      if (!Array.isArray(value)) return wrong('a list of strings');
      if (value.length > spec.itemsMax) return wrong(`a list of at most ${spec.itemsMax} strings`);
      const texts: string[] = [];
      for (const [index, one] of value.entries()) {
        const read = textOf(spec, one, `[${index}]`);
        if (!read.ok) return read;
        texts.push(String(read.value));
      }
      return { ok: true, value: texts };
    }
  }
}

function textOf({ lengthMax }: AiVariableSpec, value: unknown, at: string): VariableReading {
  if (typeof value !== 'string') return wrong('a string', at);
  // As JSON Schema counts them, for that is what the OpenAPI document says; none has more of them than of UTF-16's units.
  const isLong = value.length > lengthMax && (value.length > lengthMax * 2 || [...value].length > lengthMax);
  return isLong ? wrong(`a string of at most ${lengthMax} characters`, at) : { ok: true, value };
}

const isWithin = ({ minimum, maximum }: AiVariableSpec, value: number): boolean =>
  (minimum === null || value >= minimum) && (maximum === null || value <= maximum);

function numberWanted({ type, minimum, maximum }: AiVariableSpec): string {
  const kind = type === 'integer' ? 'a whole number' : 'a number';
  if (minimum === null) return maximum === null ? kind : `${kind} up to ${maximum}`;
  return maximum === null ? `${kind}, ${minimum} or more` : `${kind} from ${minimum} to ${maximum}`;
}

/** As it stands in a text. */
export function writtenVariable({ separator }: AiVariableSpec, value: AiVariableValue): string {
  return typeof value === 'object' ? value.join(separator) : String(value);
}
