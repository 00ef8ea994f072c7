/**
 * Fills `${NAME}` in the values of a file from the environment, before they are compared with the schema.
 *
 * Texts that the schema marks as possible secrets keep their references; those are only checked to be set. Everything
 * else is filled here. A scalar without quotes that was nothing but one reference is read again as YAML would have read
 * it, so that `port: ${PORT}` can be a number, while `"${PORT}"` stays text.
 */
import type * as z from 'zod/v4/core';
import { type Environment, fillReferences, referencesIn } from '../snapshot/secret-text.js';
import type { FilledVariables } from './conceal.js';
import { type Finding, findError, type Path, renderPath } from './faults.js';
import { schemasAt } from './schema-walk.js';
import { keptReferences } from './secrets.js';
import { quote } from './units.js';

export interface Substituted {
  readonly value: unknown;
  readonly findings: readonly Finding[];
  /** Path → the text before and after: at its own path, a value from the environment is never shown. */
  readonly filled: ReadonlyMap<string, { readonly template: string; readonly text: string }>;
  /** Every variable that was filled in anywhere. */
  readonly variables: FilledVariables;
}

const ONE_REFERENCE = /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/;
const JSON_SCALAR = /^(true|false|-?(0|[1-9]\d{0,15})(\.\d{1,15})?)$/;

export function substitute(
  root: z.$ZodType,
  value: unknown,
  plain: ReadonlySet<string>,
  env: Environment,
): Substituted {
  const findings: Finding[] = [];
  const filled = new Map<string, { template: string; text: string }>();
  const variables = new Map<string, string>();

  const visit = (node: unknown, path: Path): unknown => {
    // Another language, in which a dollar sign is the end of a pattern.
    if (path.length === 3 && path[0] === 'contracts' && path[2] === 'document') return node;
    if (typeof node === 'string') return node.includes('$') ? fill(node, path) : node;
    if (Array.isArray(node)) return node.map((item, index) => visit(item, [...path, index]));
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, visit(item, [...path, key])]));
  };

  const fill = (template: string, path: Path): unknown => {
    const { names } = referencesIn(template);
    const { text, missing, malformed } = fillReferences(template, env);
    for (const piece of malformed) {
      const cure = `a reference is \${NAME}, of letters, digits and underscores; a dollar sign before a brace is written $$`;
      findings.push(findError(path, `${quote(piece)} is not a reference`, cure));
    }
    for (const name of new Set(missing)) {
      findings.push(
        findError(path, `the environment variable ${name} is not set`, `set ${name} where Weir is started`),
      );
    }
    if (isKept(root, path)) {
      const empty = names.length > 0 && missing.length === 0 && text === '';
      const cure = `set ${names[0] ?? 'it'} to a value`;
      if (empty) findings.push(findError(path, `the environment variable ${names[0] ?? ''} is empty`, cure));
      return template;
    }
    const place = renderPath(path);
    if (names.length > 0) filled.set(place, { template, text });
    for (const name of names) variables.set(name, fillReferences(`\${${name}}`, env).text);
    const readAgain = plain.has(place) && ONE_REFERENCE.test(template) && JSON_SCALAR.test(text);
    return readAgain ? JSON.parse(text) : text;
  };

  return { value: visit(value, []), findings, filled, variables };
}

/** May the text at this path stay a reference? Any of the schema's forms for the place decides. */
function isKept(root: z.$ZodType, path: Path): boolean {
  return schemasAt(root, path).some((schema) =>
    keptReferences.has(schema as z.$ZodType & Parameters<typeof keptReferences.has>[0]),
  );
}
