/**
 * The leaves of the schema: how a single value is read, how it is refused, and what an editor is told about it.
 *
 * Each leaf is a zod schema around a pure reader, so that every refusal has a cure and is worded for the person who
 * wrote the file ("write 30s"), not for the one who wrote the schema ("expected string, received number").
 */
import * as z from 'zod';
import { closest } from './suggest.js';
import {
  accept,
  durationPattern,
  formatDuration,
  formatSize,
  parseDuration,
  parseRate,
  parseSize,
  quote,
  type Rate,
  type Reading,
  ratePattern,
  refuse,
  sizePattern,
} from './units.js';

/** What a JSON Schema says about a leaf; copied into the generated file. */
export interface LeafSchema {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | readonly string[];
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly examples?: readonly unknown[];
}

/** A text in an editor may hold `${NAME}` instead of what its pattern asks for. */
const ENV_PATTERN = '\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}';

export function leaf<T>(read: (value: unknown) => Reading<T>, schema: LeafSchema) {
  const pattern = schema.pattern === undefined ? {} : { pattern: `${schema.pattern}|${ENV_PATTERN}` };
  return z
    .unknown()
    .transform((value, context): T => {
      const reading = value === undefined ? refuse('is missing', exampleCure(schema)) : read(value);
      if (reading.ok) return reading.value;
      const params = { cure: reading.cure, mismatch: reading.mismatch === true };
      context.addIssue({ code: 'custom', message: reading.message, params });
      return z.NEVER;
    })
    .meta({ ...schema, ...pattern });
}

function exampleCure({ examples, minimum }: LeafSchema): string | null {
  const example = examples?.[0] ?? minimum;
  return example === undefined ? null : `add it, such as ${String(example)}`;
}

/** What a value of the wrong kind is called in a message. */
export function nameKind(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return `the text ${quote(value)}`;
  return `the ${typeof value} ${String(value)}`;
}

/** Text from a value; `what` names it in the refusal. */
export function readText(
  value: unknown,
  what: string,
  read: (text: string) => Reading<string> = accept,
): Reading<string> {
  if (typeof value === 'string') return read(value);
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  const cure = scalar ? `put it in quotes: "${String(value)}"` : null;
  return refuse(`${what} was expected, not ${nameKind(value)}`, cure, true);
}

export const textLengthMax = 8192;

// C0 controls and DEL: none of them belongs into a name, a path or a field value.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;

export function hasControl(text: string): boolean {
  return CONTROL.test(text);
}

/** One line of text, not empty. */
export function text(what = 'a text') {
  const read = (line: string): Reading<string> => {
    if (line === '') return refuse(`${what} was expected, not an empty text`);
    if (line.length > textLengthMax) return refuse(`${what} of at most ${textLengthMax} characters was expected`);
    return hasControl(line) ? refuse(`${what} must not hold control characters`) : accept(line);
  };
  return leaf((value) => readText(value, what, read), { type: 'string' });
}

/** A name of an entity: it appears in metrics, logs and URLs, so its alphabet is small. */
const ID_TEXT = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$';
export const idPattern = new RegExp(ID_TEXT);

export function identifier() {
  const read = (id: string): Reading<string> =>
    idPattern.test(id)
      ? accept(id)
      : refuse(
          `${quote(id)} is not an id`,
          'use letters, digits, dots, hyphens and underscores, at most 64, beginning with a letter or digit',
        );
  return leaf((value) => readText(value, 'an id', read), { type: 'string', pattern: ID_TEXT, examples: ['orders'] });
}

/** For a number in quotes. */
function unquoted(value: unknown): string | null {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? `remove the quotes: ${value}` : null;
}

export function integer(what: string, minimum: number, maximum: number) {
  return leaf(
    (value): Reading<number> => {
      const cure = `write a whole number from ${minimum} to ${maximum}`;
      if (typeof value !== 'number')
        return refuse(`${what} must be a whole number, not ${nameKind(value)}`, unquoted(value) ?? cure, true);
      if (!Number.isInteger(value)) return refuse(`${what} must be a whole number, not ${value}`, cure);
      if (value < minimum || value > maximum)
        return refuse(`${what} must be from ${minimum} to ${maximum}, not ${value}`, cure);
      return accept(value);
    },
    { type: 'integer', minimum, maximum },
  );
}

