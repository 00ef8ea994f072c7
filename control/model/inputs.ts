/**
 * The leaves of the inputs of commands: each has a bound, and each refusal its cure. Made like those of weir.yaml (proto/config/scalars),
 * so that the admin API words faults as `weir check` does.
 */

import { readHostPattern } from '@weir/proto/config/network.js';
import { leaf, nameKind, readText } from '@weir/proto/config/scalars.js';
import { accept, quote, type Reading, refuse } from '@weir/proto/config/units.js';
import * as z from 'zod';
import { hostsMax, tagsMax } from './bounds.js';

function text(
  what: string,
  read: (text: string) => Reading<string>,
  schema: { pattern?: string; maxLength?: number; examples?: string[] },
) {
  return leaf((value) => readText(value, what, read), { type: 'string', ...schema });
}

const ID_PATTERN = '^[a-z0-9][a-z0-9-]{0,62}$';
const ID = new RegExp(ID_PATTERN);

/** Of what people name: services, teams, applications, plans. */
export function nameId(what: string) {
  const cure = 'use lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit';
  return text(`the id of ${what}`, (id) => (ID.test(id) ? accept(id) : refuse(`${quote(id)} is not an id`, cure)), {
    pattern: ID_PATTERN,
    examples: ['shop'],
  });
}

const DRAWN_PATTERN = '^[A-Za-z0-9_-]{1,64}$';
const DRAWN = new RegExp(DRAWN_PATTERN);

/** Of what is named by chance: users, keys, subscriptions. */
export function drawnId(what: string) {
  return text(
    `the id of ${what}`,
    (id) => (DRAWN.test(id) ? accept(id) : refuse(`${quote(id)} is not an id`, 'write it as it was given')),
    { pattern: DRAWN_PATTERN },
  );
}

// C0 without tab and line feed, DEL, and what turns the direction of text around: a name must look like what it is.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is looked for
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/;

/** One line; not empty unless `isOptional`. */
export function line(what: string, charsMax: number, { isOptional = false } = {}) {
  return text(
    what,
    (written) => {
      const value = written.trim();
      if (value === '' && !isOptional) return refuse(`${what} must not be empty`, 'write at least one character');
      if (value.length > charsMax) return refuse(`${what} is longer than ${charsMax} characters`, 'shorten it');
      if (UNSEEN.test(value) || /[\t\n]/.test(value))
        return refuse(`${what} has characters that can't be seen`, 'remove tabs, line ends and control characters');
      return accept(value);
    },
    { maxLength: charsMax },
  );
}

/** Text of several lines: Markdown, reasons. */
export function prose(what: string, charsMax: number) {
  return text(
    what,
    (written) => {
      const value = written.replace(/\r\n/g, '\n');
      if (value.length > charsMax) return refuse(`${what} is longer than ${charsMax} characters`, 'shorten it');
      return UNSEEN.test(value)
        ? refuse(`${what} has characters that can't be seen`, 'remove control characters')
        : accept(value);
    },
    { maxLength: charsMax },
  );
}

const LOGIN = /^[a-z0-9][a-z0-9._@+-]{0,99}$/;

export function login() {
  return text(
    'the login',
    (written) => {
      const value = written.trim().toLowerCase();
      return LOGIN.test(value)
        ? accept(value)
        : refuse(`${quote(written)} is no login`, 'use letters, digits and . _ @ + -, at most 100');
    },
    { maxLength: 100, examples: ['ada', 'ada@example.com'] },
  );
}

const SEGMENTS = /^(\/[A-Za-z0-9._~-]+){1,8}$/;

/** Plain segments: it is compared with paths as they come. */
export function basePath() {
  return text(
    'the base path',
    (path) =>
      path.length <= 200 && SEGMENTS.test(path) && !/\/\.{1,2}(\/|$)/.test(path)
        ? accept(path)
        : refuse(
            `${quote(path)} is not a plain path`,
            'write something like /shop or /shop/v2: at most eight segments, without a slash at its end',
          ),
    { maxLength: 200, examples: ['/shop'] },
  );
}

