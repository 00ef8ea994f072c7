/**
 * The bus over NATS. What the client library leaves to its defaults, or does in a way that this contract can't have, is done here:
 *
 *   connecting    one library connection after the other, for ever. The library's own way gives up after ten attempts, or two
 *                 refused credentials, and keeps everything that is published meanwhile in memory without a bound.
 *   liveness      a PING with each look; a server that has not answered for so many looks is left. The library would wait until
 *                 its last bytes are written, which with a stopped server and a full socket is never. Looks are counted,
 *                 not the clock, so that a pause of this process is not taken for one of the server.
 *   pending       bytes since the last PONG; beyond the bound nothing is taken.
 *   slow reading  messages are handed on as they are parsed and wait nowhere; a process that can't keep up is cut off by the
 *                 server, counted as a disconnect, and connects again.
 */
import type { TlsOptions } from 'nats';
import { connect, credsAuthenticator, type NatsConnection, nkeyAuthenticator, type Subscription } from 'nats';
import { formatAddress } from './address.js';
import type { Bus, BusClock } from './bus.js';
import { type BusParts, busOver, type Carrier, type CarrierEvents } from './carrier.js';
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

export interface NatsParts extends BusParts {
  /** Uniform in [0, 1): spreads the attempts of many. */
  readonly random: () => number;
}

const LOOK_EVERY_MS = 500;
/** Three seconds: longer than the pauses of a server that works, shorter than a member is believed to live in silence. */
const SILENT_LOOKS_MAX = 6;
const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 5_000;
/** Pings in mid-stream: when so much of the bound is used, and not for each message. */
const PING_AT_SHARE = 1 / 8;
/** What was sent before a close has so long to be taken. */
const CLOSE_MS = 1_000;

/** Half of it is certain, half is chance: nobody comes at once, and no two at the same time. */
export function backoffMs(attempt: number, random: number): number {
  const most = Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 16), BACKOFF_MAX_MS);
  return most / 2 + (most / 2) * random;
}

/** Throws when `servers` has none, or one that is none. */
export function natsBus(options: NatsOptions, parts: NatsParts): Bus {
  const servers = options.servers.map((text) => {
    const address = parseNatsServer(text);
    if (address === null) throw new Error(`"${text}" is not the address of a nats-server`);
    return address;
  });
  if (servers.length === 0) throw new Error('no nats-server is named');
  return busOver((events, pendingMax) => new NatsCarrier({ options, servers, parts, events, pendingMax }), parts);
}

interface CarrierParts {
  readonly options: NatsOptions;
  readonly servers: readonly NatsAddress[];
  readonly parts: NatsParts;
  readonly events: CarrierEvents;
  readonly pendingMax: number;
}

class NatsCarrier implements Carrier {
  readonly #own: CarrierParts;
  readonly #patterns = new Map<string, Subscription | null>();
  #connection: NatsConnection | null = null;
  #isClosed = false;
  #attempt = 0;
  #nextServer: number;
  #cancelTimer = (): void => {};
  /** Sent since the last PONG, and how much of it the PING under way stands behind. */
  #pending = { bytes: 0, messages: 0 };
  #pinged: { bytes: number; messages: number } | null = null;
  #silentLooks = 0;
  #trouble = '';

  constructor(own: CarrierParts) {
    this.#own = own;
    this.#nextServer = Math.floor(own.parts.random() * own.servers.length);
    this.#later(0, () => void this.#dial());
  }

