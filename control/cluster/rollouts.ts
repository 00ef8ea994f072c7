/**
 * Rolls out what the log of revisions says, together with any number of other controls: each runs this, and the log of rollouts
 * decides whose step counts. So a control that ends in the middle of anything is missed by nobody for longer than its turn.
 *
 *   revision ─▶ release (compiled, signed, stored) ─▶ record in the log ─▶ announcement ─▶ nodes
 *                                                      ▲                                    │ reports, heartbeats, traffic
 *                                                      └──────────── what is due ◀──────────┘
 *
 * Who has written a record goes on with it at once. Others wait for a turn of their own, in the order of their names, so that
 * they seldom do the same work; when they do, one of them is told of a conflict and reads what the other has done.
 * Owns when this control has learnt of a stage, and what it is about to do.
 */

import type { BlobShelf } from '@weir/proto/bus/blob-store.js';
import type { BusClock } from '@weir/proto/bus/bus.js';
import type { SharedLog } from '@weir/proto/bus/shared-log.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import type { RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import type { KeyRing } from '@weir/proto/signing/signed-frame.js';
import { SnapshotWriter } from '@weir/proto/snapshot/snapshot-writer.js';
import { type Due, isBaking, whatIsDue } from '../rollout/decide.js';
import { type NodeSight, progressOf } from '../rollout/progress.js';
import { type AskedRevision, isOf } from '../rollout/publishing.js';
import {
  type Author,
  finish,
  isOver,
  pause,
  promote,
  resume,
  rollBack,
  type Step,
  wanted,
  withPolicy,
} from '../rollout/rollout.js';
import { Announcer } from './announcer.js';
import { NodesSeen } from './nodes-seen.js';
import { away, type Compilation, notNow, type Obeyed, Publisher } from './publisher.js';
import type { RegistrySource, ReleaseParts, RevisionSource } from './release-maker.js';
import type { RolloutView } from './rollout-view.js';
import { type KeptEntry, SignedEntries } from './signed-entries.js';
import { SnapshotShelf } from './snapshot-shelf.js';
import { TrafficWatch } from './traffic-watch.js';
import { type Task, Turns } from './turns.js';

export interface RolloutsParts extends Omit<ReleaseParts, 'encode'> {
  readonly blobs: BlobShelf;
  readonly presence: Presence;
  readonly clock: BusClock;
  readonly wallMs: () => number;
  readonly rolloutLog: SharedLog;
  readonly announcementLog: SharedLog;
  readonly keys: KeyRing;
  readonly revisions: RevisionSource;
  /** What people manage; left out: there is no registry. */
  readonly registry?: RegistrySource;
  /** The latest record that an earlier process has known, and where the next ones are kept. */
  readonly kept: KeptEntry | null;
  readonly keep: (record: KeptEntry) => void;
  readonly say: (text: string) => void;
}

export type Command = 'start' | 'retry' | 'promote' | 'pause' | 'resume' | 'abort';

const TICK_MS = 250;
const SOON_MS = 10;
/** What was told by the log may have been missed, and is looked for so often. */
const REFRESH_MS = 2_000;
/** An announcement may have been missed by a node that was there; it is told again while one has not applied it. */
const RETELL_MS = 5_000;
/** What an earlier process has kept is put into an empty log so much later where nodes run something newer: others may know of that. */
const OUTDATED_TURNS = 24;
const TRIES = 5;
const BY_ITSELF = 'control';

export class Rollouts {
  readonly #parts: RolloutsParts;
  readonly #records: SignedEntries<RolloutRecord>;
  readonly #announcements;
  readonly #publisher: Publisher;
  readonly #shelf: SnapshotShelf;
  readonly #announcer: Announcer;
  readonly #seen: NodesSeen;
  readonly #traffic: TrafficWatch;
  readonly #listeners = new Set<() => void>();
  readonly #ends: (() => void)[] = [];
  /** The record that is looked at, when it was learnt of, and since when it bakes. */
  #stage: { readonly record: RolloutRecord; readonly atMs: number; bakingSinceMs: number | null } | null = null;
  readonly #turns = new Turns();
  #refreshedAtMs = Number.NEGATIVE_INFINITY;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #isBusy = false;
  #isWanted = false;
  #isOver = false;
  #cancelTick = (): void => {};

