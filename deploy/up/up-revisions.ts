/**
 * The revision log of `weir up`: one file in --data for each config file that is followed, and one for what is applied where none is.
 * Where a file is followed, what it said is recorded when it is in force; else what was applied last is what is served.
 *
 * A folder that can't be written costs the history and nothing else: it is said, and traffic is served all the same.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { everySoOften } from '@weir/control/log/every-so-often.js';
import { lmdbLog } from '@weir/control/log/lmdb-log.js';
import type { Revisions } from '@weir/control/log/revision.js';
import { openRevisions } from '@weir/control/log/revisions.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import { pathTag } from './last-good.js';

export interface UpRevisions {
  readonly revisions: Revisions;
  /** What the followed file says and nodes run. Never rejects; what could not be recorded is said. */
  record(text: string): Promise<void>;
  /** What keeps them from being read, or the latest from being recorded; empty where nothing does. */
  trouble(): string;
  close(): Promise<void>;
}

const FILE_AUTHOR = 'file';
/** Of other processes with the same folder and file. */
const RACES_MAX = 3;
const LOOK_EVERY_MS = 1_000;

export function newRevisionId(): string {
  return randomBytes(16).toString('hex');
}

export function revisionsFile(dataFolder: string, configFile: string | null): string {
  return join(dataFolder, configFile === null ? 'revisions.mdb' : `revisions-${pathTag(configFile)}.mdb`);
}

export async function openUpRevisions(
  dataFolder: string,
  configFile: string | null,
  say: (text: string) => void,
): Promise<UpRevisions> {
  const log = lmdbLog(revisionsFile(dataFolder, configFile), say);
  // It may be readable later, and another process with this folder may write it.
  const every = everySoOften(realClock, LOOK_EVERY_MS);
  const revisions = await openRevisions({ log, copy: null, writer: 'up', wallMs: () => Date.now(), every, say });
  let unrecorded = '';
  return {
    revisions,
    trouble: () => revisions.trouble() || unrecorded,
    async record(text) {
      unrecorded = '';
      for (let race = 0; race < RACES_MAX; race += 1) {
        if (revisions.current()?.text === text) return;
        const change = { id: newRevisionId(), author: FILE_AUTHOR, reason: '', text, restores: 0 };
        const outcome = await revisions.append(change, revisions.last()?.number ?? 0);
        if (outcome.ok) return;
        if (outcome.why === 'conflict') continue;
        unrecorded = `the config is in force, and could not be recorded as a revision: ${outcome.detail}`;
        say(unrecorded);
        return;
      }
    },
    async close() {
      await revisions.close();
      await log.close();
    },
  };
}
