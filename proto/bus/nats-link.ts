/**
 * One connection to NATS after the other, for ever: what the bus and JetStream (`jetstream.ts`) both stand on. What the client
 * library leaves to its defaults, or does in a way that neither can have, is done here:
 *
 *   connecting    the library's own way gives up after ten attempts, or two refused credentials, and keeps everything that is
 *                 published meanwhile in memory without a bound.
 *   liveness      a PING with each look; a server that has not answered for so many looks is left. The library would wait until
 *                 its last bytes are written, which with a stopped server and a full socket is never. Looks are counted,
 *                 not the clock, so that a pause of this process is not taken for one of the server.
 */
import type { TlsOptions } from 'nats';
import { connect, credsAuthenticator, type NatsConnection, nkeyAuthenticator } from 'nats';
import { formatAddress } from './address.js';
import type { BusClock } from './bus.js';
import { LOOK_MS, type NatsAddress, parseNatsServer, whyNotGreeted } from './nats-dial.js';

export interface NatsOptions {
  /** One greets, or the next one is tried. */
  readonly servers: readonly string[];
  /** Shown on the server's own pages. */
  readonly name: string;
  readonly credentials?: NatsCredentials;
  /** An empty object demands TLS with the system's authorities. */
  readonly tls?: TlsOptions;
}

/** `creds`: contents of a .creds file. */
export type NatsCredentials =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'nkey'; readonly seed: Uint8Array }
  | { readonly kind: 'creds'; readonly creds: Uint8Array };

export interface LinkParts {
  readonly clock: BusClock;
  /** Uniform in [0, 1): spreads the attempts of many. */
  readonly random: () => number;
  /** Below it come replies to the library's own requests; left out: where the library puts them. */
  readonly inbox?: string;
}

export interface LinkEvents {
  /** Before it is told of as connected: subscriptions are made here. */
  onConnection(connection: NatsConnection): void;
  /** True when the server has taken what `onConnection` sent. */
  onState(isConnected: boolean, trouble: string): void;
  /** A PING is written now; when its PONG comes, everything that was sent before it has arrived. */
  onPing(): void;
  onPong(): void;
  /** What was under way arrived, or did not. Told before `onState`. */
  onLost(): void;
}

const LOOK_EVERY_MS = 500;
/** Three seconds: longer than the pauses of a server that works, shorter than a member is believed to live in silence. */
const SILENT_LOOKS_MAX = 6;
const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 5_000;
/** What was sent before a close has so long to be taken. */
const CLOSE_MS = 1_000;

/** Half of it is certain, half is chance: nobody comes at once, and no two at the same time. */
export function backoffMs(attempt: number, random: number): number {
  const most = Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 16), BACKOFF_MAX_MS);
  return most / 2 + (most / 2) * random;
}

export class NatsLink {
  readonly #options: NatsOptions;
  readonly #servers: readonly NatsAddress[];
  readonly #parts: LinkParts;
  readonly #events: LinkEvents;
  #connection: NatsConnection | null = null;
  #isClosed = false;
  #attempt = 0;
  #nextServer: number;
  #cancelTimer = (): void => {};
  #isPinged = false;
  #silentLooks = 0;
  #trouble = '';
  /** What the server has refused on this connection last; empty: nothing. */
  #denied = '';
  #isTold = false;

