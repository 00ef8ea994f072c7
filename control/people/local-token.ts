/**
 * The token in the data folder of a control: whoever may read that folder is an operator, as whoever may write weir.yaml there is. It is drawn once,
 * and never said anywhere; the commands send it by themselves, to loopback alone.
 */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { localPrefix } from './callers.js';
import { drawCredential, isCredential, sha256Hex } from './digests.js';

const OWNER_ONLY = 0o600;
const FILE_BYTES_MAX = 1_024;

export function localTokenFile(dataFolder: string): string {
  return join(dataFolder, 'admin.token');
}

/** SHA-256 of the token, which is made where there is none yet. Null: the folder can't be used, which was said. */
export function openLocalToken(dataFolder: string, say: (text: string) => void): string | null {
  const file = localTokenFile(dataFolder);
  try {
    const known = readLocalToken(dataFolder);
    if (known !== null) return sha256Hex(known);
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
    return sha256Hex(make(file));
  } catch (error) {
    say(`${file} can't be used (${codeOf(error)}): commands on this machine have to sign in`);
    return null;
  }
}

/** Null: there is none that could be one, or it may not be read. */
export function readLocalToken(dataFolder: string): string | null {
  const file = localTokenFile(dataFolder);
  try {
    const { size, mode } = statSync(file);
    if (size > FILE_BYTES_MAX) return null;
    // As it was made; someone has opened it since.
    if ((mode & 0o077) !== 0) chmodSync(file, OWNER_ONLY);
    const token = readFileSync(file, 'utf8').trim();
    return isCredential(token, localPrefix) ? token : null;
  } catch {
    return null;
  }
}

/** Whole or not at all: what a crash has left is no token, and takes the place of none. */
function make(path: string): string {
  const token = drawCredential(localPrefix);
  const beside = `${path}.${process.pid}.tmp`;
  rmSync(beside, { force: true });
  const file = openSync(beside, 'wx', OWNER_ONLY);
  try {
    writeSync(file, `${token}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  return token;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error); // How Node names errors of the system.
}
