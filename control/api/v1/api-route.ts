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
  /**
   * The same credential looked at once more, for what goes on for longer than a moment: rights may have been withdrawn meanwhile. Null: it
   * counts no longer.
   */
  again(): Caller | null;
}

/**
 * `nobody`: whoever is signed in may be told more, so a token has to reach there, and a password that is due comes first, where the row does not
 * say `asksNoScope`. `team`: at least that role in the team that `teamOf` names, looked up from the path, the query or the body. */
export type Needs = 'nobody' | 'signed-in' | 'operator' | { readonly team: TeamRole };

/** What a request says beyond its query and body. Only what signs people in looks at it. */
export interface Sent {
  readonly cookies: ReadonlyMap<string, string>;
  /** `session`: of a cookie, which a page of another site could make a browser send. */
  readonly via: Actor['via'];
  /** The secret of the session that asks; null: it is asked without one. */
  readonly sessionSecret: string | null;
  /** Where the browser reaches this API: `https://weir.example.com`, or the address in its Host, which was found to be ours. */
  readonly origin: string;
}

export interface ApiRequest<Q, B> {
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Q;
  readonly body: B;
  /** Of If-Match; undefined: none was sent. */
  readonly expected: number | undefined;
  /**
   * Of Idempotency-Key, as the id of a command: 32 hexadecimal digits that nobody else's key comes to, nor the same one sent elsewhere.
   * Undefined: none was sent.
   */
  readonly idempotencyKey: string | undefined;
  /** This very request was made before, and its answer may have been lost: what it was about may be gone by it. */
  readonly isAgain: boolean;
  readonly sent: Sent;
}

export type ApiHeaders = Readonly<Record<string, string | readonly string[]>>;

export type ApiAnswer =
  | {
      readonly status: 200 | 201 | 202 | 204;
      readonly body?: unknown;
      /** Its ETag. */
      readonly version?: number;
      readonly headers?: ApiHeaders;
    }
  /** What is no JSON, or too much for one piece: a file, lines, events. Ends early where its reader goes. */
  | {
      readonly status: 200;
      readonly contentType: string;
      readonly text: string | AsyncIterable<string>;
      readonly version?: number;
      readonly headers?: ApiHeaders;
    }
  | { readonly status: 302; readonly location: string; readonly headers?: ApiHeaders }
  /** A problem document. */
  | {
      readonly problem: {
        readonly status: number;
        readonly title: string;
        readonly detail: string;
        readonly more?: object;
        readonly headers?: ApiHeaders;
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
  /** Objects in these are strict (`z.strictObject`): a member that nobody has foreseen is refused. The frame does not start with others. */
  readonly query?: z.ZodType<Q>;
  readonly body?: z.ZodType<B>;
  /** `text`: it is handed over as it came, JSON or YAML, and `body` is a schema of a string. Left out: `json`. */
  readonly bodyIs?: 'json' | 'text';
  /** Of the answer, for the document. */
  readonly answers?: z.ZodType;
  /** Of a success, for the document; left out: 200, or 204 of DELETE. */
  readonly success?: 200 | 201 | 202 | 204 | 302;
  /** What its scope has to be for a token; left out: `read` for GET, else `write`. */
  readonly does?: 'read' | 'write';
  /** Also for whoever still has to change a password that somebody else has made. */
  readonly beforePasswordChange?: boolean;
  /** Of what needs nobody: it is the same for all, or says no more than whose credential it is. */
  readonly asksNoScope?: true;
  /** Largest body in bytes; left out: 64 KiB. */
  readonly bodyBytesMax?: number;
  readonly handle: (request: ApiRequest<Q, B>) => Promise<ApiAnswer>;
}

/** A row of the table. The frame hands to `handle` and `teamOf` what `query` and `body` have read, and nothing else. */
export function apiRoute<Q = Record<string, never>, B = undefined>(route: ApiRoute<Q, B>): ApiRoute {
  // True by the sentence above: each handler gets what its own schemas have made.
  return route as unknown as ApiRoute;
}
