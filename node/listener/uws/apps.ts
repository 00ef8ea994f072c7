/**
 * The apps of the library behind one port: which one accepts, which ones only see their connections out, and the
 * certificates that the accepting one serves.
 *
 *   start ──▶ accepting ──certificates change──▶ replaced ──its last connection closes──▶ closed
 *                 └──────────stopAccepting, close────────────────────────────────────────────▲
 *
 * The library can't replace its default certificate, so new certificates take an app of their own. What an app does with
 * a connection or a request is the listener's.
 */

import type { HttpResponse, TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import uWS from 'uWebSockets.js';
import type { GatewaySpec, ListenerTlsSpec } from '@weir/proto/snapshot/gateway.js';
import type { SecretText } from '@weir/proto/snapshot/snapshot.js';
import type { BoundAddress, ServedCertificate } from '../listener.js';
import { portOwner } from '../port-owner.js';
import { certificatesFingerprint, createApp } from './tls.js';

export interface AppHooks {
  /** What attaches the routes of one app. `tunnelled` is to be called when a connection of it became a tunnel. */
  routes(tunnelled: () => void): (app: TemplatedApp) => void;
  /** A connection was accepted, and is counted already. */
  accepted(res: HttpResponse): void;
}

/** An app of the library, and its open connections, tunnels among them. */
interface CountedApp {
  readonly app: TemplatedApp;
  readonly certificates: readonly ServedCertificate[];
  connections: number;
}

export class Apps {
  readonly #reveal: (text: SecretText) => string;
  readonly #hooks: AppHooks;
  readonly #sharesPort: boolean;
  /** The last one accepts; those before it have certificates of before a reload and connections that live on. */
  readonly #apps: CountedApp[] = [];
  #certificates = '';
  #listenSocket: us_listen_socket | null = null;
  #bound: BoundAddress | null = null;

  constructor(reveal: (text: SecretText) => string, hooks: AppHooks, sharesPort: boolean) {
    this.#reveal = reveal;
    this.#hooks = hooks;
    this.#sharesPort = sharesPort;
  }

  get connections(): number {
    return this.#apps.reduce((sum, { connections }) => sum + connections, 0);
  }

  /** Of the app that accepts. */
  get certificates(): readonly ServedCertificate[] {
    return this.#apps.at(-1)?.certificates ?? [];
  }

  get scheme(): BoundAddress['scheme'] {
    return this.#bound?.scheme ?? 'http';
  }

  async start({ listen: { host, port }, tls }: Pick<GatewaySpec, 'listen' | 'tls'>): Promise<BoundAddress> {
    if (this.#apps.length > 0) throw new Error('a listener is started once');
    if (tls !== null) this.#certificates = certificatesFingerprint(tls, this.#reveal);
    const counted = this.#makeApp(tls);
    const boundPort = this.#listen(counted.app, host, port);
    if (boundPort === null) throw new Error(await portOwner(host, port));
    this.#apps.push(counted);
    this.#bound = { scheme: tls === null ? 'http' : 'https', host, port: boundPort };
    return this.#bound;
  }

  /**
   * A new app takes over the port; connections of the old one live on in it, and it is closed with the last of them.
   * Both calls are made in one turn; only a client whose handshake with the kernel is over, but which was not accepted
   * yet, is reset. So certificates that are the same change nothing. (A port that the kernel chose can't be taken over
   * while it has connections.)
   */
  reloadCertificates(tls: ListenerTlsSpec): void {
    const bound = this.#bound;
    if (bound === null || bound.scheme === 'http') throw new Error('this listener does not serve TLS');
    const certificates = certificatesFingerprint(tls, this.#reveal);
    if (certificates === this.#certificates) return;
    const counted = this.#makeApp(tls);
    const before = this.#apps.at(-1);
    this.stopAccepting();
    if (this.#listen(counted.app, bound.host, bound.port) === null) {
      if (before !== undefined) this.#listen(before.app, bound.host, bound.port);
      throw new Error(`port ${bound.port} could not be taken over; the certificates stay as they were`);
    }
    this.#certificates = certificates;
    this.#apps.push(counted);
    if (before !== undefined) this.#closeUnused(before);
  }

  stopAccepting(): void {
    if (this.#listenSocket === null) return;
    uWS.us_listen_socket_close(this.#listenSocket);
    this.#listenSocket = null;
  }

  close(): void {
    this.stopAccepting();
    for (const { app } of this.#apps.splice(0)) app.close();
  }

  #makeApp(tls: ListenerTlsSpec | null): CountedApp {
    const changed = (count: number): void => {
      counted.connections += count;
      if (count < 0) this.#closeUnused(counted);
    };
    // The filter below hears of a connection that became a tunnel only when it opens.
    const attach = this.#hooks.routes(() => changed(-1));
    const counted: CountedApp = { ...createApp(tls, this.#reveal, attach), connections: 0 };
    const hear: Parameters<TemplatedApp['filter']>[0] = (res, count) => {
      changed(Number(count));
      if (Number(count) > 0) this.#hooks.accepted(res);
    };
    counted.app.filter(hear);
    return counted;
  }

  /** An app that accepts no more ends with its last connection. */
  #closeUnused(counted: CountedApp): void {
    const at = this.#apps.indexOf(counted);
    if (counted.connections > 0 || at === -1 || at === this.#apps.length - 1) return;
    this.#apps.splice(at, 1);
    // In a turn of its own: this may have been called by the library, out of the app that is to be closed.
    setImmediate(() => counted.app.close());
  }

  /** Shared only where that was asked: else half the traffic of a port would go to whoever else opens it. */
  #listen(app: TemplatedApp, host: string, port: number): number | null {
    let boundPort: number | null = null;
    const listening = (socket: us_listen_socket | false): void => {
      if (socket === false) return;
      this.#listenSocket = socket;
      boundPort = uWS.us_socket_local_port(socket);
    };
    // The types lack the overload with a host and options, the library has it (AppWrapper.h, uWS_App_listen).
    const listen = app.listen as unknown as (
      host: string,
      port: number,
      options: number,
      callback: (socket: us_listen_socket | false) => void,
    ) => void;
    listen.call(app, host, port, this.#sharesPort ? SHARED_PORT : EXCLUSIVE_PORT, listening);
    return boundPort;
  }
}

/** LIBUS_LISTEN_DEFAULT: with SO_REUSEPORT, where the kernel has it. */
const SHARED_PORT = 0;
/** LIBUS_LISTEN_EXCLUSIVE_PORT; the types declare it as an enum member that does not exist at run time. */
const EXCLUSIVE_PORT = 1;
