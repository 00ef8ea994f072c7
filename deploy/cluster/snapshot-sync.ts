/**
 * Brings the workers of a host to what control announces, and says what became of it.
 *
 *            announcement: heard on the bus, or read at the end of its log
 *                 │  signature, serial, version (open-announced.ts)
 *                 ▼
 *      wanted ─▶ fetch ─▶ open, secrets ─▶ offer to all workers ─▶ in force, kept on disk ─▶ report: applied
 *        ▲         │ away   │ not what was announced   │ one refuses
 *        └─ later ─┴────────┴──────────────────────────┴─────────────────▶ report: fetching, or refused
 *
 * One is pursued at a time; a newer one takes its place. What was refused by workers is tried again only while they have
 * nothing to serve: another announcement is the way to go on. Owns what is followed, and what is in force.
 */
import type { BlobStore } from '@weir/proto/bus/blob-store.js';
import type { Bus, BusClock } from '@weir/proto/bus/bus.js';
import { getByDelta } from '@weir/proto/bus/delta-blobs.js';
import type { Subjects } from '@weir/proto/cluster/subjects.js';
import type { Announcement } from '@weir/proto/events/announcement.js';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import { reasonLengthMax, type SnapshotReport } from '@weir/proto/events/snapshot-report.js';
import { encodeMessage } from '@weir/proto/events/wire.js';
import { frameHeadBytes } from '@weir/proto/signing/signed-frame.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { SnapshotReader } from '@weir/proto/snapshot/snapshot-reader.js';
import type { Delivery } from '../up/supervisor.js';
import type { KeptSnapshot } from './kept-snapshot.js';
import {
  type Hearing,
  hearings,
  judge,
  type OpenedSnapshot,
  openAnnouncement,
  openingSnapshot,
  openSnapshot,
  type Trust,
} from './open-announced.js';

export interface SyncParts extends Trust {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly clock: BusClock;
  readonly random: () => number;
  readonly blobs: BlobStore;
  /** Offers it to all workers, and starts them first where there are none. Never rejects. */
  readonly deliver: (offer: SnapshotOffer, snapshot: Snapshot) => Promise<Delivery>;
  /** Never rejects. */
  readonly keep: (kept: KeptSnapshot) => Promise<void>;
  /** Sees to the secrets that it names; false: it can't be offered without some that are not to be had now. Left out: it names none. */
  readonly secretsFor?: (snapshot: Snapshot) => Promise<boolean>;
  readonly say: (text: string) => void;
}

interface Wanted {
  readonly announced: Announcement;
  /** As it was signed. */
  readonly frame: Uint8Array;
}

interface InForce extends Wanted {
  readonly snapshotFrame: Uint8Array;
  readonly offer: SnapshotOffer;
  readonly snapshot: Snapshot;
}

interface Fetched {
  readonly snapshotFrame: Uint8Array;
  readonly opened: OpenedSnapshot;
}

type Pursued = Pick<SnapshotReport, 'state' | 'reason'> & {
  /** To be tried again after a while that grows up to this; null: it is over. */
  readonly againMaxMs: number | null;
};

const AGAIN_FIRST_MS = 250;
/** What is away is looked for so often; what is wrong, or can't be run, less so. */
const AWAY_AGAIN_MAX_MS = 5_000;
const WRONG_AGAIN_MAX_MS = 30_000;

export class SnapshotSync {
  readonly counts: Readonly<Record<Hearing, number>>;
  /** How snapshots were had from the store. */
  readonly fetches = { whole: 0, delta: 0 };
  readonly #counts: Record<Hearing, number>;
  readonly #parts: SyncParts;
  readonly #reader = new SnapshotReader();
  #ends: readonly (() => void)[] = [];
  readonly #told = new Set<string>();
  #followed: Announcement | null = null;
  #wanted: Wanted | null = null;
  #inForce: InForce | null = null;
  #report: SnapshotReport | null = null;
  #isPursuing = false;
  /** Workers have applied late what nobody wants any more, and are to be given what is in force again. */
  #isAstray = false;
  #isOver = false;
  #kept: { readonly hash: string; readonly frame: Uint8Array } | null = null;
  #onReported = (): void => {};
  /** Written one after the other: all go to one file. */
  #keeping: Promise<void> = Promise.resolve();
  #wake = (): void => {};

