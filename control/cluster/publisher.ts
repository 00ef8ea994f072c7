/**
 * Sees to it that the revision in force is what the latest record rolls out: makes a release of it, and a record behind the latest one.
 * Any control may do it at any time; the one that has appended the revision does so at once, and others when it has not.
 * Owns what became of the latest revision that was compiled here.
 */

import type { Fault } from '@weir/proto/config/faults.js';
import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import { isCanaryPlan } from '@weir/proto/events/rollout-plan.js';
import { publishingOf } from '../rollout/publishing.js';
import { inUse, isOlder } from '../rollout/registry-refresh.js';
import { type Author, atOnce, begin, type Candidate } from '../rollout/rollout.js';
import { RegistryRefresh } from './registry-refresh.js';
import {
  makeRelease,
  type RegistrySource,
  type ReleaseParts,
  type Revision,
  type RevisionSource,
} from './release-maker.js';
import type { SignedEntries } from './signed-entries.js';

/** What became of the latest revision that this control has compiled. */
export interface Compilation {
  readonly revision: number;
  readonly revisionId: string;
  readonly atWallMs: number;
  readonly state: 'published' | 'rejected' | 'waiting';
  /** While it waits: for what, in the words of whatever is away. */
  readonly waitsFor: string;
  readonly faults: readonly Fault[];
  readonly routes: readonly string[];
}

/** What became of what somebody wanted of a rollout. */
export type Obeyed =
  | { readonly ok: true; readonly record: RolloutRecord }
  | { readonly ok: false; readonly why: 'not now' | 'away'; readonly detail: string };

export interface PublisherParts extends ReleaseParts {
  readonly revisions: RevisionSource;
  readonly records: SignedEntries<RolloutRecord>;
  readonly wallMs: () => number;
  readonly nowMs: () => number;
  readonly say: (text: string) => void;
  /** The highest version that a node has told of. */
  readonly versionSeen: () => number;
  /** Whether nodes were listened to for long enough to know that. */
  readonly hasListened: () => boolean;
  readonly candidates: () => Promise<readonly Candidate[]>;
  readonly author: (by: string) => Author;
  /** Of this control, so many turns after the first. */
  readonly isMyTurn: (what: string, turnsMore: number) => boolean;
  readonly isMyTurnToRefresh: (what: string) => boolean;
  /** Left out: there is none. */
  readonly registry?: RegistrySource;
}

/** A revision is published by who was given it; compiling takes a while, and need not be done twice. */
const PUBLISH_TURNS = 4;
/** Twelve seconds: by then each control that is there has looked at the log of revisions several times, and put back what it had lost. */
const STAY_TURNS = 24;
/** Records that are looked through for whether a revision was rolled out before. */
const LOOK_BACK = 256;
const TRIES = 5;
/** Compiling and storing is work, and what could not be stored is tried again more and more seldom. */
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 30_000;

export class Publisher {
  readonly #parts: PublisherParts;
  #compilation: Compilation | null = null;
  /** A revision of its own: nobody else's turn is waited for. */
  #ownId = '';
  /** After so many failures in a row, not before that time. */
  #failures = 0;
  #retryAtMs = 0;
  /** One that nodes ran before they ran what the log of revisions has lost. */
  #pastId = '';

