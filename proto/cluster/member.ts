/** What is known of another member, and what of its streams has been heard. Written by `membership.ts` alone. Pure. */
import type { Heartbeat, Life, Stream } from '../events/membership.js';

/**
 *              silent for 3 intervals        for 6
 *      alive ─────────────────────▶ suspect ───────▶ dead        any newer heartbeat leads back to alive,
 *        │ ▲──────────────────────────┴───────────────┘          of the same life or of a later one
 *        └── leave ──▶ left                                      the end of that life; a later one begins alive
 */
export type MemberStanding = 'alive' | 'suspect' | 'dead' | 'left';

export interface MemberView {
  readonly life: Life;
  readonly standing: MemberStanding;
  /** Of the standing. */
  readonly sinceMs: number;
  readonly lastHeardMs: number;
  /** The latest, with role, load, versions and epochs. */
  readonly heartbeat: Heartbeat;
}

export class Member {
  life: Life;
  standing: MemberStanding = 'alive';
  sinceMs: number;
  lastHeardMs: number;
  heartbeat: Heartbeat;
  /** When it, or who pretends to be it, was last told that it is outdated. */
  toldOutdatedMs = Number.NEGATIVE_INFINITY;
  /** Number of the latest message of each stream, heard or known to be missed. */
  readonly heard: Record<Stream, number>;

  constructor(heartbeat: Heartbeat, nowMs: number) {
    const { id, incarnation, session } = heartbeat;
    this.life = { id, incarnation, session };
    this.sinceMs = nowMs;
    this.lastHeardMs = nowMs;
    this.heartbeat = heartbeat;
    // What was told before it was met is not missed: a newcomer asks for the state as a whole.
    this.heard = { ...heartbeat.told };
  }

  /** Of one stream, all up to `seq` are known to exist: returns the missed ones as from–to, or null. */
  hear(stream: Stream, seq: number, isItself: boolean): { readonly from: number; readonly to: number } | null {
    const before = this.heard[stream];
    if (seq <= before) return null;
    this.heard[stream] = seq;
    const to = isItself ? seq - 1 : seq;
    return to > before ? { from: before + 1, to } : null;
  }
}

export function isSameLife(one: Life, other: Life): boolean {
  return one.incarnation === other.incarnation && one.session === other.session;
}

/** Lives of one id have an order, in which the later one counts. */
export function isLater(life: Life, than: Life): boolean {
  return life.incarnation > than.incarnation;
}
