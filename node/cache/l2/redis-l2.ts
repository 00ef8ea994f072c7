/**
 * The second level of the cache in Redis, put together: what this node knows of Redis, which purges Redis has yet to hear
 * of, what waits to be written, and the two connections.
 *
 *   reads    look-ups, leases, and purges: what is asked behind a purge is answered behind it
 *   writes   bodies, so that none of them stands in the way of a look-up
 *
 * A new connection for reading is not used before Redis has been told of every purge that it does not know. So a node that
 * could not tell Redis of a purge reads nothing from it until it has. Likewise, it has heard of the purges of other nodes by then,
 * and asks for more of them as long as it is used.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { type CacheL2Spec, cacheL2Defaults } from '@weir/proto/snapshot/cache.js';
import { awayCure } from '../../redis/away-cure.js';
import { type Calls, GREET_WITHIN_MS, LinkError, RedisLink } from '../../redis/redis-link.js';
import type { Clock, Random, Timer, Timers } from '../../time/clock.js';
import type { CacheKey } from '../cache-key.js';
import type { PurgeTarget } from '../purge/marks.js';
import { randomToken, sha256 } from './digest.js';
import { Finder, type Finding } from './finder.js';
import { type Generation, placeOf, URL_PLACES } from './generations.js';
import { Heard, LOG_AT_ONCE, LOG_MAX, lineOf } from './heard.js';
import { keepForMs } from './keep-for.js';
import {
  type Following,
  HEARD_WITHIN_MS,
  type KeepOutcome,
  keepOutcomes,
  type L2,
  type L2Counts,
  type L2Found,
  type L2Offer,
  type LeaseOutcome,
  type SkipReason,
  skipReasons,
} from './l2.js';
import { Leases } from './leases.js';
import { readAdopted, readSince } from './look-reply.js';
import { Noticed } from './noticed.js';
import { type Notice, type PendingPurge, PendingPurges, type Waiter } from './pending-purges.js';
import { type RedisTime, redisTime } from './redis-time.js';
import { entryKey, LOG_KEY, leaseKey, MARKS_KEY, type ScriptName, scripts } from './scripts.js';
import { WriteQueue } from './write-queue.js';
import { Writer } from './writer.js';

export interface RedisL2Options {
  /** redis:// or rediss://, with what credentials it needs. */
  readonly url: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** Marks in Redis, of all nodes together: some 40 MiB there. One more, and they become one of everything. URLs alone are never that many. */
const MARKS_MAX = 100_000 + URL_PLACES;
const PREFIX_MARKS_MAX = 64;

/** No fetch that began before a change of its resource takes longer, so that nothing of it is stored afterwards. */
const FORGOTTEN_FOR_MS = 600_000;

/** Purges that are told at once; the others wait, and so do look-ups. */
const TOLD_AT_ONCE = 64;
const TELL_WITHIN_MS = 250;
const TELL_AGAIN_MS = 8;

/** How long a purge waits for Redis before it is said that it is yet to be told. */
const PURGE_WITHIN_MS = 500;

export function createRedisL2(options: RedisL2Options): L2 {
  return new RedisL2(options);
}

/** In a row; a connection that broke once is no news. */
const FAILURES_TOLD = 3;

