/**
 * The log of purges (design §6) as it travels. Its entries are purges and, in the same order of numbers, who takes part: a
 * member may serve stored answers when it has joined in the log, so whoever reads the log up to a purge knows exactly
 * whom that purge must reach. What follows from it is decided in proto/cluster/purge.
 */
import { z } from 'zod';
import { type PurgeTarget, purgeTarget, purgeTargetsMax } from './cache.js';
import { isCount, isFields, isListOf, isName, isText } from './guards.js';

export type PurgeEntry =
  /** `isSoft`: stale from now on, instead of gone. */
  | { readonly entry: 'purge'; readonly targets: readonly PurgeTarget[]; readonly isSoft: boolean }
  | { readonly entry: 'join'; readonly id: string; readonly incarnation: number }
  /** To serve stored answers again it joins again. `isOwn`: it says so itself, and has stopped to serve them before. */
  | { readonly entry: 'out'; readonly id: string; readonly incarnation: number; readonly isOwn: boolean }
  /** Clients have changed what is at these URLs by that member: gone for all others, which nobody waits for. */
  | {
      readonly entry: 'change';
      readonly id: string;
      readonly incarnation: number;
      readonly urls: readonly ChangedUrl[];
    };

/** As clients name it. */
export interface ChangedUrl {
  readonly authority: string;
  readonly path: string;
  readonly query: string;
}

/** Of one entry. */
export const changedUrlsMax = 256;
/** Of each part of a URL. */
export const urlTextMax = 16 * 1024;

/** Log → all: the entry of that number, when it is appended and when it is asked for again. */
export interface LogEntry {
  readonly kind: 'log';
  /** 0 in what is appended: the log gives numbers. */
  readonly number: number;
  readonly content: PurgeEntry;
}

/** Member → who purges: everything up to this number is in force here. */
export interface PurgeAck {
  readonly kind: 'purge.ack';
  readonly id: string;
  readonly incarnation: number;
  readonly epoch: number;
  /** Which log the number is of (`LogSight.identity`): one that was begun anew counts anew. */
  readonly log: number;
}

/** An entry that means nothing to a reader, and has its number all the same: no member has such a name. */
export const nothingMeant: PurgeEntry = { entry: 'out', id: '', incarnation: 0, isOwn: false };

const targetList = z.array(purgeTarget).min(1).max(purgeTargetsMax);

export function readLogEntry(value: unknown): LogEntry | null {
  if (!isFields(value) || !isCount(value['number'])) return null;
  const content = readContent(value['content']);
  return content === null ? null : { kind: 'log', number: value['number'], content };
}

export function readPurgeAck(value: unknown): PurgeAck | null {
  if (!isFields(value)) return null;
  const { id, incarnation, epoch, log } = value;
  if (!isName(id) || !isCount(incarnation) || !isCount(epoch) || !isCount(log)) return null;
  return { kind: 'purge.ack', id, incarnation, epoch, log };
}

function readContent(value: unknown): PurgeEntry | null {
  if (!isFields(value)) return null;
  const { entry, id, incarnation, isOwn, isSoft } = value;
  if (entry === 'join') return isName(id) && isCount(incarnation) ? { entry, id, incarnation } : null;
  if (entry === 'out') {
    return isName(id) && isCount(incarnation) && typeof isOwn === 'boolean' ? { entry, id, incarnation, isOwn } : null;
  }
  if (entry === 'change') {
    const { urls } = value;
    if (!isName(id) || !isCount(incarnation) || !isListOf(urls, changedUrlsMax, isUrl) || urls.length === 0)
      return null;
    // Only what is known of each.
    return { entry, id, incarnation, urls: urls.map(({ authority, path, query }) => ({ authority, path, query })) };
  }
  const targets = targetList.safeParse(value['targets']);
  if (entry !== 'purge' || !targets.success || typeof isSoft !== 'boolean') return null;
  return { entry, targets: targets.data, isSoft };
}

function isUrl(value: unknown): value is ChangedUrl {
  return isFields(value) && ['authority', 'path', 'query'].every((part) => isText(value[part], urlTextMax));
}
