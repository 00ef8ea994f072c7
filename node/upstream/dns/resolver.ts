/** Drives resolution.ts for one name: performs its queries, keeps its timer, rotates what it knows. */
import { isIP } from 'node:net';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { isMachineAddress } from '@weir/proto/http/machine-address.js';
import type { DnsSpec, UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Clock, Timer, Timers } from '../../time/clock.js';
import { translateConnectError } from '../transport/connect-failure.js';
import type { NameQuery } from './queries.js';
import { type Resolution, type ResolutionEvent, stepResolution, unresolved } from './resolution.js';

/** Gets addresses in the order in which to try them, or the failure. */
export type Resolved = (addresses: readonly string[], failed: Failure | null) => void;

export interface Resolver {
  /** Answers at once when addresses are known, stale ones too. */
  resolve(done: Resolved): void;
  /**
   * Sets the one listener that hears of another set of addresses. An address counts until several answers in a row were
   * without it: many name servers give out a part of what they know, another one each time.
   */
  onChanged(listen: (addresses: ReadonlySet<string>) => void): void;
  /** Stops asking by itself. */
  close(): void;
}

export interface ResolverDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly query: NameQuery;
}

export function createResolver(
  host: string,
  { dns, isManaged }: Pick<UpstreamSpec, 'dns' | 'isManaged'>,
  deps: ResolverDeps,
): Resolver {
  const allowed = (addresses: readonly string[]): readonly string[] =>
    isManaged === true ? addresses.filter((address) => !isMachineAddress(address)) : addresses;
  if (isIP(host) === 0) return new NameResolver(host, dns, deps, allowed);
  const addresses = allowed([host]);
  const failed = addresses.length === 0 ? prohibited(host) : null;
  return { resolve: (done) => done(addresses, failed), onChanged: () => {}, close: () => {} };
}

/** Whoever gives out the name decides where it leads, at each look-up anew; so each answer is judged. */
const prohibited = (host: string): Failure =>
  failure('destination_prohibited', `${host} leads to addresses of the machine or of its cloud alone`);

/** Answers without an address before the connections to it are not used any more. */
const ANSWERS_KEPT = 3;

class NameResolver implements Resolver {
  readonly #host: string;
  readonly #spec: DnsSpec;
  readonly #deps: ResolverDeps;
  readonly #allowed: (addresses: readonly string[]) => readonly string[];
  readonly #timer: Timer;
  #state: Resolution = unresolved;
  #waiting: Resolved[] = [];
  #rotation = 0;
  #listen: (addresses: ReadonlySet<string>) => void = () => {};
  /** The latest answers, and of all of them what the listener was told. */
  #answers: (readonly string[])[] = [];
  #told = '';
  #closed = false;

  constructor(
    host: string,
    spec: DnsSpec,
    deps: ResolverDeps,
    allowed: (addresses: readonly string[]) => readonly string[],
  ) {
    this.#host = host;
    this.#allowed = allowed;
    this.#spec = spec;
    this.#deps = deps;
    this.#timer = deps.timers.create(() => this.#step({ kind: 'due' }));
  }

  resolve(done: Resolved): void {
    this.#step({ kind: 'wanted' });
    const { addresses, asking, failure } = this.#state;
    if (addresses.length > 0) done(this.#rotated(addresses), null);
    else if (asking || failure === null) this.#waiting.push(done);
    else done([], failure);
  }

  onChanged(listen: (addresses: ReadonlySet<string>) => void): void {
    this.#listen = listen;
  }

  close(): void {
    this.#closed = true;
    this.#timer.cancel();
  }

  #step(event: ResolutionEvent): void {
    const nowMs = this.#deps.clock.nowMs();
    const { state, ask } = stepResolution(this.#state, event, nowMs, this.#spec);
    this.#state = state;
    if (ask) this.#ask();
    if (event.kind === 'wanted' || event.kind === 'due') return;
    // Without an address nobody is served by asking again before someone wants it.
    if (!this.#closed && state.addresses.length > 0) this.#timer.arm(state.dueAtMs - nowMs);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) {
      if (state.addresses.length > 0) done(this.#rotated(state.addresses), null);
      else done([], state.failure);
    }
    if (event.kind === 'answered') this.#tell(event.addresses);
  }

  #tell(addresses: readonly string[]): void {
    this.#answers = [...this.#answers, addresses].slice(-ANSWERS_KEPT);
    const all = new Set(this.#answers.flat());
    const text = [...all].sort().join();
    if (text === this.#told) return;
    this.#told = text;
    this.#listen(all);
  }

  #ask(): void {
    this.#deps.query(this.#host).then(
      ({ addresses: all, ttlMs, unheard }) => {
        const heard = this.#allowed(all);
        // What is known of a family that could not be asked for is as good as it was.
        const known = this.#state.addresses.filter((address) => isIP(address) === unheard);
        const addresses = unheard === 4 ? [...known, ...heard] : [...heard, ...known];
        if (addresses.length > 0) this.#step({ kind: 'answered', addresses, ttlMs });
        else if (all.length > 0) this.#step({ kind: 'failed', failure: prohibited(this.#host) });
        else this.#fail(new Error('the name has no address'));
      },
      (error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  #fail(error: Error): void {
    this.#step({ kind: 'failed', failure: translateConnectError('dns', error, this.#host) });
  }

  /** Each caller begins with another address of the first family; the other family stays behind, in the same order. */
  #rotated(addresses: readonly string[]): readonly string[] {
    const family = isIP(addresses[0] ?? '');
    const first = addresses.filter((address) => isIP(address) === family);
    if (first.length < 2) return addresses;
    this.#rotation = (this.#rotation + 1) % first.length;
    const rest = addresses.filter((address) => isIP(address) !== family);
    return [...first.slice(this.#rotation), ...first.slice(0, this.#rotation), ...rest];
  }
}
