/**
 * A connection to Redis, made anew for ever, on which every command has a limit. The edge to Redis; when it is used and
 * when not is decided by link-state.ts. Owns the connection.
 *
 * Nothing waits for a connection: without one, a command fails at once. What is not answered in time is given up by its
 * caller, and after a few of these the connection is closed with all that was sent on it. Connecting again is ours and not
 * the library's, because a new connection is only used when its probe was answered: scripts known, purges told.
 */
import { Redis } from 'ioredis';
import type { Clock, Random, Timer, Timers } from '../time/clock.js';
import { firstLink, type LinkEvent, type LinkState, stepLink } from './link-state.js';

export type LinkProblem =
  /** There is no connection that is used. */
  | 'away'
  /** No answer within the limit; it may have been carried out, or be so later. */
  | 'late'
  /** As many commands are under way as may be. */
  | 'busy'
  /** The memory of Redis is full. */
  | 'full'
  /** Under one of our keys is something that is not ours. */
  | 'malformed';

export class LinkError extends Error {
  readonly problem: LinkProblem;

  constructor(problem: LinkProblem, options?: ErrorOptions) {
    super(problem, options);
    this.problem = problem;
  }
}

export type Argument = string | number | Uint8Array;

/** A script that the link was given, or a command. */
export interface Calls<Script extends string> {
  script(name: Script, keys: readonly string[], args: readonly Argument[], limitMs: number): Promise<unknown>;
  command(name: 'GET' | 'HGET' | 'PING', args: readonly string[], limitMs: number): Promise<unknown>;
}

export interface LinkOptions<Script extends string> {
  /** redis:// or rediss://, with what credentials it needs. */
  readonly url: string;
  /** Texts of scripts by name; a new connection learns them before it is used. */
  readonly scripts: Readonly<Record<Script, string>>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** An answer to the last question of a probe takes no longer. */
  readonly answerWithinMs: () => number;
  /** What else has to happen on a new connection before it is used. Rejects when it can't be. */
  readonly greet: (calls: Calls<Script>) => Promise<void>;
  /** It is used from now on. */
  readonly onReady?: () => void;
}

/** From the first packet to a connection that is used. */
const CONNECT_WITHIN_MS = 1_000;
/** One command of `greet`. */
export const GREET_WITHIN_MS = 500;
/** Of small commands; some 1 MiB. */
const IN_FLIGHT_MAX = 1_000;

export class RedisLink<Script extends string> implements Calls<Script> {
  /** Commands that were not answered in time, and connections that were given up. */
  lates = 0;
  drops = 0;
  /** Why the latest connection could not be used, as Redis or the system says it; empty where one never failed. Names no password. */
  why = '';
  readonly #options: LinkOptions<Script>;
  readonly #pause: Timer;
  readonly #connecting: Timer;
  #state: LinkState = firstLink;
  #client: Redis | null = null;
  #shas: ReadonlyMap<string, string> = new Map();
  #inFlight = 0;

  constructor(options: LinkOptions<Script>) {
    this.#options = options;
    this.#pause = options.timers.create(() => this.#step('due'));
    this.#connecting = options.timers.create(() => this.#step('lost'));
    this.#step('due');
  }

  get state(): LinkState['kind'] {
    return this.#state.kind;
  }

  /** Attempts in a row of which none led to a connection that lasted; 0 while one is used. */
  get failures(): number {
    return this.#state.kind === 'open' || this.#state.kind === 'half-open' ? this.#state.failures : 0;
  }

  get isClosed(): boolean {
    return this.#state.kind === 'closed';
  }

  /** The latest answer was late: used, but not worth a second wait. */
  get isDoubtful(): boolean {
    return this.#state.kind === 'closed' && this.#state.lates > 0;
  }

  script(name: Script, keys: readonly string[], args: readonly Argument[], limitMs: number): Promise<unknown> {
    return this.#whenClosed((client) => this.#script(client, name, keys, args, limitMs));
  }

  command(name: 'GET' | 'HGET' | 'PING', args: readonly string[], limitMs: number): Promise<unknown> {
    return this.#whenClosed((client) => this.#send(client, name, args, limitMs));
  }

  /** What it answered is of no use: it is asked on a new connection, from the beginning. */
  distrust(): void {
    this.#step('lost');
  }

  close(): void {
    this.#step('over');
  }

