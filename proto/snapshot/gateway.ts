/** What all routes of a snapshot have in common: the listener with its limits and timers, jobs, the cache's memory, log and traces. */
import type { CacheMemorySpec } from './cache.js';
import type { JobsSpec } from './jobs.js';
import type { SecretText } from './snapshot.js';

export interface GatewaySpec {
  readonly listen: { readonly host: string; readonly port: number };
  /** Null: plaintext. */
  readonly tls: ListenerTlsSpec | null;
  /** Expect a PROXY protocol v2 header from trusted proxies. */
  readonly proxyProtocol: boolean;
  /** CIDR blocks whose X-Forwarded-For, Forwarded, X-Request-Id, traceparent and PROXY headers are believed. */
  readonly trustedProxies: readonly string[];
  readonly limits: ListenerLimitsSpec;
  readonly clientTimers: ClientTimersSpec;
  readonly names: NamesSpec;
  readonly jobs: JobsSpec;
  readonly cache: CacheMemorySpec;
  readonly accessLog: AccessLogSpec;
  /** Null: no traces are exported; trace context is still passed on. */
  readonly tracing: TracingSpec | null;
}

export interface ListenerTlsSpec {
  /** The first one serves clients without SNI or with an unknown name. */
  readonly certificates: readonly {
    /** Names this certificate is for, lower-case, exact or `*.example.com`. */
    readonly hosts: readonly string[];
    readonly certFile: string;
    readonly keyFile: string;
    readonly passphrase: SecretText | null;
  }[];
}

export interface ListenerLimitsSpec {
  /** Whole request head in bytes (431 above). */
  readonly headerBytes: number;
  /** Number of header fields (431 above). */
  readonly headerCount: number;
  /** Request target in bytes (414 above). */
  readonly urlBytes: number;
  /** Exchanges in flight in one node (503 above). */
  readonly exchanges: number;
  /** Largest WebSocket message in bytes (close 1009 above). */
  readonly messageBytes: number;
  /** Request bodies that are gathered or kept for another attempt, all of the node; beyond it they stream, and are not kept. */
  readonly bodyBytes: number;
}

export interface ClientTimersSpec {
  readonly clientHeadersMs: number;
  readonly clientBodyMs: number;
  readonly clientIdleMs: number;
  readonly drainMs: number;
}

export interface NamesSpec {
  /** Field in which a client states its budget and the upstream learns what is left, in milliseconds. */
  readonly deadlineHeader: string;
  readonly requestIdHeader: string;
  /** Pseudonym in Via, Proxy-Status and Forwarded (RFC 9110 §7.6.3). */
  readonly via: string;
}

export interface AccessLogSpec {
  readonly enabled: boolean;
  /** Each line goes to all of them: `stdout`, the path of a file, or the URL of a collector. */
  readonly destinations: readonly string[];
  /** For collectors. */
  readonly headers: Readonly<Record<string, SecretText>>;
  /** Share of successful exchanges that are written, 0 to 1; failures and slow ones are always written. */
  readonly sample: number;
  /** An exchange at or above this many milliseconds counts as slow. */
  readonly slowMs: number;
  /** Query parameters and header fields (lower-case) whose values are replaced by [redacted]. */
  readonly redact: readonly string[];
  /** Request header fields that are added to the line. */
  readonly requestHeaders: readonly string[];
}

export interface TracingSpec {
  /** OTLP/HTTP traces endpoint. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, SecretText>>;
  /** Share of exchanges without a caller's decision that are sampled, 0 to 1. */
  readonly sample: number;
  readonly serviceName: string;
}
