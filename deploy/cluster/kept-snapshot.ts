/**
 * What a host keeps on disk: the latest announcement that it has followed to the end, and the snapshot that it is about, both as
 * they were signed. So it starts with nothing else alive, knows where it was (an older announcement is a replay), and a disk
 * is believed no more than a network is.
 *
 *     { "format": 1, "announcementBytes": 251 }\n
 *     announcement frame, snapshot frame
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../up/write-whole.js';

export interface KeptSnapshot {
  readonly announcement: Uint8Array;
  readonly snapshot: Uint8Array;
}

const head = z.object({ format: z.literal(1), announcementBytes: z.number().int().nonnegative() });

/** One for each cluster that a folder was ever used for. */
export function keptFile(dataFolder: string, cluster: string): string {
  return join(dataFolder, `cluster-${cluster}.snapshot`);
}

export function writeKept(path: string, { announcement, snapshot }: KeptSnapshot): Promise<void> {
  const line = `${JSON.stringify({ format: 1, announcementBytes: announcement.length })}\n`;
  return writeWhole(path, [line, announcement, snapshot]);
}

/** Null where there is none, which is a first start, or none that can be read, which is said. */
export async function readKept(path: string, say: (text: string) => void): Promise<KeptSnapshot | null> {
  try {
    const content = new Uint8Array(await readFile(path));
    const end = content.indexOf(10);
    const { announcementBytes } = head.parse(JSON.parse(new TextDecoder().decode(content.subarray(0, end))));
    const begin = end + 1 + announcementBytes;
    return { announcement: content.slice(end + 1, begin), snapshot: content.slice(begin) };
  } catch (error) {
    // `code` is how Node names errors of the system.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      say(`the snapshot that was kept in ${path} can't be read, so there is none for this start`);
    return null;
  }
}
