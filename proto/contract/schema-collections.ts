/** Keywords about lists and objects. Each gives a check, or null where a schema has none of them. Pure. */
import { isList, isObject, type Json, type JsonObject, listAt, member, objectAt } from './json-value.js';
import type { Compile, CompileOptions } from './schema-check.js';
import { type Check, canonical, type Run } from './schema-run.js';

const countAt = (schema: JsonObject, keyword: string): number | null => {
  const value = member(schema, keyword);
  return typeof value === 'number' ? value : null;
};

const things = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

export function listCheck(schema: JsonObject, compile: Compile): Check | null {
  const [least, most] = [countAt(schema, 'minItems'), countAt(schema, 'maxItems')];
  const isUnique = member(schema, 'uniqueItems') === true;
  const first = listAt(schema, 'prefixItems').map(compile);
  const items = member(schema, 'items');
  const rest = items === undefined ? null : compile(items);
  const contains = containsCheck(schema, compile);
  if (least === null && most === null && !isUnique && first.length === 0 && rest === null && contains === null)
    return null;
  return (value, run, seen) => {
    if (!isList(value)) return true;
    let isRight = true;
    if (least !== null && value.length < least) isRight = run.fault(`must have at least ${things(least, 'item')}`);
    if (most !== null && value.length > most) return run.fault(`must have at most ${things(most, 'item')}`);
    for (let index = 0; index < value.length; index += 1) {
      const check = first[index] ?? rest;
      if (check === null) break;
      seen?.items.add(index);
      if (run.at(index, value[index] ?? null, check)) continue;
      isRight = false;
      if (run.isDone) return false;
    }
    if (contains !== null && !contains(value, run, seen)) isRight = false;
    return isUnique && isRight ? hasNoTwins(value, run) : isRight;
  };
}

/** By one text for all equal values, so it takes as long as the list is large, and not its square. */
function hasNoTwins(list: readonly Json[], run: Run): boolean {
  const known = new Map<string, number>();
  for (const [index, item] of list.entries()) {
    const text = canonical(item, run);
    if (text === null) return false;
    const earlier = known.get(text);
    if (earlier !== undefined) return run.faultAt(index, `is the same as item ${earlier}`);
    known.set(text, index);
  }
  return true;
}

function containsCheck(schema: JsonObject, compile: Compile): Check | null {
  const wanted = member(schema, 'contains');
  if (wanted === undefined) return null;
  const check = compile(wanted);
  const [least, most] = [countAt(schema, 'minContains') ?? 1, countAt(schema, 'maxContains')];
  return (value, run, seen) => {
    if (!isList(value)) return true;
    let count = 0;
    for (const [index, item] of value.entries()) {
      if (run.isExhausted) return false;
      if (!run.quietly(item, check, null)) continue;
      count += 1;
      seen?.items.add(index);
    }
    if (count < least) return run.fault(`must contain at least ${things(least, 'item')} of a kind that it lacks`);
    return most === null || count <= most || run.fault(`must contain at most ${things(most, 'item')} of a kind`);
  };
}

export function objectCheck(schema: JsonObject, compile: Compile, options: CompileOptions): Check | null {
  const checks = [
    requiredCheck(schema, options),
    countCheck(schema),
    membersCheck(schema, compile, options),
    namesCheck(schema, compile),
  ].filter((check) => check !== null);
  if (checks.length === 0) return null;
  return (value, run, seen) => {
    if (!isObject(value)) return true;
    let isRight = true;
    for (const check of checks) {
      if (check(value, run, seen)) continue;
      isRight = false;
      if (run.isDone) return false;
    }
    return isRight;
  };
}

