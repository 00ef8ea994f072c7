/**
 * Expressions over JSON: how the answers of several requests become one. The language is JSON Query (jsonquerylang.org), and its
 * parser gives plain JSON: `.orders | map(.id)` is ["pipe", ["get", "orders"], ["map", ["get", "id"]]]. Pure.
 *
 * A config is trusted more than traffic, and still an expression must not be able to stop a node: what is not in the table below
 * is refused (regular expressions, which can take forever, and what compares everything with everything), as is one that is long,
 * deep or has many steps. How long one runs is bounded where it runs (node/optimize/compose/evaluate.ts).
 */
import { parse } from '@jsonquerylang/jsonquery';
import { accept, quote, type Reading, refuse } from '../config/units.js';

/** As parsed: a value, or a list that begins with the name of a function. */
export type Query = string | number | boolean | null | readonly Query[] | { readonly [name: string]: Query };

export const EXPRESSION_LENGTH_MAX = 4_096;
const NESTING_MAX = 32;
export const STEPS_IN_TEXT_MAX = 500;
/** What stands between the elements of `join`: a long one would make a short list long. */
const SEPARATOR_LENGTH_MAX = 64;

/**
 * What a function does with its arguments.
 * - `same`: they look at what the function looks at, and are scalars where they are operands.
 * - `each`: they look at one element of it.
 * - `path`: they are paths of fields, as they are written.
 * - `fixed`: they are values, as they are written.
 */
type ArgumentKind = 'same' | 'each' | 'path' | 'fixed';

export interface FunctionShape {
  readonly min: number;
  readonly max: number;
  readonly args: ArgumentKind;
  /** It looks at a list (or what comes before it in a pipe), and at null it is null. */
  readonly takesList?: true;
  /** Elements of that list, or its arguments, have to be texts, numbers, true, false or null. */
  readonly wantsScalars?: true;
  /** Its arguments are compared: a list or an object is equal to nothing. */
  readonly compares?: true;
}

const MANY = 64;
const operator: FunctionShape = { min: 2, max: 2, args: 'same', wantsScalars: true };
const comparison: FunctionShape = { min: 2, max: 2, args: 'same', compares: true };
const list: FunctionShape = { min: 0, max: 0, args: 'fixed', takesList: true };
const aggregate: FunctionShape = { ...list, wantsScalars: true };
const each: FunctionShape = { min: 1, max: 1, args: 'each', takesList: true };
const unary: FunctionShape = { min: 1, max: 1, args: 'same', wantsScalars: true };

export const functionShapes: Readonly<Record<string, FunctionShape>> = {
  pipe: { min: 1, max: MANY, args: 'same' },
  object: { min: 1, max: 1, args: 'same' },
  array: { min: 0, max: STEPS_IN_TEXT_MAX, args: 'same' },
  get: { min: 0, max: MANY, args: 'fixed' },
  if: { min: 3, max: 3, args: 'same' },
  and: { min: 1, max: MANY, args: 'same' },
  or: { min: 1, max: MANY, args: 'same' },
  not: { min: 1, max: 1, args: 'same' },
  exists: { min: 1, max: 1, args: 'path' },
  pick: { min: 1, max: MANY, args: 'path', takesList: true },
  ...{ map: each, filter: each, groupBy: each, keyBy: each, uniqBy: each, mapValues: each },
  sort: { ...each, min: 0, max: 2 },
  ...{ reverse: list, flatten: list, size: list, keys: list, values: list },
  limit: { min: 1, max: 1, args: 'fixed', takesList: true },
  ...{ sum: aggregate, prod: aggregate, average: aggregate, min: aggregate, max: aggregate },
  join: { ...aggregate, max: 1 },
  in: { ...comparison },
  'not in': { ...comparison },
  ...{ eq: comparison, ne: comparison, gt: comparison, gte: comparison, lt: comparison, lte: comparison },
  ...{ add: operator, subtract: operator, multiply: operator, divide: operator, mod: operator, pow: operator },
  ...{ abs: unary, number: unary, string: unary },
  round: { ...operator, min: 1 },
  split: { ...operator, min: 1 },
  substring: { ...operator, max: 3 },
};

const REFERENCE = 'docs/optimize.md has what may stand there';

