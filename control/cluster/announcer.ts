/**
 * Sees to it that the latest announcement says what the latest record of the rollouts says. Idempotent, so any control may do it at
 * any time: the one that has written the record does so at once, another one if that has ended in between.
 *
 * The record is read, or written, after the end of the announcements was learnt, and compare-and-set on that end lets nobody announce
 * what is outdated: who was stopped in the middle finds the end moved. That end is the one that was followed up to here; only who finds
 * it moved asks for it.
 */
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { Announcement } from '@weir/proto/events/announcement.js';
import { announces, type Wanted } from '../rollout/rollout.js';
import type { SignedEntries } from './signed-entries.js';

export interface AnnouncerParts {
  readonly entries: SignedEntries<Announcement>;
  readonly presence: Pick<Presence, 'bus' | 'subjects'>;
  /**
   * What is to be announced, as it was when the log of announcements had ended at that number, or later; null: nothing, or that can't be
   * known now.
   */
  readonly wanted: (announced: number) => Promise<Wanted | null>;
  /** The highest serial that a node has told of: numbers of a log that was begun anew lie below it. */
  readonly serialSeen: () => number;
  /** A node follows another one with this serial, or with a higher one, and takes this one for old. */
  readonly isOutrun: (latest: Announcement) => boolean;
}

/** As often as others may have been quicker. */
const TRIES = 5;

export class Announcer {
  readonly #parts: AnnouncerParts;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  /** Whether that was announced already, as far as is known here, with a number that nodes don't take for an old one. */
  isAnnounced(want: Wanted): boolean {
    const { entries, isOutrun } = this.#parts;
    const latest = entries.latest();
    return latest !== null && entries.isInLog && announces(latest, want) && !isOutrun(latest);
  }

  /** False: not now. */
  async announce(): Promise<boolean> {
    const { entries, serialSeen } = this.#parts;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const isFollowed = tries === 0 && entries.isInLog;
      if (!isFollowed && !(await entries.refresh())) return false;
      const { number } = entries;
      const want = await this.#parts.wanted(number);
      if (want === null) return false;
      if (this.isAnnounced(want)) {
        // By somebody who may not have told it any more, or by this control, which was not answered.
        this.tell();
        return true;
      }
      const serial = Math.max(number, entries.latest()?.serial ?? 0, serialSeen()) + 1;
      const appended = await entries.append({ ...want, serial }, number);
      if (appended.ok) {
        this.tell();
        return true;
      }
      if (appended.why === 'away' || appended.why === 'refused') return false;
    }
    return false;
  }

  /** The latest announcement, to whoever is there. Heard twice it is no news; who has missed it the first time has it now. */
  tell(): void {
    const { entries, presence } = this.#parts;
    const sealed = entries.sealed();
    if (sealed !== null) presence.bus.publish(presence.subjects.all('snapshot'), sealed);
  }
}
