/**
 * Virtual time and a bad network, from one seed: what the machines of the cluster are run in. Everything that crosses it are
 * bytes, so encoding and guards take part. Machines join by `Peer`; a scenario adds its checkers, which are run after each event,
 * and the first that throws ends the run. Only tests import this file.
 *
 *   network   loses, doubles, delays and so reorders; is parted into groups, or deaf in one direction
 *   peers     crash, start again with or without what they had on disk, pause; each has a clock that goes wrong
 */
import { type ClusterMessage, type DecodedMessage, decodeMessage } from '../../events/wire.js';

export type Random = () => number;

/** mulberry32: small, fast, and good enough to draw fates. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a checker throws; anything else is a bug of the simulation. */
export class BrokenInvariant extends Error {}

export function claim(holds: boolean, what: string | (() => string)): asserts holds {
  if (!holds) throw new BrokenInvariant(typeof what === 'string' ? what : what());
}

const decodedMessages = new WeakMap<Uint8Array, DecodedMessage>();

/** `decodeMessage`, once for what many hear: a third of a run went into that. Machines don't change messages. */
export function decodeOnce(bytes: Uint8Array): DecodedMessage {
  const known = decodedMessages.get(bytes);
  if (known !== undefined) return known;
  const decoded = decodeMessage(bytes);
  decodedMessages.set(bytes, decoded);
  return decoded;
}

export function heardMessage(bytes: Uint8Array): ClusterMessage {
  const decoded = decodeOnce(bytes);
  claim(decoded.ok, 'a message of a member is not understood');
  return decoded.message;
}

export interface NetworkTerms {
  readonly loss: number;
  readonly doubling: number;
  readonly delayMaxMs: number;
}

/** A process that may be down. `hear` and timers of an earlier life never reach a later one. */
export interface Peer {
  readonly id: string;
  hear(bytes: Uint8Array, from: string): void;
}

interface Task {
  readonly atMs: number;
  readonly order: number;
  run(): void;
}

export class World {
  readonly random: Random;
  nowMs = 0;
  events = 0;
  terms: NetworkTerms;
  readonly #peers = new Map<string, Peer>();
  readonly #lives = new Map<string, number>();
  readonly #pausedUntilMs = new Map<string, number>();
  /** What would have been done in a pause, by peer, in its order. */
  readonly #putOff = new Map<string, (() => void)[]>();
  readonly #tasks: Task[] = [];
  /** Group of each peer while parted, and pairs that are deaf in one direction. */
  #groups: ReadonlyMap<string, number> | null = null;
  readonly #deaf = new Set<string>();
  #order = 0;

  constructor(seed: number, terms: NetworkTerms) {
    this.random = seededRandom(seed);
    this.terms = terms;
  }

