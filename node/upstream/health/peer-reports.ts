/**
 * What other nodes say about targets, and what it is worth: a machine without clock or I/O. It keeps reports and judges;
 * what is done about a judgement is hearsay.ts's.
 *
 *   one report of somebody credible, not looked into yet       doubt     look for yourself, at the price of one attempt
 *   reports that weigh more than half of all nodes             out       for a time, without looking
 *   anything else                                              nothing
 *
 * A report weighs 1 at most, and it is weighed against all nodes, this one and those that say nothing included: so a minority
 * never puts a target out, whatever it says and however often. It weighs less the more of its targets the reporter calls
 * out, for then it is likely the reporter that is cut off; and half as much for each report of it that an attempt from
 * here has refuted of late. What was refuted counts no more. A report ends when it is taken back, when its time is over, or
 * with the life of the reporter.
 */
import type { HealthChange, OpinionKind } from '@weir/proto/events/health.js';
import { WARNING_MS } from './outlier.js';

export interface Report {
  readonly peer: string;
  readonly upstream: string;
  /** Null: the upstream as a whole; shown, and nothing is concluded from it. */
  readonly target: string | null;
  readonly kind: OpinionKind;
  readonly isOut: boolean;
  readonly seq: number;
  readonly heardAtMs: number;
  readonly untilMs: number;
  readonly reason: string;
  readonly evidence: HealthChange['evidence'];
  /** Its own sight, or what it has from others: that is a reason to look, and no voice. */
  readonly isOwn: boolean;
  /** Looked into from here, with whatever result: it is no reason to look again. */
  isSpent: boolean;
  /** An attempt from here has succeeded since. */
  isRefuted: boolean;
}

/** As a peer answers when it is asked. */
export interface PeerOut {
  readonly change: HealthChange;
  readonly forMs: number;
  readonly isOwn: boolean;
}

export interface Judgement {
  readonly says: 'nothing' | 'doubt' | 'out';
  /** Who calls it out, whether counted or not. */
  readonly by: readonly string[];
  /** Of those, together. */
  readonly weight: number;
  readonly reason: string;
  /** Only probes speak against it, so that a probe can answer. */
  readonly isByProbesAlone: boolean;
}

/** The cluster as it is known here when a judgement is made. */
export interface Voters {
  /** Nodes that it takes the majority of, this one and those included that have died of late. */
  readonly nodes: number;
  /** Targets of this node's configuration. */
  readonly targets: number;
  isThere(peer: string): boolean;
}

/** A report is about a moment: what is still true after this is told again. */
export const REPORT_MS_MAX = 60_000;
/** Behind the time for which something is out, the message's way. */
const GRACE_MS = 1_000;
/** Of all nodes together. At the bound the new one is dropped: what it is about will be found out here as well. */
export const reportsMax = 50_000;
/** Whose report weighs less is not looked into: two refuted ones of late are borne with. */
export const DOUBT_WEIGHT_MIN = 0.25;
/** Half of a refutation is forgotten in this time. */
export const FORGIVEN_MS = 60_000;

export const keyOf = (upstream: string, target: string | null): string => `${upstream} ${target ?? ''}`;

/** Of a target so many peers are remembered; they are more than it takes, and the next ones have a place when theirs is over. */
const WARNERS_MAX = 16;
/** As many failures of one peer count. */
const WARNED_MAX = 5;

/** Where a report is found. */
interface Place {
  readonly key: string;
  readonly name: string;
}

interface Reporter {
  /** All that it has told, those that it has taken back among them: when it is gone nobody looks through what others have told. */
  readonly told: Map<string, Place>;
  /** Keys of the targets that it calls out. */
  readonly outs: Map<string, number>;
  /** What it has told up to this number is part of a state that was heard as a whole, and comes late. */
  heardUpTo: number;
  refuted: number;
  refutedAtMs: number;
}

export class PeerReports {
  /** By target, then by peer and kind. */
  readonly #reports = new Map<string, Map<string, Report>>();
  readonly #reporters = new Map<string, Reporter>();
  readonly #max: number;
  /** Failures in a row that peers have met, by target and peer. */
  readonly #warnings = new Map<string, Map<string, { readonly failures: number; readonly untilMs: number }>>();
  #size = 0;
  dropped = 0;

  constructor(max = reportsMax) {
    this.#max = max;
  }

