/**
 * The path of a route as it is written: `/a/b` exactly, `/orders/*` that path and everything below it, `/orders/{id}`
 * with parameters. Read into the form that the snapshot holds, and refused when no request could ever match it: the
 * router sees paths without dot segments, so a pattern with one would sit there and do nothing.
 */
import type { PathMatchSpec } from '../snapshot/snapshot.js';
import { leaf, readText } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

const CURE = 'write /a/b (exactly this), /orders/* (this and everything below) or /orders/{id} (a parameter)';
const SEGMENT = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*$/;
const PARAMETER = /^\{[A-Za-z_][A-Za-z0-9_]{0,63}\}$/;
/** Dot segments in every spelling that the router refuses, also behind an encoded separator and before a `;`. */
const DOTS = /(?:^|%2f|%5c)(?:\.|%2e){1,2}(?:;|%3b|%2f|%5c|$)/i;
/** What servers read in two ways: the router lets it in where all readings lead to one route, and these could not. */
const TWO_READINGS = /;|%(?:2f|5c|3b)/i;

export function pathPattern() {
  return leaf(
    (value): Reading<PathMatchSpec> => {
      const asText = readText(value, 'a path');
      return asText.ok ? readPathPattern(asText.value) : asText;
    },
    { type: 'string', pattern: '^/', examples: ['/orders/*', '/orders/{id}', '/health'] },
  );
}

export function readPathPattern(written: string): Reading<PathMatchSpec> {
  if (!written.startsWith('/')) return refuse(`the path ${quote(written)} does not begin with a slash`, CURE);
  if (written.length > 2048) return refuse('the path is longer than 2048 characters', CURE);
  if (/[?#]/.test(written))
    return refuse(`the path ${quote(written)} holds a query or a fragment`, 'match parameters with `query`');
  const segments = written.slice(1).split('/');
  const names = new Set<string>();
  for (const [index, segment] of segments.entries()) {
    const problem = segmentProblem(segment, index === segments.length - 1, names);
    if (problem !== null) return problem;
  }
  const hasRest = segments.at(-1) === '*';
  if ((hasRest || names.size > 0) && TWO_READINGS.test(written))
    return refuse(
      `the path ${quote(written)} holds a \`;\` or an escaped slash, and stands for more than one path`,
      'write it without a star and parameters, or leave out what servers read in two ways',
    );
  if (names.size > 0) return accept({ kind: 'template', template: written });
  if (!hasRest) return accept({ kind: 'exact', path: written });
  // `/*` is the prefix `/`; any other prefix stands without its trailing slash.
  return accept({ kind: 'prefix', prefix: segments.length === 1 ? '/' : written.slice(0, -2) });
}

function segmentProblem(segment: string, isLast: boolean, names: Set<string>): Reading<never> | null {
  if (segment === '' && !isLast) return refuse('the path has an empty segment', 'write single slashes');
  if (segment === '*')
    return isLast
      ? null
      : refuse('`*` stands only at the end of a path', 'use a parameter such as {name} in the middle');
  if (PARAMETER.test(segment)) {
    if (names.has(segment)) return refuse(`the parameter ${segment} is in the path twice`, 'give each its own name');
    names.add(segment);
    return null;
  }
  if (/[{}]/.test(segment))
    return refuse(`${quote(segment)} is not a parameter`, 'a parameter is a whole segment: /{name}/');
  if (segment.includes('*'))
    return refuse(`${quote(segment)} holds a star`, 'a star is a whole segment, at the end of the path: /orders/*');
  if (DOTS.test(segment))
    return refuse('the path holds a dot segment, which no request that is let in has', 'write the path without it');
  if (!SEGMENT.test(segment) || /%00/.test(segment))
    return refuse(
      `${quote(segment)} cannot be part of a path`,
      'percent-encode what is not a letter, digit or one of -._~',
    );
  return null;
}

/** Names that a rewrite may refer to: the parameters, and `*` where there is a rest. */
export function parametersOf(pattern: PathMatchSpec): ReadonlySet<string> {
  if (pattern.kind === 'prefix') return new Set(['*']);
  if (pattern.kind === 'exact') return new Set();
  const names = new Set([...pattern.template.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? ''));
  if (pattern.template.endsWith('/*')) names.add('*');
  return names;
}

/** The path as it was written. */
export function formatPathPattern(pattern: PathMatchSpec): string {
  if (pattern.kind === 'exact') return pattern.path;
  if (pattern.kind === 'template') return pattern.template;
  return pattern.prefix === '/' ? '/*' : `${pattern.prefix}/*`;
}
