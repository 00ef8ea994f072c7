/**
 * Where vectors of questions are, as those who ask see it: in the memory of a node, or there and in the Redis that nodes share. What is
 * found are keys of answers; the answers themselves are in the cache of the node (kept-answers.ts), so that purges and expiry are its own.
 */
import type { LinkState } from '../../redis/link-state.js';
import type { KeptVector } from './vectors.js';

export interface VectorStore {
  /** A route wants it. Called as often as there are such routes. */
  open(limits: VectorLimits): void;
  /** A question of this scope is on its way to `nearest`: what other nodes know of it is asked for meanwhile. */
  look(scope: string, limits: VectorLimits): VectorLook;
  /** Has been answered; `ttlMs` from now. Other nodes are told behind it. */
  add(scope: string, vector: Omit<KeptVector, 'untilMs'>, ttlMs: number, limits: VectorLimits): void;
  /** None is kept under this key, neither here nor at other nodes. */
  withoutAnswer(scope: string, key: string): void;
  close(): void;
}

export interface VectorLook {
  /** Keys of the nearest, the nearest first. `go` is called once, at once or within `withinMs`, unless it is given up. */
  nearest(vector: Float32Array, threshold: number, go: (keys: readonly string[]) => void): void;
  giveUp(): void;
}

export interface VectorLimits {
  /** Of one scope. */
  readonly entriesMax: number;
  /** So long others are waited for when all else is known. */
  readonly withinMs: number;
  /** An answer of Redis that takes longer counts against its connection. */
  readonly answerWithinMs: number;
  /** Likewise of one that is told of a vector. */
  readonly tellWithinMs: number;
}

/** How well a look-up knew what other nodes had told. The names are public: labels of a metric. */
export const lookOutcomes = ['current', 'late', 'away', 'busy', 'unusable'] as const;
export type LookOutcome = (typeof lookOutcomes)[number];

/** What became of a vector that others were to be told of. Likewise. */
export const tellOutcomes = ['told', 'late', 'away', 'busy', 'full', 'unusable'] as const;
export type TellOutcome = (typeof tellOutcomes)[number];

export interface SharedVectorCounts {
  readonly link: LinkState['kind'];
  readonly looks: Readonly<Record<LookOutcome, number>>;
  readonly tells: Readonly<Record<TellOutcome, number>>;
  /** Vectors of others that were taken in, and such as make no sense or are of another version. */
  readonly taken: number;
  readonly refused: number;
}

export interface VectorCounts {
  /** Vectors that came too late to be of use, and such as did not come. */
  readonly late: number;
  readonly failed: number;
  /** In the memory of this node. */
  readonly count: number;
  readonly bytes: number;
  /** Null: it has no Redis. */
  readonly shared: SharedVectorCounts | null;
}

export interface SharedVectorStore extends VectorStore {
  counts(): SharedVectorCounts;
}
