/** Files with one secret in them, which their owner alone may read. An edge. */
import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';

const OWNER_ONLY = 0o600;

/** Whole or not at all: what a crash has left lies beside it, and takes the place of none. */
export function writeOwnerFile(path: string, text: string): void {
  const beside = `${path}.${process.pid}.tmp`;
  rmSync(beside, { force: true });
  const file = openSync(beside, 'wx', OWNER_ONLY);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}

/** As it was made, where somebody has let others in since. Its length in bytes; throws where there is no such file. */
export function closeToOthers(path: string): number {
  const { mode, size } = statSync(path);
  if ((mode & 0o077) !== 0) chmodSync(path, OWNER_ONLY);
  return size;
}
