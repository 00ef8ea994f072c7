/**
 * The shape of each route of the admin API: where it lies, who may call it, what it takes and gives. One table of these (`routes.ts`) is what the
 * server is built from, what its OpenAPI document says, and what the test of authorisation walks through: every route as every role.
 */
import type * as z from 'zod';
import type { Actor, TeamRole, User } from '../../model/entities.js';

/** Who asks. `local` is whoever may read the data folder of this control: an operator. */
export interface Caller {
  readonly actor: Actor;
  /** Null: nobody signed in, or `local`. */
  readonly user: User | null;
  readonly isOperator: boolean;
  /** Null: no member of it. Of an operator `owner`, of every team. */
  roleIn(teamId: string): TeamRole | null;
  /** Of a token: whether it reaches that far. Sessions and `local` reach everywhere. */
  reaches(area: string, does: 'read' | 'write'): boolean;
}

/** `team`: at least that role in the team that `teamOf` names, looked up from the path, the query or the body. */
export type Needs = 'nobody' | 'signed-in' | 'operator' | { readonly team: TeamRole };

export interface ApiRequest<Q, B> {
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Q;
  readonly body: B;
  /** Of If-Match; undefined: none was sent. */
  readonly expected: number | undefined;
  /** Of Idempotency-Key; undefined: none. */
  readonly idempotencyKey: string | undefined;
}

export type ApiAnswer =
  | {
      readonly status: 200 | 201 | 202 | 204;
      readonly body?: unknown;
      /** Its ETag. */
      readonly version?: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** A problem document. */
  | {
      readonly problem: {
        readonly status: number;
        readonly title: string;
        readonly detail: string;
        readonly more?: object;
      };
    };

export interface ApiRoute<Q = unknown, B = unknown> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Of OpenAPI: `/v1/services/{id}`. */
  readonly path: string;
  /** Its operationId. */
  readonly name: string;
  readonly summary: string;
  /** `services`: of token scopes, and its tag in the document. */
  readonly area: string;
  readonly needs: Needs;
  /** Null: there is no such thing, and whoever may not know is told the same. */
  readonly teamOf?: (request: ApiRequest<Q, B>) => string | null;
  readonly query?: z.ZodType<Q>;
  readonly body?: z.ZodType<B>;
  /** Of the answer, for the document. */
  readonly answers?: z.ZodType;
  /** Largest body in bytes; left out: 64 KiB. */
  readonly bodyBytesMax?: number;
  readonly handle: (request: ApiRequest<Q, B>) => Promise<ApiAnswer>;
}
