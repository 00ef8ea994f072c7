/**
 * Purges of a cluster, as control makes them: each is an entry of the purge log, and complete when all whom it must reach have
 * acknowledged it or can't serve any more (`proto/cluster/purge-round.ts` decides).
 *
 *   Redis is told ─▶ appended ─▶ log confirmed ─┐
 *                        └─▶ acknowledgements ──┴─▶ complete: who has obeyed, and when; who was missing is put out
 *
 * Where the log takes a purge right behind the last entry that is known, it is confirmed by that.
 *
 * Owns the rounds that are under way, and what was acknowledged last by whom.
 */
import type { BusClock } from '@weir/proto/bus/bus.js';
import type { Appended, SharedLog } from '@weir/proto/bus/shared-log.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import { type EntryTrust, ORDER, orderBytes } from '@weir/proto/cluster/purge-entries.js';
import { type Concerned, PurgeRound, type RoundVerdict, SAFE_MS } from '@weir/proto/cluster/purge-round.js';
import type { PurgeTarget } from '@weir/proto/events/cache.js';
import type { PurgeAck, PurgeEntry } from '@weir/proto/events/purge-log.js';
import { decodeMessage, encodeMessage } from '@weir/proto/events/wire.js';
import type { Signer } from '@weir/proto/signing/signed-frame.js';
import type { PurgeOutcome } from '../api/cache-api.js';
import { answerClientPurges } from './client-purges.js';
import { PurgeLedger } from './purge-ledger.js';
import { RedisTeller } from './purge-redis.js';

export interface PurgesParts {
  readonly presence: Presence;
  readonly log: SharedLog;
  readonly clock: BusClock;
  readonly trust: EntryTrust;
  /** Null: nothing is signed; see EntryTrust. */
  readonly signer: Signer | null;
  /** Whether nodes share what they store in Redis; null: they know. */
  readonly sharesInRedis: boolean | null;
  /** The log was made with this process. */
  readonly hasNoPast?: boolean;
}

export interface PurgesReading {
  /** Up to which number the log is known; 0: not at all. */
  readonly epoch: number;
  readonly underWay: number;
  readonly refused: number;
  readonly begunAnew: number;
}

/** At once; an operator's script that asks more than this has to wait for answers. */
export const PURGES_MAX = 256;
/** All leases from before have run out by then, and what is missing is known. */
export const PURGE_WITHIN_MS = SAFE_MS + 3_000;
const PURGE_QUESTION = 'purge';
const TICK_MS = 100;
/** Who has not acknowledged by then is asked, and again. */
const ASK_EVERY_MS = 250;
const ASK_WITHIN_MS = 1_000;
/** Each waits for its reply on a subscription, of which a bus has a thousand. */
const ASKED_AT_ONCE = 128;
const PUT_OUT_AT_ONCE = 32;
/** Who has not acknowledged by then is put out, so that its last lease ends soon after this purge, and no later one waits. */
const PUT_OUT_AFTER_MS = 2_000;
/** Lives whose latest acknowledgement is remembered; the oldest go. */
const ACKNOWLEDGED_MAX = 10_000;

interface UnderWay {
  readonly round: PurgeRound;
  readonly beganMs: number;
  /** Null: it was not told. */
  readonly redisMs: number | null;
  readonly appendedMs: number;
  /** Then it is answered, complete or not. */
  readonly untilMs: number;
  confirmedMs: number | null;
  /** The missing have been put out. */
  isPutOut: boolean;
  readonly settle: (outcome: PurgeOutcome) => void;
}

export class Purges {
  readonly #parts: PurgesParts;
  readonly #ledger: PurgeLedger;
  readonly #redis: RedisTeller;
  readonly #underWay = new Set<UnderWay>();
  readonly #acknowledged = new Map<string, PurgeAck & { readonly atMs: number }>();
  readonly #ends: readonly (() => void)[];
  /** Those that are missing now, and when each was asked last. */
  readonly #askedAtMs = new Map<string, number>();
  #asking = 0;
  #appending = 0;
  #count = 0;
  #cancelTick: (() => void) | null = null;

