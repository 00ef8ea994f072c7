/**
 * The request that a part becomes, made of the client's request and of the answers that came before. A value can never leave its place: in
 * a path it is one segment or a part of one, in a query one value, in a body one member. Pure.
 */
import { isSendableValue, type MutableHeaderList } from '@weir/proto/http/headers.js';
import type { Template } from '@weir/proto/optimize/template.js';
import type { BodyTemplateSpec, PartCallSpec } from '@weir/proto/snapshot/compose.js';
import { compileQuery, type Evaluator, type Meter } from './evaluate.js';

export interface FilledCall {
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
  readonly headers: MutableHeaderList;
  /** Undefined: none. */
  readonly body: unknown;
}

/** A text: why there is no request. */
export type FillCall = (context: Context, meter: Meter) => FilledCall | string;

/** What expressions look at. */
export interface Context {
  readonly request: { readonly params: Readonly<Record<string, string>>; readonly [member: string]: unknown };
  readonly [name: string]: unknown;
}

/** Thrown within this file alone: a value that can't stand where it should. */
class Unfilled extends Error {}

export function compileCall({ path, query, headers, body }: PartCallSpec): FillCall {
  const fillPath = compilePath(path);
  const parameters = query.map(([name, value]) => [encodeURIComponent(name), compileText(value)] as const);
  const fields = headers.map(([name, value]) => [name, compileText(value)] as const);
  const fillBody = body === null ? null : compileBody(body);
  return (context, meter) => {
    try {
      return {
        path: fillPath(context, meter),
        query: parameters.flatMap(([name, fill]) => pairsOf(name, fill(context, meter))).join('&'),
        headers: fields.flatMap(([name, fill]) => fieldOf(name, fill(context, meter))),
        body: fillBody === null ? undefined : fillBody(context, meter),
      };
    } catch (error) {
      if (error instanceof Unfilled) return error.message;
      throw error;
    }
  };
}

type Fill = (context: Context, meter: Meter) => unknown;

/** The value itself where one place is all there is; else a text, or null where one of its places is null. */
function compileText(template: Template): Fill {
  const pieces = template.map((piece) => (typeof piece === 'string' ? piece : compileQuery(piece.query)));
  const [only] = pieces;
  if (pieces.length === 1 && typeof only === 'function') return (context, meter) => placeValue(only, context, meter);
  return (context, meter) => {
    let text = '';
    for (const piece of pieces) {
      const value = typeof piece === 'string' ? piece : placeValue(piece, context, meter);
      if (value === null) return null;
      if (typeof value === 'object') throw new Unfilled('a list or an object can not stand within a text');
      text += String(value);
    }
    return text;
  };
}

function placeValue(evaluate: Evaluator, context: Context, meter: Meter): unknown {
  const evaluated = evaluate(context, meter);
  if (!evaluated.ok) throw new Unfilled(evaluated.why);
  return evaluated.value;
}

function compilePath(template: Template): (context: Context, meter: Meter) => string {
  const pieces = template.map((piece): string | Fill => {
    if (typeof piece === 'string') return piece;
    // The rest of a path is several segments, and was encoded by the client already.
    if (JSON.stringify(piece.query) === REST) return ({ request }) => ({ raw: request.params['*'] ?? '' });
    const evaluate = compileQuery(piece.query);
    return (context, meter) => placeValue(evaluate, context, meter);
  });
  return (context, meter) => {
    const path = pieces.map((piece) => (typeof piece === 'string' ? piece : written(piece(context, meter)))).join('');
    if (path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)))
      throw new Unfilled('the path would have a step of dots');
    return path;
  };
}

const REST = JSON.stringify(['get', 'request', 'params', '*']);

function written(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'raw' in value && typeof value.raw === 'string') return value.raw;
  if (value === null || value === '')
    throw new Unfilled('a place of the path is empty: what it is made of is null or missing');
  if (typeof value === 'object') throw new Unfilled('a list or an object can not stand in a path');
  return encoded(String(value));
}

function pairsOf(name: string, value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.flatMap((one) => {
    if (one === null) return [];
    if (typeof one === 'object') throw new Unfilled('a parameter of the query is an object, or a list of lists');
    return [`${name}=${encoded(String(one))}`];
  });
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    throw new Unfilled('half a character can not stand in a URL');
  }
}

function fieldOf(name: string, value: unknown): string[] {
  if (value === null) return [];
  const text = String(value);
  if (typeof value === 'object' || !isSendableValue(text))
    throw new Unfilled(`the header ${name} can not have this value`);
  return [name, text];
}

function compileBody(body: BodyTemplateSpec): Fill {
  switch (body.kind) {
    case 'value':
      return () => body.value;
    case 'text':
      return compileText(body.template);
    case 'list': {
      const items = body.items.map(compileBody);
      return (context, meter) => items.map((fill) => fill(context, meter));
    }
    case 'object': {
      const fields = body.fields.map(([name, value]) => [name, compileBody(value)] as const);
      return (context, meter) => Object.fromEntries(fields.map(([name, fill]) => [name, fill(context, meter)]));
    }
  }
}
