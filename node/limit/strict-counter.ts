/** What a strict limit asks of whoever counts for all nodes; the one there is asks Redis (redis-counter.ts). */
import type { LimitVerdict } from './limiter.js';

export interface StrictAsk {
  /** Of the limit and of the caller behind it, a digest. */
  readonly key: string;
  readonly requests: number;
  readonly periodMs: number;
  readonly burst: number;
}

/** Why there was no answer: no connection, none in time, more under way than may be, or one that makes no sense. */
export const strictLosses = ['away', 'late', 'busy', 'broken'] as const;
export type StrictLoss = (typeof strictLosses)[number];

export type StrictAnswer =
  /** In the order of what was asked. Taken from all of them, or, where one refuses, from none. */
  { readonly ok: true; readonly verdicts: readonly LimitVerdict[] } | { readonly ok: false; readonly loss: StrictLoss };

export interface StrictCounts {
  readonly outcomes: Readonly<Record<'allowed' | 'refused' | StrictLoss, number>>;
  /** What requests have waited for Redis, all together. */
  readonly waitedMs: number;
  /** Whether it is asked at all just now. */
  readonly isReachable: boolean;
}

/** One budget of one caller, in one window. */
export interface StrictSpend {
  /** Of the budget and of the caller behind it, a digest; and the window. */
  readonly key: string;
  /** Whole, as are the others. */
  readonly amount: number;
  readonly limit: number;
  /** What is known of the window is forgotten then: a while after it. */
  readonly expiresInMs: number;
}

export interface StrictSpent extends Omit<StrictSpend, 'limit'> {
  readonly real: number;
}

export interface SpendAnswer {
  readonly allowed: boolean;
  /** With this one taken, where all are allowed. */
  readonly left: number;
  /** Of all, what may become less. */
  readonly held: number;
}

export interface StrictCounter {
  /** There is a limit that will ask. Before that nothing is connected to. */
  open(): void;
  /** Never rejects, and answers within that time. */
  take(asks: readonly StrictAsk[], withinMs: number): Promise<StrictAnswer>;
  /** In letters of base64url. */
  digest(text: string): string;
  /** Null before there is a limit that asks. */
  counts(): StrictCounts | null;
  close(): void;
}

/** The same for budgets. */
export interface SpendCounter extends StrictCounter {
  /** From all budgets, or, where one refuses, from none. What is not settled by then is given back. Never rejects. */
  reserve(
    id: string,
    spends: readonly StrictSpend[],
    holdMs: number,
    withinMs: number,
  ): Promise<readonly SpendAnswer[] | StrictLoss>;
  /** Counts once, however often it is asked; null: done. Never rejects. */
  settle(id: string, spent: readonly StrictSpent[], withinMs: number): Promise<StrictLoss | null>;
}