  constructor(parts: SyncParts) {
    this.#parts = parts;
    // Each name has its count.
    this.#counts = Object.fromEntries(hearings.map((hearing) => [hearing, 0])) as Record<Hearing, number>;
    this.counts = this.#counts;
  }

  /** What runs here, null while nothing does. */
  get inForce(): { readonly announced: Announcement; readonly snapshot: Snapshot } | null {
    return this.#inForce;
  }

  get report(): SnapshotReport | null {
    return this.#report;
  }

  /**
   * Serves what was kept from an earlier run, and hears announcements from then on; what was told before is read from their log. Were
   * they heard sooner, what was kept would take the place of something newer, and both would be given to workers at once.
   * False: it does not serve yet, and what control announces is waited for.
   */
  async begin(kept: KeptSnapshot | null): Promise<boolean> {
    const isUsable = kept !== null && this.#goOnWith(kept);
    this.#listen();
    if (!isUsable) return false;
    // Pursued like any other, so what stands in its way (a port that another process is still giving up) is waited out.
    await new Promise<void>((resolve) => {
      this.#onReported = resolve;
      void this.#pursue();
    });
    return this.#inForce !== null;
  }

  #listen(): void {
    const { bus, subjects, id } = this.#parts;
    this.#ends = [
      bus.subscribe(subjects.all('snapshot'), ({ bytes }) => this.hear(bytes)),
      bus.subscribe(subjects.ask(id, 'snapshot'), ({ reply }) => {
        if (this.#report !== null) reply(encodeMessage(this.#report));
      }),
      // Whoever listens now may have missed it.
      bus.onStateChange(({ isConnected }) => {
        if (isConnected) this.#tell();
      }),
    ];
  }

  #goOnWith({ announcement: frame, snapshot: snapshotFrame }: KeptSnapshot): boolean {
    const { say } = this.#parts;
    const opened = openAnnouncement(frame, this.#parts);
    if (!opened.ok) {
      say(`the snapshot that was kept is not control's (${opened.why}); waiting for one`);
      return false;
    }
    const { announced } = opened;
    const found = openSnapshot(snapshotFrame, announced, this.#parts);
    if (!found.ok) {
      say(`the snapshot that was kept can't be used: ${found.reason}; waiting for another one`);
      return false;
    }
    this.#kept = { hash: announced.hash, frame: snapshotFrame };
    this.#followed = announced;
    this.#wanted = { announced, frame };
    return true;
  }

  /** An announcement, or what pretends to be one. Returns whether control has signed it. */
  hear(frame: Uint8Array): boolean {
    if (this.#isOver) return false;
    const opened = openAnnouncement(frame, this.#parts);
    const hearing = opened.ok ? judge(this.#followed, this.#inForce?.announced ?? null, opened.announced) : opened.why;
    this.#counts[hearing] += 1;
    if (!opened.ok || hearing !== 'followed') {
      // A control that tells again wants to know again.
      if (hearing === 'repeat') this.#tell();
      else this.#sayOnce(hearing, opened.ok ? opened.announced : null);
      return opened.ok;
    }
    this.#followed = opened.announced;
    this.#wanted = { announced: opened.announced, frame: new Uint8Array(frame) };
    this.#wake();
    if (!this.#isPursuing) void this.#pursue();
    return true;
  }

  /** Offers what is in force once more: its certificates were renewed, or secrets that it names. */
  async renew(): Promise<void> {
    const inForce = this.#inForce;
    if (inForce === null || this.#isPursuing) return;
    const delivery = await this.#parts.deliver(inForce.offer, inForce.snapshot);
    if (!delivery.ok) this.#parts.say(`what was renewed beside the snapshot is not in use: ${delivery.reason}`);
  }

  /** Resolves when what was in force is kept. */
  close(): Promise<void> {
    this.#isOver = true;
    this.#wake();
    for (const end of this.#ends) end();
    return this.#keeping;
  }

  async #pursue(): Promise<void> {
    this.#isPursuing = true;
    let tries = 0;
    for (let last: Wanted | null = null; this.#wanted !== null && !this.#isOver; ) {
      const wanted: Wanted = this.#wanted;
      tries = wanted === last ? tries + 1 : 0;
      last = wanted;
      const { state, reason, againMaxMs } = await this.#attempt(wanted);
      // A newer one has come meanwhile: nobody asks for this one any more, unless it is in force.
      if (this.#wanted !== wanted && state !== 'applied') continue;
      this.#reported(wanted.announced, state, reason);
      if (this.#wanted !== wanted) continue;
      if (againMaxMs === null) this.#wanted = null;
      else await this.#pause(Math.min(AGAIN_FIRST_MS * 2 ** Math.min(tries, 16), againMaxMs));
    }
    this.#isPursuing = false;
    if (this.#isAstray) await this.#comeBack();
  }

  /** What is in force to the workers that have left it. Tried until they run it, or something newer. */
  async #comeBack(): Promise<void> {
    this.#isPursuing = true;
    for (let tries = 0; this.#isAstray && this.#wanted === null && !this.#isOver; tries += 1) {
      const inForce = this.#inForce;
      if (inForce === null) break;
      this.#isAstray = false;
      const delivery = await this.#parts.deliver(inForce.offer, inForce.snapshot);
      if (delivery.ok) continue;
      this.#isAstray = true;
      const { version } = inForce.announced;
      if (tries === 0) this.#parts.say(`the workers are not back at snapshot ${version}: ${delivery.reason}`);
      if (this.#wanted === null)
        await this.#pause(Math.min(AGAIN_FIRST_MS * 2 ** Math.min(tries, 16), WRONG_AGAIN_MAX_MS));
    }
    this.#isPursuing = false;
    if (this.#wanted !== null && !this.#isOver) await this.#pursue();
  }

  async #attempt({ announced, frame }: Wanted): Promise<Pursued> {
    const before = this.#inForce;
    if (before !== null && before.announced.version === announced.version && before.announced.hash === announced.hash) {
      this.#become({ ...before, announced, frame });
      return done;
    }
    const fetched = await this.#fetch(announced);
    if (fetched === null)
      return { state: 'fetching', reason: 'it can not be had from the store now', againMaxMs: AWAY_AGAIN_MAX_MS };
    const { snapshotFrame, opened } = fetched;
    // Not by control's fault: what is stored may be mended.
    if (!opened.ok) return { state: 'refused', reason: opened.reason, againMaxMs: WRONG_AGAIN_MAX_MS };
    const { offer, snapshot } = opened;
    if ((await this.#parts.secretsFor?.(snapshot)) === false)
      return { state: 'fetching', reason: NO_SECRETS, againMaxMs: AWAY_AGAIN_MAX_MS };
    const next: InForce = { announced, frame, snapshotFrame, offer, snapshot };
    const delivery = await this.#parts.deliver(offer, snapshot);
    if (delivery.ok) {
      this.#isAstray = false;
      this.#become(next);
      return done;
    }
    void delivery.late?.then((isApplied) => (isApplied ? this.#appliedLate(next) : undefined));
    const againMaxMs = before === null && this.#inForce === null ? WRONG_AGAIN_MAX_MS : null;
    return { state: 'refused', reason: delivery.reason, againMaxMs };
  }

  /** From what was kept, or made of what is in force where control has stored a delta, or whole. */
  async #fetch(announced: Announcement): Promise<Fetched | null> {
    const { blobs } = this.#parts;
    const { hash, sizeBytes } = announced;
    if (this.#kept?.hash === hash) return this.#opened(this.#kept.frame, announced);
    const base = this.#inForce;
    if (base !== null) {
      const blob = { name: base.announced.hash, bytes: base.snapshotFrame };
      const made = await getByDelta(blobs, hash, blob, sizeBytes + frameHeadBytes);
      const fetched = made === null ? null : await this.#opened(made, announced);
      if (fetched?.opened.ok === true) {
        this.fetches.delta += 1;
        return fetched;
      }
    }
    const whole = await blobs.get(hash);
    if (whole === null) return null;
    this.fetches.whole += 1;
    return this.#opened(whole, announced);
  }

  /** Of what is as it was in the one before nothing is decoded again. */
  async #opened(snapshotFrame: Uint8Array, announced: Announcement): Promise<Fetched> {
    const read = (bytes: Uint8Array) => this.#reader.read(bytes, () => this.#pass());
    return { snapshotFrame, opened: await openingSnapshot(snapshotFrame, announced, this.#parts, read) };
  }

  /** Reported without waiting for the disk: who starts without the latest reads the log of announcements, or is behind. */
  #become(next: InForce): void {
    this.#inForce = next;
    this.#kept = null;
    this.#told.clear();
    const kept = { announcement: next.frame, snapshot: next.snapshotFrame };
    this.#keeping = this.#keeping.then(() => this.#parts.keep(kept));
  }

  /** The workers run it, whatever was reported. Where something else was announced since, they are to leave it again. */
  #appliedLate(next: InForce): void {
    if (this.#followed !== next.announced) {
      this.#isAstray = true;
      if (!this.#isPursuing && !this.#isOver) void this.#comeBack();
      return;
    }
    this.#become(next);
    this.#reported(next.announced, 'applied', '');
  }

  #reported({ serial, version, hash }: Announcement, state: SnapshotReport['state'], reason: string): void {
    const { id, say } = this.#parts;
    const before = this.#report;
    const told = reason.slice(0, reasonLengthMax);
    this.#report = { kind: 'snapshot.report', id, serial, version, hash, state, reason: told };
    this.#onReported();
    const isNews = before?.serial !== serial || before.state !== state || before.reason !== told;
    if (!isNews) return;
    if (state === 'applied') {
      if (before?.version !== version || before.state !== 'applied') say(`snapshot ${version} is in force`);
    } else say(`snapshot ${version} ${state === 'refused' ? 'is refused' : 'is waited for'}: ${told}`);
    this.#tell();
  }

  #tell(): void {
    const { bus, subjects } = this.#parts;
    if (this.#report !== null) bus.publish(subjects.all('snapshot.report'), encodeMessage(this.#report));
  }

  #pass(): Promise<void> {
    return new Promise((resolve) => void this.#parts.clock.after(0, resolve));
  }

  #pause(ms: number): Promise<void> {
    const { clock, random } = this.#parts;
    return new Promise((resolve) => {
      // Half of it is chance: a fleet does not come all at once.
      const cancel = clock.after(ms / 2 + (ms / 2) * random(), resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Once for each kind until the next snapshot is in force: whoever sends such things sends many. */
  #sayOnce(hearing: Hearing, announced: Announcement | null): void {
    if (this.#told.has(hearing)) return;
    this.#told.add(hearing);
    const what = announced === null ? '' : ` (serial ${announced.serial}, version ${announced.version})`;
    this.#parts.say(`an announcement is not followed${what}: ${notFollowed[hearing]}; more of them are only counted`);
  }
}

const NO_SECRETS = 'no control tells the secrets of teams that it names: is one with their key (--secret-key) there?';

const done: Pursued = { state: 'applied', reason: '', againMaxMs: null };

const notFollowed: Readonly<Record<Hearing, string>> = {
  followed: '',
  repeat: 'it is the one that was followed last',
  replay: 'it is older than what was followed',
  falls: 'it goes back to an older version without saying what it takes back',
  conflict: 'its number is taken by another one; two that sign with one key are not of one mind',
  malformed: 'it is no signed message',
  'unknown-version': 'it is of another release',
  'unknown-key': 'it is signed with a key that is not trusted here (--trust)',
  forged: 'its signature is wrong',
  nonsense: 'it is signed by control, and can not be read',
};
