/**
 * Values held to schemas of OpenAPI: JSON Schema 2020-12 (3.1) and the dialect of 3.0. Closures, made of a schema when it is first met.
 *
 * Not ajv, which holds outputs of prompts and arguments of tools to their schemas: it writes programs from schemas, and those come from
 * everybody who may design a service; it counts no work, so what two `anyOf` in a circle ask for doubles with each level of a body; and it
 * knows neither what only answers have (`readOnly`) nor what a discriminator chooses. Tests hold this to ajv's verdicts.
 */
import { isList, isObject, type Json, type JsonObject, member, objectAt } from './json-value.js';
import { choiceCheck } from './schema-choices.js';
import { listCheck, objectCheck } from './schema-collections.js';
import { addSeen, type Check, emptySeen } from './schema-run.js';
import { enumCheck, numberCheck, textCheck, typeCheck } from './schema-scalars.js';

export interface SchemaPattern {
  /** Of running it on so many characters, in visits of a value. */
  workFor(characters: number): number;
  test(text: string): boolean;
}

export interface CompileOptions {
  readonly dialect: '3.0' | '3.1';
  readonly direction: 'request' | 'response';
  /** What a `$ref` stands for; undefined: nothing, and anything is right. */
  resolve(ref: string): Json | undefined;
  /** Null: it can't be run, and is not enforced. */
  pattern(text: string): SchemaPattern | null;
}

export type Compile = (schema: Json) => Check;

const anything: Check = (_value, run) => run.spend(1);
const nothing: Check = (_value, run) => run.spend(1) && run.fault('is not allowed here');

export function compileSchemas(options: CompileOptions): Compile {
  const known = new Map<JsonObject, Check>();
  const compile: Compile = (schema) => {
    if (!isObject(schema)) return schema === false ? nothing : anything;
    const earlier = known.get(schema);
    if (earlier !== undefined) return earlier;
    let made: Check | null = null;
    // When it is first asked for: a contract has many schemas, and a request meets few.
    const check: Check = (value, run, seen) => {
      made ??= compileObject(schema, compile, options);
      const isRight = run.enter() && made(value, run, seen);
      run.leave();
      return isRight;
    };
    known.set(schema, check);
    return check;
  };
  return compile;
}

function compileObject(schema: JsonObject, compile: Compile, options: CompileOptions): Check {
  const reference = referenceCheck(schema, compile, options);
  // In 3.0 what stands beside a reference is ignored.
  if (reference !== null && options.dialect === '3.0') return reference;
  const parts = [
    reference,
    typeCheck(schema),
    enumCheck(schema),
    numberCheck(schema),
    textCheck(schema, options),
    listCheck(schema, compile),
    objectCheck(schema, compile, options),
    ...choiceCheck(schema, compile, options),
    conditionCheck(schema, compile),
    dependentCheck(schema, compile),
  ].filter((part) => part !== null);
  const whole = withRest(schema, compile, all(parts));
  // A schema that allows null often lists neither it nor a type that has it (`allOf` beside `nullable`).
  const isNullable = options.dialect === '3.0' && member(schema, 'nullable') === true;
  return isNullable ? (value, run, seen) => value === null || whole(value, run, seen) : whole;
}

function all(parts: readonly Check[]): Check {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return (value, run, seen) => {
    let isRight = true;
    for (const part of parts) {
      if (part(value, run, seen)) continue;
      isRight = false;
      if (run.isDone) return false;
    }
    return isRight;
  };
}

function referenceCheck(schema: JsonObject, compile: Compile, { resolve }: CompileOptions): Check | null {
  const ref = member(schema, '$ref') ?? member(schema, '$dynamicRef');
  if (typeof ref !== 'string') return null;
  let target: Check | null = null;
  return (value, run, seen) => {
    target ??= compile(resolve(ref) ?? true);
    return target(value, run, seen);
  };
}

function conditionCheck(schema: JsonObject, compile: Compile): Check | null {
  const condition = member(schema, 'if');
  if (condition === undefined) return null;
  const check = compile(condition);
  const branch = (keyword: string): Check | null => {
    const written = member(schema, keyword);
    return written === undefined ? null : compile(written);
  };
  const [then, otherwise] = [branch('then'), branch('else')];
  return (value, run, seen) => {
    const own = seen === null ? null : emptySeen();
    const isMet = run.quietly(value, check, own);
    if (run.isExhausted) return false;
    if (isMet && own !== null && seen !== null) addSeen(seen, own);
    const next = isMet ? then : otherwise;
    return next === null || next(value, run, seen);
  };
}

function dependentCheck(schema: JsonObject, compile: Compile): Check | null {
  const dependent = Object.entries(objectAt(schema, 'dependentSchemas')).map(
    ([name, one]) => [name, compile(one)] as const,
  );
  if (dependent.length === 0) return null;
  return (value, run, seen) => {
    if (!isObject(value)) return true;
    let isRight = true;
    for (const [name, check] of dependent) if (Object.hasOwn(value, name) && !check(value, run, seen)) isRight = false;
    return isRight;
  };
}

/** `unevaluatedProperties` and `unevaluatedItems`: what none of the other keywords has looked at, wherever they stand. */
function withRest(schema: JsonObject, compile: Compile, rest: Check): Check {
  const [properties, items] = [member(schema, 'unevaluatedProperties'), member(schema, 'unevaluatedItems')];
  if (properties === undefined && items === undefined) return rest;
  const ofProperty = properties === undefined ? null : compile(properties);
  const ofItem = items === undefined ? null : compile(items);
  return (value, run, above) => {
    const seen = emptySeen();
    let isRight = rest(value, run, seen);
    if (isRight && ofProperty !== null && isObject(value))
      for (const name of Object.keys(value)) {
        if (seen.names.has(name)) continue;
        seen.names.add(name);
        if (properties === false) isRight = run.spend(1) && run.faultAt(name, 'is not known');
        else if (!run.at(name, value[name] ?? null, ofProperty)) isRight = false;
        if (!isRight && run.isDone) return false;
      }
    if (isRight && ofItem !== null && isList(value))
      for (const [index, item] of value.entries()) {
        if (seen.items.has(index)) continue;
        seen.items.add(index);
        if (!run.at(index, item, ofItem)) isRight = false;
        if (!isRight && run.isDone) return false;
      }
    if (above !== null) addSeen(above, seen);
    return isRight;
  };
}
