/**
 * The snapshot: the compiled, immutable form of the configuration that nodes run.
 *
 * Everything is resolved here that can be resolved before traffic: inheritance (gateway → upstream → route), defaults,
 * units (milliseconds, bytes), references between entities. A node that holds a snapshot needs nothing else. Secrets
 * are not in it: keys stand as SHA-256 hashes, everything else that is secret is a SecretText, a template whose
 * `${NAME}` parts the node fills from its own environment.
 */

import type { AiRouteSpec, AiSpec } from './ai.js';
import type { CacheSpec } from './cache.js';
import type { BatchRouteSpec, CoalesceSpec, ComposeRouteSpec } from './compose.js';
import type { ContractSpec, MockRouteSpec, RouteContractSpec } from './contract.js';
import type { ConvertSpec, PersistedSpec } from './convert.js';
import type { GatewaySpec } from './gateway.js';
import type { AsyncSpec } from './jobs.js';
import type { MaskSpec } from './mask.js';
import type { McpRouteSpec } from './mcp.js';
import type { OptimizeSpec } from './optimize.js';
import type {
  BalanceSpec,
  BreakerSpec,
  ConcurrencySpec,
  FallbackSpec,
  HedgeSpec,
  LearntLimitSpec,
  OutlierSpec,
  PrioritySpec,
  ProbeSpec,
  RetrySpec,
  ShownSpec,
} from './resilience.js';

export interface Snapshot {
  /** Layout of this structure; a node refuses a format that it does not know. See `snapshotFormat`. */
  readonly format: 7;
  /** Number of the revision, growing. */
  readonly version: number;
  readonly createdWallMs: number;
  /** Number of the last entry of the registry that is in it. Left out: it was made without a registry. */
  readonly registry?: number;
  /** `TEAM/NAME` of the secrets of teams that texts in it name, sorted. Left out: none. */
  readonly secrets?: readonly string[];
  readonly gateway: GatewaySpec;
  readonly upstreams: readonly UpstreamSpec[];
  readonly routes: readonly RouteSpec[];
  readonly consumers: readonly ConsumerSpec[];
  /** Those that routes hold requests to. */
  readonly contracts: readonly ContractSpec[];
  /** Null: no provider is configured. */
  readonly ai: AiSpec | null;
}

/** Text in which `${NAME}` stands for a variable of the node's environment. `$$` is a dollar sign. */
export type SecretText = string;

export interface UpstreamSpec {
  readonly id: string;
  readonly targets: readonly TargetSpec[];
  readonly balance: BalanceSpec;
  /** Null: targets are not probed. */
  readonly probe: ProbeSpec | null;
  /** Null: nothing is concluded from real requests. */
  readonly outlier: OutlierSpec | null;
  /** Null: no breaker. */
  readonly breaker: BreakerSpec | null;
  /** Null: as many as come. */
  readonly concurrency: ConcurrencySpec | null;
  readonly pool: PoolSpec;
  /** Null: plaintext targets only. */
  readonly tls: UpstreamTlsSpec | null;
  /** `auto` offers h2 by ALPN on TLS targets and takes what is chosen. */
  readonly protocol: 'http1' | 'http2' | 'auto';
  readonly hostHeader: HostHeaderSpec;
  readonly dns: DnsSpec;
  /** Of a team: no address of the machine or its cloud is connected to, whatever a name leads to. Left out: weir.yaml's own. */
  readonly isManaged?: true;
}

export interface TargetSpec {
  /** `host:port`, unique within its upstream. */
  readonly id: string;
  readonly scheme: 'http' | 'https';
  /** Name or address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly zone: string | null;
  /** 0 is the best; a worse one is used when too few of the better ones are well. */
  readonly priority: number;
}

