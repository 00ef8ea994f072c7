/**
 * The key that secrets of teams are sealed with: out of the environment, out of a file, or, where a control is alone, drawn into its data
 * folder with the first secret. Without it what is sealed is lost, so it belongs into the backup, apart from the registry.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { closeToOthers, writeOwnerFile } from './owner-file.js';
import { KEY_BYTES } from './seal.js';

export const SECRET_KEY_VARIABLE = 'WEIR_SECRET_KEY';
const FILE_BYTES_MAX = 1_024;

/** 64 hexadecimal digits, or base64 of 32 bytes. Throws for anything else, without saying what it was. */
export function parseSecretKey(text: string, from: string): Uint8Array {
  const written = text.trim();
  const key = /^[0-9a-fA-F]{64}$/.test(written) ? Buffer.from(written, 'hex') : Buffer.from(written, 'base64');
  if (key.length === KEY_BYTES && /^[0-9a-zA-Z+/_=-]+$/.test(written)) return key;
  throw new Error(
    `${from} is no key for secrets: write ${KEY_BYTES} random bytes in base64, as of \`openssl rand -base64 32\``,
  );
}

export function readSecretKey(file: string): Uint8Array {
  if (statSync(file).size > FILE_BYTES_MAX) throw new Error(`${file} is too large to be a key for secrets`);
  return parseSecretKey(readFileSync(file, 'utf8'), file);
}

/** The key in a file of one's own, which is made where there is none. Whole or not at all. */
export function drawnSecretKey(file: string): Uint8Array {
  try {
    closeToOthers(file);
    return readSecretKey(file);
  } catch (error) {
    // `code` is how Node names errors of the system.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const key = randomBytes(KEY_BYTES);
  mkdirSync(dirname(file), { recursive: true });
  writeOwnerFile(file, `${key.toString('base64url')}\n`);
  return key;
}