/** What only answers have is not asked of requests, and the other way round (OpenAPI 3.1.1, §4.8.24.1). */
function requiredCheck(schema: JsonObject, { direction, resolve }: CompileOptions): Check | null {
  const properties = objectAt(schema, 'properties');
  const other = direction === 'request' ? 'readOnly' : 'writeOnly';
  const isOfOther = (name: string): boolean => {
    const property = member(properties, name);
    const ref = member(property, '$ref');
    return member(property, other) === true || (typeof ref === 'string' && member(resolve(ref), other) === true);
  };
  const required = listAt(schema, 'required').filter(
    (name) => typeof name === 'string' && !isOfOther(name),
  ) as string[]; // Filtered to texts.
  const dependent = Object.entries(objectAt(schema, 'dependentRequired')).map(
    ([name, others]) => [name, isList(others) ? others : []] as const,
  );
  if (required.length === 0 && dependent.length === 0) return null;
  return (value, run) => {
    if (!isObject(value) || !run.spend(required.length >> 3)) return !run.isExhausted;
    let isRight = true;
    for (const name of required) {
      if (Object.hasOwn(value, name)) continue;
      isRight = run.faultAt(name, 'is required');
      if (run.isDone) return false;
    }
    for (const [name, others] of dependent) {
      if (!Object.hasOwn(value, name)) continue;
      for (const wanted of others)
        if (typeof wanted === 'string' && !Object.hasOwn(value, wanted))
          isRight = run.faultAt(wanted, `is required where there is ${name}`);
    }
    return isRight;
  };
}

function countCheck(schema: JsonObject): Check | null {
  const [least, most] = [countAt(schema, 'minProperties'), countAt(schema, 'maxProperties')];
  if (least === null && most === null) return null;
  return (value, run) => {
    if (!isObject(value)) return true;
    const count = Object.keys(value).length;
    if (least !== null && count < least) return run.fault(`must have at least ${least} members`);
    return most === null || count <= most || run.fault(`must have at most ${most} members`);
  };
}

function membersCheck(schema: JsonObject, compile: Compile, { pattern }: CompileOptions): Check | null {
  const known = new Map(Object.entries(objectAt(schema, 'properties')).map(([name, one]) => [name, compile(one)]));
  const patterns = Object.entries(objectAt(schema, 'patternProperties')).flatMap(([text, one]) => {
    const compiled = pattern(text);
    return compiled === null ? [] : [{ compiled, check: compile(one) }];
  });
  // A pattern that can't be run might have taken a member, so nothing is known of the others.
  const isPartial = patterns.length < Object.keys(objectAt(schema, 'patternProperties')).length;
  const additional = isPartial ? undefined : member(schema, 'additionalProperties');
  const other = additional === undefined ? null : compile(additional);
  if (known.size === 0 && patterns.length === 0 && other === null) return null;
  return (value, run, seen) => {
    if (!isObject(value)) return true;
    let isRight = true;
    const hold = (name: string, check: Check): void => {
      seen?.names.add(name);
      if (!run.at(name, value[name] ?? null, check)) isRight = false;
    };
    for (const name of Object.keys(value)) {
      const own = known.get(name);
      if (own !== undefined) hold(name, own);
      let isTaken = own !== undefined;
      for (const { compiled, check } of patterns) {
        if (!run.spend(1 + compiled.workFor(name.length))) return false;
        if (!compiled.test(name)) continue;
        isTaken = true;
        hold(name, check);
      }
      if (!isTaken && additional === false) {
        seen?.names.add(name);
        isRight = run.spend(1) && run.faultAt(name, 'is not known');
      } else if (!isTaken && other !== null) hold(name, other);
      if (!isRight && run.isDone) return false;
    }
    return isRight;
  };
}

function namesCheck(schema: JsonObject, compile: Compile): Check | null {
  const written = member(schema, 'propertyNames');
  if (written === undefined) return null;
  const check = compile(written);
  return (value, run) => {
    if (!isObject(value)) return true;
    let isRight = true;
    for (const name of Object.keys(value)) {
      if (run.quietly(name, check, null)) continue;
      isRight = run.faultAt(name, 'is no name that is allowed here');
      if (run.isDone) return false;
    }
    return isRight;
  };
}
