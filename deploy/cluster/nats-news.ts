/**
 * What a process of a cluster says on stderr of its connections to NATS: that they are away and why, that something is refused it, and that
 * all is well again. Without it the log of a night in which NATS was away would be empty. Pure, but for `sayNatsNews`, which looks.
 *
 *   well ──away for 3 s──▶ told ──another reason, a minute later──▶ told ──back──▶ well
 */
import type { BusClock, BusState } from '@weir/proto/bus/bus.js';

/** A reconnection after a fail-over of NATS is no news. */
const AWAY_MS = 3_000;
/** The reason changes with each server that is tried. */
const AGAIN_MS = 60_000;
const LOOK_EVERY_MS = 1_000;
/** Whoever lacks one permission often lacks many. */
const REFUSALS_MAX = 8;

const CREDENTIALS = 'look at user and password in --nats, at --nats-nkey or --nats-creds';
const PERMISSIONS = 'deploy/nats/permissions.conf has what each role needs, for one name of a cluster (--cluster)';

export class NatsNews {
  readonly #goesOn: string;
  #told: { readonly atMs: number; readonly trouble: string; readonly sinceMs: number } | null = null;
  readonly #refusals = new Set<string>();

  /** `goesOn`: what this process does all the same. */
  constructor(goesOn: string) {
    this.#goesOn = goesOn;
  }

  /** What is to be said now; empty: nothing. */
  look({ isConnected, sinceMs, trouble }: BusState, nowMs: number): string {
    if (isConnected) return this.#told === null ? this.#refused(trouble) : this.#back(nowMs);
    if (nowMs - sinceMs < AWAY_MS) return '';
    if (this.#told !== null && (this.#told.trouble === trouble || nowMs - this.#told.atMs < AGAIN_MS)) return '';
    this.#told = { atMs: nowMs, trouble, sinceMs };
    const why = trouble === '' ? 'it does not answer' : trouble;
    const cure = /authori[sz]ation|authentication/i.test(trouble) ? `; ${CREDENTIALS}` : '';
    return `NATS is away (${why})${cure}; ${this.#goesOn}, and it is tried until it is back`;
  }

  #back(nowMs: number): string {
    const seconds = Math.round((nowMs - (this.#told?.sinceMs ?? nowMs)) / 1_000);
    this.#told = null;
    return `NATS is back, after ${seconds} s`;
  }

  #refused(trouble: string): string {
    if (trouble === '' || this.#refusals.has(trouble) || this.#refusals.size >= REFUSALS_MAX) return '';
    this.#refusals.add(trouble);
    return `${trouble}; ${PERMISSIONS}`;
  }
}

/** Of the connections of one process: one that is away before one that is refused something, and that before one that is well. */
export function worstOf(states: readonly [BusState, ...BusState[]]): BusState {
  const [first] = states;
  return states.find(({ isConnected }) => !isConnected) ?? states.find(({ trouble }) => trouble !== '') ?? first;
}

/** Looks every second, until the returned function is called. */
export function sayNatsNews(
  state: () => BusState,
  clock: Pick<BusClock, 'nowMs' | 'after'>,
  say: (text: string) => void,
  goesOn: string,
): () => void {
  const news = new NatsNews(goesOn);
  let cancel = (): void => {};
  const next = (): void => {
    const text = news.look(state(), clock.nowMs());
    if (text !== '') say(text);
    cancel = clock.after(LOOK_EVERY_MS, next);
  };
  next();
  return () => cancel();
}
