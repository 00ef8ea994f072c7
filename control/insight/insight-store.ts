/**
 * Keeps closed minutes and hours on disk, so that a chart outlives this process. What can't be written costs history and nothing else.
 * Keys are [step, time, of], so that what is too old lies together at the beginning of its step.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { mendedOrWhyNot } from '../log/lmdb-file.js';
import { keptPoints, type Point, type Step, stepMs } from './point.js';
import { type Closed, pointsMax } from './series.js';

type Key = [step: string, t: number, of: string];

export interface InsightStore {
  /** Hours, then minutes, each in the order of their times; the newest where there are too many. */
  load(): readonly Closed[];
  /** Together, and forgets what is older than is kept. */
  put(closed: readonly Closed[], nowMs: number): void;
  close(): Promise<void>;
}

/** Hours first, for minutes may belong to an hour that was not closed. */
const keptSteps: readonly Step[] = ['1h', '1m'];

export function insightStore(file: string, say: (text: string) => void): InsightStore {
  let opened: RootDatabase<Point, Key> | null = null;
  let isLost = false;
  const attempt = <T>(what: (db: RootDatabase<Point, Key>) => T, otherwise: T): T => {
    if (isLost) return otherwise;
    try {
      if (opened === null) {
        mkdirSync(dirname(file), { recursive: true });
        const whyNot = existsSync(file) ? mendedOrWhyNot(file) : null;
        if (whyNot !== null) throw new Error(whyNot);
        opened = open<Point, Key>({ path: file, noSubdir: true, overlappingSync: false });
      }
      return what(opened);
    } catch (error) {
      isLost = true;
      say(`charts of calls are kept in memory alone, for ${file} can't be used: ${String(error)}`);
      return otherwise;
    }
  };
  return {
    load: () => attempt((db) => keptSteps.flatMap((step) => loadStep(db, step)), []),
    put(closed, nowMs) {
      const kept = closed.filter(({ step }) => keptSteps.includes(step));
      if (kept.length === 0) return;
      attempt((db) => {
        db.transactionSync(() => {
          for (const { of, step, point } of kept) db.putSync([step, point.t, of], point);
          for (const step of keptSteps) {
            const oldest = nowMs - keptPoints[step] * stepMs[step];
            for (const key of db.getKeys({ start: [step, 0, ''], end: [step, oldest, ''] })) db.removeSync(key);
          }
        });
      }, undefined);
    },
    async close() {
      isLost = true;
      await opened?.close();
    },
  };
}

function loadStep(db: RootDatabase<Point, Key>, step: Step): readonly Closed[] {
  const found: Closed[] = [];
  const range = { start: [step, Number.MAX_SAFE_INTEGER, ''] as Key, end: [step, 0, ''] as Key, reverse: true };
  for (const { key, value } of db.getRange({ ...range, limit: pointsMax / keptSteps.length }))
    found.push({ of: key[2], step, point: value });
  return found.reverse();
}
