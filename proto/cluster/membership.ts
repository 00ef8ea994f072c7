/**
 * Who is in the cluster, as one member sees it: a machine without clock or I/O. Events go in with their time, effects come
 * out, one driver performs them. Nodes and controls run the same one.
 *
 * Everybody hears everybody over the bus, so opinions are one's own and nobody gossips about others. Silence is judged by
 * missed heartbeats, each of which states when the next one is due. Phi accrual (Hayashibara et al., 2004) was weighed and not taken: it
 * learns the spread of arrivals, which here is next to none as long as all is well, and changes for everybody at once when
 * a server of the bus pauses; `detection.test.ts` has the figures.
 *
 * What can't be blamed on others isn't: while the bus is away, or this process did not run, no silence is counted; and
 * when several fall silent together, it is more likely this member that is cut off, so it waits three times as long.
 */

import { SERIAL_MAX } from '../events/guards.js';
import {
  type Heartbeat,
  type Leave,
  type Life,
  type Outdated,
  type Role,
  type Stream,
  streams,
  type Told,
} from '../events/membership.js';
import { isLater, isSameLife, Member, type MemberStanding, type MemberView } from './member.js';
import { believedIntervalMs, heartbeatIntervalMs, INTERVAL_MAX_MS, membersMax } from './pace.js';

export const SUSPECT_AFTER = 3;
export const DEAD_AFTER = 6;
/** Times as patient when all are silent. */
export const CUT_OFF_PATIENCE = 3;
/** The driver ticks so often; whatever is due is up to a tick late. */
export const TICK_MS = 250;
/** Dead and left ones are remembered for so long, so that late messages of theirs don't look like new members. */
export const FORGET_MS = 10 * 60_000;
/** A member whose id is used twice makes itself heard so often before it only tells of it. */
const RAISES_MAX = 3;

export interface OwnReport {
  readonly snapshotVersion: number;
  readonly loadPermille: number;
  readonly purgeEpoch: number;
  readonly told: Told;
}

export type MembershipEvent =
  | { readonly event: 'tick'; readonly own: OwnReport }
  | { readonly event: 'bus'; readonly isConnected: boolean }
  | { readonly event: 'heard'; readonly message: Heartbeat | Leave | Outdated }
  /** A message of a stream was heard, whatever was in it. */
  | { readonly event: 'streamed'; readonly id: string; readonly stream: Stream; readonly seq: number }
  | { readonly event: 'leave' };

export type MembershipEffect =
  | { readonly effect: 'publish'; readonly message: Heartbeat | Leave }
  | { readonly effect: 'tell'; readonly to: string; readonly message: Outdated }
  | { readonly effect: 'changed'; readonly member: MemberView; readonly from: MemberStanding | null }
  /** Messages that were missed, by their numbers: ask that member for the state. */
  | {
      readonly effect: 'missed';
      readonly id: string;
      readonly stream: Stream;
      readonly from: number;
      readonly to: number;
    }
  /** Another process says that it is this member. */
  | { readonly effect: 'duplicate'; readonly session: number }
  /** There are more members than may be; this one is not counted. */
  | { readonly effect: 'overfull'; readonly id: string };

export class Membership {
  readonly #members = new Map<string, Member>();
  readonly #role: Role;
  readonly #random: () => number;
  #life: Life;
  #seq = 0;
  #isConnected = false;
  #hasLeft = false;
  #raises = 0;
  #lastTickMs = Number.NaN;
  /** Nobody's silence is long enough for anything before this; heard are a hundred a second, and what is due moves away with each. */
  #judgeAtMs = Number.NEGATIVE_INFINITY;
  #nextHeartbeatMs = Number.NEGATIVE_INFINITY;

  /** `incarnation` should rise with each start, as wall milliseconds do; where it does not, the others say so. */
  constructor(life: Life, role: Role, random: () => number) {
    this.#life = life;
    this.#role = role;
    this.#random = random;
  }

