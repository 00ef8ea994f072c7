/**
 * From what the schema library reports to what a person can act on: one finding per fault, with a path and a cure.
 * Unknown keys are named one by one; of a union, the form that the value was meant to have is the one that is explained.
 */
import type * as z from 'zod/v4/core';
import { type Finding, findError, type Path, type PathStep } from './faults.js';
import { nameKind } from './scalars.js';
import { objectsAt } from './schema-walk.js';
import { closest } from './suggest.js';
import { quote } from './units.js';

/** A finding and whether it says that the value is of another kind altogether. */
interface Explained {
  readonly finding: Finding;
  readonly mismatch: boolean;
}

/** `issues` of comparing `value` with `root`. */
export function explainIssues(root: z.$ZodType, value: unknown, issues: readonly z.$ZodIssue[]): Finding[] {
  return issues.flatMap((issue) => explain(root, value, issue, [])).map(({ finding }) => finding);
}

function explain(root: z.$ZodType, value: unknown, issue: z.$ZodIssue, base: Path): Explained[] {
  const path: Path = [...base, ...issue.path.map(step)];
  const found = valueAt(value, path);
  const one = (message: string, cure: string | null = null, mismatch = false): Explained[] => [
    { finding: findError(path, message, cure), mismatch },
  ];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ finding: unknownKey(root, path, key), mismatch: false }));
    case 'invalid_union':
      return bestForm(
        issue.errors.map((form) => form.flatMap((inner) => explain(root, value, inner, path))),
        path,
        found,
        objectsAt(root, path).flatMap((object) => Object.keys(object._zod.def.shape)),
      );
    case 'invalid_type':
      if (found === undefined) return one('is missing', `add ${kindOf(issue.expected)}`);
      return one(`${kindOf(issue.expected)} was expected, not ${nameKind(found)}`, emptyCure(found), true);
    case 'too_small':
      return one(issue.origin === 'array' ? 'the list is empty' : issue.message, 'add at least one entry');
    case 'too_big':
      return one(`the list is longer than ${issue.maximum} entries`);
    case 'custom': {
      const { cure, mismatch } = issue.params ?? {};
      return one(issue.message, typeof cure === 'string' ? cure : null, mismatch === true);
    }
    default:
      // What is left are literals that only occur as one form of a union: they never explain anything by themselves.
      return one(`${nameKind(found)} has no meaning here`, null, true);
  }
}

/** A key or a position; a symbol cannot come from a file. */
function step(part: PropertyKey): PathStep {
  return typeof part === 'symbol' ? String(part) : part;
}

/** The faults of the form that was meant: the first one whose kind fits, else what every form would have wanted. */
function bestForm(
  forms: readonly (readonly Explained[])[],
  path: Path,
  found: unknown,
  keys: readonly string[],
): Explained[] {
  const fits = forms.find((form) => !form.some((e) => e.mismatch && e.finding.path.length === path.length));
  if (fits !== undefined && fits.length > 0) return [...fits];
  const heads = forms.flatMap(([head]) => head ?? []);
  // A literal form has no words of its own, and of a mapping only the keys can be told.
  const best = heads.find(({ finding }) => finding.cure !== null) ?? heads[0];
  if (best === undefined)
    return [{ finding: findError(path, `${nameKind(found)} has no meaning here`), mismatch: true }];
  const cures = new Set(heads.flatMap(({ finding }) => finding.cure ?? []));
  if (keys.length > 0) cures.add(`a mapping such as { ${keys[0]}: … } (its keys: ${keys.join(', ')})`);
  return [{ ...best, finding: { ...best.finding, cure: cures.size === 0 ? null : [...cures].join('; or ') } }];
}

function unknownKey(root: z.$ZodType, path: Path, key: string): Finding {
  const objects = objectsAt(root, path);
  const at = [...path, key];
  const known = [...new Set(objects.flatMap((object) => Object.keys(object._zod.def.shape)))];
  const meant = closest(key, known);
  const cure = meant === null ? `the keys here are ${known.join(', ')}` : `did you mean ${meant}?`;
  if (key === '<<')
    return findError(
      at,
      'merge keys (`<<`) are not part of YAML 1.2',
      'repeat the values, or use an alias as a whole value',
    );
  return findError(at, `the key ${quote(key)} is not known`, cure);
}

function kindOf(expected: string): string {
  if (expected === 'object' || expected === 'record') return 'a mapping';
  if (expected === 'array') return 'a list';
  return `a ${expected}`;
}

function emptyCure(found: unknown): string | null {
  return found === null ? 'give it a value, or remove the key' : null;
}

export function valueAt(value: unknown, path: Path): unknown {
  let node = value;
  for (const part of path) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, part)) return undefined;
    node = (node as Record<PathStep, unknown>)[part]; // it is an object and has this key
  }
  return node;
}
