/** The log as an audit: its entries from the newest on, page by page, without what has changed nothing. */
import type { SharedLog } from '@weir/proto/bus/shared-log.js';
import type { AuditEntry } from '../model/entities.js';
import { decodeEntry, decodeForAudit, type Entry } from './entry.js';
import type { Recent, RegistryReader } from './registry-reader.js';

const READ_AT_ONCE = 64;
const PAGE_MAX = 200;
/** Of entries as they lie in the log: a page of a few large ones is short, and the next one begins where it ends. */
const PAGE_BYTES_MAX = 8 * 1024 * 1024;

export class AuditPages {
  readonly #log: Pick<SharedLog, 'bounds' | 'read'>;
  readonly #reader: RegistryReader;

  constructor(log: Pick<SharedLog, 'bounds' | 'read'>, reader: RegistryReader) {
    this.#log = log;
    this.#reader = reader;
  }

  async entryAt({ sequence, id }: Recent): Promise<AuditEntry | null> {
    const [record] = (await this.#log.read(sequence, 1)) ?? [];
    const decoded = record === undefined ? null : decodeEntry(record.bytes);
    return decoded?.ok === true && decoded.entry.id === id ? audited(decoded.entry) : null;
  }

  /** Those before that number, 0: from the last on. Null when the log can't be read now. */
  async page(before: number, max: number): Promise<readonly AuditEntry[] | null> {
    const { state, lastSequence } = this.#reader;
    const { number: last } = state;
    const wanted = Math.min(Math.max(1, max), PAGE_MAX);
    const bounds = await this.#log.bounds();
    if (bounds === null) return null;
    const found: AuditEntry[] = [];
    // Entries that changed nothing have places and no numbers, so a number is at most so many places further on.
    let next = before === 0 ? last : Math.min(before - 1, last);
    let end = Math.min(lastSequence, next + Math.max(0, lastSequence - last));
    // The chain of ids tells what was in force from what was not: known at the end, and from then on by each entry's `before`.
    let id = next === last ? this.#reader.lastId : null;
    let bytes = 0;
    while (end >= bounds.first && next > 0 && found.length < wanted && bytes < PAGE_BYTES_MAX) {
      const from = Math.max(bounds.first, end - READ_AT_ONCE + 1);
      const records = await this.#upTo(from, end);
      if (records === null) return null;
      for (const record of records.reverse()) {
        const read = decodeForAudit(record.bytes);
        if (read === null || read.entry.number !== next || (id !== null && read.entry.id !== id)) continue;
        if (found.length >= wanted || bytes >= PAGE_BYTES_MAX) break;
        found.push(read.entry);
        bytes += record.bytes.length;
        id = read.before;
        next -= 1;
      }
      end = from - 1;
    }
    return found;
  }

  /** An answer holds as many as fit into it. */
  async #upTo(from: number, end: number) {
    const all: { readonly number: number; readonly bytes: Uint8Array }[] = [];
    for (let at = from; at <= end; ) {
      const records = await this.#log.read(at, end - at + 1);
      if (records === null) return null;
      const last = records.at(-1);
      if (last === undefined) break;
      all.push(...records);
      at = last.number + 1;
    }
    return all;
  }
}

function audited({ before: _, ...entry }: Entry): AuditEntry {
  return entry;
}
