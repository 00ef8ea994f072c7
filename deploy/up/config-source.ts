/** Where the config comes from: a file, the revision that was applied last, or a text that is built in. All end in a snapshot or in all faults. */
import { resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PublishCause } from '@weir/control/api/control-status.js';
import type { Revisions } from '@weir/control/log/revision.js';
import type { CheckedConfig } from '@weir/control/publish/check-config.js';
import {
  checkWithFiles,
  createCheck,
  type LoadContext,
  loadChecked,
  preparing,
  type ReadConfig,
  readAndCheck,
} from '@weir/control/publish/load-config.js';
import { sha256 } from '@weir/node/process/sha256.js';
import { inSlices } from '@weir/node/time/slices.js';
import { systemClock } from '@weir/node/time/system-clock.js';
import type { Fault } from '@weir/proto/config/faults.js';
import type { OfferName } from '@weir/proto/events/snapshot.js';
import { encodeRunDelta } from '@weir/proto/snapshot/run-delta.js';
import { hashOfRuns, inRuns, type Members, piecesOf } from '@weir/proto/snapshot/runs.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { Compiled, EncodedOffer } from './publisher.js';

export interface ConfigSource {
  /** Absolute path; null where none is followed. */
  readonly file: string | null;
  /** How messages name it: as the operator did. */
  readonly name: string;
  /** Its last good snapshot is kept for the next start. */
  readonly isKept: boolean;
  /** Of a change in the registry alone what was in force last is compiled anew, whatever the file says by now. */
  compile(version: number, cause?: PublishCause): Promise<Compiled>;
  /** What was compiled last is in force. */
  accepted?(): void;
}

/** What the registry adds; left out: there is none. */
export interface Managed {
  readonly managed?: {
    readonly project: NonNullable<LoadContext['managed']>;
    /** Ahead of it, piece by piece. */
    readonly preparing: Parameters<typeof preparing>[1];
  };
}

/** `hasRedis`: nodes are started with one. */
export function fileConfig(name: string, hasRedis: boolean, isKept = true, managed: Managed = {}): ConfigSource {
  const file = resolve(name);
  let tried: ReadConfig | null = null;
  let inForce: ReadConfig | null = null;
  return {
    file,
    name,
    isKept,
    async compile(version, cause) {
      const context = contextOf(version, managed, { hasRedis });
      const read = cause === 'registry' && inForce !== null ? inForce : await readAndCheck(file, context);
      tried = read;
      if (!read.ok) return read;
      await prepared(read.checked, managed);
      return loadChecked(read.text, read.checked, context);
    },
    accepted() {
      inForce = tried;
    },
  };
}

export function textConfig(name: string, text: string, managed: Managed = {}): ConfigSource {
  const check = createCheck(process.env);
  return {
    file: null,
    name,
    isKept: false,
    async compile(version) {
      const checked = check(text);
      await prepared(checked, managed);
      return loadChecked(text, checked, contextOf(version, managed));
    },
  };
}

function contextOf(version: number, { managed }: Managed, more: Pick<LoadContext, 'hasRedis'> = {}): LoadContext {
  const added = managed === undefined ? {} : { managed: managed.project };
  return { environment: process.env, version, createdWallMs: Date.now(), ...more, ...added };
}

/** The admin API, the bus and supervision have their turn while ten thousand services are read. */
export async function prepared(checked: CheckedConfig, { managed }: Managed): Promise<void> {
  if (managed !== undefined) await inSlices(preparing(checked, managed.preparing), systemClock, nextTurn);
}

/** What was applied last; the built-in text as long as nothing was, and nothing is kept of that. */
export function revisionConfig(
  revisions: Revisions,
  builtIn: string,
  hasRedis: boolean,
  managed: Managed = {},
): ConfigSource {
  const welcome = textConfig('built-in config', builtIn, managed);
  let latest: { readonly text: string; readonly checked: CheckedConfig } | null = null;
  return {
    file: null,
    get name() {
      const current = revisions.current();
      return current === null ? welcome.name : `revision ${current.number}`;
    },
    // Where the log can't be read, what runs for it is the snapshot that was kept.
    get isKept() {
      return revisions.current() !== null || revisions.trouble() !== '';
    },
    async compile(version, cause) {
      const current = revisions.current();
      if (current === null && revisions.trouble() !== '') return { ok: false, faults: [unread(revisions.trouble())] };
      if (current === null) return welcome.compile(version, cause);
      const { text } = current;
      const context = contextOf(version, managed, { hasRedis });
      const isKnown = cause === 'registry' && latest?.text === text;
      const checked = isKnown ? latest?.checked : undefined;
      latest = { text, checked: checked ?? (await checkWithFiles(text, process.env, context.createdWallMs)) };
      const { checked: sound } = latest;
      await prepared(sound, managed);
      return loadChecked(text, sound, context);
    },
  };
}

/** A page of welcome in place of what was applied would be worse than what ran before. */
function unread(trouble: string): Fault {
  const message = `what was applied last is not known: ${trouble}`;
  const cure =
    'make the file of revisions in --data readable, or put one from a backup in its place; it is tried every second';
  return { severity: 'error', line: 1, column: 1, path: 'revisions', message, cure };
}

/**
 * For all snapshots of a process. The hash is that of the content: two snapshots with the same one say the same, whatever their numbers. Ten
 * thousand services with their callers are 25 MB, so whoever asks control something meanwhile has a turn between some runs of them.
 */
export function encoderForOffers(): (snapshot: Snapshot) => Promise<EncodedOffer> {
  let before: { readonly members: Members; readonly name: OfferName } | null = null;
  return async (snapshot) => {
    const members = await inRuns(snapshot, before?.members ?? null, sha256, nextTurn);
    const hash = hashOfRuns(members, sha256);
    const bytes = piecesOf(members);
    const delta = before === null ? null : deltaOf(before, members, bytes);
    before = { members, name: { version: snapshot.version, hash } };
    return { bytes, hash, ...(delta === null ? {} : { delta }) };
  };
}

/** A delta that is no smaller than this share is not worth it. */
const WORTH_SHARE = 1 / 4;

function deltaOf(
  before: { readonly members: Members; readonly name: OfferName },
  members: Members,
  whole: readonly Uint8Array[],
): NonNullable<EncodedOffer['delta']> | null {
  const bytes = encodeRunDelta(before.members, members);
  const size = whole.reduce((sum, { length }) => sum + length, 0);
  return bytes.length < size * WORTH_SHARE ? { base: before.name, bytes } : null;
}
