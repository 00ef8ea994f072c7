/**
 * A look at a file before LMDB maps it into memory: a file that is none, or has lost its end, ends the process with a signal
 * (SIGSEGV, SIGBUS) instead of an error, in lmdb 3.5.6. Its pages 0 and 1 each hold a meta page:
 *
 *     at 24  magic 0xbeefc0de        at 48   size of a page
 *     at 144 last page that is used  at 152  number of the transaction: the larger one counts
 *
 * (a page header of 24 bytes, then MDB_meta of the library's lmdb.h). The last page may lie beyond the end of a sound file: one
 * that was taken and given back within a transaction is never written. What is missing is filled with zeros then, which is read as
 * an error or as garbage and never as a signal; where more is missing than a transaction gives back, the file has been cut.
 */
import { appendFileSync, chmodSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';

const MAGIC = 0xbeefc0de;
const PAGE_BYTES_MIN = 4_096;
/** Entries of the largest size that one transaction may give up again, twice. */
const MISSING_BYTES_MAX = 2 * 1024 * 1024;

/** Null when it may be opened, else why not. Throws when it can't be read. */
export function mendedOrWhyNot(file: string): string | null {
  const fd = openSync(file, 'r');
  let missing: number | null;
  try {
    const { size } = fstatSync(fd);
    // LMDB itself has created it, and was ended before it wrote anything.
    if (size === 0) return null;
    const head = Buffer.alloc(PAGE_BYTES_MIN);
    readSync(fd, head, 0, head.length, 0);
    const second = Buffer.alloc(PAGE_BYTES_MIN);
    readSync(fd, second, 0, second.length, pageBytesOf(head));
    missing = missingBytes(head, second, size);
  } finally {
    closeSync(fd);
  }
  if (missing === null) return `${file} is no log of Weir`;
  if (missing > MISSING_BYTES_MAX) return `${file} has lost its end (${missing} bytes)`;
  // Appended, so that nothing is overwritten that another process writes there now.
  if (missing > 0) appendFileSync(file, new Uint8Array(missing));
  return null;
}

/**
 * Of a file that is open: its owner alone may read it, whatever folder it lies in, for it has hashes of passwords, designs and secrets that are sealed.
 * Where that can't be said (a file of another user, a file system without modes) it stays as it is.
 */
export function keepToOwner(file: string): void {
  for (const path of [file, `${file}-lock`]) {
    try {
      chmodSync(path, 0o600);
    } catch {
      // As above.
    }
  }
}

/** How much shorter the file is than its meta pages say; null for what is none. */
export function missingBytes(first: Buffer, second: Buffer, fileBytes: number): number | null {
  const pageBytes = pageBytesOf(first);
  const metas = [first, second];
  if (fileBytes < 2 * pageBytes || metas.some((page) => page.length < 160 || page.readUInt32LE(24) !== MAGIC))
    return null;
  const [a, b] = metas.map((page) => ({ number: page.readBigUInt64LE(152), last: page.readBigUInt64LE(144) }));
  if (a === undefined || b === undefined) return null;
  const { last } = a.number > b.number ? a : b;
  return Math.max(0, (Number(last) + 1) * pageBytes - fileBytes);
}

function pageBytesOf(page: Buffer): number {
  const bytes = page.length < 52 ? 0 : page.readUInt32LE(48);
  return bytes >= PAGE_BYTES_MIN && bytes <= 65_536 && (bytes & (bytes - 1)) === 0 ? bytes : PAGE_BYTES_MIN;
}