  /** False when it says nothing new. `seq` is the number of the message: of two about the same, the later counts. */
  hear(peer: string, change: HealthChange, seq: number, forMs: number, nowMs: number): boolean {
    const isLate = seq <= (this.#reporters.get(peer)?.heardUpTo ?? 0);
    return !isLate && this.#take(peer, change, seq, forMs, nowMs, true);
  }

  #take(peer: string, change: HealthChange, seq: number, forMs: number, nowMs: number, isOwn: boolean): boolean {
    const { upstream, target, kind, reason, evidence } = change;
    if (kind === 'peers' || change.to === 'trial') return false;
    const key = keyOf(upstream, target);
    const name = `${kind} ${peer}`;
    const before = this.#reports.get(key)?.get(name);
    if (before !== undefined && before.seq >= seq) return false;
    const isOut = change.to === 'out';
    const isKnownOut = before?.isOut === true && before.untilMs > nowMs;
    if (before === undefined && this.#size >= this.#max) {
      this.dropped += 1;
      return false;
    }
    // What is taken back is kept for a while as well, lest an older message that comes late revives it.
    const untilMs = nowMs + (isOut ? Math.min(Math.max(forMs, 0), REPORT_MS_MAX) + GRACE_MS : REPORT_MS_MAX);
    // A probe's opinion is told again for as long as it stands, and has been looked into once. A new ejection is news.
    const isRepeated = isOut && isKnownOut && kind === 'probe';
    const isSpent = isRepeated && before.isSpent;
    const isRefuted = isRepeated && before.isRefuted;
    const about = { peer, upstream, target, kind, reason, evidence, isOwn };
    if (before !== undefined) this.#remove(key, name, before);
    this.#add(key, name, { ...about, isOut, seq, heardAtMs: nowMs, untilMs, isSpent, isRefuted });
    return isOut || isKnownOut;
  }

  /**
   * It has met so many failures in a row, which need not be an opinion yet. Returns how many all have met together, by what
   * their words weigh.
   */
  warn(peer: string, key: string, failures: number, voters: Voters, nowMs: number): number {
    const warnings = this.#warnings.get(key) ?? new Map<string, { failures: number; untilMs: number }>();
    this.#warnings.set(key, warnings);
    let pooled = 0;
    if (warnings.size < WARNERS_MAX || warnings.has(peer))
      warnings.set(peer, { failures, untilMs: nowMs + WARNING_MS });
    for (const [from, warning] of warnings) {
      if (warning.untilMs <= nowMs || !voters.isThere(from)) warnings.delete(from);
      else pooled += Math.min(warning.failures, WARNED_MAX) * this.weightOf(from, voters, nowMs);
    }
    return pooled;
  }

  /**
   * All that this peer holds to be out, as of that number: what it has said before and is not among it is over. What is known
   * already stays as it was looked into. Returns the targets.
   */
  replace(peer: string, seq: number, outs: readonly PeerOut[], nowMs: number): string[] {
    // Only what it sees itself keeps what it has said before; what it has from others comes in place of that.
    const nameOf = (kind: OpinionKind, upstream: string, target: string | null) => `${kind} ${keyOf(upstream, target)}`;
    const own = outs.filter(({ isOwn }) => isOwn);
    const named = new Set(own.map(({ change: { kind, upstream, target } }) => nameOf(kind, upstream, target)));
    const keys = this.#removeOf(
      peer,
      (report) => report.seq <= seq && report.isOut && !named.has(nameOf(report.kind, report.upstream, report.target)),
    );
    for (const { change, forMs, isOwn } of outs) {
      const key = keyOf(change.upstream, change.target);
      const known = this.#reports.get(key)?.get(`${change.kind} ${peer}`);
      const isKnown = known?.isOut === true && known.untilMs > nowMs;
      if (!isKnown && this.#take(peer, change, seq, forMs, nowMs, isOwn)) keys.push(key);
    }
    const reporter = this.#reporterOf(peer);
    reporter.heardUpTo = Math.max(reporter.heardUpTo, seq);
    return [...new Set(keys)];
  }

  /** Its life is over, and what it believed with it. */
  forget(peer: string): string[] {
    const keys = this.#removeOf(peer, () => true);
    this.#reporters.delete(peer);
    return keys;
  }

