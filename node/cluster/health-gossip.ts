/**
 * Health among nodes: tells the others what this node finds out about targets, hears what they do, and shares the work of
 * probing with them. What is concluded is decided by `peer-reports.ts` and `hearsay.ts`; this drives them over a Presence.
 *
 *   own change ──▶ opinion ──▶ all                   opinion ──▶ reports ──▶ judgement ──▶ the target's hearsay
 *   missed, met again, or new ──▶ ask one ──▶ its state, in parts ──▶ reports
 *   members changed ──▶ who probes what
 *
 * Nothing here lies on the way of a request: a judgement is made when a message arrives, and picks read what it left behind.
 */

import type { MemberStanding, MemberView } from '@weir/proto/cluster/member.js';
import { OPINIONS_PER_S } from '@weir/proto/cluster/pace.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { HealthChange } from '@weir/proto/events/health.js';
import { outsMax, partsMax, type StandingOut } from '@weir/proto/events/health-state.js';
import type { Life } from '@weir/proto/events/membership.js';
import type { Opinion } from '@weir/proto/events/opinion.js';
import { encodeMessage } from '@weir/proto/events/wire.js';
import type { Clock, Timer, Timers } from '../time/clock.js';
import { keyOf, PeerReports, type Report, type Voters } from '../upstream/health/peer-reports.js';
import type { ProbeSwitch } from '../upstream/health/prober.js';
import { isProberOf, type Prober, proberOf } from '../upstream/health/probers.js';
import type { TargetHealth } from '../upstream/health/target-health.js';
import { forMsOf, OwnOuts } from './own-outs.js';
import { StateQuestions } from './state-questions.js';

/** What of an upstream takes part. */
export interface GossipUpstream {
  readonly spec: { readonly id: string };
  readonly targets: readonly GossipTarget[];
}

export interface GossipTarget {
  readonly upstreamId: string;
  readonly spec: { readonly id: string };
  readonly health: TargetHealth;
  readonly probes: ProbeSwitch | null;
}

export interface HealthGossipParts {
  readonly presence: Presence;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly timers: Timers;
  /** In use. */
  readonly upstreams: () => readonly GossipUpstream[];
  /** Left out but by simulations, which plant wrong ones. */
  readonly reports?: PeerReports;
}

export interface HealthGossipCounts {
  told: number;
  /** Not told, for so many were; others ask for them. */
  untold: number;
  heard: number;
  missed: number;
  asked: number;
  answered: number;
  confirmed: number;
  refuted: number;
  lapsed: number;
  /** Targets that a majority has put out here. */
  majorities: number;
  /** Failed attempts that it would have taken to find out alone. */
  failuresSpared: number;
}

interface KnownNode {
  readonly incarnation: number;
  readonly prober: Prober;
}

const TICK_MS = 1_000;
/** Probes' opinions are told again so often, well within the time for which a report is believed. */
const RETELL_MS = 20_000;
/** With more reports about a target than these, a further one is judged with the next look: it can only add to a majority. */
const JUDGED_AT_ONCE = 16;
/** What one has from others is believed for no longer than this. */
const PASSED_ON_MS = 5_000;
/** A node has not met all others before this, and may take a few for all: no majority is known to it. */
export const UNSETTLED_MS = 10_000;

export class HealthGossip {
  readonly counts: HealthGossipCounts = {
    ...{ told: 0, untold: 0, heard: 0, missed: 0, asked: 0, answered: 0 },
    ...{ confirmed: 0, refuted: 0, lapsed: 0, majorities: 0, failuresSpared: 0 },
  };
  readonly #parts: HealthGossipParts;
  readonly #reports: PeerReports;
  readonly #own = new OwnOuts();
  readonly #self: Prober;
  readonly #beganAtMs: number;
  readonly #tick: Timer;
  readonly #ends: (() => void)[] = [];
  /** By their keys, of the upstreams that were in use at the last look. */
  #targets = new Map<string, GossipTarget>();
  #upstreams: readonly GossipUpstream[] = [];
  /** Not looked at yet. */
  #areNew = false;
  /** Nodes that may be serving, this one included. */
  readonly #nodes = new Map<string, KnownNode>();
  /**
   * Those whose majority it takes to put a target out are the living and these: who is cut off with a few others must not take
   * them for the cluster.
   */
  readonly #dead = new Set<string>();
  #areProbesDue = false;
  #isConnected = true;
  /** Targets whose judgement waits for the next look. */
  readonly #toJudge = new Set<string>();
  readonly #questions: StateQuestions;
  #hasEnded = false;
  /** The same in a row, for each target is compared with all of them. */
  #probers: readonly Prober[] = [];
  /** Targets that others probe. */
  readonly #left = new Set<string>();
  #toldInSecond = 0;
  #retellAtMs = 0;

