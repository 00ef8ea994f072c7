/** Keywords about single values: type, enum, const, and those of numbers and texts. Each gives a check, or null where a schema has none. Pure. */
import { numberFormat, textFormat } from './formats.js';
import { isList, type Json, type JsonObject, member } from './json-value.js';
import type { CompileOptions } from './schema-check.js';
import { type Check, canonical, Run } from './schema-run.js';

/** In the words of JSON. */
export function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (isList(value)) return 'array';
  return typeof value;
}

function isOfType(value: Json, type: string): boolean {
  if (type === 'integer') return typeof value === 'number' && Number.isInteger(value);
  return typeOf(value) === type;
}

const article = (type: string): string => (type === 'null' ? type : /^[aio]/.test(type) ? `an ${type}` : `a ${type}`);

export function typeCheck(schema: JsonObject): Check | null {
  const type = member(schema, 'type');
  const types = (isList(type) ? type : [type]).filter((one) => typeof one === 'string');
  if (types.length === 0) return null;
  const expected = types.map(article).join(' or ');
  return (value, run) => {
    for (const one of types) if (isOfType(value, one)) return true;
    const isFraction = typeof value === 'number' && types.includes('integer');
    return run.fault(isFraction ? 'must be a whole number' : `must be ${expected}, is ${article(typeOf(value))}`);
  };
}

/** Alternatives that a message names. */
const SHOWN_MAX = 8;

export function enumCheck(schema: JsonObject): Check | null {
  const written = member(schema, 'enum');
  const single = member(schema, 'const');
  const checks: Check[] = [];
  if (isList(written)) checks.push(oneOfValues(written));
  if (single !== undefined) checks.push(oneOfValues([single]));
  const [first, second] = checks;
  if (first === undefined || second === undefined) return first ?? null;
  return (value, run, seen) => first(value, run, seen) && second(value, run, seen);
}

function oneOfValues(values: readonly Json[]): Check {
  const scalars = new Set<Json>(values.filter((value) => typeof value !== 'object' || value === null));
  const reading = new Run(0);
  const others = new Set(
    values.filter((value) => typeof value === 'object' && value !== null).map((value) => canonical(value, reading)),
  );
  const names = values.slice(0, SHOWN_MAX).map((value) => JSON.stringify(value));
  const more = values.length > SHOWN_MAX ? `, and ${values.length - SHOWN_MAX} more` : '';
  const listed = names.join(', ');
  const shown =
    listed.length > 200
      ? 'one of the values that are allowed'
      : `${values.length > 1 ? 'one of ' : ''}${listed}${more}`;
  return (value, run) => {
    if (typeof value !== 'object' || value === null) return scalars.has(value) || run.fault(`must be ${shown}`);
    if (others.size > 0) {
      const text = canonical(value, run);
      if (text !== null && others.has(text)) return true;
    }
    return run.fault(`must be ${shown}`);
  };
}

const numberAt = (schema: JsonObject, keyword: string): number | null => {
  const value = member(schema, keyword);
  return typeof value === 'number' ? value : null;
};

/** In 3.0 a bound is exclusive by a flag beside it, since 3.1 it is a bound of its own. */
function bounds(schema: JsonObject): {
  above: number | null;
  from: number | null;
  below: number | null;
  to: number | null;
} {
  const [minimum, maximum] = [numberAt(schema, 'minimum'), numberAt(schema, 'maximum')];
  const isAbove = member(schema, 'exclusiveMinimum') === true;
  const isBelow = member(schema, 'exclusiveMaximum') === true;
  return {
    above: isAbove ? minimum : numberAt(schema, 'exclusiveMinimum'),
    from: isAbove ? null : minimum,
    below: isBelow ? maximum : numberAt(schema, 'exclusiveMaximum'),
    to: isBelow ? null : maximum,
  };
}

export function numberCheck(schema: JsonObject): Check | null {
  const { above, from, below, to } = bounds(schema);
  const step = numberAt(schema, 'multipleOf');
  const format = member(schema, 'format');
  const range = typeof format === 'string' ? numberFormat(format) : null;
  if ([above, from, below, to, step, range].every((one) => one === null)) return null;
  return (value, run) => {
    if (typeof value !== 'number') return true;
    if (from !== null && value < from) return run.fault(`must be at least ${from}`);
    if (above !== null && value <= above) return run.fault(`must be above ${above}`);
    if (to !== null && value > to) return run.fault(`must be at most ${to}`);
    if (below !== null && value >= below) return run.fault(`must be below ${below}`);
    if (step !== null && !isMultiple(value, step)) return run.fault(`must be a multiple of ${step}`);
    if (range !== null && (!Number.isInteger(value) || value < range.from || value > range.to))
      return run.fault(`must be an ${String(format)}`);
    return true;
  };
}

/** 0.3 is no multiple of 0.1 to a processor, and is one to people. */
function isMultiple(value: number, step: number): boolean {
  const times = value / step;
  if (Number.isInteger(times)) return true;
  return Number.isFinite(times) && Math.abs(times - Math.round(times)) <= Math.abs(times) * 1e-12;
}

/** In characters of Unicode; counted only where it could matter. */
function lengthOf(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

export function textCheck(schema: JsonObject, { pattern: compile }: CompileOptions): Check | null {
  const [least, most] = [numberAt(schema, 'minLength'), numberAt(schema, 'maxLength')];
  const written = member(schema, 'pattern');
  const pattern = typeof written === 'string' ? compile(written) : null;
  const format = member(schema, 'format');
  const isFormat = typeof format === 'string' ? textFormat(format) : null;
  if (least === null && most === null && pattern === null && isFormat === null) return null;
  return (value, run) => {
    if (typeof value !== 'string') return true;
    if (!run.spend(value.length >> 4)) return false;
    // A character is one or two units, so most texts need not be counted.
    if (most !== null && value.length > most && (value.length > most * 2 || lengthOf(value) > most))
      return run.fault(`must have at most ${most} characters`);
    if (least !== null && value.length < least * 2 && lengthOf(value) < least)
      return run.fault(least === 1 ? 'must not be empty' : `must have at least ${least} characters`);
    if (pattern !== null && !run.spend(pattern.workFor(value.length))) return false;
    if (pattern !== null && !pattern.test(value)) return run.fault(`must match ${shownPattern(String(written))}`);
    if (isFormat !== null && !isFormat(value))
      return run.fault(
        `must be a ${String(format)}`
          .replace('a email', 'an email')
          .replace('a uuid', 'a UUID')
          .replace('a uri', 'a URI')
          .replace('a byte', 'in base64'),
      );
    return true;
  };
}

function shownPattern(pattern: string): string {
  return pattern.length > 80 ? 'the pattern of the contract' : pattern;
}