  constructor(parts: PurgesParts) {
    const { presence, log, trust, clock, hasNoPast = false } = parts;
    this.#parts = parts;
    this.#redis = new RedisTeller(presence);
    this.#ledger = new PurgeLedger({ log, trust, clock, hasNoPast, onNews: () => this.#onNews() });
    this.#ends = [presence.hear('purge.ack', (ack) => this.#heard(ack)), answerClientPurges(presence, this)];
  }

  /**
   * Never rejects, and takes no longer than `withinMs` and what Redis and the log take to be told. What is not complete by then goes on
   * in the nodes, and only its answer is that they are missing.
   */
  async purge(
    { targets, isSoft }: { readonly targets: readonly PurgeTarget[]; readonly isSoft: boolean },
    withinMs = PURGE_WITHIN_MS,
  ): Promise<PurgeOutcome> {
    if (this.#count >= PURGES_MAX) return missingAt('this control', `has ${PURGES_MAX} purges under way already`);
    this.#count += 1;
    try {
      return await this.#purge({ entry: 'purge', targets, isSoft }, Math.min(withinMs, PURGE_WITHIN_MS));
    } finally {
      this.#count -= 1;
    }
  }

  /** The processes of that name have ended, and what they had stored with them, as their supervisor knows: no purge waits for them. */
  async ended(id: string): Promise<void> {
    for (const life of this.#ledger.registry?.lives() ?? []) if (life.id === id) await this.#putOut(life, true);
  }

  reading(): PurgesReading {
    const { registry, refused, begunAnew } = this.#ledger;
    return { epoch: registry?.epoch ?? 0, underWay: this.#count, refused, begunAnew };
  }

  close(): void {
    for (const end of this.#ends) end();
    this.#ledger.close();
    this.#cancelTick?.();
    this.#failAll('this control', 'ends');
  }

  async #purge(entry: PurgeEntry, withinMs: number): Promise<PurgeOutcome> {
    const { clock, trust, signer, sharesInRedis } = this.#parts;
    const beganMs = clock.nowMs();
    // Right after the start it may not have been asked yet.
    if (this.#ledger.registry === null) await this.#ledger.confirm();
    const { registry } = this.#ledger;
    if (registry === null) return missingAt('the purge log', 'does not answer; nothing was purged');
    const bytes = orderBytes(entry, trust.cluster, signer);
    const telling = await this.#redis.tell(bytes, sharesInRedis);
    const redisMs = telling === 'told' ? clock.nowMs() : null;
    const { appended, isConfirmed } = await this.#append(bytes);
    if (!appended.ok) {
      const what = appended.why === 'uncertain' ? 'may have it or not; purge again' : 'does not have it';
      return missingAt('the purge log', `${what} (${appended.detail})`);
    }
    // It may have gone into the log before, whose numbers say nothing here.
    if (registry !== this.#ledger.registry) return missingAt('the purge log', BEGUN_ANEW);
    const round = new PurgeRound(appended.number, clock.nowMs(), registry);
    const confirmedMs = isConfirmed ? round.appendedMs : null;
    const outcome = await this.#gather(round, { beganMs, redisMs, confirmedMs, untilMs: beganMs + withinMs });
    if (typeof telling === 'string') return outcome;
    return { ...outcome, missing: [...outcome.missing, { node: 'redis', reason: telling.why }] };
  }

  async #append(bytes: Uint8Array): Promise<{ readonly appended: Appended; readonly isConfirmed: boolean }> {
    const { log } = this.#parts;
    // Behind others of this control, which are not known yet, it would not be the last.
    const end = this.#appending === 0 ? this.#ledger.end : null;
    this.#appending += 1;
    try {
      const behind = end === null ? null : await log.append(ORDER, bytes, end);
      if (behind !== null && (behind.ok || behind.why !== 'conflict'))
        return { appended: behind, isConfirmed: behind.ok };
      return { appended: await log.append(ORDER, bytes), isConfirmed: false };
    } finally {
      this.#appending -= 1;
    }
  }

  #gather(
    round: PurgeRound,
    times: Pick<UnderWay, 'beganMs' | 'redisMs' | 'confirmedMs' | 'untilMs'>,
  ): Promise<PurgeOutcome> {
    for (const { log, id, incarnation, epoch, atMs } of this.#acknowledged.values()) {
      if (log === this.#ledger.identity) round.acknowledge(id, incarnation, epoch, atMs);
    }
    const appendedMs = round.appendedMs;
    return new Promise((settle) => {
      const one: UnderWay = { round, ...times, appendedMs, isPutOut: false, settle };
      this.#underWay.add(one);
      if (one.confirmedMs === null) void this.#confirm(one);
      else this.#endIfDone(one);
      this.#cancelTick ??= this.#parts.clock.after(TICK_MS, () => this.#tick());
    });
  }

  /** A number says nothing when it is of another log than the one that is known. */
  async #confirm(one: UnderWay): Promise<void> {
    while (this.#underWay.has(one)) {
      const isSame = await this.#ledger.confirm();
      if (isSame === true) {
        one.confirmedMs = this.#parts.clock.nowMs();
        this.#endIfDone(one);
        return;
      }
      if (isSame === false) {
        this.#end(one, missingAt('the purge log', BEGUN_ANEW));
        return;
      }
      await new Promise<void>((resolve) => void this.#parts.clock.after(TICK_MS, resolve));
    }
  }

  #heard(ack: PurgeAck): void {
    const atMs = this.#parts.clock.nowMs();
    const key = `${ack.id} ${ack.incarnation}`;
    this.#acknowledged.delete(key);
    this.#acknowledged.set(key, { ...ack, atMs });
    if (this.#acknowledged.size > ACKNOWLEDGED_MAX) {
      for (const oldest of this.#acknowledged.keys()) {
        this.#acknowledged.delete(oldest);
        break;
      }
    }
    if (ack.log !== this.#ledger.identity) return;
    for (const one of this.#underWay) {
      one.round.acknowledge(ack.id, ack.incarnation, ack.epoch, atMs);
      this.#endIfDone(one);
    }
  }

  #onNews(): void {
    // A round is of one registry; what is known of another says nothing of whom it must reach.
    for (const one of this.#underWay) {
      if (one.round.isOf(this.#ledger.registry)) this.#endIfDone(one);
      else this.#end(one, missingAt('the purge log', BEGUN_ANEW));
    }
  }

  #tick(): void {
    this.#cancelTick = null;
    const nowMs = this.#parts.clock.nowMs();
    /** Those who are missing at purges that may wait no longer, with the latest of these. */
    const toAsk = new Map<string, number>();
    for (const one of this.#underWay) {
      if (this.#endIfDone(one)) continue;
      const verdict = one.round.verdict(nowMs);
      if (nowMs - one.appendedMs >= PUT_OUT_AFTER_MS) this.#putOutMissing(one, verdict);
      if (nowMs >= one.untilMs) this.#end(one, outcomeOf(one, verdict, nowMs));
      else if (nowMs - one.appendedMs >= ASK_EVERY_MS)
        for (const { id } of verdict.missing) toAsk.set(id, Math.max(toAsk.get(id) ?? 0, one.round.number));
    }
    this.#askMissing(toAsk, nowMs);
    if (this.#underWay.size > 0) this.#cancelTick = this.#parts.clock.after(TICK_MS, () => this.#tick());
  }

  /** Whether it is over. */
  #endIfDone(one: UnderWay): boolean {
    const nowMs = this.#parts.clock.nowMs();
    if (one.confirmedMs === null || !one.round.isComplete(nowMs)) return false;
    const verdict = one.round.verdict(nowMs);
    this.#end(one, outcomeOf(one, verdict, nowMs));
    this.#putOutMissing(one, verdict);
    return true;
  }

  #end(one: UnderWay, outcome: PurgeOutcome): void {
    if (this.#underWay.delete(one)) one.settle(outcome);
  }

  #failAll(node: string, reason: string): void {
    for (const one of this.#underWay) this.#end(one, missingAt(node, reason));
  }

  /** Its acknowledgement may be lost, or it has missed the entry. Once for all purges: one that has obeyed the latest has obeyed them all. */
  #askMissing(toAsk: ReadonlyMap<string, number>, nowMs: number): void {
    const { presence } = this.#parts;
    const { id, incarnation } = presence.life;
    const askedMs = (each: string): number => this.#askedAtMs.get(each) ?? Number.MIN_SAFE_INTEGER;
    // Whoever was asked longest ago comes first, so that many who are silent don't keep others from being asked.
    for (const [each, epoch] of [...toAsk].sort(([one], [other]) => askedMs(one) - askedMs(other))) {
      if (this.#asking >= ASKED_AT_ONCE || nowMs - askedMs(each) < ASK_EVERY_MS) break;
      const question: PurgeAck = { kind: 'purge.ack', id, incarnation, epoch, log: this.#ledger.identity };
      this.#askedAtMs.set(each, nowMs);
      this.#asking += 1;
      void presence.ask(each, PURGE_QUESTION, encodeMessage(question), ASK_WITHIN_MS).then((bytes) => {
        this.#asking -= 1;
        const decoded = bytes === null ? null : decodeMessage(bytes);
        if (decoded?.ok === true && decoded.message.kind === 'purge.ack') this.#heard(decoded.message);
      });
    }
    for (const each of this.#askedAtMs.keys()) if (!toAsk.has(each)) this.#askedAtMs.delete(each);
  }

  #putOutMissing(one: UnderWay, { missing }: RoundVerdict): void {
    if (one.isPutOut) return;
    one.isPutOut = true;
    const { registry } = this.#ledger;
    void this.#putOutAll(missing.filter(({ id, incarnation }) => registry?.takesPart(id, incarnation) === true));
  }

  /** A network that breaks takes many at once, and a log has so many places for questions. */
  async #putOutAll(gone: readonly Concerned[]): Promise<void> {
    for (let at = 0; at < gone.length; at += PUT_OUT_AT_ONCE)
      await Promise.all(gone.slice(at, at + PUT_OUT_AT_ONCE).map((each) => this.#putOut(each)));
  }

  /** When it is back it joins again, behind all that it was not waited for. Not repeated: the next purge does that. */
  async #putOut({ id, incarnation }: Pick<Concerned, 'id' | 'incarnation'>, isOwn = false): Promise<void> {
    const { log, trust, signer } = this.#parts;
    await log.append(ORDER, orderBytes({ entry: 'out', id, incarnation, isOwn }, trust.cluster, signer));
  }
}

const BEGUN_ANEW = 'was lost and begun anew meanwhile, or has given up what was not read yet; purge again';

function outcomeOf(
  { beganMs, redisMs, appendedMs, confirmedMs }: UnderWay,
  { isComplete, acknowledged, missing }: RoundVerdict,
  nowMs: number,
): PurgeOutcome {
  const beforeMs = appendedMs - beganMs;
  const steps = {
    redisMs: redisMs === null ? null : rounded(redisMs - beganMs),
    logMs: rounded(beforeMs),
    confirmedMs: confirmedMs === null ? null : rounded(confirmedMs - beganMs),
  };
  const obeyed = acknowledged.map(({ id, tookMs }) => ({ node: id, ms: rounded(Math.max(0, beforeMs + tookMs)) }));
  if (!isComplete) {
    const reason = 'has not acknowledged it, and may serve what it has stored until its lease ends';
    const named = missing.length === 0 ? [YET_UNKNOWN] : missing.map(({ id }) => ({ node: id, reason }));
    return { obeyed, missing: named, steps };
  }
  const lapsed = missing.map(({ id }) => ({ node: id, ms: rounded(nowMs - beganMs) }));
  return lapsed.length === 0 ? { obeyed, missing: [], steps } : { obeyed, missing: [], lapsed, steps };
}

/** Complete but for what must be known of the log. */
const YET_UNKNOWN = {
  node: 'the purge log',
  reason: 'does not answer, so it is not known whom this must reach; purge again',
};

function missingAt(node: string, reason: string): PurgeOutcome {
  return { obeyed: [], missing: [{ node, reason }] };
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100;