/** Of a link that goes into a response field: no space, no quote, no angle bracket. */
export function link(what: string) {
  return text(
    what,
    (value) =>
      value === '' || (value.length <= 500 && /^(https?:\/\/[^/]|\/(?!\/))[!#-;=?-~]*$/.test(value))
        ? accept(value)
        : refuse(`${quote(value)} is no link`, 'write a URL such as https://docs.example.com/shop, or a path'),
    { maxLength: 500 },
  );
}

const FIELD_NAME = /^[a-z0-9-]{1,64}$/;

export function fieldName() {
  return text(
    'the name of a header field',
    (written) => {
      const value = written.toLowerCase();
      return FIELD_NAME.test(value) &&
        !/^(host|connection|authorization|cookie|content-length|transfer-encoding)$/.test(value)
        ? accept(value)
        : refuse(`${quote(written)} can't tell versions apart`, 'write a field such as x-api-version');
    },
    { examples: ['x-api-version'] },
  );
}

const VERSION_NAME = /^[a-z0-9][a-z0-9.-]{0,31}$/;

export function versionName() {
  return text(
    'the name of a version',
    (value) =>
      value === '' || VERSION_NAME.test(value)
        ? accept(value)
        : refuse(`${quote(value)} is no name of a version`, 'write one such as v1: letters, digits, dots and hyphens'),
    { examples: ['v1'] },
  );
}

const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** Of `${secret:NAME}`. */
export function secretNameText() {
  return text(
    'the name of a secret',
    (value) =>
      SECRET_NAME.test(value)
        ? accept(value)
        : refuse(
            `${quote(value)} is no name of a secret`,
            'use letters, digits and underscores, not beginning with a digit, such as API_KEY',
          ),
    { pattern: SECRET_NAME.source, examples: ['API_KEY'] },
  );
}

export const hosts = () =>
  z
    .array(leaf((value) => readText(value, 'a host name', readHostPattern), { type: 'string' }))
    .max(hostsMax)
    .transform((list) => [...new Set(list)]);

export const tags = () =>
  z
    .array(nameId('a tag'))
    .max(tagsMax)
    .transform((list) => [...new Set(list)].sort());

/** A time in milliseconds since 1970. */
export function wallTime(what: string) {
  const cure = 'write milliseconds since 1970 as a whole number';
  return leaf(
    (value): Reading<number> =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
        ? accept(value)
        : refuse(`${what} must be a time, not ${nameKind(value)}`, cure, typeof value !== 'number'),
    { type: 'integer', minimum: 0 },
  );
}

const DEPTH_MAX = 32;

/** A list of JSON values, as weir.yaml has them: whether they mean something is found out where they are compiled. */
export function jsonList(what: string, itemsMax: number, charsMax: number) {
  return leaf(
    (value): Reading<readonly unknown[]> => {
      if (!Array.isArray(value)) return refuse(`${what} must be a list, not ${nameKind(value)}`, 'write a list', true);
      if (value.length > itemsMax) return refuse(`${what}: more than ${itemsMax} entries`, 'remove some of them');
      return boundedJson<readonly unknown[]>(value, what, charsMax);
    },
    { type: ['array'] },
  );
}

/** The same of a mapping. */
export function jsonObject(what: string, charsMax: number) {
  return leaf(
    (value): Reading<Readonly<Record<string, unknown>>> =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? boundedJson(value as Record<string, unknown>, what, charsMax) // Such it is.
        : refuse(`${what} must be a mapping, not ${nameKind(value)}`, 'write a mapping', true),
    { type: ['object'] },
  );
}

function boundedJson<T extends object>(value: T, what: string, charsMax: number): Reading<T> {
  if (!isJson(value, DEPTH_MAX + 1))
    return refuse(
      `${what} must be plain JSON, at most ${DEPTH_MAX} levels deep`,
      'write texts, numbers, lists and objects',
    );
  return JSON.stringify(value).length > charsMax
    ? refuse(`${what} is longer than ${charsMax} characters of JSON`, 'shorten it')
    : accept(value);
}

function isJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth - 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.entries(value).every(([key, item]) => key !== '__proto__' && isJson(item, depth - 1));
}
