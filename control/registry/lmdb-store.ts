/**
 * The registry on disk, in one file of LMDB: the log, and beside it the state as of some entry, so that a start reads that and the tail
 * alone, and old entries may be given up. What a crash leaves is a state and a log that has all behind it, at any instant.
 *
 *     entries   1 │ 2 │ 3 │ … │ 4711        uint32 → entry, as lmdb-log.ts keeps it; each on disk before it is acknowledged
 *     state     `key k7`, `team shop`, …    one row for each entity, written where it has changed since the last time
 *               `!`                          the number and the place that the rows are of, ids of the last commands
 *
 * Rows and their place are written in one transaction, every 64 entries: each costs some microseconds then, and no start reads more
 * than 64 entries besides. An entry that holds whole values may be made again over rows that have it already, so it is no matter that
 * two processes with one folder write rows of different times.
 */

import { existsSync } from 'node:fs';
import { isCount, isFields, isText } from '@weir/proto/events/guards.js';
import { type Database, open, type RootDatabase } from 'lmdb';
import { Packr } from 'msgpackr';
import { keepToOwner } from '../log/lmdb-file.js';
import { checkFile, type LogLimits, lmdbLog } from '../log/lmdb-log.js';
import type { LogCopy } from '../log/revision.js';
import type { AuditEntry, Change, EntityKind } from '../model/entities.js';
import type { Checkpoints } from './checkpoints.js';
import { decodeChanges, encodeChanges, isEntryId } from './entry.js';
import { deflated, inflated } from './pack-bytes.js';
import type { Checkpoint, Recent, RegistryReader } from './registry-reader.js';
import { SharedTexts } from './shared-texts.js';
import { everything } from './state.js';

/** The audit goes back so far: a year of 500 changes a day, or 512 MiB. */
export const limitsOfRegistry: LogLimits = { entriesMax: 200_000, bytesMax: 512 * 1024 * 1024 };

/** Entries; tests write rows more often. */
const ROWS_EVERY = 64;
const META_KEY = '!';
const META_VERSION = 1;
const DEFLATED_FROM_BYTES = 4 * 1024;

export interface RegistryStore {
  readonly log: LogCopy;
  readonly checkpoints: Checkpoints;
  close(): Promise<void>;
}

interface Opened {
  readonly root: RootDatabase<Buffer, string>;
  readonly entries: Database<Buffer, number>;
  readonly rows: Database<Buffer, string>;
}

export function lmdbStore(
  file: string,
  say: (text: string) => void = () => {},
  limits: LogLimits = limitsOfRegistry,
  rowsEvery = ROWS_EVERY,
): RegistryStore {
  let opened: Opened | null = null;
  const reach = (): Opened => {
    opened ??= openFile(file);
    return opened;
  };
  const rows = new Rows(() => (opened !== null || existsSync(file) ? reach() : null), say, rowsEvery);
  // The log closes nothing: rows are written after it.
  const place = { what: 'the registry', open: () => ({ entries: reach().entries, close: async () => {} }) };
  const log = lmdbLog(file, say, { ...limits, keptFrom: () => rows.sequence }, place);
  return {
    log,
    checkpoints: rows,
    async close() {
      await log.close();
      await opened?.root.close();
      opened = null;
    },
  };
}

function openFile(file: string): Opened {
  checkFile(file);
  const root = open<Buffer, string>({ path: file, noSubdir: true, encoding: 'binary', maxReaders: 16, maxDbs: 4 });
  keepToOwner(file);
  const entries = root.openDB<Buffer, number>({ name: 'entries', encoding: 'binary', keyEncoding: 'uint32' });
  return { root, entries, rows: root.openDB<Buffer, string>({ name: 'state', encoding: 'binary' }) };
}

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true, int64AsType: 'number' });

interface Meta {
  readonly number: number;
  readonly sequence: number;
  readonly lastId: string;
  readonly recent: readonly Recent[];
}

class Rows implements Checkpoints {
  /** Place in the log of the entry that the rows are of; what is behind it is not given up. */
  sequence = 0;
  /** Null: there is no file, for nothing was ever appended. */
  readonly #reach: () => Opened | null;
  readonly #say: (text: string) => void;
  /** Since they were written last. */
  readonly #changed = new Map<string, { readonly kind: EntityKind; readonly id: string }>();
  #entries = 0;
  readonly #every: number;

  constructor(reach: () => Opened | null, say: (text: string) => void, every: number) {
    this.#every = every;
    this.#reach = reach;
    this.#say = say;
  }

