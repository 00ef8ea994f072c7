/**
 * `allOf`, `anyOf`, `oneOf`, `not`, and what a discriminator chooses. Where none of several forms fits, the faults told are those of the form that
 * came nearest: the one whose first fault lies deepest. Pure.
 */
import { isObject, type Json, type JsonObject, listAt, member, objectAt, textAt } from './json-value.js';
import type { Compile, CompileOptions } from './schema-check.js';
import { addSeen, type Check, emptySeen, Run, type SchemaFault, type Seen } from './schema-run.js';

export function choiceCheck(schema: JsonObject, compile: Compile, options: CompileOptions): (Check | null)[] {
  return [
    ...listAt(schema, 'allOf').map(compile),
    formsCheck(schema, 'anyOf', compile, options),
    formsCheck(schema, 'oneOf', compile, options),
    notCheck(schema, compile),
  ];
}

function notCheck(schema: JsonObject, compile: Compile): Check | null {
  const written = member(schema, 'not');
  if (written === undefined) return null;
  const check = compile(written);
  return (value, run) => {
    const fits = run.quietly(value, check, null);
    if (run.isExhausted) return false;
    return !fits || run.fault('has a form that is not allowed');
  };
}

function formsCheck(
  schema: JsonObject,
  keyword: 'anyOf' | 'oneOf',
  compile: Compile,
  options: CompileOptions,
): Check | null {
  const forms = listAt(schema, keyword);
  if (forms.length === 0) return null;
  const checks = forms.map(compile);
  const chosen = discriminated(schema, forms, checks);
  const isOne = keyword === 'oneOf';
  const undecided: Check = (value, run, seen) => {
    let fitting = 0;
    for (const check of checks) {
      const own = seen === null ? null : emptySeen();
      const fits = run.quietly(value, check, own);
      if (run.isExhausted) return false;
      if (!fits) continue;
      fitting += 1;
      if (own !== null && seen !== null) addSeen(seen, own);
      // What others have looked at counts, too, where anybody asks for the rest.
      if (!isOne && seen === null) return true;
      if (isOne && fitting > 1) return run.fault('fits more than one of the forms, of which it must have one');
    }
    return fitting > 0 || nearest(value, run, checks);
  };
  if (chosen === null || options.direction === 'response') return undecided;
  return (value, run, seen) => chosen(value, run, seen) ?? undecided(value, run, seen);
}

/** Forms that are tried again for the sake of a message. */
const NEAREST_OF = 8;

function nearest(value: Json, run: Run, checks: readonly Check[]): boolean {
  if (run.isDone) return false;
  let best: readonly SchemaFault[] = [];
  let depth = -1;
  for (const check of checks.slice(0, NEAREST_OF)) {
    const trial = new Run(3, Math.min(run.workLeft, 100_000));
    trial.path.push(...run.path);
    check(value, trial, null);
    if (!run.spend(1 + Math.min(run.workLeft, 100_000) - Math.max(0, trial.workLeft))) return false;
    const deepest = Math.max(-1, ...trial.faults.map(({ path }) => path.length));
    if (deepest <= depth || trial.isExhausted) continue;
    depth = deepest;
    best = trial.faults;
  }
  if (depth <= run.path.length && checks.length > 1) {
    const what = best.length === 1 ? `: ${best[0]?.what ?? ''}` : '';
    return run.fault(`has none of the ${checks.length} forms that are allowed${what}`);
  }
  for (const { path, what } of best) run.tell(path, what);
  return false;
}

/** The form that a member of the value names; undefined: the value is no object, and the forms decide. */
function discriminated(
  schema: JsonObject,
  forms: readonly Json[],
  checks: readonly Check[],
): ((value: Json, run: Run, seen: Seen | null) => boolean | undefined) | null {
  const discriminator = objectAt(schema, 'discriminator');
  const property = textAt(discriminator, 'propertyName');
  const refs = forms.map((form) => textAt(form, '$ref'));
  if (property === '' || refs.includes('')) return null;
  const byName = new Map<string, Check>();
  for (const [index, ref] of refs.entries()) {
    const check = checks[index];
    if (check !== undefined) byName.set(ref.split('/').at(-1) ?? '', check);
  }
  for (const [name, target] of Object.entries(objectAt(discriminator, 'mapping'))) {
    const index = refs.findIndex((ref) => ref === target || ref.endsWith(`/${String(target)}`));
    const check = checks[index];
    if (check !== undefined) byName.set(name, check);
  }
  const names = [...byName.keys()].slice(0, NEAREST_OF).map((name) => JSON.stringify(name));
  return (value, run, seen) => {
    if (!isObject(value)) return undefined;
    const name = member(value, property);
    if (name === undefined) return run.faultAt(property, 'is required');
    const check = typeof name === 'string' ? byName.get(name) : undefined;
    return check === undefined ? run.faultAt(property, `must be one of ${names.join(', ')}`) : check(value, run, seen);
  };
}