  #whenClosed(send: (client: Redis) => Promise<unknown>): Promise<unknown> {
    const client = this.#client;
    if (!this.isClosed || client === null) return Promise.reject(new LinkError('away'));
    if (this.#inFlight >= IN_FLIGHT_MAX) return Promise.reject(new LinkError('busy'));
    return send(client);
  }

  #step(event: LinkEvent): void {
    const { state, effects } = stepLink(this.#state, event, this.#options.clock.nowMs(), this.#options.random());
    this.#state = state;
    for (const effect of effects) {
      if (effect.kind === 'pause') this.#pause.arm(effect.ms);
      else if (effect.kind === 'drop') this.#drop();
      else this.#connect();
    }
  }

  #drop(): void {
    this.#pause.cancel();
    this.#connecting.cancel();
    const client = this.#client;
    this.#client = null;
    if (client === null) return;
    this.drops += 1;
    client.disconnect();
  }

  #connect(): void {
    const client = new Redis(this.#options.url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      connectTimeout: CONNECT_WITHIN_MS,
      // Redis may not read any more, and what it was sent must not stay for longer than this.
      disconnectTimeout: 10,
      disableClientInfo: true,
      protocol: 2,
    });
    this.#client = client;
    const lost = (): void => {
      if (this.#client === client) this.#step('lost');
    };
    const failed = (error: unknown): void => {
      if (error instanceof Error && this.#client === client) this.why = reasonOf(error);
    };
    client.on('error', failed);
    client.on('close', lost);
    this.#connecting.arm(CONNECT_WITHIN_MS);
    this.#probe(client).then(
      () => {
        if (this.#client !== client) return;
        this.#connecting.cancel();
        this.#step('ready');
        this.#options.onReady?.();
      },
      (error: unknown) => {
        failed(error);
        lost();
      },
    );
  }

  async #probe(client: Redis): Promise<void> {
    await client.connect();
    this.#shas = await loaded(client, this.#options.scripts);
    await this.#options.greet({
      script: (name, keys, args, limitMs) => this.#script(client, name, keys, args, limitMs),
      command: (name, args, limitMs) => this.#send(client, name, args, limitMs),
    });
    await this.#send(client, 'PING', [], this.#options.answerWithinMs());
  }

  #script(
    client: Redis,
    name: Script,
    keys: readonly string[],
    args: readonly Argument[],
    limitMs: number,
  ): Promise<unknown> {
    const sha = this.#shas.get(name) ?? '';
    return this.#send(client, 'EVALSHA', [sha, keys.length, ...keys, ...args], limitMs);
  }

  #send(client: Redis, name: string, args: readonly Argument[], limitMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const timer = this.#options.timers.create(() => {
        isOver = true;
        this.lates += 1;
        reject(new LinkError('late'));
        if (this.#client === client) this.#step('late');
      });
      const settle = (then: () => void): void => {
        this.#inFlight -= 1;
        if (isOver) return;
        timer.cancel();
        then();
      };
      timer.arm(limitMs);
      this.#inFlight += 1;
      client.callBuffer(name, args.map(toSend)).then(
        (answer) =>
          settle(() => {
            if (this.#client === client) this.#step('answered');
            resolve(answer);
          }),
        (error: unknown) =>
          settle(() => {
            const problem = problemOf(error);
            reject(new LinkError(problem, { cause: error }));
            if (problem === 'away' && this.#client === client) this.#step('lost');
          }),
      );
    });
  }
}

/** Of what failed here the cause tells more. */
function reasonOf(error: Error): string {
  return error instanceof LinkError && error.cause instanceof Error ? error.cause.message : error.message;
}

/** Scripts by the names that this Redis gives them. */
async function loaded(client: Redis, scripts: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, string>> {
  const shas = await Promise.all(
    Object.entries(scripts).map(async ([name, text]) => [name, await client.script('LOAD', text)] as const),
  );
  return new Map(shas.map(([name, sha]) => [name, String(sha)]));
}

const toSend = (argument: Argument): string | number | Buffer =>
  typeof argument === 'object' ? Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength) : argument;

/** Of an error of Redis, its first word tells what it is; all that is not about one key is about the whole. */
function problemOf(error: unknown): LinkProblem {
  const code = error instanceof Error ? /^[A-Z]+/.exec(error.message)?.[0] : undefined;
  if (code === 'OOM') return 'full';
  return code === 'WRONGTYPE' || code === 'ERR' ? 'malformed' : 'away';
}