/** A share from 0 to 1. */
export function share(what: string) {
  return leaf(
    (value): Reading<number> => {
      const cure = 'write a number from 0 (none) to 1 (all)';
      if (typeof value !== 'number') return refuse(`${what} must be a number, not ${nameKind(value)}`, cure, true);
      return value >= 0 && value <= 1 ? accept(value) : refuse(`${what} must be from 0 to 1, not ${value}`, cure);
    },
    { type: 'number', minimum: 0, maximum: 1 },
  );
}

export function flag() {
  const cure = 'write true or false, without quotes';
  return leaf(
    (value) =>
      typeof value === 'boolean'
        ? accept(value)
        : refuse(`true or false was expected, not ${nameKind(value)}`, cure, true),
    { type: 'boolean' },
  );
}

/** One of a few words. */
export function choice<const T extends string>(what: string, words: readonly T[]) {
  return leaf(
    (value): Reading<T> => {
      const cure = `write ${words.length > 1 ? 'one of ' : ''}${words.join(', ')}`;
      if (typeof value !== 'string') return refuse(`${what} must be a word, not ${nameKind(value)}`, cure, true);
      const word = words.find((known) => known === value);
      if (word !== undefined) return accept(word);
      const meant = closest(value, words);
      return refuse(
        `${quote(value)} is not known as ${what}`,
        meant === null ? cure : `did you mean ${meant}? ${cure}`,
      );
    },
    { type: 'string', enum: words },
  );
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** No wait in the gateway is longer than a day: a limit above it is a mistake of unit. */
export const durationMax = 24 * 3_600_000;

/** `wholeSeconds` is for what goes over the wire, where there are no parts of them. */
export function duration(bounds: Partial<Bounds> & { readonly wholeSeconds?: boolean } = {}) {
  const { min = 1, max = durationMax, wholeSeconds = false } = bounds;
  const schema: LeafSchema = { type: 'string', pattern: durationPattern, examples: ['250ms', '2s', '1m'] };
  return leaf((value): Reading<number> => {
    if (value === 'adaptive')
      return refuse('this limit cannot be `adaptive`; firstByte and attempt can', 'write a duration such as 2s');
    if (typeof value === 'number')
      return refuse(`the duration ${value} has no unit`, `write ${value}ms or ${value}s`, true);
    if (typeof value !== 'string')
      return refuse(`a duration was expected, not ${nameKind(value)}`, 'write one such as 250ms or 2s', true);
    const reading = within(parseDuration(value), min, max, formatDuration);
    return wholeSeconds && reading.ok && reading.value % 1_000 !== 0
      ? refuse(`${formatDuration(reading.value)} is not a whole number of seconds`, 'write one such as 1s')
      : reading;
  }, schema);
}

export function size(bounds: Bounds) {
  const schema: LeafSchema = { type: 'string', pattern: sizePattern, examples: ['64KiB', '10MiB'] };
  return leaf((value): Reading<number> => {
    if (typeof value === 'number')
      return refuse(`the size ${value} has no unit`, `write ${value}B or ${value}KiB`, true);
    if (typeof value !== 'string')
      return refuse(`a size was expected, not ${nameKind(value)}`, 'write one such as 64KiB', true);
    return within(parseSize(value), bounds.min, bounds.max, formatSize);
  }, schema);
}

export function rate() {
  const schema: LeafSchema = { type: 'string', pattern: ratePattern, examples: ['100/s', '1000/m'] };
  return leaf((value): Reading<Rate> => {
    if (typeof value !== 'string')
      return refuse(`a rate was expected, not ${nameKind(value)}`, 'write one such as 100/s', true);
    return parseRate(value);
  }, schema);
}

function within(
  reading: Reading<number>,
  min: number,
  max: number,
  format: (value: number) => string,
): Reading<number> {
  if (!reading.ok || (reading.value >= min && reading.value <= max)) return reading;
  return refuse(`${format(reading.value)} is out of bounds`, `write a value from ${format(min)} to ${format(max)}`);
}

/** One value or a list of them; always a list afterwards. */
export function oneOrMany<T extends z.ZodType>(schema: T, max = 1000) {
  // One is made a list where it has been read: what a leaf is read as may itself be one, as the steps of a path.
  const one = schema.transform((value): z.output<T>[] => [value]);
  const many = z
    .array(schema)
    .max(max)
    .transform((values): z.output<T>[] => values);
  return z.union([one, many]);
}