  load(): Checkpoint | null {
    this.#changed.clear();
    this.#entries = 0;
    try {
      const rows = this.#reach()?.rows;
      const meta = readMeta(rows?.get(META_KEY));
      if (rows === undefined || meta === null) return null;
      const changes: Change[] = [];
      const texts = new SharedTexts();
      for (const { key, value } of rows.getRange({})) {
        if (key === META_KEY) continue;
        const change = readRow(value);
        if (change === null) throw new Error(`its row ${key} can't be read`);
        changes.push(texts.shared(change));
      }
      this.sequence = meta.sequence;
      return { ...meta, changes };
    } catch (error) {
      this.#say(`the state beside the log of the registry can't be read: ${messageOf(error)}`);
      return null;
    }
  }

  heard({ changes }: AuditEntry): void {
    this.#entries += 1;
    for (const { kind, id } of changes) this.#changed.set(`${kind} ${id}`, { kind, id });
  }

  save(reader: RegistryReader, isLast: boolean): string {
    if (this.#entries === 0 || (this.#entries < this.#every && !isLast)) return '';
    return this.#write(reader, (rows) => {
      const there = readMeta(rows.get(META_KEY));
      // Another process with this folder is further on.
      if (there !== null && there.sequence > reader.lastSequence) return;
      for (const [key, { kind, id }] of this.#changed) {
        const value = reader.state.get(kind, id);
        // A value of a kind with that kind is a change.
        if (value === null) rows.removeSync(key);
        else rows.putSync(key, writeRow({ kind, id, value } as Change));
      }
      rows.putSync(META_KEY, writeMeta(reader));
    });
  }

  replace(reader: RegistryReader): string {
    return this.#write(reader, (rows) => {
      for (const key of [...rows.getKeys({})]) rows.removeSync(key);
      for (const change of everything(reader.state)) rows.putSync(`${change.kind} ${change.id}`, writeRow(change));
      rows.putSync(META_KEY, writeMeta(reader));
    });
  }

  /** In one transaction; what it is of is then the reader's last entry. */
  #write(reader: RegistryReader, work: (rows: Opened['rows']) => void): string {
    try {
      const opened = this.#reach();
      if (opened === null) return 'its file is gone';
      opened.root.transactionSync(() => work(opened.rows));
    } catch (error) {
      return messageOf(error);
    }
    this.sequence = reader.lastSequence;
    this.#changed.clear();
    this.#entries = 0;
    return '';
  }
}

/** Whether it is deflated, and then the change. */
function writeRow(change: Change): Buffer {
  const plain = encodeChanges([change]);
  const isDeflated = plain.length > DEFLATED_FROM_BYTES;
  return Buffer.concat([Buffer.of(isDeflated ? 1 : 0), isDeflated ? deflated(plain) : plain]);
}

function readRow(row: Buffer): Change | null {
  const plain = row[0] === 1 ? inflated(row.subarray(1)) : row.subarray(1);
  const changes = plain === null ? 'malformed' : decodeChanges(plain);
  return typeof changes === 'string' ? null : (changes[0] ?? null);
}

function writeMeta(reader: RegistryReader): Buffer {
  const { lastSequence, lastId, state } = reader;
  const recent = [...reader.recents()].map(({ id, number, sequence }) => [id, number, sequence]);
  const meta = { number: state.number, sequence: lastSequence, lastId, recent };
  return Buffer.concat([Buffer.of(META_VERSION), packr.pack(meta)]);
}

/** Null where there is none. Throws for one that this release does not understand. */
function readMeta(bytes: Buffer | undefined): Meta | null {
  if (bytes === undefined) return null;
  if (bytes[0] !== META_VERSION) throw new Error('it is of a later release; update this control service');
  const value: unknown = packr.unpack(new Uint8Array(bytes.subarray(1)));
  if (!isFields(value)) throw new Error('it is damaged');
  const { number, sequence, lastId, recent } = value;
  if (!isCount(number) || !isCount(sequence) || !isText(lastId, 200) || !Array.isArray(recent))
    throw new Error('it is damaged');
  return { number, sequence, lastId, recent: recent.map(readRecent) };
}

function readRecent(value: unknown): Recent {
  const [id, number, sequence] = Array.isArray(value) ? (value as unknown[]) : [];
  if (!isEntryId(id) || !isCount(number) || !isCount(sequence)) throw new Error('it is damaged');
  return { id, number, sequence };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
