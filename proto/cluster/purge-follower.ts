/**
 * A node's part of purges in a cluster: it applies the log in the order of its numbers, and knows at each moment whether it may serve
 * what it has stored. A machine without clock or I/O; the log is whatever gives numbers to entries one after the other.
 *
 * The promise is that nothing that was stored before an acknowledged purge is served after it, by any node, through any
 * partition. A node that is cut off can't know of a purge, so it must know that it is cut off: it serves from its store only under
 * a lease, which it gives itself for LEASE_MS from the moment in which it *asked* the log for its end.
 *
 *        asked          answer: the end is 7                        lease ends
 *     ─────┼────────────────┼──────────────────────────────────────────┼─────▶
 *          └── a purge with a number above 7 was appended after this moment,
 *              so by its time + LEASE_MS this node has applied it or serves nothing
 *
 * That holds whatever is lost, late or doubled, and with any clock that runs at the right speed within CLOCK_ERROR.
 *
 * The log gives up its oldest entries, and with them who has joined: so a node joins again in time, and does not take itself for joined
 * when the log's answer says that its joining is gone. Who reads the log from its beginning therefore learns of all who serve, but for those
 * whose lease is from before (`PurgeRegistry.completeFromMs`).
 */
import type { PurgeEntry } from '../events/purge-log.js';

export const LEASE_MS = 10_000;
/** Asked so often that two answers may be lost. */
export const READ_EVERY_MS = 3_000;
/** Clocks are wrong by less than this share of a duration, each: crystals are off by 1e-4 at most. */
export const CLOCK_ERROR = 2e-3;
/** Entries that came before those in front of them; what is beyond is asked for again. */
export const EARLY_MAX = 1_000;
/** Of what the log still has: whose joining is in the oldest part of it joins again. */
const RENEW_AT_SHARE = 0.25;
/** Somebody is asked again for what is missing after this time. */
const ASK_AGAIN_MS = 500;

export interface FollowerSelf {
  readonly id: string;
  readonly incarnation: number;
}

export type FollowerEvent =
  | { readonly event: 'tick' }
  | { readonly event: 'entry'; readonly number: number; readonly content: PurgeEntry }
  /** The log's answer: its end, the first entry that it still has, and when it was asked, by this node's clock. */
  | { readonly event: 'end'; readonly askedAtMs: number; readonly last: number; readonly first: number }
  /** Somebody knows of this number: a heartbeat, or a purge that overtook others. */
  | { readonly event: 'known'; readonly number: number };

export type FollowerEffect =
  /** In force from the return of the driver on. `number` is the new epoch. */
  | { readonly effect: 'apply'; readonly number: number; readonly content: PurgeEntry }
  /** Entries are gone that were not seen: everything that is stored counts as purged. */
  | { readonly effect: 'purge all'; readonly number: number }
  | { readonly effect: 'ask end' }
  | { readonly effect: 'ask entries'; readonly from: number }
  | { readonly effect: 'ask to join' }
  | { readonly effect: 'acknowledge'; readonly epoch: number };

export class PurgeFollower {
  readonly #self: FollowerSelf;
  readonly #early = new Map<number, PurgeEntry>();
  /** All up to here are in force; null: nothing is stored, so nothing can be missed. */
  #epoch: number | null;
  #lastKnown = 0;
  #leaseUntilMs = Number.NEGATIVE_INFINITY;
  /** Number of its latest joining; 0: it takes no part. */
  #joined = 0;
  /** It joins again when its joining is older, lest the log give that up. */
  #renewsBelow = 0;
  #askedEndMs = Number.NEGATIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;

  /** `epoch`: kept beside what is stored; null when nothing is stored. */
  constructor(self: FollowerSelf, epoch: number | null) {
    this.#self = self;
    this.#epoch = epoch;
  }

  /** What a fetch that begins now is marked with. */
  get epoch(): number {
    return this.#epoch ?? 0;
  }

  /** Stored answers may be served; otherwise their origin is asked. */
  mayServe(nowMs: number): boolean {
    return this.hasJoined && this.#isCaughtUp() && nowMs < this.#leaseUntilMs;
  }

  get hasJoined(): boolean {
    return this.#joined > 0;
  }

