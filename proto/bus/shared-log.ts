/**
 * A log that all members of a cluster share: whoever appends is told the number of his entry, numbers follow one another, and
 * what was acknowledged is there for all who ask. Over JetStream in a cluster (`jetstream-log.ts`), in memory
 * (`memory-log.ts`) or on disk of control's own process where there is no server, and asked for over a bus (`asked-log.ts`); one
 * suite holds all of them to this contract (test/conformance/log).
 *
 * No call rejects for a reason that lies outside of this process, and each ends within `logWithinMs`.
 */

/** An answer that takes longer is none. */
export const logWithinMs = 5_000;
/** Of one entry. Far below what a nats-server takes, for its headers count there too. */
export const entryBytesMax = 900 * 1024;
/** Of one answer to `read`; the first entry is always part of it. */
export const readBytesMax = 4 * 1024 * 1024;

export interface LogRecord {
  /** From 1 on, without gaps. */
  readonly number: number;
  /** Who may write such entries: the last word of its subject. */
  readonly writer: string;
  readonly bytes: Uint8Array;
  /** A name that no other entry of any log has had. Left out: this log gives none. */
  readonly mark?: string;
}

/** The last entry, by its number or its mark. */
export type LogEnd = number | string;

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
  /**
   * Which log it is: another one was begun anew, and its numbers say nothing of the former. Left out: it can't be begun anew
   * in the life of this process.
   */
  readonly identity?: string;
  /** They may be older than the call, by this time at most; left out: they are not. */
  readonly agoMs?: number;
}

export interface SharedLog {
  /**
   * `after`: only when the last entry has this number (compare and set), or this mark: then it is also the log that the mark was read
   * from, and nobody has appended to it since.
   */
  append(writer: string, bytes: Uint8Array, after?: LogEnd): Promise<Appended>;
  /** As they were at some moment after the call, or `agoMs` before it; null when that can't be known now. */
  bounds(): Promise<LogBounds | null>;
  /**
   * Up to `max` entries from that number on, as many as there are and fit into one answer; what the log has given up is left
   * out. Null when they can't be had now.
   */
  read(from: number, max: number): Promise<readonly LogRecord[] | null>;
  /** Hears entries as they are appended, at most once and perhaps not all: gaps are read. Returns how to end it. */
  follow(onRecord: (record: LogRecord) => void): () => void;
  close(): Promise<void>;
}
