/**
 * A log that all members of a cluster share: whoever appends is told the number of his entry, numbers follow one another, and
 * what was acknowledged is there for all who ask. Over JetStream in a cluster, in memory or on disk of control's own process where
 * there is no server; one suite holds all of them to this contract.
 *
 * No call rejects for a reason that lies outside of this process.
 */

export interface LogRecord {
  /** From 1 on, without gaps. */
  readonly number: number;
  /** Who may write such entries: the last word of its subject. */
  readonly writer: string;
  readonly bytes: Uint8Array;
}

export type Appended =
  | { readonly ok: true; readonly number: number }
  /**
   * `conflict`: the last entry is another one than was expected. `refused`: larger than may be, or not allowed. `away`: it is not in
   * the log. `uncertain`: it may be.
   */
  | { readonly ok: false; readonly why: 'conflict' | 'refused' | 'away' | 'uncertain'; readonly detail: string };

export interface LogBounds {
  /** The first number that the log still has; last + 1 where it has none. */
  readonly first: number;
  /** 0: none was ever appended. */
  readonly last: number;
}

export interface SharedLog {
  /** `after`: only when the last entry has this number (compare and set). */
  append(writer: string, bytes: Uint8Array, after?: number): Promise<Appended>;
  /** As they were at some moment after the call; null when that can't be known now. */
  bounds(): Promise<LogBounds | null>;
  /** Up to `max` entries from that number on, as many as there are; null when they can't be had now. */
  read(from: number, max: number): Promise<readonly LogRecord[] | null>;
  /** Hears entries as they are appended, at most once and perhaps not all: gaps are read. Returns how to end it. */
  follow(onRecord: (record: LogRecord) => void): () => void;
  close(): Promise<void>;
}