  /** Ends what is over; returns the targets. */
  expire(nowMs: number): string[] {
    for (const [key, warnings] of this.#warnings)
      if ([...warnings.values()].every(({ untilMs }) => untilMs <= nowMs)) this.#warnings.delete(key);
    return this.#removeWhere((report) => report.untilMs <= nowMs);
  }

  retain(isKnown: (key: string) => boolean): void {
    this.#removeWhere((report) => !isKnown(keyOf(report.upstream, report.target)));
  }

  /** Those that call something out and are not over. */
  *standing(nowMs: number): Generator<Report> {
    for (const reports of this.#reports.values())
      for (const report of reports.values()) if (isStanding(report, nowMs)) yield report;
  }

  /** How many there are about a target, those that were taken back among them. */
  sizeOf(key: string): number {
    return this.#reports.get(key)?.size ?? 0;
  }

  hasProbeReport(key: string, nowMs: number): boolean {
    for (const report of this.#reports.get(key)?.values() ?? [])
      if (report.kind === 'probe' && isStanding(report, nowMs)) return true;
    return false;
  }

  weightOf(peer: string, { targets }: Pick<Voters, 'targets'>, nowMs: number): number {
    const reporter = this.#reporters.get(peer);
    if (reporter === undefined) return 1;
    const outShare = reporter.outs.size / Math.max(1, targets);
    return Math.min(1, Math.max(0, 2 * (1 - outShare))) * 0.5 ** this.#refutedOf(reporter, nowMs);
  }

  judge(key: string, voters: Voters, nowMs: number): Judgement {
    const weights = new Map<string, number>();
    const by = new Set<string>();
    let reason = '';
    let isNews = false;
    let isByProbesAlone = true;
    // Of a thousand nodes most have taken theirs back, and this is done with each that is heard.
    for (const report of this.#reports.get(key)?.values() ?? []) {
      const { peer, kind, isOwn, isRefuted, isSpent } = report;
      if (!isStanding(report, nowMs) || !voters.isThere(peer)) continue;
      by.add(peer);
      if (isRefuted) continue;
      const weight = this.weightOf(peer, voters, nowMs);
      if (isOwn) weights.set(peer, weight);
      if (kind !== 'probe') isByProbesAlone = false;
      if (!isSpent && weight >= DOUBT_WEIGHT_MIN) {
        isNews = true;
        reason = `${peer}: ${report.reason}`;
      } else if (reason === '') reason = `${peer}: ${report.reason}`;
    }
    let weight = 0;
    for (const each of weights.values()) weight += each;
    const says = weight > voters.nodes / 2 ? 'out' : isNews ? 'doubt' : 'nothing';
    return { says, by: [...by], weight, reason, isByProbesAlone };
  }

  /** What is said of it by now is being looked into. */
  spend(key: string, nowMs: number): void {
    for (const report of this.#outsOf(key, nowMs)) report.isSpent = true;
  }

  /** It was looked into, and what was said is not so as seen from here; `byProbe`: as far as probes go. */
  refute(key: string, byProbe: boolean, nowMs: number): void {
    for (const report of this.#outsOf(key, nowMs)) {
      if (report.isRefuted || (byProbe && report.kind !== 'probe')) continue;
      report.isRefuted = true;
      const reporter = this.#reporterOf(report.peer);
      reporter.refuted = this.#refutedOf(reporter, nowMs) + 1;
      reporter.refutedAtMs = nowMs;
    }
  }

  #refutedOf({ refuted, refutedAtMs }: Reporter, nowMs: number): number {
    return refuted === 0 ? 0 : refuted * 0.5 ** ((nowMs - refutedAtMs) / FORGIVEN_MS);
  }

  *#outsOf(key: string, nowMs: number): Generator<Report> {
    for (const report of this.#reports.get(key)?.values() ?? []) if (isStanding(report, nowMs)) yield report;
  }

  #reporterOf(peer: string): Reporter {
    let reporter = this.#reporters.get(peer);
    if (reporter === undefined) {
      reporter = { told: new Map(), outs: new Map(), heardUpTo: 0, refuted: 0, refutedAtMs: 0 };
      this.#reporters.set(peer, reporter);
    }
    return reporter;
  }

  #add(key: string, name: string, report: Report): void {
    const reports = this.#reports.get(key) ?? new Map<string, Report>();
    this.#reports.set(key, reports.set(name, report));
    this.#size += 1;
    const { told, outs } = this.#reporterOf(report.peer);
    told.set(`${name} ${key}`, { key, name });
    if (!report.isOut || report.target === null) return;
    outs.set(key, (outs.get(key) ?? 0) + 1);
  }

  #remove(key: string, name: string, report: Report): void {
    const reports = this.#reports.get(key);
    if (reports?.delete(name) !== true) return;
    this.#size -= 1;
    if (reports.size === 0) this.#reports.delete(key);
    const { told, outs } = this.#reporterOf(report.peer);
    told.delete(`${name} ${key}`);
    if (!report.isOut || report.target === null) return;
    const left = (outs.get(key) ?? 1) - 1;
    if (left === 0) outs.delete(key);
    else outs.set(key, left);
  }

  #removeOf(peer: string, isOver: (report: Report) => boolean): string[] {
    const keys = new Set<string>();
    for (const { key, name } of this.#reporters.get(peer)?.told.values() ?? []) {
      const report = this.#reports.get(key)?.get(name);
      if (report === undefined || !isOver(report)) continue;
      this.#remove(key, name, report);
      keys.add(key);
    }
    return [...keys];
  }

  #removeWhere(isOver: (report: Report) => boolean): string[] {
    const keys = new Set<string>();
    for (const [key, reports] of this.#reports) {
      for (const [name, report] of reports) {
        if (!isOver(report)) continue;
        this.#remove(key, name, report);
        keys.add(key);
      }
    }
    return [...keys];
  }
}

function isStanding({ isOut, untilMs }: Report, nowMs: number): boolean {
  return isOut && untilMs > nowMs;
}
