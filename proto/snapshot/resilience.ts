/**
 * What a snapshot says about living with bad upstreams: who is picked, who is believed to be well, what is tried again,
 * and how much may be asked at once. Everything is resolved: a node reads no default of its own.
 */
import type { HeaderEditsSpec, RouteTimeouts, SecretText } from './snapshot.js';

/** How a target is picked among those of the best priority that are well. */
export interface BalanceSpec {
  readonly policy: BalancePolicy;
  /** What a request is hashed by; read by `ring-hash` and `maglev`. */
  readonly hashBy: HashKeySpec;
  /** Read by `sticky`, else null. */
  readonly sticky: StickySpec | null;
  /** Time constant in which a measured latency loses two thirds of its weight (peak-ewma). */
  readonly decayMs: number;
  /** A target that is new, or well again, grows to its full share in this time; 0: at once. */
  readonly slowStartMs: number;
  /** Below this share of targets that are well, opinions are set aside and all are used. 0: never. */
  readonly panicShare: number;
  /** Targets of this zone are preferred while enough of them are well; null: all zones alike. */
  readonly zone: string | null;
}

export const balancePolicies = [
  'peak-ewma',
  'least-request',
  'round-robin',
  'weighted',
  'ring-hash',
  'maglev',
  'sticky',
] as const;
export type BalancePolicy = (typeof balancePolicies)[number];

export type HashKeySpec =
  | { readonly kind: 'address' }
  | { readonly kind: 'path' }
  /** Lower-case name. */
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string };

export interface StickySpec {
  readonly cookie: string;
  /** Signs the cookie (HMAC-SHA-256), so that no client chooses a target that it was not given. */
  readonly secret: SecretText;
  /** Seconds; 0: until the browser closes. */
  readonly maxAgeS: number;
}

/** Active probes of each target. */
export interface ProbeSpec {
  readonly kind: 'http' | 'tcp';
  /** Path with its query; read by `http`. */
  readonly path: string;
  /** Host field of the probe; null: the target's. */
  readonly host: string | null;
  /** Statuses that are well, both ends included. */
  readonly statuses: readonly (readonly [from: number, to: number])[];
  /** Text that the first 64 KiB of the body must hold; null: any body will do. */
  readonly contains: string | null;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Probes in a row that change the opinion. */
  readonly unhealthyAfter: number;
  readonly healthyAfter: number;
}

/** Passive ejection by what real requests met. */
export interface OutlierSpec {
  /** Failures in a row; 0: not looked at. */
  readonly consecutiveFailures: number;
  /** A target is ejected whose share of good answers is this many standard deviations below that of its peers; 0: not looked at. */
  readonly successRateDeviations: number;
  /** A target is ejected whose median latency is this many times that of its peers; 0: not looked at. */
  readonly latencyFactor: number;
  /** How often shares and latencies are compared. */
  readonly intervalMs: number;
  /** Answers in an interval below which a target is not compared. */
  readonly requestsMin: number;
  /** The first ejection lasts this long, each further one that much longer, up to the largest. */
  readonly ejectionMs: number;
  readonly ejectionMaxMs: number;
  /** Share of the targets that may be ejected at once. */
  readonly ejectedShareMax: number;
  /** As of the breaker. */
  readonly every5xx: boolean;
}

/** Circuit breaker: one for each target and one for the upstream as a whole. */
export interface BreakerSpec {
  /** Opens when this share of the requests of a window has failed. */
  readonly failureShare: number;
  readonly requestsMin: number;
  readonly windowMs: number;
  /** Stays open this long, twice as long after each probe that failed, up to the largest. */
  readonly openMs: number;
  readonly openMaxMs: number;
  /** Whether each 5xx but 501 and 505 is a failure, and not only 502, 503 and 504. */
  readonly every5xx: boolean;
}

/** How many requests an upstream is asked at once, all targets together. */
export interface ConcurrencySpec {
  /** `adaptive` moves between `limitMin` and `limitMax`; `fixed` is `limitMax`. */
  readonly mode: 'adaptive' | 'fixed';
  readonly limitMin: number;
  readonly limitMax: number;
  /** Where `adaptive` begins. */
  readonly limitStart: number;
  /** Requests that wait for a place, at most (503 above). How long each may wait is the route's `queue` timer. */
  readonly queue: number;
}

/** Where the configuration says nothing. */
export const CONCURRENCY_DEFAULTS = { limitMin: 8, limitMax: 100_000 } as const;

export type Priority = 'critical' | 'default' | 'background';

/** The priority of a route's requests, and the request field by which a trusted peer or consumer may lower it. */
export interface PrioritySpec {
  readonly level: Priority;
  /** Lower-case; null: none. */
  readonly header: string | null;
}

export type RetryCondition =
  /** No connection was made: refused, unroutable, DNS, TLS, or too slow. */
  | 'connect-failure'
  /** The connection ended before any byte of the answer. */
  | 'reset'
  /** The upstream says that it has not processed the request (HTTP/2 REFUSED_STREAM, GOAWAY), or nothing was sent. */
  | 'refused'
  /** `attempt`, `firstByte` or `send` fired. */
  | 'timeout'
  /** A response that was held back (`protect`) broke off or stalled. */
  | 'incomplete'
  /** One of `statuses`. */
  | 'status';

export interface RetrySpec {
  /** Attempts after the first one, at most. */
  readonly retries: number;
  readonly on: readonly RetryCondition[];
  readonly statuses: readonly number[];
  /** Retries as a share of the requests of the last ten seconds, and beside it a floor per second for quiet routes. */
  readonly budgetShare: number;
  readonly budgetFloorPerS: number;
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** A request body up to this many bytes is kept so that it can be sent again. */
  readonly bodyBytesMax: number;
}

/** A moment that is stated, or learnt from the route's own latency. */
export type LearntLimitSpec =
  | { readonly kind: 'fixed'; readonly ms: number }
  | {
      readonly kind: 'adaptive';
      readonly quantile: number;
      readonly factor: number;
      readonly minMs: number;
      readonly maxMs: number;
      /** Until enough was seen. */
      readonly coldMs: number;
    };

export interface HedgeSpec {
  /** A second attempt starts when the first has not answered by then. */
  readonly after: LearntLimitSpec;
  /** Hedges as a share of the requests of the last ten seconds, and beside it a floor per second. */
  readonly budgetShare: number;
  readonly budgetFloorPerS: number;
}

/** What takes the place of a failure that nothing could avert; the first that can. */
export type FallbackSpec =
  | {
      readonly kind: 'upstream';
      readonly upstream: string;
      /** Also asked what the first one may have done already, where the method is idempotent. */
      readonly repeats: boolean;
      /** On top of those of the route. */
      readonly requestHeaders: HeaderEditsSpec;
      /** As for the route, with those of this upstream in place of those of the first one; `total` is the route's. */
      readonly timeouts: RouteTimeouts;
    }
  | { readonly kind: 'respond'; readonly status: number; readonly headers: readonly string[]; readonly body: string }
  | { readonly kind: 'redirect'; readonly status: 302 | 303 | 307; readonly location: string };

/** What of the gateway's own doing an answer shows. */
export interface ShownSpec {
  /** Server-Timing (W3C) with queue, attempts and upstream times. */
  readonly serverTiming: boolean;
  /** X-Weir-Attempts. */
  readonly attempts: boolean;
}