export interface PoolSpec {
  /** Connections to one target, at most. */
  readonly connections: number;
  /** Requests waiting for a connection to one target, at most (503 above). */
  readonly queue: number;
  /** An idle connection is closed after this long; keep it below the upstream's own limit. */
  readonly idleMs: number;
  /** A connection is retired after this many requests; 0: never. */
  readonly requestsPerConnection: number;
  /** Request bodies of a known length up to this many bytes are gathered before a connection is used. */
  readonly gatherBodyBytes: number;
  /** Largest response head in bytes. */
  readonly responseHeaderBytes: number;
  /** Who speaks HTTP/1.1 in plaintext: Weir's own transport, or undici's; to compare the two, or to fall back. */
  readonly client: 'native' | 'undici';
}

export interface UpstreamTlsSpec {
  readonly verify: boolean;
  /** SNI and the name that is verified; null: the target's host. */
  readonly serverName: string | null;
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** Host field of the upstream request: the client's, the target's, or a fixed one. */
export type HostHeaderSpec =
  | { readonly mode: 'pass' }
  | { readonly mode: 'target' }
  | { readonly mode: 'set'; readonly value: string };

export interface DnsSpec {
  /** Bounds around the TTL of an answer. */
  readonly ttlMinMs: number;
  readonly ttlMaxMs: number;
}

/** Limits of one route, in milliseconds, after inheritance. 0 means no limit, and only `attempt` may have it. */
export interface RouteTimeouts {
  readonly totalMs: number;
  readonly queueMs: number;
  readonly connectMs: number;
  readonly tlsMs: number;
  readonly sendMs: number;
  readonly firstByteMs: number;
  readonly idleMs: number;
  readonly attemptMs: number;
  /** Where these are learnt from the route's latency, they replace the ones above; null: as stated above. */
  readonly firstByteLearnt: LearntLimitSpec | null;
  readonly attemptLearnt: LearntLimitSpec | null;
}

export interface RouteSpec {
  readonly id: string;
  readonly match: MatchSpec;
  readonly action: ActionSpec;
  readonly timeouts: RouteTimeouts;
  readonly requestHeaders: HeaderEditsSpec;
  readonly responseHeaders: HeaderEditsSpec;
  readonly cors: CorsSpec | null;
  /** Null: requests are not looked into. */
  readonly contract: RouteContractSpec | null;
  readonly addresses: AddressesSpec | null;
  readonly auth: readonly AuthSpec[];
  readonly limits: readonly LimitSpec[];
  /** Largest request body in bytes (413 above). */
  readonly bodyBytesMax: number;
  /** WebSocket upgrades pass. Null: answered 426. */
  readonly websocket: WebSocketSpec | null;
  readonly priority: PrioritySpec;
  /** Null: one attempt. */
  readonly retry: RetrySpec | null;
  readonly hedge: HedgeSpec | null;
  /** Answers of a known length up to this many bytes are held back until they are whole; 0: none. */
  readonly protectBytes: number;
  readonly fallback: readonly FallbackSpec[];
  /** Null: nothing is handed over to jobs. */
  readonly async: AsyncSpec | null;
  /** Null: answers are not stored. */
  readonly cache: CacheSpec | null;
  /** Null: each request goes to the upstream by itself. */
  readonly coalesce: CoalesceSpec | null;
  readonly shown: ShownSpec;
  /** Left out: answers are sent on as they come. */
  readonly optimize?: OptimizeSpec;
  /** Left out: bodies pass as they come. */
  readonly convert?: ConvertSpec;
  /** Left out: nothing is asked by the name of a query. */
  readonly graphql?: PersistedSpec;
  /** Left out: nothing of its answers is hidden. */
  readonly mask?: MaskSpec;
  /** Of a team: it gets to know nothing of who is signed in at the console. Left out: the operator's own. */
  readonly isManaged?: true;
}

export interface MatchSpec {
  /** Lower-case host names, exact or `*.example.com`; empty: any. */
  readonly hosts: readonly string[];
  readonly path: PathMatchSpec;
  /** Upper-case; empty: any. */
  readonly methods: readonly string[];
  readonly headers: readonly ValueMatchSpec[];
  readonly query: readonly ValueMatchSpec[];
  /** Left out: none. */
  readonly cookies?: readonly ValueMatchSpec[];
  /** Left out: all callers. */
  readonly share?: ShareSpec;
}

/** A part of all callers: those whose key hashes to a point in it. Routes whose parts adjoin split callers among them. */
export interface ShareSpec {
  /** Percent; the point is at or above `from`, and below `to`. */
  readonly from: number;
  readonly to: number;
  /** `caller`: the credential in X-API-Key or Authorization, else the address. */
  readonly by: 'request' | 'address' | 'caller' | { readonly header: string };
  /** The same key has another point for another one. */
  readonly of: string;
}

export type PathMatchSpec =
  | { readonly kind: 'exact'; readonly path: string }
  /** Whole segments: `/orders` matches `/orders` and `/orders/1`, not `/ordersx`. Written `/orders/*`. */
  | { readonly kind: 'prefix'; readonly prefix: string }
  /** Segments of which some are `{name}`; a trailing `*` takes the rest. */
  | { readonly kind: 'template'; readonly template: string };

export interface ValueMatchSpec {
  /** Field, parameter or cookie; header names are lower-case. */
  readonly name: string;
  /** `matches`: the whole value, by a pattern of RE2. */
  readonly op: 'equals' | 'prefix' | 'suffix' | 'contains' | 'present' | 'absent' | 'in' | 'matches';
  readonly values: readonly string[];
  /** It holds where the rest of it does not. Left out: where it does. */
  readonly isNegated?: true;
}

export type ActionSpec =
  | { readonly kind: 'proxy'; readonly upstream: string; readonly rewrite: RewriteSpec | null }
  | { readonly kind: 'redirect'; readonly status: 301 | 302 | 303 | 307 | 308; readonly location: string }
  | { readonly kind: 'respond'; readonly status: number; readonly headers: readonly string[]; readonly body: string }
  | AiRouteSpec
  | MockRouteSpec
  | McpRouteSpec
  | ComposeRouteSpec
  | BatchRouteSpec;

export type RewriteSpec =
  | { readonly kind: 'strip-prefix'; readonly prefix: string }
  /** Replaces the matched prefix. */
  | { readonly kind: 'replace-prefix'; readonly prefix: string; readonly with: string }
  /** A path in which `{name}` and `{*}` stand for the parameters of the match. */
  | { readonly kind: 'path'; readonly template: string };

/** Applied in this order: remove, set, add. Names are lower-case; values may hold `${NAME}` references. */
export interface HeaderEditsSpec {
  readonly remove: readonly string[];
  readonly set: readonly (readonly [name: string, value: SecretText])[];
  readonly add: readonly (readonly [name: string, value: SecretText])[];
}

export interface WebSocketSpec {
  /** A tunnel in which nothing passes is closed after this long. */
  readonly idleMs: number;
  /** As in CORS: `*`, exact, or with a wildcard host. Null: any, and requests without an Origin always. */
  readonly origins: readonly string[] | null;
}

/** The Fetch standard's CORS protocol. */
export interface CorsSpec {
  /** `*`, or origins, exact or `https://*.example.com`. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  /** Empty: the requested ones are echoed. */
  readonly headers: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly credentials: boolean;
  readonly maxAgeS: number;
}

/** CIDR blocks; deny wins, an empty allow list allows all. */
export interface AddressesSpec {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/** A request passes when any of its route's entries accepts it. */
export type AuthSpec =
  | {
      readonly kind: 'apiKey';
      /** Where the key is looked for, in order; `bearer` is Authorization: Bearer. */
      readonly in: readonly ({ readonly header: string } | { readonly query: string } | 'bearer')[];
      /** Consumers that may pass, and groups of them as `@GROUP`; empty: all that have a key, but for managed ones. */
      readonly consumers: readonly string[];
      /** Remove the credential before the request goes upstream. */
      readonly hide: boolean;
    }
  | { readonly kind: 'basic'; readonly realm: string; readonly consumers: readonly string[]; readonly hide: boolean }
  | {
      readonly kind: 'jwt';
      readonly keys: JwtKeysSpec;
      readonly issuer: string | null;
      readonly audiences: readonly string[];
      readonly algorithms: readonly string[];
      readonly clockSkewS: number;
      /** Claim that names the consumer. */
      readonly consumerClaim: string;
      /** Claims passed upstream as header fields, claim → lower-case field. */
      readonly forwardClaims: Readonly<Record<string, string>>;
      readonly hide: boolean;
    }
  /** Tokens that consumers sign by keys of their own. */
  | {
      readonly kind: 'consumerJwt';
      readonly consumers: readonly string[];
      readonly audiences: readonly string[];
      readonly clockSkewS: number;
      readonly forwardClaims: Readonly<Record<string, string>>;
      readonly hide: boolean;
    };

/** Of a consumer: what its tokens are believed by. */
export interface ConsumerTokenSpec {
  readonly issuer: string;
  /** `kid` of the tokens that it is for; null: any. */
  readonly keyId: string | null;
  readonly keys: JwtKeysSpec;
  readonly algorithms: readonly string[];
}

export type JwtKeysSpec =
  | { readonly kind: 'jwks'; readonly url: string; readonly cacheMs: number; readonly timeoutMs: number }
  | { readonly kind: 'secret'; readonly secret: SecretText }
  | { readonly kind: 'publicKey'; readonly pem: string };

export type LimitSpec = RateLimitSpec | ConcurrentLimitSpec;

type LimitKeySpec = 'route' | 'address' | 'consumer' | { readonly header: string };

/** A rate limit by GCRA: `requests` in `periodMs`, with `burst` at once. */
export interface RateLimitSpec extends LimitReach {
  readonly kind: 'rate';
  readonly requests: number;
  readonly periodMs: number;
  readonly burst: number;
  readonly by: LimitKeySpec;
  /** Distinct keys that are remembered, at most; the least recently used one is forgotten. */
  readonly keys: number;
  /** `shared`: over all nodes of a cluster; one by itself counts as `local` does. */
  readonly mode: 'local' | 'shared' | 'strict';
  /** How long Redis is waited for, and what is done without it. Null unless the mode is `strict`. */
  readonly redis: { readonly withinMs: number; readonly onLoss: 'open' | 'closed' } | null;
}

/** Whom a limit is for, and with whom it counts. */
interface LimitReach {
  /** It counts these consumers alone, and groups of them as `@GROUP`. Left out: everybody. */
  readonly consumers?: readonly string[];
  /** Limits of several routes with the same one, and that are the same otherwise, are one. Left out: the route's own. */
  readonly scope?: string;
}

/** So many in flight at once. */
export interface ConcurrentLimitSpec extends LimitReach {
  readonly kind: 'concurrent';
  readonly requests: number;
  readonly by: LimitKeySpec;
  readonly mode: 'local' | 'shared';
}

export interface ConsumerSpec {
  readonly id: string;
  /** SHA-256 of each API key, lower-case hex. */
  readonly keyHashes: readonly string[];
  /** Basic credentials: scrypt hash in the form `scrypt$N$r$p$salt$hash` (base64url). */
  readonly basic: readonly { readonly username: string; readonly hash: string }[];
  /** Who signs its tokens. Left out: nobody. */
  readonly tokens?: readonly ConsumerTokenSpec[];
  /** What lists of consumers may name instead of it, as `@GROUP`. Left out: none. */
  readonly groups?: readonly string[];
  /** An application of the registry: it passes only where a list names it or its group. Left out: it is the operator's own. */
  readonly isManaged?: true;
}
