/**
 * What this control has seen of the nodes since a stage began: who is there, what each reports of snapshots, whose process ended
 * without a word. Owns the reports.
 */
import type { MemberView } from '@weir/proto/cluster/member.js';
import { FORGET_MS } from '@weir/proto/cluster/membership.js';
import { believedIntervalMs, membersMax } from '@weir/proto/cluster/pace.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { Announcement } from '@weir/proto/events/announcement.js';
import type { SnapshotReport } from '@weir/proto/events/snapshot-report.js';
import { hostOf, sightsOf } from '../rollout/hosts.js';
import type { NodeSight } from '../rollout/progress.js';
import { askEach } from './ask-each.js';

const FORGET_EVERY_MS = 60_000;
/**
 * Nodes do not sign what they tell of themselves. They can be ahead of control only where control has lost its logs, by what was
 * announced until then: thousands at most. What is further ahead is believed of nobody, so no forged number uses up all
 * numbers: it would take 2²⁸ announcements, each of which control makes.
 */
export const AHEAD_MAX = 2 ** 20;

/** The latest numbers that control knows of by itself, from what is signed. */
export interface Known {
  readonly serial: number;
  readonly version: number;
}
/** So long nodes are listened to, at the least, before anything is made of what they run: two heartbeats, of which one may be lost. */
const LISTEN_MS = 2_500;

export class NodesSeen {
  /** The highest that a node has told of. */
  serial = 0;
  readonly #presence: Presence;
  readonly #known: () => Known;
  readonly #reports = new Map<string, SnapshotReport>();
  /** When each was heard. */
  readonly #heardAtMs = new Map<string, number>();
  #forgotAtMs = Number.NEGATIVE_INFINITY;
  readonly #sessions = new Map<string, number>();
  readonly #crashed = new Set<string>();
  readonly #ends: readonly (() => void)[];

  constructor(presence: Presence, onNews: () => void, known: () => Known) {
    this.#known = known;
    this.#presence = presence;
    this.#ends = [
      presence.hear('snapshot.report', (report) => {
        this.#take(report);
        onNews();
      }),
      presence.onChange((member, from) => {
        this.#change(member, from === 'left');
        onNews();
      }),
    ];
  }

  /** Another stage: what crashed before it is not its fault. */
  begin(): void {
    this.#crashed.clear();
  }

  sights(): readonly NodeSight[] {
    this.#forget();
    return sightsOf(this.#presence.members(), this.#reports, this.#crashed);
  }

  /** Ids of members that may be serving, with their hosts. */
  there(): readonly { readonly member: string; readonly host: string }[] {
    return this.#presence
      .members()
      .filter(
        ({ standing, heartbeat }) => heartbeat.role === 'node' && (standing === 'alive' || standing === 'suspect'),
      )
      .map(({ life }) => ({ member: life.id, host: hostOf(life.id, (id) => this.#reports.has(id)) }));
  }

  /** Whether a node has told that it follows another announcement of this serial, or a later one. */
  isOutrun({ serial, hash, canary }: Announcement): boolean {
    for (const report of this.#reports.values()) {
      if (report.serial > serial) return true;
      if (report.serial === serial && report.hash !== hash && report.hash !== canary?.hash) return true;
    }
    return false;
  }

  /** Has those hosts say once more what became of what they were told: a report may have been lost. */
  async ask(hosts: readonly string[]): Promise<void> {
    for await (const { message } of askEach(this.#presence, 'snapshot', hosts, (host) => host))
      if (message.kind === 'snapshot.report') this.#take(message);
  }

  /** The highest version that a node has in force, or has told of. */
  get version(): number {
    const versionMax = this.#known().version + AHEAD_MAX;
    const told = [
      ...this.#presence.members().map(({ heartbeat }) => heartbeat.snapshotVersion),
      ...[...this.#reports.values()].map((report) => report.version),
    ];
    return told.reduce((highest, version) => (version > versionMax ? highest : Math.max(highest, version)), 0);
  }

  /**
   * Whether each node that is there has told what it runs, by heartbeats that come as seldom as any of them states. Counted from when the bus
   * was connected: before that nothing could be heard.
   */
  hasListened(nowMs: number): boolean {
    const { isConnected, sinceMs } = this.#presence.bus.state();
    if (!isConnected) return false;
    const stated = this.#presence.members().map(({ heartbeat }) => believedIntervalMs(heartbeat.intervalMs));
    return nowMs - sinceMs >= stated.reduce((most, one) => Math.max(most, one), LISTEN_MS);
  }

  close(): void {
    for (const end of this.#ends) end();
  }

  #take(report: SnapshotReport): void {
    if (report.serial > this.#known().serial + AHEAD_MAX) return;
    this.serial = Math.max(this.serial, report.serial);
    // A report that was overtaken by a later one on its way says nothing.
    if (report.serial < (this.#reports.get(report.id)?.serial ?? 0)) return;
    if (this.#reports.size >= membersMax && !this.#reports.has(report.id)) return;
    this.#reports.set(report.id, report);
    this.#heardAtMs.set(report.id, this.#presence.clock.nowMs());
  }

  /** Hosts whose workers the membership has forgotten, or that never had one and are as long silent: they are not missed, nor listed. */
  #forget(): void {
    const nowMs = this.#presence.clock.nowMs();
    if (nowMs - this.#forgotAtMs < FORGET_EVERY_MS) return;
    this.#forgotAtMs = nowMs;
    const members = this.#presence.members().map(({ life }) => life.id);
    const there = new Set(members);
    for (const id of members) there.add(hostOf(id, (name) => this.#reports.has(name)));
    for (const [id, heardAtMs] of this.#heardAtMs)
      if (!there.has(id) && nowMs - heardAtMs > FORGET_MS) {
        this.#heardAtMs.delete(id);
        this.#reports.delete(id);
      }
    for (const id of this.#sessions.keys()) if (!there.has(id)) this.#sessions.delete(id);
    for (const id of this.#crashed) if (!there.has(id)) this.#crashed.delete(id);
  }

  #change({ life, standing, heartbeat }: MemberView, hasLeft: boolean): void {
    if (heartbeat.role !== 'node') return;
    const session = this.#sessions.get(life.id);
    if (session !== undefined && session !== life.session && !hasLeft) this.#crashed.add(life.id);
    if (standing === 'left') this.#sessions.delete(life.id);
    else if (this.#sessions.size < membersMax || session !== undefined) this.#sessions.set(life.id, life.session);
  }
}
