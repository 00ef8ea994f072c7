/**
 * Runs expressions over answers (proto/optimize/expression.ts says what may stand in one). The library evaluates; what is added here is
 * that it ends: each step is counted, and so is what it makes, so that neither an expression nor what an upstream has sent can take more
 * than a few hundredths of a second or some megabytes.
 *
 * Where the library is lenient in a way that would let data run away, it is given something else to look at. Operators see texts, numbers
 * and flags alone, for a list becomes a text by walking over all of it, as often as it is referred to; and of null they make null, as
 * functions of lists do, so that what is made of a part that has failed is null and nothing else fails with it. Pure.
 */
import { compile } from '@jsonquerylang/jsonquery';
import { functionShapes, isCall, type Query } from '@weir/proto/optimize/expression.js';

/** Of one composed answer, for all of its expressions together. */
export const STEPS_MAX = 500_000;

/** What is left of the steps; each evaluation takes from it. */
export interface Meter {
  left: number;
}

export type Evaluated = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string };

export type Evaluator = (context: unknown, meter: Meter) => Evaluated;

class OutOfSteps extends Error {}

/** Why an operand can't be used; its message is for people. */
class Unfit extends Error {}

type Step = (data: unknown) => unknown;

export function compileQuery(query: Query): Evaluator {
  // One expression runs to its end before the next begins.
  let meter: Meter = { left: 0 };
  const spend = (steps: number): void => {
    meter.left -= steps;
    if (meter.left < 0) throw new OutOfSteps();
  };
  const run: Step = compile(guarded(query) as never, { functions: guards(spend) as never });
  return (context, from) => {
    meter = from;
    try {
      return { ok: true, value: run(context) ?? null };
    } catch (error) {
      return { ok: false, why: reasonOf(error) };
    }
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof OutOfSteps) return `the expressions take more than ${STEPS_MAX} steps over these answers`;
  if (error instanceof Unfit) return error.message;
  // The library's own words name its functions, and never the data.
  const said = error instanceof Error ? error.message : '';
  return /^(Unsupported property|Array expected)/.test(said) ? said : 'an expression does not fit what was answered';
}

/** The same expression with each step told to a guard. */
function guarded(query: Query): Query {
  if (!isCall(query)) return query;
  const [name, ...args] = query;
  const shape = functionShapes[name];
  const below = shape?.args === 'same' || shape?.args === 'each' ? argumentsOf(name, args) : args;
  if (shape?.takesList === true) return ['!list', shape.wantsScalars === true, [name, ...below]];
  if (shape?.compares === true) return ['!compare', name, ...below];
  if (shape?.wantsScalars === true) return ['!operate', name, ...below];
  return ['!step', [name, ...below]];
}

function argumentsOf(name: string, args: readonly Query[]): Query[] {
  if (name === 'object') {
    const fields = Object.entries(args[0] as Record<string, Query>).map(
      ([key, value]) => [key, guarded(value)] as const,
    );
    return [Object.fromEntries(fields)];
  }
  const [first, ...rest] = args;
  if (name === 'sort') return first === undefined ? [] : [guarded(first), ...rest];
  // Elements are told apart by the text of this, so it has to be one.
  if (['groupBy', 'keyBy', 'uniqBy'].includes(name)) return args.map((arg) => ['!scalar', guarded(arg)]);
  return args.map(guarded);
}

function guards(spend: (steps: number) => void): Record<string, (...args: never[]) => Step> {
  const told = (value: unknown): unknown => {
    spend(1 + weightOf(value));
    return value;
  };
  const step = (query: Query): Step => {
    const run = compile(query as never);
    return (data) => told(run(data));
  };
  return {
    '!step': step,
    '!scalar': (query: Query): Step => {
      const run = step(query);
      return (data) => checkedScalar(run(data));
    },
    '!list': (wantsScalars: boolean, query: Query): Step => {
      const run = step(query);
      return (data) => {
        if (data === null) return null;
        if (wantsScalars && Array.isArray(data)) for (const element of data) checkedScalar(element);
        if (wantsScalars && isCall(query) && query[0] === 'join') spend(joinedWeight(data, query[1]));
        return run(data);
      };
    },
    '!operate': (name: string, ...args: readonly Query[]): Step => overValues(name, args, step, checkedScalar, true),
    '!compare': (name: string, ...args: readonly Query[]): Step =>
      overValues(name, args, step, name.endsWith('in') ? comparableIn : comparable, false),
    flatten: (): Step => (data) => {
      if (!Array.isArray(data)) throw new Unfit('flatten() wants a list');
      spend(data.reduce<number>((sum, one) => sum + (Array.isArray(one) ? one.length : 1), 0) / ELEMENTS_OF_STEP);
      return data.flat();
    },
  };
}

/** Its arguments are evaluated first; the function then sees what was made of them. */
function overValues(
  name: string,
  args: readonly Query[],
  step: (query: Query) => Step,
  seen: (value: unknown, index: number) => unknown,
  passesNull: boolean,
): Step {
  const runs = args.map(step);
  const run = compile([name, ...args.map((_, index) => ['get', index])] as never);
  return (data) => {
    const values = runs.map((one, index) => seen(one(data) ?? null, index));
    return passesNull && values.includes(null) ? null : run(values);
  };
}

function checkedScalar(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  throw new Unfit('an operator wants texts, numbers, true or false, and got a list or an object');
}

/** Lists and objects are equal to nothing: to compare two can take forever where they hold the same things many times. */
const comparable = (value: unknown): unknown => (typeof value === 'object' && value !== null ? Symbol('other') : value);

const comparableIn = (value: unknown, index: number): unknown => {
  if (index === 0) return comparable(value);
  return Array.isArray(value) ? value.map(comparable) : [];
};

/** So much of a list, or of a text, is as dear as a step. */
const ELEMENTS_OF_STEP = 8;
const CHARACTERS_OF_STEP = 64;

function weightOf(value: unknown): number {
  if (typeof value === 'string') return value.length / CHARACTERS_OF_STEP;
  return Array.isArray(value) ? value.length / ELEMENTS_OF_STEP : 0;
}

function joinedWeight(data: unknown, separator: Query | undefined): number {
  if (!Array.isArray(data)) return 0;
  const between = typeof separator === 'string' ? separator.length : 0;
  const length = data.reduce<number>((sum, one) => sum + between + (typeof one === 'string' ? one.length : 8), 0);
  return length / CHARACTERS_OF_STEP;
}