export function readExpression(text: string): Reading<Query> {
  if (text.length > EXPRESSION_LENGTH_MAX)
    return refuse(
      `the expression is longer than ${EXPRESSION_LENGTH_MAX} characters`,
      'leave some of it to the client',
    );
  if (nestingOf(text) > NESTING_MAX)
    return refuse(`the expression is nested deeper than ${NESTING_MAX} levels`, 'write it flatter, by `|`');
  // The parser would take it for the prototype of the object, and say nothing.
  if (text.includes('__proto__')) return refuse('`__proto__` is no name for a field', 'give it another name');
  let query: Query;
  try {
    query = parse(text) as Query; // The parser makes nothing else.
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refuse(`${quote(text)} is no expression: ${why.slice(0, 200)}`, 'write one such as .user.name');
  }
  const fault = new Check().faultOf(query);
  return fault === null ? accept(query) : refuse(fault, REFERENCE);
}

/** Brackets that are open at once, outside of texts: the parser goes down as deep, and has a stack. */
function nestingOf(text: string): number {
  let [depth, deepest] = [0, 0];
  const outside = text.replace(/"(?:[^"\\]|\\.)*"/g, '');
  for (const character of outside) {
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

class Check {
  #steps = 0;

  /** Null: it may run. */
  faultOf(query: Query): string | null {
    this.#steps += 1;
    if (this.#steps > STEPS_IN_TEXT_MAX) return `the expression has more than ${STEPS_IN_TEXT_MAX} steps`;
    if (!isCall(query)) return null;
    const [name, ...args] = query;
    const shape = Object.hasOwn(functionShapes, name) ? functionShapes[name] : undefined;
    if (shape === undefined) return `the function ${quote(name)} is not one of those that may be used here`;
    if (args.length < shape.min || args.length > shape.max)
      return `${name}() has ${shape.min === shape.max ? shape.min : `${shape.min} to ${shape.max}`} arguments, not ${args.length}`;
    const fault = this.#ownFault(name, args);
    if (fault !== null || shape.args === 'fixed') return fault;
    if (shape.args === 'path') return args.every(isPath) ? null : `${name}() has paths such as .name as arguments`;
    for (const part of partsOf(name, args)) {
      const faultBelow = this.faultOf(part);
      if (faultBelow !== null) return faultBelow;
    }
    return null;
  }

  /** What is particular to one function. */
  #ownFault(name: string, args: readonly Query[]): string | null {
    const [first, second] = args;
    switch (name) {
      case 'object':
        return typeof first === 'object' && first !== null && !Array.isArray(first)
          ? null
          : 'an object is written { name: .value }';
      case 'get':
        return args.every((step) => typeof step === 'string' || typeof step === 'number')
          ? null
          : 'a path is written .name.other';
      case 'join':
        return first === undefined || (typeof first === 'string' && first.length <= SEPARATOR_LENGTH_MAX)
          ? null
          : `join() has a text of at most ${SEPARATOR_LENGTH_MAX} characters as its argument`;
      case 'limit':
        return typeof first === 'number' ? null : 'limit() has a number as its argument';
      case 'sort':
        return second === undefined || second === 'asc' || second === 'desc' ? null : 'sort() goes "asc" or "desc"';
      default:
        return null;
    }
  }
}

export function isCall(query: Query): query is readonly [string, ...Query[]] {
  return Array.isArray(query);
}

/** `.a.b`, of one step at least. */
function isPath(query: Query): boolean {
  return isCall(query) && query[0] === 'get' && query.length > 1;
}

/** Expressions below a call: of `object` those of its fields, of `sort` not the direction. */
export function partsOf(name: string, args: readonly Query[]): readonly Query[] {
  if (name === 'object') return Object.values(args[0] as Record<string, Query>); // The parser has seen to that.
  return name === 'sort' ? args.slice(0, 1) : args;
}

/**
 * Where an expression looks in what it is given, as paths from there: of `.user.name` that is [["user", "name"]], and [] stands
 * for the whole. What stands behind a pipe, or for each element, looks at something else already.
 */
export function readsOf(query: Query): readonly (readonly string[])[] {
  if (!isCall(query)) return [];
  const [name, ...args] = query;
  const shape = functionShapes[name];
  if (name === 'get') return [args.map(String)];
  if (name === 'pipe') return args[0] === undefined ? [] : readsOf(args[0]);
  if (shape?.args === 'path') return args.flatMap((path) => readsOf(path));
  if (shape?.takesList === true) return [[]];
  return partsOf(name, args).flatMap(readsOf);
}