  readonly #refresh: RegistryRefresh;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#refresh = new RegistryRefresh(parts);
  }

  /** The revision was appended here, or is wanted by somebody. */
  own(revisionId: string): void {
    this.#ownId = revisionId;
    this.#retryAtMs = 0;
  }

  get compilation(): Compilation | null {
    return this.#compilation;
  }

  async publish(): Promise<void> {
    const { revisions, records } = this.#parts;
    const revision = revisions.current();
    const isOut = revision === null || this.#isRejected(revision);
    const due = isOut ? 'done' : publishingOf(revision, records.latest()?.target ?? null);
    // What is rolled out anew has all of the registry anyway.
    if (due !== 'now') await this.#refresh.look();
    if (isOut || due === 'done' || this.#parts.nowMs() < this.#retryAtMs) return;
    if (revision.id !== this.#ownId && !(await this.#isDue(revision, due === 'when it stays'))) return;
    for (let tries = 0; tries < TRIES; tries += 1) {
      // What was followed up to here is mostly the latest, and compare-and-set says where it is not.
      const isFollowed = tries === 0 && records.isInLog;
      if (!isFollowed && !(await records.refresh())) return;
      const { number } = records;
      const before = records.latest();
      // What another control has written meanwhile may be of a revision that was not read here yet.
      if (tries > 0 && !(await revisions.look())) return;
      if (revisions.current()?.id !== revision.id) return;
      const stillDue = publishingOf(revision, before?.target ?? null);
      if (stillDue === 'done' || (stillDue !== due && revision.id !== this.#ownId)) return;
      if (before === null && !this.#parts.hasListened()) return;
      const record = await this.#recordOf(revision, before, revision.author);
      if (record === null) return;
      const appended = await records.append(record, number);
      if (appended.ok) {
        this.#failures = 0;
        return;
      }
      // Nothing is compiled again for a log that is away, nor waited for longer and longer: the look at it says when it is back.
      if (isFollowed && appended.why === 'away') continue;
      if (appended.why === 'away' || appended.why === 'refused') return this.#wait(revision, appended.detail);
    }
  }

  /**
   * The revision in force, because somebody wants it: `again`, also where it was taken back. Where it is rolled out or was, that is
   * answered with its record.
   */
  async start(by: string, again: boolean): Promise<Obeyed> {
    const { revisions, records } = this.#parts;
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (!(await revisions.look()))
        return away('the log of revisions can’t be read now: is NATS away? weir status says it');
      if (!(await records.refresh()))
        return away('the log of rollouts can’t be read now: is NATS away? weir status says it');
      const { number } = records;
      const before = records.latest();
      const revision = revisions.current();
      if (revision === null) return notNow('there is no revision yet');
      const isTarget = before !== null && publishingOf(revision, before.target) === 'done';
      if (isTarget && !again) return { ok: true, record: before };
      if (isTarget && before.stage !== 'rolledBack') return notNow(`revision ${revision.number} was not taken back`);
      if (before === null && !this.#parts.hasListened()) return away('nodes are listened to first, for a moment');
      const record = await this.#recordOf(revision, before, by);
      if (record === null) return this.#whyNot(revision);
      const appended = await records.append(record, number);
      if (appended.ok) return { ok: true, record };
      if (appended.why === 'away' || appended.why === 'refused') return away(appended.detail);
    }
    return away('others were quicker each time');
  }

  #wait({ number, id }: Revision, waitsFor: string): void {
    const { wallMs, nowMs } = this.#parts;
    const at = { revision: number, revisionId: id, atWallMs: wallMs() };
    this.#compilation = { ...at, state: 'waiting', waitsFor, faults: [], routes: this.#compilation?.routes ?? [] };
    this.#retryAtMs = nowMs() + Math.min(RETRY_FIRST_MS * 2 ** this.#failures, RETRY_MAX_MS);
    this.#failures = Math.min(this.#failures + 1, 20);
  }

  #whyNot({ number }: Revision): Obeyed {
    const [fault] = this.#compilation?.faults ?? [];
    return fault === undefined
      ? away(`revision ${number} can’t be stored now: ${this.#compilation?.waitsFor ?? ''}`)
      : notNow(`revision ${number} can’t be compiled here: ${fault.path} ${fault.message}`);
  }

  #isRejected({ id }: Revision): boolean {
    return this.#compilation?.revisionId === id && this.#compilation.state === 'rejected';
  }

  /** Of a revision that was not appended here: what is known of the log is made sure of before anything is done about it. */
  async #isDue({ id, number }: Revision, mustStay: boolean): Promise<boolean> {
    const { revisions, records, isMyTurn, say } = this.#parts;
    if (mustStay && id === this.#pastId) return false;
    // Where the log has no record, another control may be about to put back what it has kept.
    if (!isMyTurn(id, mustStay || !records.isInLog ? STAY_TURNS : PUBLISH_TURNS)) return false;
    if (!(await revisions.look()) || revisions.current()?.id !== id) return false;
    if (!mustStay) return true;
    const past = await records.history(LOOK_BACK);
    if (past === null) return false;
    if (!past.some(({ target }) => target.revisionId === id)) return true;
    // Nobody wanted that nodes go back to it.
    this.#pastId = id;
    say(`the log of revisions has lost those behind ${number}, and nodes run one of them; apply what is to run`);
    return false;
  }

  async #recordOf(revision: Revision, before: RolloutRecord | null, by: string): Promise<RolloutRecord | null> {
    const { versionSeen, wallMs, candidates, author } = this.#parts;
    const version = Math.max(before?.target.version ?? 0, before?.base?.version ?? 0, versionSeen()) + 1;
    const made = await makeRelease(this.#parts, revision, version);
    if (!made.ok && made.why === 'away') {
      this.#wait(revision, made.detail);
      return null;
    }
    const at = { revision: revision.number, revisionId: revision.id, atWallMs: wallMs(), waitsFor: '' };
    if (!made.ok) {
      this.#compilation = { ...at, state: 'rejected', faults: made.faults, routes: [] };
      return null;
    }
    if (before !== null && isOlder(made.release, inUse(before).all)) {
      this.#wait(revision, `the registry, which is known here up to entry ${made.release.registry?.number ?? 0}`);
      return null;
    }
    this.#compilation = { ...at, state: 'published', faults: made.warnings, routes: made.routes };
    const plan = revision.plan ?? before?.policy ?? atOnce;
    const tried = isCanaryPlan(plan) ? await candidates() : [];
    return begin(before, made.release, plan, tried, author(by));
  }
}

export function notNow(detail: string): Obeyed {
  return { ok: false, why: 'not now', detail };
}

export function away(detail: string): Obeyed {
  return { ok: false, why: 'away', detail };
}
