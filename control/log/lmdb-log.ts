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
import {
  type Appended,
  entryBytesMax,
  type LogBounds,
  type LogEnd,
  type LogRecord,
  readBytesMax,
} from '@weir/proto/bus/shared-log.js';
import { isWord } from '@weir/proto/bus/subject.js';
import { type Database, open } from 'lmdb';
import { revisionsKeptMax } from './history.js';
import { keepToOwner, mendedOrWhyNot } from './lmdb-file.js';
import type { LogCopy, LogEntry } from './revision.js';

/** Beyond these the oldest entries are given up. */
export interface LogLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
  /** What has this number, or a larger one, is kept all the same; left out: nothing but the last. */
  readonly keptFrom?: () => number;
}

/** Which part of which kind of file it is. */
export interface LogPlace {
  /** As it is called where it can't be read. */
  readonly what: string;
  /** Called when it is needed first. Throws when the file is none. */
  open(file: string): { readonly entries: Database<Buffer, number>; close(): Promise<void> };
}

const revisionLog: LogPlace = {
  what: 'the revision log',
  open(file) {
    const entries = openFile(file);
    return { entries, close: () => entries.close() };
  },
};

export const limitsOfRevisions: LogLimits = { entriesMax: revisionsKeptMax, bytesMax: 256 * 1024 * 1024 };

/** Entries are numbered from 1; what all of them hold together stands here. */
const TOTAL_KEY = 0;

/** `say` hears, once each, why the file can't be read: `null` can't tell. */
export function lmdbLog(
  file: string,
  say: (text: string) => void = () => {},
  limits: LogLimits = limitsOfRevisions,
  place: LogPlace = revisionLog,
): LogCopy {
  let opened: ReturnType<LogPlace['open']> | null = null;
  let isClosed = false;
  const followers = new Set<(record: LogRecord) => void>();
  const database = (isNeeded: boolean): Db | null => {
    if (isClosed) throw new Error('it is closed');
    if (opened === null && (isNeeded || existsSync(file))) opened = place.open(file);
    return opened?.entries ?? null;
  };
  let told = '';
  const tell = (text: string): void => {
    if (text !== told && !isClosed) say(`${place.what} can't be read: ${text}`);
    told = text;
  };
  return {
    async append(writer, bytes, after) {
      if (!isWord(writer)) return { ok: false, why: 'refused', detail: `"${writer}" is no writer` };
      if (bytes.length > entryBytesMax) return { ok: false, why: 'refused', detail: tooLarge(bytes.length) };
      let appended: Appended;
      try {
        appended = appendTo(database(true), { writer, bytes }, after, limits);
      } catch (error) {
        return { ok: false, why: 'away', detail: `${file} can't be written: ${messageOf(error)}` };
      }
      if (appended.ok) {
        // Never within the call, and each with bytes of its own.
        const { number } = appended;
        const own = new Uint8Array(bytes);
        queueMicrotask(() => {
          for (const follower of followers) follower({ number, writer, bytes: own });
        });
      }
      return appended;
    },
    async bounds() {
      return attempt(() => {
        const db = database(false);
        return db === null ? { first: 1, last: 0 } : boundsOf(db);
      }, tell);
    },
    async read(from, max) {
      return attempt(() => {
        const db = database(false);
        return db === null ? [] : readFrom(db, from, max);
      }, tell);
    },
    follow(onRecord) {
      const follower = (record: LogRecord): void => onRecord(record);
      followers.add(follower);
      return () => void followers.delete(follower);
    },
    replaceAfter(number, entries) {
      const db = database(true);
      if (db !== null) replaceIn(db, number, entries, limits);
    },
    async close() {
      isClosed = true;
      followers.clear();
      await opened?.close();
      opened = null;
    },
  };
}

type Db = Database<Buffer, number>;

/** Makes its folder, and throws for a file that would end the process when it is mapped. */
export function checkFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const whyNot = existsSync(file) ? mendedOrWhyNot(file) : null;
  if (whyNot !== null) throw new Error(`${whyNot}; move it away, or put a sound one in its place`);
}

function openFile(file: string): Db {
  checkFile(file);
  // Entries are compressed already; the file is one process's, with some readers of its own.
  const form = { noSubdir: true, encoding: 'binary', keyEncoding: 'uint32', maxReaders: 16 } as const;
  const database = open<Buffer, number>({ path: file, ...form });
  keepToOwner(file);
  return database;
}

function readFrom(db: Db, from: number, max: number): LogRecord[] {
  const records: LogRecord[] = [];
  let total = 0;
  for (const { key, value } of max < 1 ? [] : db.getRange({ start: Math.max(1, from), limit: max })) {
    const record = { number: key, ...unpacked(value) };
    total += record.bytes.length;
    if (records.length > 0 && total > readBytesMax) break;
    records.push(record);
  }
  return records;
}

function appendTo(db: Db | null, entry: LogEntry, after: LogEnd | undefined, limits: LogLimits): Appended {
  if (db === null) throw new Error('it is not open');
  return db.transactionSync((): Appended => {
    const { last } = boundsOf(db);
    if (after !== undefined && after !== last) {
      return { ok: false, why: 'conflict', detail: `the last entry is ${last}, not ${after}` };
    }
    put(db, last + 1, entry);
    giveUpOldest(db, limits);
    return { ok: true, number: last + 1 };
  });
}

function replaceIn(db: Db, number: number, entries: readonly LogEntry[], limits: LogLimits): void {
  db.transactionSync(() => {
    for (const key of [...db.getKeys({ start: number + 1 })]) take(db, key);
    // Numbers follow one another: what would be left in front of a gap is given up as well.
    if (boundsOf(db).last < number) for (const key of [...db.getKeys({ start: 1 })]) take(db, key);
    entries.forEach((entry, index) => {
      put(db, number + 1 + index, entry);
    });
    giveUpOldest(db, limits);
  });
}

function boundsOf(db: Db): LogBounds {
  const [first] = db.getKeys({ start: 1, limit: 1 });
  const [last = 0] = db.getKeys({ reverse: true, limit: 1 });
  return { first: first ?? last + 1, last };
}

/** The writer's name with its length before it, then the bytes. */
function put(db: Db, number: number, { writer, bytes }: LogEntry): void {
  const name = Buffer.from(writer, 'latin1');
  const value = Buffer.concat([Buffer.of(name.length), name, bytes]);
  db.putSync(number, value);
  addToTotal(db, value.length);
}

/** Copied: what the library returns may lie in the file's memory. */
function unpacked(value: Buffer): LogEntry {
  const end = 1 + (value[0] ?? 0);
  return { writer: value.toString('latin1', 1, end), bytes: new Uint8Array(value.subarray(end)) };
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
function giveUpOldest(db: Db, { entriesMax, bytesMax, keptFrom }: LogLimits): void {
  const kept = keptFrom?.() ?? Number.POSITIVE_INFINITY;
  for (let { first, last } = boundsOf(db); first < last && first < kept; first += 1) {
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
