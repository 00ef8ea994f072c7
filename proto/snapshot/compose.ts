/**
 * Routes whose answers are made of several others: compositions and batches; and routes whose requests are put together on their way to
 * the upstream. Everything is resolved: expressions are parsed and checked, and it is known which part needs which.
 */
import type { Query } from '../optimize/expression.js';
import type { Template } from '../optimize/template.js';

export interface ComposeRouteSpec {
  readonly kind: 'compose';
  /** In the order of the file. */
  readonly parts: readonly PartSpec[];
  /** Null: an object of all parts, by their names. */
  readonly merge: Query | null;
  /** Field of the answer that tells which parts failed; empty: none. */
  readonly errorsField: string;
  /** The expression tells of errors itself. */
  readonly mergesErrors: boolean;
  readonly answerBytesMax: number;
  /** Request fields that the answer depends on, lower-case; `*`: all of them. */
  readonly varies: readonly string[];
  /** The answer is for its consumer alone, whatever the parts say: it depends on who asks. */
  readonly isPrivate: boolean;
}

export interface PartSpec {
  readonly name: string;
  /** Parts that come first. */
  readonly needs: readonly string[];
  readonly call: PartCallSpec;
  /** Null: always. */
  readonly when: Query | null;
  /** Null: one request. */
  readonly each: { readonly in: Query; readonly max: number; readonly concurrency: number } | null;
  /** 0: as long as the whole may take. */
  readonly timeoutMs: number;
  readonly onFailure:
    | { readonly kind: 'null' }
    | { readonly kind: 'fail' }
    | { readonly kind: 'default'; readonly value: unknown };
  readonly answerBytesMax: number;
}

export interface PartCallSpec {
  /** Id of the route that takes it. */
  readonly route: string;
  readonly method: string;
  /** Empty: that of the client's request. */
  readonly host: string;
  readonly path: Template;
  /** One of several values stands there several times. */
  readonly query: readonly (readonly [name: string, value: Template])[];
  readonly headers: readonly (readonly [name: string, value: Template])[];
  /** Null: none. */
  readonly body: BodyTemplateSpec | null;
}

export type BodyTemplateSpec =
  | { readonly kind: 'value'; readonly value: string | number | boolean | null }
  /** One place alone is its value, anything else a text. */
  | { readonly kind: 'text'; readonly template: Template }
  | { readonly kind: 'list'; readonly items: readonly BodyTemplateSpec[] }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [name: string, value: BodyTemplateSpec])[] };

/** A route that takes several requests as one (`POST { "requests": [ … ] }`). */
export interface BatchRouteSpec {
  readonly kind: 'batch';
  /** Ids of the routes that may be asked; null: all those of requests below the prefix. */
  readonly routes: readonly string[] | null;
  /** Without a slash at its end, but for `/`. */
  readonly prefix: string;
  readonly requestsMax: number;
  readonly concurrency: number;
  /** 0: as long as the whole may take. */
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
}

/** `GET /x/1` and `GET /x/2` go to the upstream as `GET /x?ids=1,2`. */
export interface CoalesceSpec {
  /** As the upstream knows it. */
  readonly path: string;
  /** Parameter of the query that names the items. */
  readonly query: string;
  /** Between them; empty: each has a parameter of its own. */
  readonly separator: string;
  /** Parameter of the route's path that says which item is asked for. */
  readonly parameter: string;
  /** Members that lead to the list. */
  readonly items: readonly string[];
  /** Member of an item that says which it is. */
  readonly key: string;
  readonly windowMs: number;
  readonly itemsMax: number;
  readonly answerBytesMax: number;
  /** Request fields that make no difference, lower-case. */
  readonly ignores: readonly string[];
}