  constructor(parts: HealthGossipParts) {
    const { presence, timers } = parts;
    this.#parts = parts;
    this.#self = proberOf(presence.life.id);
    this.#beganAtMs = parts.clock.nowMs();
    this.#reports = parts.reports ?? new PeerReports();
    this.#questions = new StateQuestions({
      presence,
      isOfItsLife: (id, incarnation) => this.#isOfItsLife(id, incarnation),
      isThere: (id) => this.#nodes.has(id),
      onAsked: () => {
        this.counts.asked += 1;
      },
      onState: (id, seq, outs, isFirst) => this.#takeState(id, seq, outs, isFirst),
    });
    this.#tick = timers.create(() => this.#look());
    this.#ends.push(
      presence.hear('opinion', (opinion) => this.#hear(opinion)),
      presence.onMissed((id, stream) => {
        if (stream !== 'health') return;
        this.counts.missed += 1;
        this.#questions.ask(id);
      }),
      presence.onChange((member, from) => this.#onMember(member, from)),
      presence.answer('health', (question) => this.#answer(question)),
    );
    this.#note(presence.life, 'alive');
    for (const member of presence.members()) this.#onMember(member, null);
    this.#tick.arm(TICK_MS);
  }

  /** Targets that others probe in place of this node. */
  get probesLeft(): number {
    return this.#left.size;
  }

  /** This node has changed its mind, or warns of what it is about to. What it has from others is not told. */
  changed(change: HealthChange): void {
    if (this.#hasEnded || change.kind === 'peers') return;
    if (change.to === 'trial') {
      this.#tell(change);
      return;
    }
    this.#own.changed(change, this.#parts.clock.nowMs());
    this.#tell(change);
    // What its own probes have ended, others may go on with.
    const key = keyOf(change.upstream, change.target);
    // What others have said before was looked into by that.
    if (change.to === 'well') this.#reports.spend(key, this.#parts.clock.nowMs());
    const target = this.#targets.get(key);
    if (target !== undefined) this.#setProbes(key, target, this.#parts.clock.nowMs());
  }

  /**
   * Other upstreams may be in use: from now on it hears about those, and what is proved of them. In the turn of the swap, for what is heard of a
   * former target is lost. What comes of it for each is left to `refresh`.
   */
  follow(): void {
    const upstreams = this.#parts.upstreams();
    if (upstreams === this.#upstreams) return;
    this.#upstreams = upstreams;
    this.#areNew = true;
    const named = new Set<string>();
    this.#targets = new Map();
    for (const { spec, targets } of upstreams) {
      named.add(keyOf(spec.id, null));
      for (const target of targets) {
        const key = keyOf(spec.id, target.spec.id);
        named.add(key);
        this.#targets.set(key, target);
        target.health.onProof((proof, by, spared) => {
          this.counts[proof] += 1;
          this.counts.failuresSpared += spared;
          if (proof === 'refuted') this.#reports.refute(key, by === 'probe', this.#parts.clock.nowMs());
        });
      }
    }
    this.#reports.retain((key) => named.has(key));
    this.#toJudge.clear();
    this.#own.retain((key) => named.has(key));
  }

  /** Other upstreams may be in use: from now on it is about those. */
  refresh(): void {
    this.follow();
    if (!this.#areNew) return;
    this.#areNew = false;
    this.#shareProbes();
    for (const [key, { health, probes }] of this.#targets) {
      this.#judge(key);
      // The probe that looked into it ends with the former target.
      if (health.isCalledOut) probes?.hurry();
    }
  }

  /** What others call out, for people: a few, those that are counted first. */
  standing(max: number): Report[] {
    const all = [...this.#reports.standing(this.#parts.clock.nowMs())];
    return all.sort((a, b) => Number(a.isRefuted) - Number(b.isRefuted)).slice(0, max);
  }

  weightOf(peer: string): number {
    return this.#reports.weightOf(peer, { targets: this.#targets.size }, this.#parts.clock.nowMs());
  }

  get droppedReports(): number {
    return this.#reports.dropped;
  }

  end(): void {
    this.#hasEnded = true;
    this.#questions.end();
    this.#tick.cancel();
    for (const end of this.#ends) end();
  }

  #tell(change: HealthChange): void {
    const { presence } = this.#parts;
    // Numbered all the same: who hears the next one, or a heartbeat, knows that it has missed this and asks.
    const seq = presence.next('health');
    if (this.#toldInSecond >= OPINIONS_PER_S) {
      this.counts.untold += 1;
      return;
    }
    this.#toldInSecond += 1;
    this.counts.told += 1;
    const { id, incarnation } = presence.life;
    presence.tell({ kind: 'opinion', id, incarnation, seq, change });
  }

  #hear({ id, incarnation, seq, change }: Opinion): void {
    const key = keyOf(change.upstream, change.target);
    // Of an earlier life, or of one that has not been met; whoever is met is asked.
    if (id === this.#self.id || !this.#isOfItsLife(id, incarnation)) return;
    this.counts.heard += 1;
    // Of a configuration that this node does not have, or not yet.
    if (!this.#isNamed(change)) return;
    const nowMs = this.#parts.clock.nowMs();
    this.#pool(id, key, change, nowMs);
    if (!this.#reports.hear(id, change, seq, forMsOf(change), nowMs)) return;
    if (this.#reports.sizeOf(key) <= JUDGED_AT_ONCE) this.#judge(key);
    else this.#toJudge.add(key);
  }

  /** Failures in a row that others have met count together with this node's own. */
  #pool(id: string, key: string, { to, evidence }: HealthChange, nowMs: number): void {
    const failures = to === 'well' ? 0 : (evidence['failuresInARow'] ?? 0);
    if (failures <= 0) return;
    const pooled = this.#reports.warn(id, key, failures, this.#voters(nowMs), nowMs);
    this.#targets.get(key)?.health.pool(pooled, nowMs);
  }

  #voters(nowMs: number): Voters {
    return {
      nodes: nowMs - this.#beganAtMs < UNSETTLED_MS ? Number.POSITIVE_INFINITY : this.#nodes.size + this.#dead.size,
      targets: this.#targets.size,
      isThere: (peer) => this.#nodes.has(peer),
    };
  }

  #isOfItsLife(id: string, incarnation: number): boolean {
    return this.#nodes.get(id)?.incarnation === incarnation;
  }

  #isNamed({ upstream, target }: HealthChange): boolean {
    if (target !== null) return this.#targets.has(keyOf(upstream, target));
    return this.#upstreams.some(({ spec }) => spec.id === upstream);
  }

  #judge(key: string): void {
    const target = this.#targets.get(key);
    if (target === undefined) return;
    const nowMs = this.#parts.clock.nowMs();
    const judgement = this.#reports.judge(key, this.#voters(nowMs), nowMs);
    const begun = target.health.hear(judgement, nowMs);
    // Put off, where no other target is well or too many are called out.
    if (judgement.says !== 'nothing' && begun === null) this.#toJudge.add(key);
    else this.#toJudge.delete(key);
    if (begun !== null) this.#reports.spend(key, nowMs);
    if (begun === 'out') this.counts.majorities += 1;
    this.#setProbes(key, target, nowMs);
    if (begun !== null) target.probes?.hurry();
  }

  /** Once a second: what ends by time, what was put off, and other upstreams in use. */
  #look(): void {
    this.#tick.arm(TICK_MS);
    const nowMs = this.#parts.clock.nowMs();
    this.#toldInSecond = 0;
    this.refresh();
    this.#forgetDead();
    // Who hears nobody can leave nothing to others, though silence proves nothing about them.
    const { isConnected } = this.#parts.presence.bus.state();
    if (isConnected !== this.#isConnected) this.#areProbesDue = true;
    this.#isConnected = isConnected;
    if (this.#areProbesDue) this.#shareProbes();
    for (const key of this.#reports.expire(nowMs)) this.#judge(key);
    for (const target of this.#targets.values()) target.health.settle(nowMs);
    for (const key of [...this.#toJudge]) this.#judge(key);
    this.#questions.askAgain();
    if (nowMs < this.#retellAtMs) return;
    this.#retellAtMs = nowMs + RETELL_MS;
    for (const change of this.#own.ofProbes()) this.#tell(change);
  }

  #onMember({ life, heartbeat, standing }: MemberView, from: MemberStanding | null): void {
    if (heartbeat.role !== 'node') return;
    // A new life begins without the opinions of the one before; of one that is gone they end with it.
    const isGone = standing === 'dead' || standing === 'left';
    const isMet = standing === 'alive' && (from !== 'suspect' || !this.#isOfItsLife(life.id, life.incarnation));
    if (isGone || isMet) for (const key of this.#reports.forget(life.id)) this.#judge(key);
    this.#note(life, standing);
    // Whoever is new asks the first that it meets for all that is known; who comes later is asked if it has anything to say.
    if (isMet && (!this.#questions.isWarm || heartbeat.told.health > 0))
      this.#questions.ask(life.id, heartbeat.told.health === 0);
  }

  /** One by one: a newcomer meets a thousand in a second, and each is compared with each target. */
  #note({ id, incarnation }: Life, standing: MemberStanding): void {
    const known = this.#nodes.get(id);
    if (standing === 'dead') this.#dead.add(id);
    else this.#dead.delete(id);
    if (standing === 'dead' || standing === 'left') this.#nodes.delete(id);
    else this.#nodes.set(id, { incarnation, prober: known?.prober ?? proberOf(id) });
    this.#areProbesDue = true;
  }

  /** The dead are remembered by the membership for a while, and that is how long they count here. */
  #forgetDead(): void {
    if (this.#dead.size === 0) return;
    const members = new Set(this.#parts.presence.members().map(({ life }) => life.id));
    for (const id of this.#dead) if (!members.has(id)) this.#dead.delete(id);
  }

  #shareProbes(): void {
    const nowMs = this.#parts.clock.nowMs();
    this.#areProbesDue = false;
    this.#probers = [...this.#nodes.values()].map(({ prober }) => prober);
    this.#left.clear();
    for (const [key, target] of this.#targets) this.#setProbes(key, target, nowMs);
  }

  /** It probes what is its own to probe, what it has found out itself, and what others dispute. */
  #setProbes(key: string, { probes, health }: GossipTarget, nowMs: number): void {
    if (probes === null) return;
    const isOwn = !this.#isConnected || isProberOf(key, this.#self, this.#probers);
    const isOn = isOwn || health.isProbedOut || this.#reports.hasProbeReport(key, nowMs);
    if (isOn) this.#left.delete(key);
    else {
      this.#left.add(key);
      health.forgetProbes();
    }
    probes.set(isOn);
  }

  #takeState(id: string, seq: number, outs: readonly StandingOut[], isFirst: boolean): void {
    // What it has from others is its word as well, and no more than that. It is of use to who knows nothing yet, and for a
    // short time: nobody will take it back.
    const taken = outs
      .filter(({ change, isOwn }) => (isOwn || isFirst) && this.#isNamed(change))
      .map((out) => (out.isOwn ? out : { ...out, forMs: Math.min(out.forMs, PASSED_ON_MS) }));
    for (const key of this.#reports.replace(id, seq, taken, this.#parts.clock.nowMs())) this.#judge(key);
  }

  #answer(question: Uint8Array): Uint8Array | null {
    const [part] = question;
    if (question.length !== 1 || part === undefined || part >= partsMax) return null;
    this.counts.answered += 1;
    const { presence, clock } = this.#parts;
    const nowMs = clock.nowMs();
    const heard = this.#reports.standing(nowMs);
    const state = this.#own.state(presence.life, presence.toldOf('health'), part * outsMax, heard, nowMs);
    return encodeMessage(state);
  }
}
