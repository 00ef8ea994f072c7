/**
 * What has to be done so that the shared log and this member's copy of it say the same, and nothing that was acknowledged is
 * lost. One step at a time, each safe to be repeated, and planned anew from what is there after it: others may be doing the
 * same, and any of them may crash in between. Pure.
 *
 * What was acknowledged had been in the log *and* in the copy of whoever acknowledged it. So a revision that is in a copy and not in the
 * log was lost by the log (its disk, its last unsynced seconds, or somebody deleted it), and is put back:
 *
 *   log   1 2 3            copy  1 2 3 4 5     ──▶ repeat 4, then 5: the same bytes, the same numbers
 *   log   (nothing)        copy  7 8 9         ──▶ repeat 7, 8, 9; what was before 7 has been given up long ago
 *   log   1 2 3 D          copy  1 2 3 4 5     ──▶ recover 4 and 5 behind D, as 5 and 6. D stays in force: its author saw what nodes had
 *   log   1 2 3 4 5 6      copy  1 2 3         ──▶ copy 4, 5, 6
 *   log   1 2 3 D 4' 5'    copy  1 2 3 4 5     ──▶ copy what is behind 3, in one step: the recovered ones are in the log by their ids
 *
 * The log wins, therefore, whatever the copies' lengths are: it is the one that all see. A copy only ever adds to it. Of two copies the
 * shorter one may come first, and an author behind it: then the longer one's rest is recovered.
 */

export interface Known {
  readonly number: number;
  readonly id: string;
}

export type Step =
  | { readonly kind: 'in-step' }
  /** Append the copy's entry of this number, as it is. */
  | { readonly kind: 'repeat'; readonly number: number }
  /** Append what the copy's entry of this number says, behind the last revision. */
  | { readonly kind: 'recover'; readonly number: number }
  /** Let the log's revisions stand behind this number of the copy. */
  | { readonly kind: 'copy'; readonly after: number };

export function nextStep(log: readonly Known[], copy: readonly Known[]): Step {
  const inLog = new Set(log.map(({ id }) => id));
  const first = log[0]?.number ?? 0;
  // What is older than all that the log has was given up by it.
  const lost = copy.find(({ number, id }) => number >= first && !inLog.has(id));
  const last = log.at(-1);
  if (lost !== undefined) {
    const { number } = lost;
    const isNext = last === undefined || (number === last.number + 1 && numberOf(copy, last.id) === last.number);
    return { kind: isNext ? 'repeat' : 'recover', number };
  }
  const copied = new Map(copy.map(({ number, id }) => [number, id]));
  const other = log.find(({ number, id }) => copied.get(number) !== id);
  if (other !== undefined) return { kind: 'copy', after: other.number - 1 };
  const longer = (copy.at(-1)?.number ?? 0) > (last?.number ?? 0);
  return longer && last !== undefined ? { kind: 'copy', after: last.number } : { kind: 'in-step' };
}

function numberOf(copy: readonly Known[], id: string): number | undefined {
  return copy.find((known) => known.id === id)?.number;
}
