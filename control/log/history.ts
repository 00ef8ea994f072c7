/**
 * From entries of a log, one after the other, to what they make together: the revisions, and which of them is in force. A machine
 * without I/O: all members that read the same log come to the same answer, whatever else is in it.
 *
 *   an entry of the next number, behind the last revision ──▶ is the last one, and in force unless it was recovered
 *   the first entry of all, of whatever number            ──▶ as well: what was before it has been given up
 *   an entry of another number, or behind another one     ──▶ nothing: its author had not seen the last revision; but where
 *                                                             nothing has followed the first entry yet, that one may be no
 *                                                             revision itself, and gives way
 *   garbage                                               ──▶ nothing
 *   of a later release                                    ──▶ nothing more is read: nobody knows what it puts in force
 */
import type { DecodedEntry, Entry } from './entry.js';
import type { RevisionHead } from './revision.js';

/** The oldest are given up beyond it, in memory and on disk. */
export const revisionsKeptMax = 5_000;

export interface KnownRevision {
  readonly head: RevisionHead;
  /** Its number in the log that it was read from. */
  readonly sequence: number;
}

export type Applied = 'revision' | 'orphan' | 'malformed' | 'blocked';

export class History {
  readonly #revisions: KnownRevision[] = [];
  readonly #byId = new Map<string, KnownRevision>();
  #current: Entry | null = null;
  #lastSequence = 0;
  #blockedAt = 0;
  #firstBefore = '';
  /** Entries that made no revision. */
  ignored = 0;

  /** What is known now, whatever is read later. */
  copy(): History {
    const copy = new History();
    copy.#revisions.push(...this.#revisions);
    for (const [id, known] of this.#byId) copy.#byId.set(id, known);
    copy.#current = this.#current;
    copy.#lastSequence = this.#lastSequence;
    copy.#blockedAt = this.#blockedAt;
    copy.#firstBefore = this.#firstBefore;
    copy.ignored = this.ignored;
    return copy;
  }

  /** Sequences rise; one that is given again is known. */
  apply(sequence: number, decoded: DecodedEntry): Applied {
    if (this.#blockedAt > 0) return 'blocked';
    if (sequence <= this.#lastSequence) return 'orphan';
    if (!decoded.ok && decoded.why === 'unknown') {
      this.#blockedAt = sequence;
      return 'blocked';
    }
    this.#lastSequence = sequence;
    if (decoded.ok && this.#follows(decoded.entry)) {
      this.#add(sequence, decoded.entry);
      return 'revision';
    }
    this.ignored += 1;
    if (decoded.ok && this.#isDoubtful && decoded.entry.before !== '') {
      this.#revisions.length = 0;
      this.#byId.clear();
      this.#add(sequence, decoded.entry);
      return 'revision';
    }
    return decoded.ok ? 'orphan' : 'malformed';
  }

  /** Of the last entry that was read, whether it made a revision or not. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** The sequence of an entry that this release does not understand; 0: there is none. */
  get blockedAt(): number {
    return this.#blockedAt;
  }

  get last(): RevisionHead | null {
    return this.#revisions.at(-1)?.head ?? null;
  }

  /** With its text, deflated. */
  get current(): Entry | null {
    return this.#current;
  }

  /** In the order of their numbers, which follow one another. */
  get revisions(): readonly KnownRevision[] {
    return this.#revisions;
  }

  byId(id: string): RevisionHead | null {
    return this.#byId.get(id)?.head ?? null;
  }

  byNumber(number: number): KnownRevision | null {
    const first = this.#revisions[0]?.head.number ?? 0;
    return this.#revisions[number - first] ?? null;
  }

  /** Newest first: those before that number (0: from the last on). */
  page(before: number, max: number): RevisionHead[] {
    const heads: RevisionHead[] = [];
    const from = before === 0 ? (this.last?.number ?? 0) : before - 1;
    for (let number = Math.min(from, this.last?.number ?? 0); heads.length < max; number -= 1) {
      const known = this.byNumber(number);
      if (known === null) break;
      heads.push(known.head);
    }
    return heads;
  }

  /** What was before the only revision was given up, so nobody knows whether its author had seen that. */
  get #isDoubtful(): boolean {
    return this.#revisions.length === 1 && this.#firstBefore !== '';
  }

  #follows({ number, before, id }: Entry): boolean {
    const { last } = this;
    if (last === null) return true;
    return number === last.number + 1 && before === last.id && !this.#byId.has(id);
  }

  #add(sequence: number, entry: Entry): void {
    const { before: _, text: __, ...head } = entry;
    const known = { head, sequence };
    if (this.#revisions.length === 0) this.#firstBefore = entry.before;
    this.#revisions.push(known);
    this.#byId.set(head.id, known);
    if (head.recovers === 0) this.#current = entry;
    const [oldest] = this.#revisions;
    if (this.#revisions.length > revisionsKeptMax && oldest !== undefined) {
      this.#revisions.shift();
      this.#byId.delete(oldest.head.id);
    }
  }
}
