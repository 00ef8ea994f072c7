/**
 * What the rest of the node knows of a listener: sockets on one side, exchanges on the other.
 *
 * A listener accepts connections, makes a GatewayRequest of each request, hands it to `onRequest` and writes what the
 * handler is told. It owns the client's side of an exchange: framing, backpressure, the timers of slow clients, aborts,
 * drain and TLS. Any implementation must pass test/conformance/listener; `uws/server.ts` is the one in use.
 */
import type { Failure, TimerName } from '@weir/proto/http/failures.js';
import type { GatewaySpec, ListenerTlsSpec } from '@weir/proto/snapshot/gateway.js';
import type { SecretText } from '@weir/proto/snapshot/snapshot.js';
import type { Dispatch } from '../pipeline/dispatch.js';
import type { Exchange } from '../pipeline/exchange.js';
import type { Clock, Timers } from '../time/clock.js';
import type { RequestIds } from './request-ids.js';

export interface ListenerOptions {
  readonly gateway: GatewaySpec;
  /** Called once for each accepted request. The owner swaps what stands behind it between two requests. */
  readonly onRequest: Dispatch;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Ids for requests that bring none that may be believed. */
  readonly requestIds: RequestIds;
  /** Connections above this are closed as they come, unanswered. */
  readonly connectionsMax: number;
  /** Whether other processes listen on the same port, and the kernel spreads connections among them. */
  readonly sharesPort?: boolean;
  /** Fills the `${NAME}` parts of a passphrase; throws when one is missing. */
  readonly reveal: (text: SecretText) => string;
  readonly events: ListenerEvents;
}

/** What a listener tells its owner beside the exchanges themselves. */
export interface ListenerEvents {
  /** A timer of a slow client fired. `exchange` is null when no request had been read yet. */
  onTimer(timer: TimerName, exchange: Exchange | null): void;
  /** A request was answered, or its connection closed, without `onRequest` having seen it. */
  onRefused(refusal: Refusal): void;
  /** A bug: something below threw where it must not. The exchange was failed. */
  onBug(error: unknown): void;
}

/** A request that never became an exchange. */
export interface Refusal {
  readonly status: number;
  readonly failure: Failure;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly peerAddress: string;
}

export interface BoundAddress {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

/** One that new connections are shown. */
export interface ServedCertificate {
  /** Where it was read. */
  readonly file: string;
  /** When it is over, in Unix milliseconds; of a file with its issuers as well, when the first of them is. */
  readonly notAfterWallMs: number;
}

export interface Listener {
  /** Binds and accepts. Rejects with a text that names the owner of a port in use where it can be found. */
  start(): Promise<BoundAddress>;
  /** Open client connections, tunnels among them. */
  readonly connections: number;
  /** Exchanges that have begun and not ended. */
  readonly exchanges: number;
  /** When the one of them was received that has been open for longest; Infinity when there is none. */
  readonly oldestExchangeAtMs: number;
  /** Open WebSocket tunnels. */
  readonly tunnels: number;
  /** One for each file; none without TLS. */
  readonly certificates: readonly ServedCertificate[];
  /**
   * Takes over limits, client timers, names and trusted proxies; what has begun keeps what it began with. The address,
   * TLS and the PROXY protocol need a new listener.
   */
  update(gateway: GatewaySpec): void;
  /**
   * Serves new connections with these certificates; the files are read again, and nothing happens when all is as it was.
   * Open connections live on. Throws, and keeps the old ones, when a file is unreadable or key and certificate do not
   * belong together.
   */
  reloadCertificates(tls: ListenerTlsSpec): void;
  /**
   * Stops accepting, tells each client with its answer to close, and waits for what has begun. What is left after
   * `limitMs` is answered 503, or broken off where an answer has begun; `cut` says how many exchanges and tunnels that were. The listener is closed then, and idle
   * connections with it: until then they stay, and what they still ask is answered.
   */
  drain(limitMs: number): Promise<{ readonly cut: number }>;
  /** Closes everything at once. */
  close(): void;
}
