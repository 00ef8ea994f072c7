/**
 * What the rules ask of a record: thresholds with their reasons, and the comparisons that more than one rule makes.
 * Pure, total: any record, however empty, gives facts.
 */
import type { TargetSeen, TimeoutRecord } from '@weir/proto/events/doctor.js';
import { isSafe } from '@weir/proto/http/methods.js';

/** A call that usually takes this long is too long to wait for on an open connection, whatever the limit. */
export const LONG_CALL_MS = 10_000;
/** Bodies from here on take seconds on a common line (16 MiB at 50 Mbit/s: 2.7 s). */
export const BIG_BODY_BYTES = 16 * 1024 * 1024;
/** Fewer answers than this are no "usually". */
export const ANSWERS_MIN = 10;
/** Attempts in flight at each target from which, nothing else being known, it has too much to do. */
const BUSY_PER_TARGET = 32;
/** As many times slower than it was: load, for nothing else in a server doubles by itself. */
const RISEN_FACTOR = 2;
/** Latencies below this are noise, however much they have risen. */
const RISEN_MIN_MS = 20;
/** A peer that a timer cuts less often than this is well. */
const WELL_TIMEOUT_SHARE = 0.1;
const PEER_ANSWERS_MIN = 5;
/** A target is worse than its peers when this many times as much of it is cut, or it takes that many times as long. */
const WORSE_FACTOR = 3;
const WORSE_SHARE_MIN = 0.1;
const WORSE_CUTS_MIN = 2;
/** One attempt that nobody has answered meanwhile says little where few are made. */
const STOPPED_CUTS_MIN = 2;
/**
 * The event loop: that it stood still at some time lately explains nothing. A timer that fired late by a quarter of its
 * limit does, for then the answer may have waited as long; so does a loop that never rests and is late again and again.
 */
const LOOP_DELAY_MIN_MS = 50;
const LOOP_LATE_SHARE = 0.25;
const LOOP_BUSY_SHARE = 0.95;
/** Timers whose time is counted anew with each piece, or is not ours: how late they fired is not known. */
const WITHOUT_LATENESS: ReadonlySet<string> = new Set(['send', 'idle', 'client']);
/** Statuses by which a server says that it has too much to do (RFC 9110 §15.6.4, RFC 6585 §4). */
const SAYS_BUSY: ReadonlySet<number> = new Set([429, 503]);

export interface Facts {
  readonly record: TimeoutRecord;
  /** Our own event loop was late enough to explain it. */
  readonly loopLate: boolean;
  /** One target is slow, while its peers answer others in the meantime. */
  readonly oneTarget: boolean;
  /** It has answered before, and now nobody: what has too much to do answers somebody all the time. */
  readonly stoppedAnswering: boolean;
  /** Of the attempts at all targets lately, those that a timer cut. */
  readonly cutShare: number;
  readonly peersAnswered: number;
  readonly peersMeanMs: number;
  /** Answers take much longer than they took before, or hardly any come any more. */
  readonly risen: boolean;
  /** So much is in flight at each target that it may be too much. */
  readonly busy: boolean;
  /** The answer's usual first byte, and its usual whole; 0 where too few were seen. */
  readonly usualFirstByteMs: number;
  readonly usualTotalMs: number;
  /** The slow end: 95 of 100 answers begin sooner; 0 where too few were seen. */
  readonly slowFirstByteMs: number;
  readonly answers: number;
  /** Phases that are spent on the way rather than in the server: connect and tls. */
  readonly wayMs: number;
  readonly saysBusy: number;
  readonly isSafe: boolean;
}