  /** Throws when `servers` has none, or one that is none. Dials in a turn of its own. */
  constructor(options: NatsOptions, parts: LinkParts, events: LinkEvents) {
    this.#options = options;
    this.#servers = options.servers.map(addressOf);
    if (this.#servers.length === 0) throw new Error('no nats-server is named');
    this.#parts = parts;
    this.#events = events;
    this.#nextServer = Math.floor(parts.random() * this.#servers.length);
    this.#later(0, () => void this.#dial());
  }

  /** Null: there is none now. */
  get connection(): NatsConnection | null {
    const connection = this.#connection;
    return connection === null || connection.isClosed() ? null : connection;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Why a connection that is about to be closed could not be used; told with its close. */
  note(error: unknown): void {
    this.#trouble = reasonOf(error);
  }

  /** Nothing while one is under way. */
  ping(): void {
    const connection = this.#connection;
    if (connection === null || this.#isPinged) return;
    this.#isPinged = true;
    this.#events.onPing();
    connection.flush().then(
      () => {
        if (this.#connection !== connection) return;
        this.#isPinged = false;
        this.#silentLooks = 0;
        this.#events.onPong();
      },
      () => {}, // Disconnected; `#lost` tells.
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    let cancel = (): void => {};
    const waited = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.after(CLOSE_MS, resolve);
    });
    await Promise.race([connection.flush().catch(() => {}), waited]);
    cancel();
    await connection.close().catch(() => {});
  }

  /** One timer at a time: dialling, waiting to dial, and looking exclude each other. */
  #later(delayMs: number, run: () => void): void {
    this.#cancelTimer = this.#parts.clock.after(delayMs, () => {
      if (!this.#isClosed) run();
    });
  }

  async #dial(): Promise<void> {
    const server = this.#servers[this.#nextServer % this.#servers.length];
    this.#nextServer = (this.#nextServer + 1) % this.#servers.length;
    if (server === undefined) return;
    const why = await whyNotGreeted(server);
    if (this.#isClosed) return;
    if (why !== null) return this.#failed(`${formatAddress(server)} ${why}`);
    try {
      const connection = await connect(this.#libraryOptions(server));
      if (this.#isClosed) await connection.close();
      else this.#connected(connection);
    } catch (error) {
      if (!this.#isClosed) this.#failed(`${formatAddress(server)}: ${reasonOf(error)}`);
    }
  }

  #libraryOptions(server: NatsAddress): NonNullable<Parameters<typeof connect>[0]> {
    const { name, credentials, tls } = this.#options;
    const { inbox } = this.#parts;
    return {
      servers: formatAddress(server),
      name,
      noEcho: true,
      // An Error for each request, made in case that it fails.
      noAsyncTraces: true,
      reconnect: false,
      timeout: LOOK_MS,
      // Its own pings would end in a close that waits for the socket; see above.
      pingInterval: 2 ** 31 - 1,
      ignoreClusterUpdates: true,
      ...(inbox === undefined ? {} : { inboxPrefix: inbox }),
      ...(tls === undefined ? {} : { tls }),
      ...(credentials === undefined ? {} : authentication(credentials)),
    };
  }

  #failed(trouble: string): void {
    this.#events.onState(false, trouble);
    this.#later(backoffMs(this.#attempt, this.#parts.random()), () => void this.#dial());
    this.#attempt += 1;
  }

  #connected(connection: NatsConnection): void {
    this.#connection = connection;
    this.#silentLooks = 0;
    this.#trouble = '';
    this.#denied = '';
    this.#isTold = false;
    void this.#hearDenials(connection);
    this.#events.onConnection(connection);
    void connection.closed().then((error) => this.#lost(connection, error instanceof Error ? error.message : ''));
    // Told when the server has taken the subscriptions: what is sent from then on is heard. Only such a connection was a success.
    connection.flush().then(
      () => {
        if (this.#connection !== connection) return;
        this.#attempt = 0;
        this.#isTold = true;
        this.#events.onState(true, this.#denied);
      },
      () => {},
    );
    this.#later(LOOK_EVERY_MS, () => this.#look(connection));
  }

  /** Told as trouble of a connection that stands, for everything else goes on. Ends with the connection. */
  async #hearDenials(connection: NatsConnection): Promise<void> {
    for await (const { permissionContext: denied } of connection.status()) {
      if (denied === undefined || this.#connection !== connection) continue;
      this.#denied = `the nats-server does not let it ${denied.operation === 'publish' ? 'send to' : 'hear'} ${denied.subject}`;
      if (this.#isTold) this.#events.onState(true, this.#denied);
    }
  }

  #look(connection: NatsConnection): void {
    if (this.#connection !== connection) return;
    if (this.#isPinged) this.#silentLooks += 1;
    if (this.#silentLooks > SILENT_LOOKS_MAX) {
      this.#trouble = 'the nats-server has fallen silent';
      this.#lost(connection, this.#trouble);
      connection.close().catch(() => {});
      return;
    }
    this.ping();
    this.#later(LOOK_EVERY_MS, () => this.#look(connection));
  }

  #lost(connection: NatsConnection, trouble: string): void {
    if (this.#connection !== connection || this.#isClosed) return;
    this.#cancelTimer();
    this.#connection = null;
    this.#isPinged = false;
    this.#events.onLost();
    this.#failed(trouble || this.#trouble || 'the connection was closed');
  }
}

function addressOf(text: string): NatsAddress {
  const address = parseNatsServer(text);
  if (address === null) throw new Error(`"${text}" is not the address of a nats-server`);
  return address;
}

function authentication(credentials: NatsCredentials): Partial<NonNullable<Parameters<typeof connect>[0]>> {
  switch (credentials.kind) {
    case 'password':
      return { user: credentials.user, pass: credentials.password };
    case 'token':
      return { token: credentials.token };
    case 'nkey':
      return { authenticator: nkeyAuthenticator(credentials.seed) };
    case 'creds':
      return { authenticator: credsAuthenticator(credentials.creds) };
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
