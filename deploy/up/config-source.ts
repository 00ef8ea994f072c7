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
import { sha256InSlices } from '@weir/node/process/sha256.js';
import { inSlices } from '@weir/node/time/slices.js';
import { systemClock } from '@weir/node/time/system-clock.js';
import type { OfferName } from '@weir/proto/events/snapshot.js';
import { contentOf } from '@weir/proto/snapshot/codec.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { SnapshotWriter } from '@weir/proto/snapshot/snapshot-writer.js';
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
    get isKept() {
      return revisions.current() !== null;
    },
    async compile(version, cause) {
      const current = revisions.current();
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

/**
 * For all snapshots of a process. The hash is that of the content: two snapshots with the same one say the same, whatever their numbers. Ten
 * thousand services with their callers are 20 MB, so whoever asks control something meanwhile has a turn between two pieces.
 */
export function encoderForOffers(): (snapshot: Snapshot) => Promise<EncodedOffer> {
  const writer = new SnapshotWriter();
  let base: OfferName | null = null;
  return async (snapshot) => {
    const { bytes, delta } = await writer.write(snapshot, nextTurn);
    await nextTurn();
    const hash = await sha256InSlices(contentOf(bytes), nextTurn);
    const made = base === null || delta === null ? {} : { delta: { base, bytes: delta } };
    base = { version: snapshot.version, hash };
    return { bytes, hash, ...made };
  };
}
