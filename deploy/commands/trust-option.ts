/** `--trust` of a node: which keys are believed. */
import { readFileSync } from 'node:fs';
import { keyRing } from '@weir/proto/signing/ed25519.js';
import { InvalidArgumentError } from 'commander';

/** A public key, or a file with one on each line; lines that begin with # are for people. */
export function readTrusted(text: string, before: readonly string[] = []): string[] {
  const keys = [...new Set([...before, ...(text.startsWith('weir-public-') ? [text] : keysIn(text))])];
  try {
    keyRing(keys);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? `${error.message}.` : '');
  }
  return keys;
}

function keysIn(file: string): string[] {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch {
    throw new InvalidArgumentError('Write a key that begins with weir-public-, or a file that holds such keys.');
  }
  const lines = content.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}
