/**
 * The last snapshot that a node has accepted, kept on disk: one file for each config file, replaced as a whole. Another config's
 * snapshot is nobody's last good one: serving it would be an accident, not a rescue.
 *
 * Layout: one line of JSON that says what follows, then the encoded snapshot.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { joined } from '@weir/proto/snapshot/codec.js';
import { z } from 'zod';
import { writeWhole } from './write-whole.js';

const head = z.object({
  format: z.literal(1),
  version: z.number().int().nonnegative(),
  hash: z.string(),
  configFile: z.string().nullable(),
});

export interface LastGood extends Omit<z.output<typeof head>, 'format'> {
  readonly bytes: Uint8Array;
}

/** Stands for a path in the name of a file. */
export function pathTag(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 12);
}

export function lastGoodFile(dataFolder: string, configFile: string | null): string {
  return join(dataFolder, `last-good-${pathTag(configFile ?? '')}.snapshot`);
}

/** As it is to be kept: what it is in may be pieces. */
export interface ToKeep extends Omit<LastGood, 'bytes'> {
  readonly bytes: Uint8Array | readonly Uint8Array[];
}

export function writeLastGood(dataFolder: string, { bytes, ...rest }: ToKeep): Promise<void> {
  const head = `${JSON.stringify({ format: 1, ...rest })}\n`;
  const pieces = bytes instanceof Uint8Array ? [bytes] : inBatches(bytes);
  return writeWhole(lastGoodFile(dataFolder, rest.configFile), concat(head, pieces));
}

/** Written at once: a snapshot has thousands of pieces, of some kilobytes each. */
const BATCH_BYTES = 1024 * 1024;

function* concat(head: string, pieces: Iterable<Uint8Array>): Iterable<string | Uint8Array> {
  yield head;
  yield* pieces;
}

function* inBatches(pieces: readonly Uint8Array[]): Iterable<Uint8Array> {
  let [batch, size]: [Uint8Array[], number] = [[], 0];
  for (const piece of pieces) {
    batch.push(piece);
    size += piece.length;
    if (size < BATCH_BYTES) continue;
    yield joined(batch);
    [batch, size] = [[], 0];
  }
  yield joined(batch);
}

/** Null when there is none, which is simply a first start, or none that can be read, which is said. */
export async function readLastGood(
  dataFolder: string,
  configFile: string | null,
  say: (text: string) => void,
): Promise<LastGood | null> {
  const path = lastGoodFile(dataFolder, configFile);
  try {
    const content = await readFile(path);
    const end = content.indexOf(10);
    const { format: _, ...rest } = head.parse(JSON.parse(content.subarray(0, end).toString('utf8')));
    return { ...rest, bytes: content.subarray(end + 1) };
  } catch (error) {
    // `code` is how Node names errors of the system.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      say(`the last good snapshot in ${path} can't be read, so there is none for this start`);
    return null;
  }
}