  /** The highest number that it has heard of. A log that is asked now and ends before it is another one, or has lost its tail. */
  get known(): number {
    return Math.max(this.#lastKnown, this.epoch);
  }

  /** What is left of the lease; negative: since when there is none. */
  leaseLeftMs(nowMs: number): number {
    return this.#leaseUntilMs - nowMs;
  }

  step(event: FollowerEvent, nowMs: number): readonly FollowerEffect[] {
    const effects: FollowerEffect[] = [];
    if (event.event === 'entry') this.#take(event.number, event.content, effects);
    else if (event.event === 'known') this.#lastKnown = Math.max(this.#lastKnown, event.number);
    else if (event.event === 'end') this.#onEnd(event.askedAtMs, event.last, event.first, effects);
    this.#ask(nowMs, effects);
    return effects;
  }

  #isCaughtUp(): boolean {
    return this.#epoch !== null && this.#epoch >= this.#lastKnown;
  }

  #onEnd(askedAtMs: number, last: number, first: number, effects: FollowerEffect[]): void {
    this.#leaseUntilMs = Math.max(this.#leaseUntilMs, askedAtMs + LEASE_MS);
    this.#lastKnown = Math.max(this.#lastKnown, last);
    // A control that begins to read now does not learn of a joining that is gone.
    if (this.#joined < first) this.#joined = 0;
    this.#renewsBelow = first > 1 ? first + Math.floor((last - first) * RENEW_AT_SHARE) : 0;
    if (this.#epoch === null) {
      // Nothing is stored from before, so the log matters from here on. Its own joining comes behind it.
      this.#epoch = last;
      effects.push({ effect: 'purge all', number: last });
    } else if (this.#epoch < first - 1) {
      this.#epoch = first - 1;
      effects.push({ effect: 'purge all', number: first - 1 });
    }
    this.#drain(effects);
  }

  #take(number: number, content: PurgeEntry, effects: FollowerEffect[]): void {
    this.#lastKnown = Math.max(this.#lastKnown, number);
    if (this.#epoch === null || number > this.#epoch) {
      if (this.#early.size < EARLY_MAX) this.#early.set(number, content);
      if (this.#epoch !== null) this.#drain(effects);
    } else if (content.entry !== 'change') {
      // Who sends it again has not heard that it is in force.
      effects.push({ effect: 'acknowledge', epoch: this.#epoch });
    }
  }

  #drain(effects: FollowerEffect[]): void {
    if (this.#epoch === null) return;
    const before = this.#epoch;
    let isAwaited = false;
    for (const number of this.#early.keys()) if (number <= before) this.#early.delete(number);
    for (
      let next = this.#early.get(before + 1), at = before + 1;
      next !== undefined;
      at += 1, next = this.#early.get(at)
    ) {
      this.#early.delete(at);
      this.#epoch = at;
      this.#ownStanding(at, next);
      isAwaited ||= next.entry !== 'change';
      effects.push({ effect: 'apply', number: at, content: next });
    }
    // Changes are many, and a word of each node about each of them would be heard by every control.
    if (isAwaited) effects.push({ effect: 'acknowledge', epoch: this.#epoch });
  }

  #ownStanding(number: number, content: PurgeEntry): void {
    if (content.entry === 'purge' || content.entry === 'change' || content.id !== this.#self.id) return;
    if (content.incarnation === this.#self.incarnation) this.#joined = content.entry === 'join' ? number : 0;
    // A later life has taken this one's place.
    else if (content.entry === 'join' && content.incarnation > this.#self.incarnation) this.#joined = 0;
  }

  #ask(nowMs: number, effects: FollowerEffect[]): void {
    if (nowMs - this.#askedEndMs >= READ_EVERY_MS) {
      this.#askedEndMs = nowMs;
      effects.push({ effect: 'ask end' });
    }
    if (this.#epoch === null || nowMs - this.#askedMs < ASK_AGAIN_MS) return;
    if (!this.#isCaughtUp()) effects.push({ effect: 'ask entries', from: this.#epoch + 1 });
    else if (this.#joined === 0 || this.#joined < this.#renewsBelow) effects.push({ effect: 'ask to join' });
    else return;
    this.#askedMs = nowMs;
  }
}