  get #clock(): BusClock {
    return this.#own.parts.clock;
  }

  send(subject: string, bytes: Uint8Array, replyTo: string): 'sent' | 'away' | 'full' {
    const connection = this.#connection;
    if (connection === null || connection.isClosed()) return 'away';
    if (this.#pending.bytes + bytes.length > this.#own.pendingMax) return 'full';
    try {
      connection.publish(subject, bytes, replyTo === '' ? {} : { reply: replyTo });
    } catch (error) {
      // Only a connection that closes at this moment refuses; what it says is told with the close.
      this.#trouble = reasonOf(error);
      return 'away';
    }
    this.#pending.bytes += bytes.length;
    this.#pending.messages += 1;
    if (this.#pending.bytes > this.#own.pendingMax * PING_AT_SHARE) this.#ping(connection);
    return 'sent';
  }

  want(pattern: string): void {
    this.#patterns.set(pattern, null);
    if (this.#connection !== null) this.#listen(this.#connection, pattern);
  }

  unwant(pattern: string): void {
    const subscription = this.#patterns.get(pattern);
    this.#patterns.delete(pattern);
    if (subscription !== null && subscription !== undefined && !subscription.isClosed()) subscription.unsubscribe();
  }

  pendingBytes(): number {
    return this.#pending.bytes;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    let cancel = (): void => {};
    const waited = new Promise<void>((resolve) => {
      cancel = this.#clock.after(CLOSE_MS, resolve);
    });
    await Promise.race([connection.flush().catch(() => {}), waited]);
    cancel();
    await connection.close().catch(() => {});
  }

  /** One timer at a time: dialling, waiting to dial, and looking exclude each other. */
  #later(delayMs: number, run: () => void): void {
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      if (!this.#isClosed) run();
    });
  }

  async #dial(): Promise<void> {
    const { servers } = this.#own;
    const server = servers[this.#nextServer % servers.length];
    this.#nextServer = (this.#nextServer + 1) % servers.length;
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
    const { name, credentials, tls } = this.#own.options;
    return {
      servers: formatAddress(server),
      name,
      noEcho: true,
      reconnect: false,
      timeout: LOOK_MS,
      // Its own pings would end in a close that waits for the socket; see above.
      pingInterval: 2 ** 31 - 1,
      ignoreClusterUpdates: true,
      ...(tls === undefined ? {} : { tls }),
      ...(credentials === undefined ? {} : authentication(credentials)),
    };
  }

  #failed(trouble: string): void {
    this.#own.events.onState(false, trouble);
    this.#later(backoffMs(this.#attempt, this.#own.parts.random()), () => void this.#dial());
    this.#attempt += 1;
  }

  #connected(connection: NatsConnection): void {
    this.#connection = connection;
    this.#silentLooks = 0;
    this.#trouble = '';
    for (const pattern of this.#patterns.keys()) this.#listen(connection, pattern);
    void connection.closed().then((error) => this.#lost(connection, error instanceof Error ? error.message : ''));
    // Told when the server has taken the subscriptions: what is sent from then on is heard. Only such a connection was a success.
    connection.flush().then(
      () => {
        if (this.#connection !== connection) return;
        this.#attempt = 0;
        this.#own.events.onState(true, '');
      },
      () => {},
    );
    this.#later(LOOK_EVERY_MS, () => this.#look(connection));
  }

  #listen(connection: NatsConnection, pattern: string): void {
    const callback = (error: Error | null, message: { subject: string; data: Uint8Array; reply?: string }): void => {
      if (error !== null) {
        // The server does not let this end hear it: told as trouble, for everything else goes on.
        this.#own.events.onState(this.#connection !== null, `${pattern}: ${error.message}`);
        return;
      }
      // A copy, and not by slice: of a Buffer that is a view, here of what the socket read.
      this.#own.events.onMessage(message.subject, new Uint8Array(message.data), message.reply ?? '', pattern);
    };
    try {
      this.#patterns.set(pattern, connection.subscribe(pattern, { callback }));
    } catch (error) {
      this.#trouble = reasonOf(error); // It is closing; the next connection subscribes again.
    }
  }

  #look(connection: NatsConnection): void {
    if (this.#connection !== connection) return;
    if (this.#pinged !== null) this.#silentLooks += 1;
    if (this.#silentLooks > SILENT_LOOKS_MAX) {
      this.#trouble = 'the nats-server has fallen silent';
      this.#lost(connection, this.#trouble);
      connection.close().catch(() => {});
      return;
    }
    this.#ping(connection);
    this.#later(LOOK_EVERY_MS, () => this.#look(connection));
  }

  #ping(connection: NatsConnection): void {
    if (this.#pinged !== null) return;
    const pinged = { ...this.#pending };
    this.#pinged = pinged;
    connection.flush().then(
      () => {
        if (this.#pinged !== pinged) return;
        this.#pinged = null;
        this.#silentLooks = 0;
        this.#pending.bytes -= pinged.bytes;
        this.#pending.messages -= pinged.messages;
      },
      () => {}, // Disconnected; `#lost` counts what was under way.
    );
  }

  #lost(connection: NatsConnection, trouble: string): void {
    if (this.#connection !== connection || this.#isClosed) return;
    this.#cancelTimer();
    this.#connection = null;
    for (const pattern of this.#patterns.keys()) this.#patterns.set(pattern, null);
    this.#own.events.onUncertain(this.#pending.messages);
    this.#pending = { bytes: 0, messages: 0 };
    this.#pinged = null;
    this.#failed(trouble || this.#trouble || 'the connection was closed');
  }
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

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
