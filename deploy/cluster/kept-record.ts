/**
 * What a control keeps on disk of rollouts: the latest record, as it was signed for its place in the log. When NATS has lost the log while
 * all controls were away, it tells what was taken back, and what nodes are to run.
 *
 *     { "format": 1, "number": 57, "identity": "2026-…" }\n
 *     signed record
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeptEntry } from '@weir/control/cluster/signed-entries.js';
import { z } from 'zod';
import { writeWhole } from '../up/write-whole.js';

const head = z.object({ format: z.literal(1), number: z.number().int().positive(), identity: z.string().optional() });

export interface RecordFile {
  /** Null where there is none, or none that can be read, which is said. */
  read(): Promise<KeptEntry | null>;
  /** What comes while one is written takes the place of what waits. */
  keep(entry: KeptEntry): void;
  /** Resolves when the latest one was written, or could not be. */
  written(): Promise<void>;
}

/** One for each cluster that a folder was ever used for. */
export function recordFile(dataFolder: string, cluster: string, say: (text: string) => void): RecordFile {
  const path = join(dataFolder, `rollout-${cluster}.record`);
  let waiting: KeptEntry | null = null;
  let writing: Promise<void> | null = null;
  const write = async (): Promise<void> => {
    for (let next = waiting; next !== null; next = waiting) {
      waiting = null;
      const { number, identity, bytes } = next;
      try {
        await writeWhole(path, [`${JSON.stringify({ format: 1, number, identity })}\n`, bytes]);
      } catch (error) {
        say(`the latest rollout could not be kept in ${path}: ${String(error)}`);
      }
    }
    writing = null;
  };
  return {
    async read() {
      try {
        const content = new Uint8Array(await readFile(path));
        const end = content.indexOf(10);
        const { number, identity } = head.parse(JSON.parse(new TextDecoder().decode(content.subarray(0, end))));
        return { number, bytes: content.slice(end + 1), ...(identity === undefined ? {} : { identity }) };
      } catch (error) {
        // `code` is how Node names errors of the system.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
          say(`the rollout that was kept in ${path} can't be read, so the log alone is known`);
        return null;
      }
    },
    keep(entry) {
      waiting = entry;
      writing ??= write();
    },
    written: () => writing ?? Promise.resolve(),
  };
}
