/** An OpenAPI document, read: what of it the gateway works with, references of all but schemas resolved. Plain values. */
import type { Json, JsonObject } from '@weir/proto/contract/json-value.js';

/** OpenAPI 3.0 has a dialect of its own for schemas; 3.1 takes JSON Schema 2020-12. */
export type Dialect = '3.0' | '3.1';

export interface Contract {
  readonly dialect: Dialect;
  readonly title: string;
  readonly description: string;
  readonly version: string;
  readonly tags: readonly string[];
  readonly servers: readonly Server[];
  /** In the order of the document. */
  readonly operations: readonly Operation[];
  /** Patterns that RE2 can't run, or not soon enough: they are not enforced. */
  readonly unrunnable: ReadonlySet<string>;
  /** As it was written. */
  readonly document: JsonObject;
}

export interface Server {
  /** Variables filled by their defaults. */
  readonly url: string;
  readonly description: string;
}

export type ParameterPlace = 'path' | 'query' | 'header' | 'cookie';
export const parameterPlaces: readonly ParameterPlace[] = ['path', 'query', 'header', 'cookie'];

export type ParameterStyle = 'simple' | 'label' | 'matrix' | 'form' | 'spaceDelimited' | 'pipeDelimited' | 'deepObject';

export type HttpMethod = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'OPTIONS' | 'HEAD' | 'PATCH' | 'TRACE';
export const httpMethods: readonly HttpMethod[] = ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE'];

export interface Operation {
  /** Unique in the contract, and fit to be the id of a route. */
  readonly id: string;
  /** As it is in the document; empty: it has none. */
  readonly operationId: string;
  readonly method: HttpMethod;
  /** As it is in the document: `/pets/{pet-id}`. */
  readonly path: string;
  readonly pointer: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly isDeprecated: boolean;
  readonly parameters: readonly Parameter[];
  /** Null: it takes none. */
  readonly body: Body | null;
  readonly responses: readonly ResponseOf[];
  /** Its own; empty: those of the document. */
  readonly servers: readonly Server[];
  /** Security requirements in force, as they are written; null: nobody says anything. */
  readonly security: Json | null;
  /** `x-…` of the path and the operation. */
  readonly extensions: JsonObject;
}

export interface Parameter {
  readonly name: string;
  readonly in: ParameterPlace;
  readonly isRequired: boolean;
  readonly isDeprecated: boolean;
  readonly allowsEmpty: boolean;
  readonly style: ParameterStyle;
  readonly explode: boolean;
  /** Its value is JSON (`content`). */
  readonly isJson: boolean;
  readonly schema: Json | null;
  readonly pointer: string;
}

export interface Body {
  readonly isRequired: boolean;
  readonly content: readonly Media[];
  readonly pointer: string;
}

export interface Media {
  /** `application/json`, `text/*`; lower-case, without parameters. */
  readonly type: string;
  /** Null: anything. */
  readonly schema: Json | null;
  readonly examples: readonly { readonly name: string; readonly value: Json }[];
  readonly pointer: string;
}

export interface ResponseOf {
  /** `200`, `2XX` or `default`. */
  readonly status: string;
  readonly description: string;
  readonly content: readonly Media[];
  readonly headers: readonly {
    readonly name: string;
    readonly schema: Json | null;
    readonly example: Json | undefined;
  }[];
  readonly pointer: string;
}

export const isJsonType = (type: string): boolean =>
  /^application\/(?:[\w.!#$&^-]+\+)?json$|^\*\/\*$|^application\/\*$/.test(type);