export function factsOf(record: TimeoutRecord): Facts {
  const { latency, targetState, peers, asked, attempts, node, limitMs } = record;
  const peersAnswered = sum(peers, ({ answered }) => answered);
  const peersTimedOut = sum(peers, ({ timedOut }) => timedOut);
  const peersShare = peersTimedOut / Math.max(1, peersAnswered + peersTimedOut);
  const peersMeanMs = sum(peers, ({ answered, meanMs }) => answered * meanMs) / Math.max(1, peersAnswered);
  // Now, or when the attempt began: of many that are cut together, the last one finds itself alone.
  const perTarget = asked === null ? 0 : Math.max(record.inFlightBefore, asked.inFlight / Math.max(1, asked.targets));
  const answers = latency.firstByte.now.count;
  const usualAt = answers >= ANSWERS_MIN ? latency.firstByte.now : latency.firstByte.before;
  const wholeAt = latency.total.now.count >= ANSWERS_MIN ? latency.total.now : latency.total.before;
  return {
    record,
    loopLate:
      node.loopDelayMs >= LOOP_DELAY_MIN_MS &&
      (firedLateMs(record) >= Math.max(LOOP_DELAY_MIN_MS, LOOP_LATE_SHARE * limitMs) ||
        node.loopBusy >= LOOP_BUSY_SHARE),
    oneTarget:
      peersAnswered >= PEER_ANSWERS_MIN &&
      peersShare <= WELL_TIMEOUT_SHARE &&
      areQuick(record, peersMeanMs) &&
      isWorse(targetState, peersShare, peersMeanMs),
    stoppedAnswering: perTarget < BUSY_PER_TARGET && usualAt.count >= ANSWERS_MIN && hasStopped(record, usualAt.p95Ms),
    cutShare: cutShareOf(targetState === null ? peers : [targetState, ...peers]),
    peersAnswered,
    peersMeanMs,
    risen: hasRisen(record),
    busy: perTarget >= BUSY_PER_TARGET,
    usualFirstByteMs: usualAt.count >= ANSWERS_MIN ? usualAt.p50Ms : 0,
    slowFirstByteMs: usualAt.count >= ANSWERS_MIN ? usualAt.p95Ms : 0,
    usualTotalMs: wholeAt.count >= ANSWERS_MIN ? wholeAt.p50Ms : 0,
    answers,
    wayMs: (record.phases['connect'] ?? 0) + (record.phases['tls'] ?? 0),
    saysBusy: attempts.find(({ status }) => SAYS_BUSY.has(status))?.status ?? 0,
    isSafe: isSafe(record.method),
  };
}

function firedLateMs({ kind, timer, elapsedMs, limitMs }: TimeoutRecord): number {
  return kind === 'fired' && limitMs > 0 && !WITHOUT_LATENESS.has(timer) ? elapsedMs - limitMs : 0;
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}

function cutShareOf(targets: readonly TargetSeen[]): number {
  const cut = sum(targets, ({ timedOut }) => timedOut);
  return cut / Math.max(1, cut + sum(targets, ({ answered }) => answered));
}

/** A target stands out when it is out, is cut clearly more often than its peers, or answers clearly later. */
function isWorse(target: TargetSeen | null, peersShare: number, peersMeanMs: number): boolean {
  if (target === null) return false;
  if (target.standing !== 'well') return true;
  const share = target.timedOut / Math.max(1, target.answered + target.timedOut);
  const isMore = target.timedOut >= WORSE_CUTS_MIN || target.answered === 0;
  if (isMore && share >= Math.max(WORSE_SHARE_MIN, WORSE_FACTOR * peersShare)) return true;
  const isLater = target.meanMs >= RISEN_MIN_MS && target.meanMs >= WORSE_FACTOR * peersMeanMs;
  return isLater && target.answered >= PEER_ANSWERS_MIN;
}

/** Peers that have become slow as well are no better, and only their turn to be cut has not come yet. */
function areQuick({ latency, limitMs }: TimeoutRecord, peersMeanMs: number): boolean {
  const { before } = latency.firstByte;
  if (limitMs > 0 && peersMeanMs > limitMs / 2) return false;
  return before.count < ANSWERS_MIN || peersMeanMs < Math.max(RISEN_MIN_MS, before.p95Ms, RISEN_FACTOR * before.p50Ms);
}

/** Nothing has come from it, or from any of its peers, for as long as this attempt has waited, which is unusually long. */
function hasStopped({ targetState, peers, elapsedMs, phases }: TimeoutRecord, usualMs: number): boolean {
  const silentMs = targetState?.silentMs ?? null;
  if (silentMs === null || (phases['firstByte'] ?? 0) <= 0) return false;
  if (usualMs > elapsedMs / 2 || (targetState?.cutInARow ?? 0) < STOPPED_CUTS_MIN) return false;
  return silentMs >= elapsedMs && peers.every((peer) => (peer.silentMs ?? elapsedMs) >= elapsedMs);
}

function hasRisen({ latency, targetState, peers, limitMs }: TimeoutRecord): boolean {
  const { now, before } = latency.firstByte;
  if (before.count < ANSWERS_MIN) return false;
  if (now.count >= ANSWERS_MIN) return now.p50Ms >= RISEN_MIN_MS && now.p50Ms >= RISEN_FACTOR * before.p50Ms;
  // Too few answers to compare: that is a rise, too, where most is cut that used to be answered in time.
  const all = targetState === null ? peers : [targetState, ...peers];
  const wasQuick = limitMs === 0 || before.p95Ms < limitMs / 2;
  return wasQuick && sum(all, ({ timedOut }) => timedOut) > sum(all, ({ answered }) => answered);
}
