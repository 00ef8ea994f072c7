/** Where the state is kept from time to time, so that a start reads it and the tail of the log alone, and the log may be shortened. */
import type { AuditEntry } from '../model/entities.js';
import type { Checkpoint, RegistryReader } from './registry-reader.js';

export interface Checkpoints {
  /** Null: there is none, or it can't be read. */
  load(): Checkpoint | null;
  /** Of an entry that was read: what it has changed has to be written. */
  heard(entry: AuditEntry): void;
  /** Writes when it is time, or at the end; empty, or why it could not be done. */
  save(reader: RegistryReader, isLast: boolean): string;
  /** Writes all of it, in the place of what is there. */
  replace(reader: RegistryReader): string;
}