class RedisL2 implements L2 {
  readonly #options: RedisL2Options;
  readonly #pending = new PendingPurges();
  readonly #queue = new WriteQueue({ bytes: 0, entries: 0 });
  readonly #reads: RedisLink<ScriptName>;
  readonly #writes: RedisLink<ScriptName>;
  readonly #finder: Finder;
  readonly #writer: Writer;
  readonly #leases: Leases;
  readonly #tellAgain: Timer;
  /** Of the latest snapshot that had one, and whether that in force has: none before the first. */
  #spec: CacheL2Spec = cacheL2Defaults;
  #isOn = false;
  #present: Generation | null = null;
  #time: RedisTime | null = null;
  /** Redis has told of a number that is behind one that it told before: its marks are not believed. */
  #hasFallenBack = false;
  readonly #noticed = new Noticed();
  readonly #self = randomToken();
  readonly #heard = new Heard(this.#self);
  readonly #hearAgain: Timer;
  #obey: (target: PurgeTarget, isSoft: boolean) => void = () => {};
  #toldNow = 0;
  readonly #counts = {
    ...{ hits: 0, misses: 0, purged: 0, broken: 0, followed: 0, follows: 0 },
    skipped: zeros(skipReasons),
    offers: zeros(keepOutcomes),
    leases: { leads: 0, follows: 0, alone: 0 },
  };

  constructor(options: RedisL2Options) {
    this.#options = options;
    const { clock, timers, random, url } = options;
    const spec = (): CacheL2Spec => this.#spec;
    this.#tellAgain = timers.create(() => this.#tell());
    this.#hearAgain = timers.create(() => this.#hearOn());
    const shared = { url, scripts, clock, timers, random };
    const greet = (calls: Calls<ScriptName>) => this.#greet(calls);
    const readWithinMs = (): number => this.#spec.readTimeoutMs;
    const writeWithinMs = (): number => this.#spec.writeTimeoutMs;
    // What was purged between the greeting and this moment.
    const onReady = (): void => {
      this.#tell();
      this.#hearAgain.arm(HEARD_WITHIN_MS);
    };
    this.#reads = new RedisLink({ ...shared, answerWithinMs: readWithinMs, greet, onReady });
    const resume = (): void => this.#writer.resume();
    this.#writes = new RedisLink({ ...shared, answerWithinMs: writeWithinMs, greet: async () => {}, onReady: resume });
    this.#finder = new Finder({
      ...{ calls: this.#reads, spec, clock, digest: sha256 },
      learn: (present, time) => this.#learn(present, time),
      onBroken: () => {
        this.#counts.broken += 1;
      },
    });
    this.#writer = new Writer({
      ...{ calls: this.#writes, queue: this.#queue, spec, clock, digest: sha256, token: randomToken },
      canWrite: () => this.#writes.isClosed,
      time: () => this.#time,
      onOutcome: (outcome, offer) => this.#ended(outcome, offer),
    });
    this.#leases = new Leases({
      ...{ calls: this.#reads, clock, timers, random, token: randomToken },
      ...{ spec: () => this.#spec.collapse, answerWithinMs: readWithinMs },
    });
  }

  use(spec: CacheL2Spec | null): void {
    this.#isOn = spec !== null;
    if (spec === null) {
      for (const offer of this.#queue.clear()) this.#ended('off', offer);
      return;
    }
    this.#spec = spec;
    this.#queue.limit({ bytes: spec.writeQueueBytes, entries: spec.writeQueueEntries });
  }

  get isReadable(): boolean {
    return this.#isOn && this.#reads.isClosed && this.#pending.waiting === 0;
  }

  generation(): Generation | null {
    return this.#present;
  }

  async find(key: CacheKey, headers: HeaderList): Promise<L2Found | null> {
    if (!this.isReadable) return this.#skip(this.#whyNotAsked());
    const since = this.#noticed.seq;
    try {
      return this.#outcomeOf(await this.#finder.find(key, headers), key, since);
    } catch (error) {
      return this.#skip(skipReasonOf(error));
    }
  }

  skip(): void {
    this.#skip(this.#whyNotAsked());
  }

  #whyNotAsked(): SkipReason {
    if (!this.#isOn) return 'off';
    if (!this.#reads.isClosed) return 'away';
    return this.#pending.waiting > 0 ? 'purges' : 'busy';
  }

  #outcomeOf(finding: Finding, key: CacheKey, since: number): L2Found | null {
    if (finding.kind === 'unusable') return this.#skip('unusable');
    if (finding.kind === 'found') {
      // Redis may have answered before it heard of it.
      if (this.#noticed.hasMeant(finding.found.subject, entryKey(sha256(key)), since, sha256))
        return this.#skip('purges');
      this.#counts.hits += 1;
      return finding.found;
    }
    if (finding.kind === 'purged') this.#counts.purged += 1;
    this.#counts.misses += 1;
    return null;
  }

  keep(offer: L2Offer): boolean {
    const { stored, body, generation } = offer;
    if (!this.#isOn) return this.#refuse('off', offer);
    const spec = this.#spec;
    const isFit =
      stored.part === null &&
      body.bytes <= spec.bodyBytesMax &&
      keepForMs(stored, this.#options.clock.nowMs(), spec.keepMaxS * 1000) > 0;
    if (!isFit || generation === null) return this.#refuse(isFit ? 'unknown' : 'unfit', offer);
    // What can't be written now would keep the other nodes waiting, though nothing can be found meanwhile.
    const { lease, ...unled } = offer;
    if (!this.#writes.isClosed) lease?.release(false);
    const replaced = this.#queue.add(this.#writes.isClosed ? offer : unled);
    if (replaced === 'refused') return this.#refuse('queue-full', offer);
    if (replaced !== null) this.#refuse('older', replaced);
    this.#writer.go();
    return true;
  }

  forget(key: CacheKey): void {
    this.#note({ kind: 'forget', key: entryKey(sha256(key)) });
  }

  purge(target: PurgeTarget, isSoft: boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isTold: boolean): void => {
        waiter.told = null;
        limit.cancel();
        resolve(isTold);
      };
      const waiter: Waiter = { told: () => end(true) };
      const limit = this.#options.timers.create(() => end(false));
      limit.arm(PURGE_WITHIN_MS);
      this.#note({ kind: 'mark', place: placeOf(target, sha256), target, isSoft }, waiter);
    });
  }

  hear(obey: (target: PurgeTarget, isSoft: boolean) => void): void {
    this.#obey = obey;
  }

  async lease(key: CacheKey): Promise<LeaseOutcome> {
    // A request that has waited in vain for a look-up does not wait for this as well, and who can't write leads nobody.
    const isOff = !this.isReadable || this.#reads.isDoubtful || !this.#writes.isClosed;
    const outcome: LeaseOutcome = isOff ? { kind: 'alone' } : await this.#leases.take(leaseKey(sha256(key)));
    this.#counts.leases[outcome.kind] += 1;
    return outcome;
  }

  follow(key: CacheKey, headers: HeaderList): Following {
    this.#counts.follows += 1;
    const find = async (): Promise<L2Found | null> => {
      const found = await this.find(key, headers);
      if (found !== null) this.#counts.followed += 1;
      return found;
    };
    return this.#leases.follow(leaseKey(sha256(key)), find);
  }

  counts(): L2Counts {
    return {
      ...this.#counts,
      isOn: this.#isOn,
      skipped: { ...this.#counts.skipped },
      offers: { ...this.#counts.offers },
      leases: { ...this.#counts.leases },
      queuedBytes: this.#queue.bytes,
      queuedEntries: this.#queue.entries,
      lates: this.#reads.lates + this.#writes.lates,
      drops: this.#reads.drops + this.#writes.drops,
      reads: this.#reads.state,
      writes: this.#writes.state,
      pendingPurges: this.#pending.size,
      purgeCollapses: this.#pending.collapses,
      heardPurges: this.#heard.obeyed,
      lostPurges: this.#heard.lost,
    };
  }

  warnings(): readonly string[] {
    const { failures, why } = this.#reads;
    if (failures < FAILURES_TOLD) return [];
    return [
      `Redis is away (${why || 'it does not answer'}); each node goes on with its own memory meanwhile; ${awayCure(why)}`,
    ];
  }

  close(): void {
    this.#leases.close();
    this.#queue.clear();
    this.#tellAgain.cancel();
    this.#hearAgain.cancel();
    this.#reads.close();
    this.#writes.close();
  }

  #skip(reason: SkipReason): null {
    this.#counts.skipped[reason] += 1;
    return null;
  }

  #refuse(outcome: KeepOutcome, offer: L2Offer): false {
    this.#ended(outcome, offer);
    return false;
  }

  #ended(outcome: KeepOutcome, { lease }: L2Offer): void {
    this.#counts.offers[outcome] += 1;
    // When it was kept, Redis has ended the lease in the same step.
    if (outcome === 'kept') lease?.stop();
    else lease?.release(false);
  }

  /** What an answer says of Redis. False: nothing in it counts, and Redis is asked from the beginning. */
  #learn(present: Generation | null, time: RedisTime): boolean {
    const known = this.#present;
    if (present !== null && known?.epoch === present.epoch && present.seq < known.seq) this.#hasFallenBack = true;
    if (present === null || this.#hasFallenBack) {
      this.#reads.distrust();
      return false;
    }
    this.#present = present;
    this.#time = time;
    return true;
  }

  async #greet(calls: Calls<ScriptName>): Promise<void> {
    const { clock } = this.#options;
    this.#pending.backAll();
    const sentAtMs = clock.nowMs();
    const isNotBelieved = this.#hasFallenBack;
    const args = [randomToken(), isNotBelieved ? 1 : 0];
    const adopted = readAdopted(await calls.script('adopt', [MARKS_KEY, LOG_KEY], args, GREET_WITHIN_MS));
    if (adopted === null) throw new LinkError('malformed');
    if (isNotBelieved) this.#hasFallenBack = false;
    const time = redisTime(adopted.redisMs, sentAtMs, clock.nowMs());
    if (!this.#learn(adopted.present, time)) throw new LinkError('malformed');
    await this.#hearAll(calls);
    while (this.#pending.waiting > 0) {
      await Promise.all(this.#pending.take(TOLD_AT_ONCE).map((pending) => this.#tellOne(calls, pending)));
    }
  }

  /** While the connection is used; on a new one it is done before. */
  #hearOn(): void {
    if (!this.#reads.isClosed) return;
    this.#hearAll(this.#reads).then(
      () => this.#hearAgain.arm(HEARD_WITHIN_MS),
      (error: unknown) => {
        if (error instanceof LinkError && error.problem === 'malformed') this.#reads.distrust();
        this.#hearAgain.arm(HEARD_WITHIN_MS);
      },
    );
  }

  async #hearAll(calls: Calls<ScriptName>): Promise<void> {
    for (let left = LOG_MAX / LOG_AT_ONCE; left > 0; left -= 1) {
      const { clock } = this.#options;
      const sentAtMs = clock.nowMs();
      const args = [this.#heard.known?.seq ?? '', LOG_AT_ONCE];
      const since = readSince(await calls.script('since', [MARKS_KEY, LOG_KEY], args, GREET_WITHIN_MS));
      const { present } = since ?? { present: null };
      if (since === null || present === null) throw new LinkError('malformed');
      if (!this.#learn(present, redisTime(since.redisMs, sentAtMs, clock.nowMs()))) throw new LinkError('malformed');
      for (const { target, isSoft } of this.#heard.take(present, since.lines)) this.#obey(target, isSoft);
      if (since.lines.length < LOG_AT_ONCE) return;
    }
  }

  #note(notice: Notice, waiter?: Waiter): void {
    this.#noticed.add(notice.kind === 'forget' ? notice : { kind: 'mark', place: notice.place });
    this.#pending.add(notice, waiter);
    this.#tell();
  }

  #tell(): void {
    if (!this.#reads.isClosed) return;
    for (const pending of this.#pending.take(TOLD_AT_ONCE - this.#toldNow)) {
      this.#toldNow += 1;
      this.#tellOne(this.#reads, pending).then(
        () => {
          this.#toldNow -= 1;
          this.#tell();
        },
        (error: unknown) => {
          this.#toldNow -= 1;
          this.#pending.back(pending);
          if (error instanceof LinkError && error.problem === 'busy') this.#tellAgain.arm(TELL_AGAIN_MS);
          // Nobody knows whether it was heard, so nothing is read before it was said again.
          else this.#reads.distrust();
        },
      );
    }
  }

  async #tellOne(calls: Calls<ScriptName>, pending: PendingPurge): Promise<void> {
    const seq = await this.#say(calls, pending.notice);
    this.#pending.done(pending);
    // Redis has no epoch: nothing that it has is valid, and the next look-up finds that out.
    if (typeof seq !== 'number' || seq === 0) return;
    if (this.#present !== null && seq > this.#present.seq) this.#present = { ...this.#present, seq };
  }

  #say(calls: Calls<ScriptName>, notice: Notice): Promise<unknown> {
    if (notice.kind === 'forget') {
      const args = [FORGOTTEN_FOR_MS, this.#self, LOG_MAX];
      return calls.script('forget', [MARKS_KEY, notice.key, LOG_KEY], args, TELL_WITHIN_MS);
    }
    const { place, isSoft } = notice;
    const { field, prefix } = place;
    const host = `h:${field.slice(2)}`;
    const of = prefix === null ? ['', '', ''] : [prefix.length, prefix.digest, host];
    const line = [this.#self, lineOf(notice), LOG_MAX];
    const args = [field, isSoft ? 1 : 0, MARKS_MAX, PREFIX_MARKS_MAX, ...of, ...line];
    return calls.script('mark', [MARKS_KEY, LOG_KEY], args, TELL_WITHIN_MS);
  }
}

function skipReasonOf(error: unknown): SkipReason {
  if (!(error instanceof LinkError)) return 'unusable';
  const { problem } = error;
  return problem === 'late' || problem === 'busy' || problem === 'away' ? problem : 'unusable';
}

const zeros = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>; // One of each name.
