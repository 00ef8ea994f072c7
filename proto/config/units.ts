/**
 * Quantities as people write them: durations (`250ms`), sizes (`64KiB`) and rates (`100/s`), read into milliseconds,
 * bytes and requests per period.
 *
 * A number without a unit is refused: "30" has been read as seconds by one person and as milliseconds by another in
 * every gateway that took it. Units are few and exact, so that one quantity has one obvious spelling; decimal sizes
 * (`KB`) are refused with the binary spelling as the cure, since nobody means 1,000 bytes by "10k".
 */

/** What reading a value gives: the value, or what is wrong with it and how to put it right. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly message: string;
      readonly cure: string | null;
      /** The value is of another kind altogether, so another form of the field may have been meant. */
      readonly mismatch?: boolean;
    };

export function accept<T>(value: T): Reading<T> {
  return { ok: true, value };
}

export function refuse(message: string, cure: string | null = null, mismatch = false): Reading<never> {
  return { ok: false, message, cure, mismatch };
}

export interface Rate {
  readonly requests: number;
  readonly periodMs: number;
}

// Largest first, so that formatting finds the shortest spelling.
const DURATION_UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
];

const SIZE_UNITS: readonly (readonly [unit: string, bytes: number])[] = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
  ['B', 1],
];

const DURATION_CURE = 'write a number and a unit, such as 250ms, 2s, 1m or 1h';
const SIZE_CURE = 'write a number and a unit, such as 512B, 64KiB, 10MiB or 1GiB';
const RATE_CURE = 'write requests per second, minute or hour, such as 100/s, 1000/m or 5/h';

// 16 digits hold every exact integer; what is inexact among them is refused below.
const QUANTITY = /^(\d{1,16}(?:\.\d{1,6})?) ?([A-Za-z]*)$/;

export const durationPattern = '^\\d+(\\.\\d+)?(ms|s|m|h)$';
export const sizePattern = '^\\d+(\\.\\d+)?(B|KiB|MiB|GiB)$';
export const ratePattern = '^\\d+/(s|m|h)$';

/** `250ms`, `2s`, `1.5m`, `1h` → milliseconds. The result must be whole. */
export function parseDuration(text: string): Reading<number> {
  return parseQuantity(text, 'duration', DURATION_UNITS, DURATION_CURE);
}

/** `512B`, `64KiB`, `10MiB`, `1GiB` → bytes. The result must be whole. */
export function parseSize(text: string): Reading<number> {
  const decimal = /^([\d.]{1,20}) ?([kKmMgG])[bB]?$/.exec(text);
  if (decimal !== null) {
    const unit = `${(decimal[2] ?? '').toUpperCase()}iB`;
    return refuse(`"${text}" is not a size that Weir reads`, `write ${decimal[1]}${unit}`);
  }
  return parseQuantity(text, 'size', SIZE_UNITS, SIZE_CURE);
}

/** `100/s`, `1000/m`, `5/h` → requests in a period. */
export function parseRate(text: string): Reading<Rate> {
  const match = /^(\d{1,15}) ?\/ ?(s|m|h)$/.exec(text);
  if (match === null) return refuse(`${quote(text)} is not a rate`, RATE_CURE);
  const requests = Number(match[1]);
  const periodMs = DURATION_UNITS.find(([unit]) => unit === match[2])?.[1];
  if (periodMs === undefined) return refuse(`${quote(text)} is not a rate`, RATE_CURE);
  if (requests < 1) return refuse('a rate of 0 would refuse every request', 'write at least 1, or remove the limit');
  return accept({ requests, periodMs });
}

/** The shortest spelling that parses to exactly this many milliseconds. */
export function formatDuration(ms: number): string {
  return formatQuantity(ms, DURATION_UNITS);
}

/** The shortest spelling that parses to exactly this many bytes. */
export function formatSize(bytes: number): string {
  return formatQuantity(bytes, SIZE_UNITS);
}

export function formatRate(rate: Rate): string {
  const unit = DURATION_UNITS.find(([, ms]) => ms === rate.periodMs)?.[0];
  return `${rate.requests}/${unit ?? formatDuration(rate.periodMs)}`;
}

function parseQuantity(
  text: string,
  kind: string,
  units: readonly (readonly [string, number])[],
  cure: string,
): Reading<number> {
  const match = QUANTITY.exec(text);
  if (match === null) return refuse(`${quote(text)} is not a ${kind}`, cure);
  const [, digits = '', unit = ''] = match;
  if (unit === '') return refuse(`the ${kind} ${quote(text)} has no unit`, cure);
  const factor = units.find(([name]) => name === unit)?.[1];
  if (factor === undefined) {
    // Sizes and durations are case-sensitive (M is not m), but the intent is plain when only the case is off.
    const near = units.find(([name]) => name.toLowerCase() === unit.toLowerCase())?.[0];
    return refuse(
      `the ${kind} ${quote(text)} has an unknown unit`,
      near === undefined ? cure : `write ${digits}${near}`,
    );
  }
  const value = exactProduct(digits, factor);
  if (value === null)
    return refuse(`the ${kind} ${quote(text)} is not a whole number of ${units.at(-1)?.[0] ?? ''}`, cure);
  if (!Number.isSafeInteger(value)) return refuse(`the ${kind} ${quote(text)} is too large`, cure);
  return accept(value);
}

/** digits × factor without the rounding of binary fractions: 1.1s is 1100 ms, not 1100.0000000000002. */
function exactProduct(digits: string, factor: number): number | null {
  const [whole = '0', fraction = ''] = digits.split('.');
  const scale = 10 ** fraction.length;
  const scaled = BigInt(whole + fraction) * BigInt(factor);
  if (scaled % BigInt(scale) !== 0n) return null;
  return Number(scaled / BigInt(scale));
}

function formatQuantity(value: number, units: readonly (readonly [string, number])[]): string {
  for (const [unit, factor] of units) if (value > 0 && value % factor === 0) return `${value / factor}${unit}`;
  return `${value}${units.at(-1)?.[0] ?? ''}`;
}

/** A value as it stands in a message: quoted, and cut, since a fault must fit on a line whatever the file holds. */
export function quote(text: string): string {
  const cut = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return JSON.stringify(cut);
}
