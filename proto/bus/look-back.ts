/**
 * Looks for the latest entry of a log that is what is looked for. Others may be able to append what is not: that hides nothing, it
 * costs reading.
 */
import type { LogRecord, SharedLog } from './shared-log.js';

/** Asked for at once; an answer is bounded in bytes as well. */
const PAGE = 128;

/** `away`: the end can't be read now, and what is there may be it. */
export type LookedBack = 'found' | 'none' | 'away';

/** From the last entry towards the first, `max` of them at most, until `isIt` says so. */
export async function lookBack(
  log: Pick<SharedLog, 'read'>,
  { first, last }: { readonly first: number; readonly last: number },
  max: number,
  isIt: (record: LogRecord) => boolean,
): Promise<LookedBack> {
  const lowest = Math.max(first, last - max + 1, 1);
  for (let end = last; end >= lowest; end -= PAGE) {
    const page = await readThrough(log, Math.max(lowest, end - PAGE + 1), end);
    if (page === null) return 'away';
    if (page.toReversed().some(isIt)) return 'found';
  }
  return 'none';
}

/** Null where not all are had: of a log in copies, the one that is read may be behind the one that told the end. */
async function readThrough(
  log: Pick<SharedLog, 'read'>,
  first: number,
  last: number,
): Promise<readonly LogRecord[] | null> {
  const records: LogRecord[] = [];
  for (let next = first; next <= last; ) {
    const some = await log.read(next, last - next + 1);
    const end = some?.at(-1);
    if (some === null || end === undefined) return null;
    records.push(...some);
    next = end.number + 1;
  }
  return records;
}
