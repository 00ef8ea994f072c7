/**
 * A node's part of the purges of its cluster: follows the purge log, applies it to the cache of this node, acknowledges, and opens the
 * gate of the cache while the log is followed (`proto/cluster/purge-follower.ts` decides).
 *
 *   the log ── told, read ──▶ entry ──▶ marks of the cache ──▶ acknowledged to control
 *           ── its end ─────▶ lease ──▶ gate of the cache
 *           ◀─ join, out ──── this life
 *
 * A log that turns out to be another one (`LogSight`) is followed from its end on, with everything purged that was stored before. Owns
 * the follower, and how far it is.
 */
import type { BusClock } from '@weir/proto/bus/bus.js';
import type { Appended, LogRecord, SharedLog } from '@weir/proto/bus/shared-log.js';
import { LogSight } from '@weir/proto/cluster/log-sight.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import { type EntryTrust, MEMBER, memberBytes, ORDER, readEntry } from '@weir/proto/cluster/purge-entries.js';
import { type FollowerEffect, type FollowerEvent, PurgeFollower } from '@weir/proto/cluster/purge-follower.js';
import type { ChangedUrl, PurgeAck, PurgeEntry } from '@weir/proto/events/purge-log.js';
import { encodeShared, type SharedAnswer } from '@weir/proto/events/purge-shared.js';
import { decodeMessage, encodeMessage } from '@weir/proto/events/wire.js';
import type { NodeCache } from '../cache/node-cache.js';

export interface PurgeDriverParts {
  readonly presence: Pick<Presence, 'bus' | 'subjects' | 'life' | 'tell' | 'answer'>;
  readonly log: SharedLog;
  readonly cache: Pick<NodeCache, 'purgeHere' | 'changeHere' | 'purgeShared' | 'gate'>;
  readonly trust: EntryTrust;
  readonly clock: Pick<BusClock, 'after'>;
  /** Goes on while the machine is suspended (`leaseClock`). */
  readonly leaseMs: () => number;
}

export interface PurgeFollowing {
  /** Number of the latest entry that is in force here. */
  readonly epoch: number;
  /** Entries that are known of and not in force yet. */
  readonly behind: number;
  /** Negative: so long ago it ended; -Infinity: there was none. */
  readonly leaseLeftMs: number;
  /** Stored answers are served. */
  readonly isServing: boolean;
  /** Entries that were not rightly signed, and logs that turned out to be others. */
  readonly refused: number;
  readonly begunAnew: number;
}

/** What control asks a node for: where it is, and to tell Redis. */
export const PURGE_QUESTION = 'purge';
export const SHARED_QUESTION = 'purge-shared';

const TICK_MS = 250;
const READ_AT_ONCE = 500;

export class PurgeDriver {
  readonly #parts: PurgeDriverParts;
  readonly #ends: (() => void)[] = [];
  #incarnation: number;
  #follower: PurgeFollower;
  #sight = new LogSight();
  #refused = 0;
  #begunAnew = 0;
  /** One question of each kind at a time; the log bounds how long each takes. */
  #isAsking = false;
  #isReading = false;
  #isJoining = false;
  /** The last question for the end was not answered: asked again with the next tick, and not after a third of a lease. */
  #isUnanswered = false;
  #cancelTick: () => void;
  #isOver = false;

