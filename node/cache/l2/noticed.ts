/**
 * The latest purges of this node, for look-ups that were under way when they came: Redis may have answered one of these before
 * it heard of them. A look-up takes the number before it begins, and asks what came since. Pure.
 */
import type { PurgeSubject } from '../purge/marks.js';
import { type Digest, type MarkPlace, meaning } from './generations.js';
import type { Notice } from './pending-purges.js';

/** More than that during a look-up, and what it found does not count. */
export const NOTICED_MAX = 1_000;

/** Without what was said to others. */
type Noted = { readonly kind: 'mark'; readonly place: MarkPlace } | Extract<Notice, { kind: 'forget' }>;

export class Noticed {
  /** Of the latest. */
  seq = 0;
  readonly #max: number;
  readonly #ring: Noted[] = [];

  constructor(max = NOTICED_MAX) {
    this.#max = max;
  }

  add(notice: Noted): void {
    this.#ring[this.seq % this.#max] = notice;
    this.seq += 1;
  }

  /** Whether one of those since then means this, which is kept under that key of Redis, or may have. */
  hasMeant(subject: PurgeSubject, key: string, since: number, digest: Digest): boolean {
    if (this.seq === since) return false;
    if (this.seq - since > this.#max) return true;
    const isMeant = meaning(subject, digest);
    for (let seq = since; seq < this.seq; seq += 1) {
      const notice = this.#ring[seq % this.#max];
      if (notice === undefined) continue;
      if (notice.kind === 'forget' ? notice.key === key : isMeant(notice.place)) return true;
    }
    return false;
  }
}