  between(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.random() * items.length)];
    claim(item !== undefined, 'nothing to pick from');
    return item;
  }

  at(atMs: number, run: () => void): void {
    const task = { atMs, order: this.#order, run };
    this.#order += 1;
    // A heap of tasks, the earliest at its root; of one moment, in the order in which they were planned.
    this.#tasks.push(task);
    for (let child = this.#tasks.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#isBefore(child, parent)) break;
      this.#swap(child, parent);
      child = parent;
    }
  }

  /** In this life of the peer; put off while it is paused. */
  after(id: string, delayMs: number, run: () => void): void {
    const life = this.#lives.get(id);
    const attempt = (): void => {
      if (!this.#peers.has(id) || this.#lives.get(id) !== life) return;
      if (this.isPaused(id)) this.#putOff.get(id)?.push(attempt);
      else run();
    };
    this.at(this.nowMs + delayMs, attempt);
  }

  join(peer: Peer): void {
    this.#peers.set(peer.id, peer);
    this.#lives.set(peer.id, (this.#lives.get(peer.id) ?? 0) + 1);
  }

  crash(id: string): void {
    this.#peers.delete(id);
  }

  isUp(id: string): boolean {
    return this.#peers.has(id);
  }

  /** From now on, whatever was to be of a pause that it is in: 0 ends that. */
  pause(id: string, forMs: number): void {
    this.#pausedUntilMs.set(id, this.nowMs + forMs);
    if (!this.#putOff.has(id)) this.#putOff.set(id, []);
    this.at(this.nowMs + forMs, () => {
      // One after the other: each is an event, and checked.
      if (!this.isPaused(id)) for (const attempt of this.#putOff.get(id)?.splice(0) ?? []) this.at(this.nowMs, attempt);
    });
  }

  isPaused(id: string): boolean {
    return (this.#pausedUntilMs.get(id) ?? 0) > this.nowMs;
  }

  part(groups: ReadonlyMap<string, number>): void {
    this.#groups = groups;
  }

  deafen(from: string, to: string): void {
    this.#deaf.add(`${from} ${to}`);
  }

  /** From now on all that is sent arrives, within the delay. */
  heal(): void {
    this.#groups = null;
    this.#deaf.clear();
    this.terms = { ...this.terms, loss: 0 };
  }

  reaches(from: string, to: string): boolean {
    if (this.#deaf.has(`${from} ${to}`)) return false;
    return this.#groups === null || this.#groups.get(from) === this.#groups.get(to);
  }

  /** To one, or to all others that are there when it arrives. */
  send(from: string, to: string | null, bytes: Uint8Array): void {
    for (const id of to === null ? [...this.#lives.keys()] : [to]) {
      if (id === from || !this.reaches(from, id)) continue;
      for (let copies = this.random() < this.terms.doubling ? 2 : 1; copies > 0; copies -= 1) {
        if (this.random() < this.terms.loss) continue;
        // Most arrive at once; few take long, and overtake nobody, for others pass them.
        const delayMs = this.random() ** 4 * this.terms.delayMaxMs;
        this.after(id, delayMs, () => this.#peers.get(id)?.hear(bytes, from));
      }
    }
  }

  /** Runs everything until then; `check` after each event. */
  run(untilMs: number, check: () => void): void {
    for (let task = this.#tasks[0]; task !== undefined && task.atMs <= untilMs; task = this.#tasks[0]) {
      this.#pop();
      this.nowMs = task.atMs;
      this.events += 1;
      task.run();
      check();
    }
    this.nowMs = untilMs;
  }

  #pop(): void {
    const last = this.#tasks.pop();
    if (last === undefined || this.#tasks.length === 0) return;
    this.#tasks[0] = last;
    for (let parent = 0; ; ) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2];
      let least = parent;
      if (left < this.#tasks.length && this.#isBefore(left, least)) least = left;
      if (right < this.#tasks.length && this.#isBefore(right, least)) least = right;
      if (least === parent) return;
      this.#swap(parent, least);
      parent = least;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#tasks[one], this.#tasks[other]];
    if (a === undefined || b === undefined) return false;
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#tasks[one], this.#tasks[other]];
    if (a === undefined || b === undefined) return;
    this.#tasks[one] = b;
    this.#tasks[other] = a;
  }
}

/** A clock that starts anywhere and runs too fast or too slow by up to a thousandth. */
export function skewedClock(world: World): () => number {
  const startMs = world.random() * 1e6;
  const rate = 1 + (world.random() - 0.5) * 2e-3;
  return () => startMs + world.nowMs * rate;
}

/** Runs a scenario of that seed; a failure says how to replay it. */
export function replay<Scenario extends { run(): void }>(seed: number, make: (seed: number) => Scenario): Scenario {
  try {
    const scenario = make(seed);
    scenario.run();
    return scenario;
  } catch (error) {
    throw new Error(`seed ${seed} (replay it with WEIR_SIM_SEED=${seed}): ${String(error)}`, { cause: error });
  }
}

/** The seeds of a run: one to be replayed, so many by WEIR_SIM_SEEDS, or `usual`. */
export function seedsOfRun(usual: number, env: Readonly<Record<string, string | undefined>>): readonly number[] {
  const asked = env['WEIR_SIM_SEED'];
  if (asked !== undefined) return [Number(asked)];
  return Array.from({ length: Number(env['WEIR_SIM_SEEDS'] ?? usual) }, (_, i) => i + 1);
}

/** Runs a scenario to its end. What breaks names its seed, unless a bug was planted: whoever did that looks at what was found. */
export async function playSeed<Scenario extends { run(): Promise<void> }>(
  seed: number,
  scenario: Scenario,
  isPlanted: boolean,
): Promise<Scenario> {
  try {
    await scenario.run();
  } catch (error) {
    if (isPlanted) throw error;
    throw new Error(`seed ${seed} (replay it with WEIR_SIM_SEED=${seed}): ${String(error)}`, { cause: error });
  }
  return scenario;
}
