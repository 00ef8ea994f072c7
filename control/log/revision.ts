/**
 * Revisions: every config that was ever in force, numbered, with who made it, why, and when. What everybody outside of this
 * folder sees of the revision log: `weir up` and `weir control` hold one `Revisions`, publish what `current()` is, and hear of
 * changes by `onChange`; the admin API shows the history and appends.
 */
import type { LogRecord, SharedLog } from '@weir/proto/bus/shared-log.js';

export interface RevisionHead {
  /** From 1 on, without gaps. Where the log has lost its tail, another revision may be given a number that was given before. */
  readonly number: number;
  /** Drawn by whoever asked for it, and never that of two revisions: the same request, made again, is no second one. */
  readonly id: string;
  readonly author: string;
  /** Empty where none was given. */
  readonly reason: string;
  readonly atWallMs: number;
  /** The revision whose config this one brings back; 0: none. */
  readonly restores: number;
  /**
   * The number that this config had when it was acknowledged, before the log was lost and another took its place; 0: it was not lost. Such
   * a revision is kept to be seen and rolled back to, and is not in force.
   */
  readonly recovers: number;
  /** Of the text, uncompressed, in UTF-8. */
  readonly textBytes: number;
}

export interface Revision extends RevisionHead {
  /** The whole config as weir.yaml, with its `${NAME}` references. */
  readonly text: string;
}

/** In characters; each is one line. */
export const authorLengthMax = 100;
export const reasonLengthMax = 500;

/** 128 bits in hexadecimal digits. */
export function isRevisionId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
}

/** A config to be put in force. It has been checked: the log takes whatever it is given. */
export interface Change {
  readonly id: string;
  readonly author: string;
  readonly reason: string;
  readonly text: string;
  readonly restores: number;
}

export type Outcome =
  /** Durable, and seen by this member in its place. `isNew`: false where a revision with that id was there already. */
  | { readonly ok: true; readonly revision: RevisionHead; readonly isNew: boolean }
  /** Another revision came first, or the one that was expected is not the last: `last` is; null where there is none. */
  | { readonly ok: false; readonly why: 'conflict'; readonly last: RevisionHead | null; readonly detail: string }
  /**
   * `refused`: too large, or this release does not understand what is in the log. `away`: it is not in the log. `uncertain`: it may
   * be; asking again with the same id is safe.
   */
  | { readonly ok: false; readonly why: 'refused' | 'away' | 'uncertain'; readonly detail: string };

/** What an operator should know of the log; empty where all is well. */
export type Trouble = string;

export interface Revisions {
  /** The one in force; null before the first, or while the log was never reached. */
  current(): Revision | null;
  /** Called when another one is in force, in the order of their numbers; some may be skipped. Returns how to end it. */
  onChange(listener: (current: Revision) => void): () => void;
  /** `expected`: the number of the last revision as the author saw it, 0 for none. Bounded in time; never rejects. */
  append(change: Change, expected: number): Promise<Outcome>;
  /** The last one, which is not the current one where that was recovered after it; null for none. */
  last(): RevisionHead | null;
  /** Newest first: those before that number (0: from the last on). */
  history(before: number, max: number): readonly RevisionHead[];
  /** With its text; null where there is none of that number, or it can't be read now. */
  read(number: number): Promise<Revision | null>;
  /** Reads up to the end that the log has now; false: it can't be read now. */
  look(): Promise<boolean>;
  /** Whether the log has a revision of that id, in force or not. */
  knows(id: string): boolean;
  trouble(): Trouble;
  close(): Promise<void>;
}

/** A log on disk that can also be a copy of another one: its tail may be replaced as a whole. */
export interface LogCopy extends SharedLog {
  /** Gives up all behind `number` and appends these, in one step: after a crash it is as before or as after. Throws when that fails. */
  replaceAfter(number: number, entries: readonly LogEntry[]): void;
}

export type LogEntry = Pick<LogRecord, 'writer' | 'bytes'>;