  constructor(parts: PurgeDriverParts) {
    const { presence, log, cache, clock } = parts;
    this.#parts = parts;
    this.#incarnation = presence.life.incarnation;
    // Nothing is stored yet: the cache is in memory and begins with the process.
    this.#follower = this.#newFollower(null);
    cache.gate.use(() => this.isServing);
    this.#ends.push(
      log.follow((record) => this.#take(record)),
      presence.answer(PURGE_QUESTION, (question) => this.#whereItIs(question)),
      presence.bus.subscribe(presence.subjects.ask(presence.life.id, SHARED_QUESTION), (message) => {
        void this.#tellShared(message.bytes).then((answer) => message.reply(encodeShared(answer)));
      }),
    );
    this.#cancelTick = clock.after(0, () => this.#tick());
  }

  get isServing(): boolean {
    return !this.#isOver && this.#follower.mayServe(this.#parts.leaseMs());
  }

  following(): PurgeFollowing {
    const { epoch, known } = this.#follower;
    const leaseLeftMs = this.#follower.leaseLeftMs(this.#parts.leaseMs());
    const counts = { refused: this.#refused, begunAnew: this.#begunAnew };
    return { epoch, behind: known - epoch, leaseLeftMs, isServing: this.isServing, ...counts };
  }

  /** Serves nothing stored from now on, and says so, so that no purge waits for this life. The log is left open. */
  async leave(): Promise<void> {
    if (this.#isOver) return;
    const hadJoined = this.#follower.hasJoined;
    this.#isOver = true;
    this.#cancelTick();
    for (const end of this.#ends) end();
    if (hadJoined) await this.#append({ entry: 'out', ...this.#self, isOwn: true });
  }

  get #self(): { readonly id: string; readonly incarnation: number } {
    return { id: this.#parts.presence.life.id, incarnation: this.#incarnation };
  }

  #newFollower(epoch: number | null): PurgeFollower {
    return new PurgeFollower(this.#self, epoch);
  }

  #tick(): void {
    this.#cancelTick = this.#parts.clock.after(TICK_MS, () => this.#tick());
    const { incarnation } = this.#parts.presence.life;
    if (incarnation !== this.#incarnation) {
      // It had to take a later number, since another process has its name: it joins under that one.
      this.#incarnation = incarnation;
      this.#follower = this.#newFollower(this.#follower.hasJoined ? this.#follower.epoch : null);
    }
    this.#step({ event: 'tick' });
    if (this.#isUnanswered) void this.#askEnd();
  }

  #step(event: FollowerEvent): void {
    if (this.#isOver) return;
    for (const effect of this.#follower.step(event, this.#parts.leaseMs())) this.#perform(effect);
  }

  #perform(effect: FollowerEffect): void {
    const { cache, presence } = this.#parts;
    switch (effect.effect) {
      case 'apply':
        this.#apply(effect.content);
        return;
      case 'purge all':
        cache.purgeHere({ kind: 'all' }, false);
        return;
      case 'ask end':
        void this.#askEnd();
        return;
      case 'ask entries':
        void this.#read();
        return;
      case 'ask to join':
        void this.#join();
        return;
      case 'acknowledge':
        presence.tell(this.#ack());
    }
  }

  #apply(content: PurgeEntry): void {
    const { cache } = this.#parts;
    const { id, incarnation } = this.#self;
    if (content.entry === 'purge') for (const target of content.targets) cache.purgeHere(target, content.isSoft);
    // What this node has told itself is in force since then, and what it has stored meanwhile is newer.
    else if (content.entry === 'change' && (content.id !== id || content.incarnation !== incarnation))
      for (const url of content.urls) cache.changeHere(url);
  }

  /** What clients have changed by this node, for the others. */
  tellChanged(urls: readonly ChangedUrl[]): Promise<Appended> {
    return this.#parts.log.append(MEMBER, memberBytes({ entry: 'change', ...this.#self, urls }));
  }

  #ack(): PurgeAck {
    return { kind: 'purge.ack', ...this.#self, epoch: this.#follower.epoch, log: this.#sight.identity };
  }

  async #askEnd(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const [follower, askedAtMs, known] = [this.#follower, this.#parts.leaseMs(), this.#follower.known];
    const bounds = await this.#parts.log.bounds();
    this.#isAsking = false;
    if (this.#isOver || follower !== this.#follower) return;
    this.#isUnanswered = bounds === null;
    if (bounds === null) return;
    const { first, last, identity, agoMs = 0 } = bounds;
    if (!this.#sight.isSameBy(identity, last, known)) this.#beginAnew();
    else this.#step({ event: 'end', askedAtMs: askedAtMs - agoMs, last, first });
  }

  /** Its numbers say nothing of what is stored here. */
  #beginAnew(): void {
    this.#begunAnew += 1;
    this.#sight = new LogSight();
    this.#follower = this.#newFollower(null);
    // What is being asked was asked of the one before.
    this.#isUnanswered = true;
    this.#step({ event: 'tick' });
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const follower = this.#follower;
    for (;;) {
      const before = follower.epoch;
      const records = await this.#parts.log.read(before + 1, READ_AT_ONCE);
      if (this.#isOver || follower !== this.#follower) break;
      for (const record of records ?? []) this.#take(record);
      // What the log has given up is told with its end.
      if (follower !== this.#follower || follower.epoch === before || follower.epoch >= follower.known) break;
    }
    this.#isReading = false;
  }

  #take(record: LogRecord): void {
    if (this.#isOver) return;
    if (!this.#sight.isSameEntry(record.number, record.bytes)) {
      this.#beginAnew();
      return;
    }
    const { content, fate } = readEntry(record, this.#parts.trust);
    if (fate !== 'read') this.#refused += 1;
    const { number } = record;
    this.#step({ event: 'entry', number, content });
    if (number > this.#follower.epoch) void this.#read();
  }

  async #join(): Promise<void> {
    if (this.#isJoining) return;
    this.#isJoining = true;
    await this.#append({ entry: 'join', ...this.#self });
    this.#isJoining = false;
  }

  async #append(content: PurgeEntry): Promise<void> {
    const appended = await this.#parts.log.append(MEMBER, memberBytes(content));
    // It is not told by the log alone: that may be missed.
    if (appended.ok) this.#step({ event: 'known', number: appended.number });
    if (appended.ok && appended.number > this.#follower.epoch) void this.#read();
  }

  /** Control has not heard this node acknowledge a number: perhaps that was lost, perhaps the entry. */
  #whereItIs(question: Uint8Array): Uint8Array {
    const decoded = decodeMessage(question);
    const asked = decoded.ok && decoded.message.kind === 'purge.ack' ? decoded.message : null;
    // Not taken for known: whoever asks is believed no more than any member.
    if (asked !== null && asked.epoch > this.#follower.epoch) void this.#read();
    return encodeMessage(this.#ack());
  }

  async #tellShared(bytes: Uint8Array): Promise<SharedAnswer> {
    const { cache, trust } = this.#parts;
    const { content, fate } = readEntry({ writer: ORDER, bytes }, trust);
    if (fate !== 'read' || content.entry !== 'purge') return 'refused';
    const told = cache.purgeShared(content.targets, content.isSoft);
    if (told === null) return 'none';
    return (await told) ? 'told' : 'untold';
  }
}
