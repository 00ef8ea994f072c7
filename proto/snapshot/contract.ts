/**
 * Contracts that routes hold requests to, and answers from their examples: what control has made of OpenAPI documents. Schemas stand here as JSON
 * texts, so that a node spends neither time nor memory on those that no request has met yet.
 */

export interface ContractSpec {
  readonly id: string;
  readonly dialect: '3.0' | '3.1';
  /** What each `$ref` of its schemas stands for, by its text. */
  readonly schemas: readonly (readonly [ref: string, schema: string])[];
}

/** What one route holds its requests to. */
export interface RouteContractSpec {
  /** Id of the contract whose schemas it refers to. */
  readonly of: string;
  readonly operation: string;
  /** `tell`: what is wrong is told in the answer, and the request goes on. */
  readonly mode: 'tell' | 'refuse';
  readonly parameters: readonly ParameterSpec[];
  /** Null: bodies are not looked at. */
  readonly body: BodySpec | null;
}

export interface ParameterSpec {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  /** Of a path: its name in the route. */
  readonly param: string;
  readonly isRequired: boolean;
  readonly allowsEmpty: boolean;
  readonly style: 'simple' | 'label' | 'matrix' | 'form' | 'spaceDelimited' | 'pipeDelimited' | 'deepObject';
  readonly explode: boolean;
  /** Its text is JSON. */
  readonly isJson: boolean;
  /** What its text may be read as, the first that fits; never empty. */
  readonly shapes: readonly ShapeSpec[];
  readonly schema: string;
}

/** Types that a text is read as: `string`, `number`, `integer`, `boolean`, `null`; none: as it is. */
export type TextTypes = readonly string[];

export type ShapeSpec =
  | { readonly kind: 'scalar'; readonly types: TextTypes }
  | { readonly kind: 'list'; readonly items: TextTypes }
  | {
      readonly kind: 'object';
      readonly members: readonly (readonly [name: string, types: TextTypes, isList: boolean])[];
    };

export interface BodySpec {
  readonly isRequired: boolean;
  /** Largest that is gathered to be looked at (413 above). */
  readonly bytesMax: number;
  readonly types: readonly BodyTypeSpec[];
}

export interface BodyTypeSpec {
  /** `application/json`, `text/*`, `*\/*`. */
  readonly type: string;
  /** Null: anything, and it need not be JSON. */
  readonly schema: string | null;
}

export interface MockRouteSpec {
  readonly kind: 'mock';
  /** In the order of the contract. */
  readonly answers: readonly MockAnswerSpec[];
}

export interface MockAnswerSpec {
  readonly status: number;
  /** Statuses that it may be asked for as. */
  readonly from: number;
  readonly to: number;
  /** Empty: the only one, or one that has no name. */
  readonly name: string;
  /** Media type; empty: it has no body. */
  readonly type: string;
  readonly headers: readonly string[];
  readonly body: string;
}