  get life(): Life {
    return this.#life;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  members(): readonly MemberView[] {
    return [...this.#members.values()];
  }

  /** This one included: those that count when something is shared out. Suspects do, for they may be serving. */
  get size(): number {
    let size = 1;
    for (const { standing } of this.#members.values()) if (standing === 'alive' || standing === 'suspect') size += 1;
    return size;
  }

  step(event: MembershipEvent, nowMs: number): readonly MembershipEffect[] {
    const effects: MembershipEffect[] = [];
    if (this.#hasLeft) return effects;
    switch (event.event) {
      case 'tick':
        this.#tick(event.own, nowMs, effects);
        break;
      case 'bus':
        this.#isConnected = event.isConnected;
        // Heard of at once by those who have thought it dead; and what was silent meanwhile was not heard, which proves nothing.
        this.#nextHeartbeatMs = Number.NEGATIVE_INFINITY;
        break;
      case 'heard':
        if (event.message.kind === 'heartbeat') this.#heartbeat(event.message, nowMs, effects);
        else if (event.message.kind === 'leave') this.#leave(event.message, nowMs, effects);
        else this.#outdated(event.message, effects);
        break;
      case 'streamed':
        this.#streamed(event.id, event.stream, event.seq, true, effects);
        break;
      case 'leave':
        this.#hasLeft = true;
        effects.push({ effect: 'publish', message: { kind: 'leave', ...this.#life } });
    }
    return effects;
  }

  #tick(own: OwnReport, nowMs: number, effects: MembershipEffect[]): void {
    const elapsedMs = nowMs - this.#lastTickMs;
    this.#lastTickMs = nowMs;
    // Time in which this process could not hear is nobody's silence: a pause of its own, or the bus away.
    const deafMs = !this.#isConnected ? elapsedMs : elapsedMs > 2 * TICK_MS ? elapsedMs - TICK_MS : 0;
    if (deafMs > 0) for (const member of this.#members.values()) member.lastHeardMs += deafMs;
    if (!this.#isConnected) return;
    this.#judge(nowMs, effects);
    if (nowMs < this.#nextHeartbeatMs) return;
    const intervalMs = heartbeatIntervalMs(this.size);
    // Sooner than stated, never later; and by chance, or all would speak at once for ever.
    this.#nextHeartbeatMs = nowMs + intervalMs * (0.8 + 0.2 * this.#random()) - TICK_MS;
    this.#seq += 1;
    const message: Heartbeat = {
      kind: 'heartbeat',
      ...this.#life,
      role: this.#role,
      seq: this.#seq,
      intervalMs,
      ...own,
    };
    effects.push({ effect: 'publish', message });
  }

  #judge(nowMs: number, effects: MembershipEffect[]): void {
    if (nowMs < this.#judgeAtMs) return;
    this.#judgeAtMs = Number.POSITIVE_INFINITY;
    const patience = this.#isCutOff(nowMs) ? CUT_OFF_PATIENCE : 1;
    for (const [id, member] of this.#members) {
      const silentMs = nowMs - member.lastHeardMs;
      if (member.standing === 'dead' || member.standing === 'left') {
        if (nowMs - member.sinceMs > FORGET_MS) this.#members.delete(id);
        else this.#dueAt(member.sinceMs + FORGET_MS);
        continue;
      }
      const intervalMs = believedIntervalMs(member.heartbeat.intervalMs);
      const intervals = silentMs / intervalMs;
      if (intervals > DEAD_AFTER * patience) this.#change(member, 'dead', nowMs, effects);
      else if (intervals > SUSPECT_AFTER) this.#change(member, 'suspect', nowMs, effects);
      // Patience ends with the first that is heard, so it is not reckoned with.
      const isSuspect = member.standing !== 'alive';
      this.#dueAt(member.lastHeardMs + (isSuspect ? DEAD_AFTER : SUSPECT_AFTER) * intervalMs);
    }
  }

  #dueAt(atMs: number): void {
    this.#judgeAtMs = Math.min(this.#judgeAtMs, atMs);
  }

  /** Several others are there, and not one of them was heard in time. */
  #isCutOff(nowMs: number): boolean {
    let present = 0;
    for (const { standing, lastHeardMs, heartbeat } of this.#members.values()) {
      if (standing === 'dead' || standing === 'left') continue;
      if (nowMs - lastHeardMs <= SUSPECT_AFTER * believedIntervalMs(heartbeat.intervalMs)) return false;
      present += 1;
    }
    return present > 1;
  }

  #heartbeat(message: Heartbeat, nowMs: number, effects: MembershipEffect[]): void {
    if (message.id === this.#life.id) {
      this.#namesake(message, effects);
      return;
    }
    const known = this.#members.get(message.id);
    if (known === undefined || isLater(message, known.life)) {
      this.#meet(message, known, nowMs, effects);
      return;
    }
    if (!isSameLife(message, known.life)) {
      this.#tellOutdated(known, nowMs, effects);
      return;
    }
    // Doubled, or overtaken by a later one: no news. A life that has left does not come back.
    if (message.seq <= known.heartbeat.seq || known.standing === 'left') return;
    known.heartbeat = message;
    known.lastHeardMs = nowMs;
    this.#dueAt(nowMs + SUSPECT_AFTER * believedIntervalMs(message.intervalMs));
    this.#change(known, 'alive', nowMs, effects);
    for (const stream of streams) this.#note(known, stream, message.told[stream], false, effects);
  }

  #meet(message: Heartbeat, known: Member | undefined, nowMs: number, effects: MembershipEffect[]): void {
    if (known === undefined && this.#members.size >= membersMax && !this.#makeRoom()) {
      effects.push({ effect: 'overfull', id: message.id });
      return;
    }
    const member = new Member(message, nowMs);
    this.#members.set(message.id, member);
    this.#dueAt(nowMs + SUSPECT_AFTER * believedIntervalMs(message.intervalMs));
    effects.push({ effect: 'changed', member, from: known?.standing ?? null });
  }

  /** Forgets the one that has been gone for longest. */
  #makeRoom(): boolean {
    let oldest: Member | null = null;
    for (const member of this.#members.values()) {
      const isGone = member.standing === 'dead' || member.standing === 'left';
      if (isGone && (oldest === null || member.sinceMs < oldest.sinceMs)) oldest = member;
    }
    return oldest !== null && this.#members.delete(oldest.life.id);
  }

  #leave(message: Leave, nowMs: number, effects: MembershipEffect[]): void {
    const known = this.#members.get(message.id);
    if (known !== undefined && isSameLife(message, known.life)) this.#change(known, 'left', nowMs, effects);
  }

  /** Somebody speaks in this member's name: a message of its earlier life that was long on its way, or a second process. */
  #namesake(message: Heartbeat, effects: MembershipEffect[]): void {
    // Nor has this member told heartbeats that it has yet to count up to: whoever believes those hears it no more.
    const isForeign = message.session !== this.#life.session || message.seq > this.#seq;
    if (isForeign && !isLater(this.#life, message)) this.#raise(message, effects);
  }

  #outdated(message: Outdated, effects: MembershipEffect[]): void {
    if (message.id !== this.#life.id || message.session === this.#life.session) return;
    if (!isLater(this.#life, message)) this.#raise(message, effects);
  }

  #raise(above: Life, effects: MembershipEffect[]): void {
    // Above the highest there may be nobody can be: it is heard again when those who believe that life have forgotten it.
    if (this.#raises === RAISES_MAX || above.incarnation >= SERIAL_MAX) {
      effects.push({ effect: 'duplicate', session: above.session });
      return;
    }
    this.#raises += 1;
    this.#life = { ...this.#life, incarnation: above.incarnation + 1 };
    this.#nextHeartbeatMs = Number.NEGATIVE_INFINITY;
  }

  /** Once an interval: the one who must hear it may not have been there the first time. */
  #tellOutdated(known: Member, nowMs: number, effects: MembershipEffect[]): void {
    if (nowMs - known.toldOutdatedMs < believedIntervalMs(known.heartbeat.intervalMs)) return;
    known.toldOutdatedMs = nowMs;
    effects.push({ effect: 'tell', to: known.life.id, message: { kind: 'outdated', ...known.life } });
  }

  #streamed(id: string, stream: Stream, seq: number, isItself: boolean, effects: MembershipEffect[]): void {
    const member = this.#members.get(id);
    if (member !== undefined) this.#note(member, stream, seq, isItself, effects);
  }

  #note(member: Member, stream: Stream, seq: number, isItself: boolean, effects: MembershipEffect[]): void {
    const missed = member.hear(stream, seq, isItself);
    if (missed !== null) effects.push({ effect: 'missed', id: member.life.id, stream, ...missed });
  }

  #change(member: Member, to: MemberStanding, nowMs: number, effects: MembershipEffect[]): void {
    const from = member.standing;
    if (from === to) return;
    member.standing = to;
    member.sinceMs = nowMs;
    this.#dueAt(nowMs + FORGET_MS);
    effects.push({ effect: 'changed', member, from });
  }
}

/** From the last silence on, however the members' intervals differ, a view is right again within this time. */
export const CONVERGED_WITHIN_MS = DEAD_AFTER * CUT_OFF_PATIENCE * INTERVAL_MAX_MS;
