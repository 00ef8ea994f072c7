/**
 * A log in one file of LMDB: that of an embedded control, and the copy beside a cluster's stream. An entry is on disk (fdatasync)
 * before it is acknowledged, and a crash at any instant leaves the file as before or as after: LMDB writes pages beside the old ones
 * and swaps the root. The comparison with the last number happens inside of the transaction, so two processes with one
 * folder can't take the same number.
 *
 * Transactions are synchronous, some 8 ms on an ext4 disk: whoever holds this log shares no event loop with traffic. (lmdb 3.5.6 never
 * ended an asynchronous transaction with a callback here.) Nothing is created before the first append, so that a mere look leaves nothing behind.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Appended, LogBounds, LogRecord } from '@weir/proto/bus/shared-log.js';
import { type Database, open } from 'lmdb';
import { entryBytesMax } from './entry.js';
import { revisionsKeptMax } from './history.js';
import { mendedOrWhyNot } from './lmdb-file.js';
import type { LogCopy } from './revision.js';

/** Beyond these the oldest entries are given up. */
export interface LogLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

const limitsOfRevisions: LogLimits = { entriesMax: revisionsKeptMax, bytesMax: 256 * 1024 * 1024 };

/** Entries are numbered from 1; what all of them hold together stands here. */
const TOTAL_KEY = 0;

/** `say` hears, once each, why the file can't be read: `null` can't tell. */
export function lmdbLog(
  file: string,
  writer: string,
  say: (text: string) => void = () => {},
  limits: LogLimits = limitsOfRevisions,
): LogCopy {
  let opened: Db | null = null;
  const followers = new Set<(record: LogRecord) => void>();
  const database = (isNeeded: boolean): Db | null => {
    if (opened === null && (isNeeded || existsSync(file))) opened = openFile(file);
    return opened;
  };
  let told = '';
  const tell = (text: string): void => {
    if (text !== told) say(`the revision log can't be read: ${text}`);
    told = text;
  };
  const boundsNow = (): LogBounds => {
    const db = database(false);
    return db === null ? { first: 1, last: 0 } : boundsOf(db);
  };
  return {
    async append(_writer, bytes, after) {
      if (bytes.length > entryBytesMax) return { ok: false, why: 'refused', detail: tooLarge(bytes.length) };
      let appended: Appended;
      try {
        appended = appendTo(database(true), bytes, after, limits);
      } catch (error) {
        return { ok: false, why: 'away', detail: `${file} can't be written: ${messageOf(error)}` };
      }
      if (appended.ok) for (const tell of followers) tell({ number: appended.number, writer, bytes });
      return appended;
    },
    async bounds() {
      return attempt(boundsNow, tell);
    },
    async read(from, max) {
      return attempt(() => {
        const db = database(false);
        if (db === null) return [];
        const range = db.getRange({ start: Math.max(1, from), limit: max });
        // Copied: what the library returns may lie in the file's memory.
        return [...range].map(({ key, value }) => ({ number: key, writer, bytes: new Uint8Array(value) }));
      }, tell);
    },
    follow(onRecord) {
      followers.add(onRecord);
      return () => followers.delete(onRecord);
    },
    replaceAfter(number, entries) {
      const db = database(true);
      if (db !== null) replaceIn(db, number, entries, limits);
    },
    async close() {
      followers.clear();
      await opened?.close();
      opened = null;
    },
  };
}

type Db = Database<Buffer, number>;

function openFile(file: string): Db {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const whyNot = existsSync(file) ? mendedOrWhyNot(file) : null;
  if (whyNot !== null) throw new Error(`${whyNot}; move it away, or put a sound one in its place`);
  // Entries are compressed already; the file is one process's, with some readers of its own.
  const form = { noSubdir: true, encoding: 'binary', keyEncoding: 'uint32', maxReaders: 16 } as const;
  return open<Buffer, number>({ path: file, ...form });
}

function appendTo(db: Db | null, bytes: Uint8Array, after: number | undefined, limits: LogLimits): Appended {
  if (db === null) throw new Error('it is not open');
  return db.transactionSync((): Appended => {
    const { last } = boundsOf(db);
    if (after !== undefined && after !== last) {
      return { ok: false, why: 'conflict', detail: `the last entry is ${last}, not ${after}` };
    }
    put(db, last + 1, bytes);
    giveUpOldest(db, limits);
    return { ok: true, number: last + 1 };
  });
}

function replaceIn(db: Db, number: number, entries: readonly Uint8Array[], limits: LogLimits): void {
  db.transactionSync(() => {
    for (const key of [...db.getKeys({ start: number + 1 })]) take(db, key);
    // Numbers follow one another: what would be left in front of a gap is given up as well.
    if (boundsOf(db).last < number) for (const key of [...db.getKeys({ start: 1 })]) take(db, key);
    entries.forEach((bytes, index) => {
      put(db, number + 1 + index, bytes);
    });
    giveUpOldest(db, limits);
  });
}

function boundsOf(db: Db): LogBounds {
  const [first] = db.getKeys({ start: 1, limit: 1 });
  const [last = 0] = db.getKeys({ reverse: true, limit: 1 });
  return { first: first ?? last + 1, last };
}

function put(db: Db, number: number, bytes: Uint8Array): void {
  db.putSync(number, Buffer.from(bytes));
  addToTotal(db, bytes.length);
}

function take(db: Db, number: number): void {
  addToTotal(db, -(db.get(number)?.length ?? 0));
  db.removeSync(number);
}

function totalOf(db: Db): number {
  return Number(db.get(TOTAL_KEY)?.toString('latin1') ?? 0);
}

function addToTotal(db: Db, bytes: number): void {
  db.putSync(TOTAL_KEY, Buffer.from(String(totalOf(db) + bytes), 'latin1'));
}

/** The last entry stays, whatever its size. */
function giveUpOldest(db: Db, { entriesMax, bytesMax }: LogLimits): void {
  for (let { first, last } = boundsOf(db); first < last; first += 1) {
    if (last - first + 1 <= entriesMax && totalOf(db) <= bytesMax) return;
    take(db, first);
  }
}

function attempt<T>(look: () => T, tell: (text: string) => void): T | null {
  try {
    return look();
  } catch (error) {
    tell(messageOf(error));
    return null;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function tooLarge(bytes: number): string {
  const kib = (count: number): string => `${Math.ceil(count / 1024)} KiB`;
  return `it takes ${kib(bytes)} compressed, and ${kib(entryBytesMax)} is the most`;
}
