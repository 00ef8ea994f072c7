/**
 * The token in the data folder of a control: whoever may read that folder is an operator, as whoever may write weir.yaml there is. It is drawn once,
 * and never said anywhere; the commands send it by themselves, to loopback alone.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { closeToOthers, writeOwnerFile } from '../secrets/owner-file.js';
import { localPrefix } from './callers.js';
import { drawCredential, isCredential, sha256Hex } from './digests.js';

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
    const token = drawCredential(localPrefix);
    writeOwnerFile(file, `${token}\n`);
    return sha256Hex(token);
  } catch (error) {
    say(`${file} can't be used (${codeOf(error)}): commands on this machine have to sign in`);
    return null;
  }
}

/** Null: there is none that could be one, or it may not be read. */
export function readLocalToken(dataFolder: string): string | null {
  const file = localTokenFile(dataFolder);
  try {
    if (closeToOthers(file) > FILE_BYTES_MAX) return null;
    const token = readFileSync(file, 'utf8').trim();
    return isCredential(token, localPrefix) ? token : null;
  } catch {
    return null;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error); // How Node names errors of the system.
}