  constructor(parts: RolloutsParts) {
    const { presence, cluster, signer, keys } = parts;
    this.#parts = parts;
    const signed = { cluster, signer, keys };
    this.#records = new SignedEntries({
      ...{ ...signed, log: parts.rolloutLog, isBound: true, kept: parts.kept, keep: parts.keep },
      pick: (message) => (message.kind === 'rollout' ? message : null),
      meanwhile: () => this.#announcements.number,
    });
    this.#announcements = new SignedEntries({
      ...{ ...signed, log: parts.announcementLog, isBound: false },
      pick: (message) => (message.kind === 'snapshot' ? message : null),
    });
    this.#seen = new NodesSeen(
      presence,
      () => this.#wake(),
      () => ({
        serial: this.#announcements.latest()?.serial ?? 0,
        version: this.#records.latest()?.target.version ?? 0,
      }),
    );
    this.#traffic = new TrafficWatch(presence, this.#seen);
    this.#announcer = new Announcer({
      entries: this.#announcements,
      presence,
      wanted: async (announced) => {
        const isKnown = this.#records.latestSince === announced || (await this.#records.refresh());
        const record = this.#records.latest();
        return isKnown && record !== null ? wanted(record) : null;
      },
      serialSeen: () => this.#seen.serial,
      isOutrun: (latest) => this.#seen.isOutrun(latest),
    });
    const nowMs = (): number => this.#nowMs();
    const { blobs, say, clock } = parts;
    const writer = new SnapshotWriter();
    const pass = () => new Promise<void>((resolve) => void clock.after(0, resolve));
    this.#shelf = new SnapshotShelf({ blobs, say, nowMs, history: (max) => this.#records.history(max) });
    this.#publisher = new Publisher({
      ...{ ...parts, records: this.#records, blobs: this.#shelf, nowMs },
      encode: async (snapshot) => (await writer.write(snapshot, pass)).bytes,
      versionSeen: () => this.#seen.version,
      hasListened: () => this.#seen.hasListened(this.#nowMs()),
      candidates: () => this.#traffic.candidates(),
      author: (by) => this.#author(by),
      isMyTurn: (what, turnsMore) => this.#isMyTurn('publish', what, turnsMore),
      isMyTurnToRefresh: (what) => this.#isMyTurn('refresh', what),
    });
    this.#ends.push(
      this.#records.onChange(() => this.#learn()),
      // A server that was away may have lost what it had.
      presence.bus.onStateChange(() => this.#shelf.hurry()),
      parts.revisions.onChange(() => this.#wake()),
      parts.registry?.onChange(() => this.#wake()) ?? (() => {}),
    );
    this.#learn();
    this.#cancelTick = parts.clock.after(0, () => this.#tick());
  }

  /** The latest revision was appended here, so it is this control that publishes it. */
  own(revisionId: string): void {
    this.#publisher.own(revisionId);
    this.#wake();
  }

  record(): RolloutRecord | null {
    return this.#stage?.record ?? null;
  }

  compilation(): Compilation | null {
    return this.#publisher.compilation;
  }

  /** Whether what is rolled out is that revision, or one that took its place. */
  isOf(asked: AskedRevision): boolean {
    const { revisions } = this.#parts;
    const target = this.#stage?.record.target;
    const known = { current: revisions.current(), knows: (id: string) => revisions.knows(id) };
    return target !== undefined && isOf(target, asked, known);
  }

  history(max: number): Promise<readonly RolloutRecord[] | null> {
    return this.#records.history(max);
  }

  view(): RolloutView | null {
    if (this.#stage === null) return null;
    const { record, atMs } = this.#stage;
    const sights = this.#seen.sights();
    const nodes = progressOf(record, sights, this.#nowMs() - atMs);
    const due = this.#due(sights);
    return { record, nodes, waitsFor: due?.due === 'nothing' ? due.why : '', isOver: isOver(record) };
  }

  /** Called when a view may have changed. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** `start`: the revision in force, where nothing has rolled it out; `retry`: it was taken back, and is tried once more. */
  async command(command: Command, by: string): Promise<Obeyed> {
    if (command === 'start' || command === 'retry') return this.#publisher.start(by, command === 'retry');
    const steps = { promote, pause, resume, abort: rollBack };
    const words = { promote: 'promoted', pause: 'paused', resume: 'resumed', abort: 'aborted' };
    return this.#step((record) => steps[command](record, `${words[command]} by ${by}`, this.#author(by)));
  }

  /** How revisions are rolled out from now on; null: everywhere at once. */
  async setPolicy(plan: RolloutPlan | null, by: string): Promise<Obeyed> {
    return this.#step((record) => ({ ok: true, record: withPolicy(record, plan, this.#author(by)) }));
  }

  close(): void {
    this.#isOver = true;
    this.#cancelTick();
    for (const end of this.#ends) end();
    this.#seen.close();
    this.#records.close();
    this.#announcements.close();
    this.#listeners.clear();
  }

  #tick(): void {
    if (this.#isOver) return;
    this.#cancelTick = this.#parts.clock.after(TICK_MS, () => this.#tick());
    this.#wake();
  }

  /** One at a time; what happens meanwhile is seen to right after. */
  #wake(): void {
    if (this.#isOver) return;
    this.#isWanted = true;
    for (const listener of this.#listeners) listener();
    if (this.#isBusy) return;
    this.#isBusy = true;
    void this.#work()
      .catch((error: unknown) => this.#parts.say(`a rollout could not be looked at: ${String(error)}`))
      .finally(() => {
        this.#isBusy = false;
        // What came while it was at work for the last time need not wait for the next tick.
        if (this.#isWanted && !this.#isOver) this.#parts.clock.after(SOON_MS, () => this.#wake());
      });
  }

  async #work(): Promise<void> {
    // What wakes it once more while it works has changed what it looks at; more than twice can wait for a moment.
    for (let times = 0; this.#isWanted && times < 2 && !this.#isOver; times += 1) {
      this.#isWanted = false;
      if (this.#nowMs() - this.#refreshedAtMs >= REFRESH_MS) {
        if (!(await this.#records.refresh())) return;
        this.#refreshedAtMs = this.#nowMs();
      }
      await this.#publisher.publish();
      await this.#goOn();
    }
  }

  /** Announces what the latest record says, and does what is due. */
  async #goOn(): Promise<void> {
    if (this.#stage === null) return;
    const { record, atMs } = this.#stage;
    if (!this.#records.isInLog) {
      // Its server has lost the log: what is remembered is put there again, for those who come later.
      this.#shelf.hurry();
      const later = this.#seen.version > record.target.version ? OUTDATED_TURNS : 0;
      if (!this.#seen.hasListened(this.#nowMs()) || !this.#isMyTurn('remember', `${later}`, later)) return;
      await this.#records.append(record, this.#records.number);
      return;
    }
    void this.#shelf.look(record);
    const want = wanted(record);
    if (!this.#announcer.isAnnounced(want)) {
      if (
        record.control !== this.#parts.presence.life.id &&
        !this.#isMyTurn('announce', `${record.target.version} ${record.stage}`)
      )
        return;
      if (!(await this.#announcer.announce())) return;
      this.#toldAtMs = this.#nowMs();
    }
    const isTriedOut = record.stage === 'canary' || record.stage === 'paused';
    if (isTriedOut) void this.#traffic.look(this.#nowMs()).then(() => undefined);
    const sights = this.#seen.sights();
    const progress = progressOf(record, sights, this.#nowMs() - atMs);
    if (this.#stage?.record === record) {
      const isRunning = isTriedOut && isBaking(record, progress);
      this.#stage.bakingSinceMs = isRunning ? (this.#stage.bakingSinceMs ?? this.#nowMs()) : null;
    }
    const silent = progress.filter(({ state }) => state === 'waiting' || state === 'late').map(({ id }) => id);
    if (silent.length > 0 && this.#nowMs() - this.#toldAtMs >= RETELL_MS) {
      this.#toldAtMs = this.#nowMs();
      this.#announcer.tell();
      void this.#seen.ask(silent).then(() => this.#wake());
    }
    await this.#doWhatIsDue(record, sights);
  }

  async #doWhatIsDue(record: RolloutRecord, sights: readonly NodeSight[]): Promise<void> {
    const due = this.#due(sights);
    if (due === null || due.due === 'nothing') return;
    if (!this.#isMyTurn('step', `${due.due} ${record.target.version}`)) return;
    await this.#step((latest) => {
      // Another control may have been quicker, and then there is something else to be looked at.
      if (latest !== record) return { ok: false, why: 'it has moved on' };
      const author = this.#author(BY_ITSELF);
      if (due.due === 'promote') return promote(latest, due.why, author);
      if (due.due === 'finish') return finish(latest, due.why, author, due.missing);
      return rollBack(latest, due.why, author, due.missing);
    });
  }

  #due(nodes: readonly NodeSight[]): Due | null {
    if (this.#stage === null) return null;
    const { record, atMs, bakingSinceMs } = this.#stage;
    const nowMs = this.#nowMs();
    return whatIsDue(record, {
      nodes,
      waitedMs: nowMs - atMs,
      bakedMs: bakingSinceMs === null ? 0 : nowMs - bakingSinceMs,
      evidence: this.#traffic.evidence(record.canary),
    });
  }

  async #step(make: (record: RolloutRecord) => Step): Promise<Obeyed> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      // What was followed up to here is mostly the latest, and compare-and-set says where it is not.
      const isFollowed = tries === 0 && this.#records.isInLog;
      if (!isFollowed && !(await this.#records.refresh()))
        return away('the log of rollouts can’t be read now: is NATS away? weir status says it');
      const { number } = this.#records;
      const record = this.#records.latest();
      if (record === null) return notNow('nothing was ever rolled out');
      const step = make(record);
      if (!step.ok && isFollowed) continue;
      if (!step.ok) return notNow(step.why);
      const appended = await this.#records.append(step.record, number);
      if (appended.ok) return { ok: true, record: step.record };
      if (isFollowed && appended.why === 'away') continue;
      if (appended.why === 'away' || appended.why === 'refused') return away(appended.detail);
    }
    return away('others were quicker each time');
  }

  #learn(): void {
    const record = this.#records.latest();
    if (record === null || record === this.#stage?.record) return;
    const known = this.#stage;
    const atMs = this.#nowMs();
    this.#turns.forget();
    // A pause in a canary, and its end, are of the same stage: what was seen stays. So is another policy.
    const isSame =
      known !== null &&
      ((isTried(known.record) && isTried(record)) || known.record.stage === record.stage) &&
      known.record.target.hash === record.target.hash;
    this.#stage = isSame ? { ...known, record } : { record, atMs, bakingSinceMs: null };
    if (!isSame) {
      this.#seen.begin();
      this.#traffic.begin();
      if (isTried(record)) void this.#traffic.look(atMs);
    }
    this.#wake();
  }

  #isMyTurn(task: Task, what: string, turnsMore = 0): boolean {
    return this.#turns.isMine(task, what, this.#rank() + turnsMore, this.#nowMs());
  }

  #rank(): number {
    const { presence } = this.#parts;
    return presence
      .members()
      .filter(
        ({ life, standing, heartbeat }) =>
          heartbeat.role === 'control' && standing === 'alive' && life.id < presence.life.id,
      ).length;
  }

  #author(by: string): Author {
    return { by, control: this.#parts.presence.life.id, atWallMs: this.#parts.wallMs() };
  }

  #nowMs(): number {
    return this.#parts.clock.nowMs();
  }
}

function isTried({ stage }: RolloutRecord): boolean {
  return stage === 'canary' || stage === 'paused';
}
