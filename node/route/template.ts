/**
 * Texts with `{name}` and `{*}` for the parameters of a match, and `{path}` and `{query}` for those of the request:
 * where a redirect goes, and what path goes upstream. Compiled once; a name that the route does not have is an error
 * of the configuration, found before traffic.
 *
 * Values come from the path in its normal form (path.ts): ASCII, percent-encoded where they must be, `%2F` still
 * encoded. So a value can't end a segment, begin a query or break a header field.
 */
import type { MatchSpec } from '@weir/proto/snapshot/snapshot.js';
import { pathPattern } from './path-tree.js';

export type TemplatePart = { readonly text: string } | { readonly name: string };

/** Splits a template; throws when it names something that is not in `known`. */
export function parseTemplate(template: string, known: ReadonlySet<string>): TemplatePart[] {
  return template
    .split(/(\{[^{}]*\})/)
    .filter((part) => part !== '')
    .map((part) => {
      if (!part.startsWith('{') || !part.endsWith('}')) return { text: part };
      const name = part.slice(1, -1);
      if (!known.has(name))
        throw new Error(`${JSON.stringify(template)} names {${name}}, which the route does not have`);
      return { name };
    });
}

/** The parameters that a match of this route will have. */
export function parametersOf(match: MatchSpec): string[] {
  const { names, hasRest } = pathPattern(match.path);
  return hasRest ? [...names, '*'] : [...names];
}

export function fillTemplate(parts: readonly TemplatePart[], valueFor: (name: string) => string): string {
  let text = '';
  for (const part of parts) text += 'text' in part ? part.text : valueFor(part.name);
  return text;
}
