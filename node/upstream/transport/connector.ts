/**
 * Opens sockets to one target: name → addresses → TCP → TLS. Says when the handshake begins, says in which stage it
 * failed, and destroys everything at once when it is cancelled. It has no timers; the attempt above owns those.
 *
 * Addresses are tried in the order that the resolver gives, the next one when the one before refuses. There is no
 * race between them (RFC 8305): an address that swallows packets costs the `connect` limit once. It is asked last from
 * then on, until it is connected to again, so the next attempt begins with another one, of the other family if need be.
 */
import { isIP, type Socket, connect as tcpConnect } from 'node:net';
import { checkServerIdentity, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { TargetSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Cancel } from '../../pipeline/dispatch.js';
import type { Resolver } from '../dns/resolver.js';
import { translateConnectError } from './connect-failure.js';
import type { Inlet } from './http1-inlet.js';
import type { TlsMaterial } from './tls-material.js';

/** Addresses tried within one attempt to connect. */
const ADDRESSES_MAX = 4;
/** Idle time before the first TCP keep-alive probe: finds peers that vanished without a word. */
const KEEP_ALIVE_PROBE_MS = 60_000;

export interface OpenedSocket {
  readonly socket: Socket | TLSSocket;
  readonly address: string;
  /** Chosen by ALPN; `http/1.1` where nothing was. */
  readonly protocol: 'h2' | 'http/1.1';
}

export interface OpenEvents {
  onTls(): void;
  onOpened(opened: OpenedSocket): void;
  onFailed(failed: Failure): void;
}

export interface ConnectorOptions {
  readonly target: TargetSpec;
  readonly resolver: Resolver;
  /** Null for plaintext. */
  readonly tls: TlsMaterial | null;
}

export type AlpnOffer = readonly ('h2' | 'http/1.1')[];

/**
 * Opens one socket; nothing is reported within the call, nor after its Cancel. A plaintext socket with an inlet is read
 * through that alone, which only can be said when it is made.
 */
export type Connector = (alpn: AlpnOffer, events: OpenEvents, inlet?: Inlet) => Cancel;

export function createConnector(options: ConnectorOptions): Connector {
  const sessions: Remembered = { last: undefined, silent: new Set() };
  return (alpn, events, inlet) => {
    const opening = new Opening(options, alpn, events, sessions, inlet ?? null);
    opening.start();
    return opening.cancel;
  };
}

/** What the attempts to connect to one target leave to the next. */
interface Remembered {
  /** The last TLS session, so that the next handshake is short. */
  last: Buffer | undefined;
  /** Addresses that were given up before they said anything; bounded by what the resolver knows. */
  readonly silent: Set<string>;
}

class Opening {
  readonly #options: ConnectorOptions;
  readonly #alpn: AlpnOffer;
  readonly #events: OpenEvents;
  readonly #sessions: Remembered;
  readonly #inlet: Inlet | null;
  #socket: Socket | null = null;
  /** The address that was asked for a connection and has not answered in any way. */
  #asking: string | null = null;
  #ended = false;

  constructor(
    options: ConnectorOptions,
    alpn: AlpnOffer,
    events: OpenEvents,
    sessions: Remembered,
    inlet: Inlet | null,
  ) {
    this.#options = options;
    this.#alpn = alpn;
    this.#events = events;
    this.#sessions = sessions;
    this.#inlet = inlet;
  }

  start(): void {
    // Off the caller's stack: a known address would otherwise be tried, and fail, within the call.
    queueMicrotask(() => {
      if (this.#ended) return;
      this.#options.resolver.resolve((addresses, failed) => {
        if (this.#ended) return;
        if (failed !== null) this.#fail(failed);
        else this.#try(this.#inOrder(addresses).slice(0, ADDRESSES_MAX), 0);
      });
    });
  }

  readonly cancel: Cancel = () => {
    if (!this.#ended && this.#asking !== null) this.#sessions.silent.add(this.#asking);
    this.#ended = true;
    this.#socket?.destroy();
  };

  #inOrder(addresses: readonly string[]): readonly string[] {
    const { silent } = this.#sessions;
    for (const address of silent) if (!addresses.includes(address)) silent.delete(address);
    if (silent.size === 0) return addresses;
    return [...addresses.filter((each) => !silent.has(each)), ...addresses.filter((each) => silent.has(each))];
  }

  #try(addresses: readonly string[], at: number): void {
    const address = addresses[at];
    if (address === undefined) {
      this.#fail(failure('dns_error', `${this.#options.target.id} has no address`));
      return;
    }
    const { target, tls } = this.#options;
    const socket = tls === null ? this.#openTcp(address) : this.#openTls(address, tls);
    this.#socket = socket;
    this.#asking = address;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
    let stage: 'tcp' | 'tls' = 'tcp';
    let failed = false;
    const onError = (error: Error): void => {
      // 'close' follows 'error': one socket that failed is one address that failed.
      if (this.#ended || failed) return;
      failed = true;
      this.#asking = null;
      socket.destroy();
      if (stage === 'tcp' && at + 1 < addresses.length) this.#try(addresses, at + 1);
      else this.#fail(translateConnectError(stage, error, `${target.id} (${address})`));
    };
    // Errors after the end (a cancelled handshake) have no other listener, and would be thrown.
    socket.on('error', onError);
    const onClose = (): void => onError(new Error('the connection closed during the handshake'));
    socket.on('close', onClose);
    const opened = (protocol: OpenedSocket['protocol']): void => {
      if (this.#ended) return;
      this.#ended = true;
      socket.off('close', onClose);
      this.#events.onOpened({ socket, address, protocol });
    };
    socket.once('connect', () => {
      if (this.#ended) return;
      this.#asking = null;
      this.#sessions.silent.delete(address);
      if (tls === null) {
        opened('http/1.1');
        return;
      }
      stage = 'tls';
      this.#events.onTls();
    });
    socket.once('secureConnect', () => this.#onSecured(socket as TLSSocket, opened)); // Only a TLSSocket emits it.
  }

  #onSecured(socket: TLSSocket, opened: (protocol: OpenedSocket['protocol']) => void): void {
    const agreed = socket.alpnProtocol;
    if (agreed === 'h2') {
      opened('h2');
    } else if (this.#alpn.includes('http/1.1')) {
      opened('http/1.1');
    } else {
      socket.destroy();
      this.#fail(failure('tls_error', `${this.#options.target.id} did not agree to HTTP/2`));
    }
  }

  #openTcp(address: string): Socket {
    const { port } = this.#options.target;
    return tcpConnect({ host: address, port, ...(this.#inlet === null ? {} : { onread: this.#inlet.onread }) });
  }

  #openTls(address: string, tls: TlsMaterial): TLSSocket {
    const { target } = this.#options;
    const name = tls.serverName ?? target.host;
    const socket = tlsConnect({
      host: address,
      port: target.port,
      secureContext: tls.context,
      rejectUnauthorized: tls.verify,
      // An address is never sent as SNI (RFC 6066 §3), but it is what the certificate must be for.
      servername: isIP(name) === 0 ? name : '',
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
      ALPNProtocols: [...this.#alpn],
      ...(this.#sessions.last === undefined ? {} : { session: this.#sessions.last }),
    });
    socket.on('session', (session) => {
      this.#sessions.last = session;
    });
    return socket;
  }

  #fail(failed: Failure): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.onFailed(failed);
  }
}
