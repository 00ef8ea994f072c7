/**
 * Keeps closed minutes and hours on disk, so that a chart outlives this process, and what was spent, which is written as far as it has come.
 * What can't be written costs history and nothing else.
 * Keys are [step, time, of], so that what is too old lies together at the beginning of its step; of what was spent [step, time, 'spend'].
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SpendRow } from '@weir/proto/events/spends.js';
import { open, type RootDatabase } from 'lmdb';
import { keepToOwner, mendedOrWhyNot } from '../log/lmdb-file.js';
import { keptPoints, type Point, type Step, stepMs } from './point.js';
import { type Closed, pointsMax } from './series.js';
import { keptBuckets, type SpendBucket, type SpendStep, spendSteps } from './spends.js';

type Key = [step: string, t: number, of: string];
type Kept = Point | readonly SpendRow[];
type History = RootDatabase<Kept, Key>;

export interface InsightStore {
  /** Hours, then minutes, each in the order of their times; the newest where there are too many. */
  load(): readonly Closed[];
  /** Together, and forgets what is older than is kept. */
  put(closed: readonly Closed[], nowMs: number): void;
  /** In the order of their times. */
  loadSpends(): readonly SpendBucket[];
  /** Each in the place of what was written of it before. */
  putSpends(buckets: readonly SpendBucket[], nowMs: number): void;
  close(): Promise<void>;
}

/** Hours first, for minutes may belong to an hour that was not closed. */
const keptSteps: readonly Step[] = ['1h', '1m'];
/** Steps of their own, so that an earlier release that reads the file sees none of them. */
const spendKey: Readonly<Record<SpendStep, string>> = { '1m': 'spend-1m', '1h': 'spend-1h' };

export function insightStore(file: string, say: (text: string) => void): InsightStore {
  let opened: History | null = null;
  let isLost = false;
  const attempt = <T>(what: (db: History) => T, otherwise: T): T => {
    if (isLost) return otherwise;
    try {
      if (opened === null) {
        mkdirSync(dirname(file), { recursive: true });
        const whyNot = existsSync(file) ? mendedOrWhyNot(file) : null;
        if (whyNot !== null) throw new Error(whyNot);
        opened = open<Kept, Key>({ path: file, noSubdir: true, overlappingSync: false });
        keepToOwner(file);
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
          for (const step of keptSteps) forget(db, step, nowMs - keptPoints[step] * stepMs[step]);
        });
      }, undefined);
    },
    loadSpends: () => attempt((db) => spendSteps.flatMap((step) => loadSpends(db, step)), []),
    putSpends(buckets, nowMs) {
      if (buckets.length === 0) return;
      attempt((db) => {
        db.transactionSync(() => {
          for (const { step, t, rows } of buckets) db.putSync([spendKey[step], t, SPEND], rows);
          for (const step of spendSteps) forget(db, spendKey[step], nowMs - keptBuckets[step] * stepMs[step]);
        });
      }, undefined);
    },
    async close() {
      isLost = true;
      await opened?.close();
    },
  };
}

const SPEND = 'spend';

function forget(db: History, step: string, beforeMs: number): void {
  for (const key of db.getKeys({ start: [step, 0, ''], end: [step, beforeMs, ''] })) db.removeSync(key);
}

function loadSpends(db: History, step: SpendStep): readonly SpendBucket[] {
  const range = { start: [spendKey[step], 0, ''] as Key, end: [spendKey[step], Number.MAX_SAFE_INTEGER, ''] as Key };
  // What stands under such a key was put there as rows.
  return [...db.getRange(range)].map(({ key, value }) => ({ step, t: key[1], rows: value as readonly SpendRow[] }));
}

function loadStep(db: History, step: Step): readonly Closed[] {
  const found: Closed[] = [];
  const range = { start: [step, Number.MAX_SAFE_INTEGER, ''] as Key, end: [step, 0, ''] as Key, reverse: true };
  for (const { key, value } of db.getRange({ ...range, limit: pointsMax / keptSteps.length }))
    found.push({ of: key[2], step, point: value as Point }); // As above: of such a key it is one.
  return found.reverse();
}
