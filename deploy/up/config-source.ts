/** Where the config comes from: a file, the revision that was applied last, or a text that is built in. All end in a snapshot or in all faults. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { PublishCause } from '@weir/control/api/control-status.js';
import type { Revisions } from '@weir/control/log/revision.js';
import type { CheckedConfig } from '@weir/control/publish/check-config.js';
import {
  checkWithFiles,
  type LoadContext,
  loadChecked,
  loadText,
  type ReadConfig,
  readAndCheck,
} from '@weir/control/publish/load-config.js';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import { encodeSnapshot, hashContent } from '@weir/proto/snapshot/codec.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { Compiled } from './publisher.js';

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
export type Managed = Pick<LoadContext, 'managed'>;

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
      const context = { environment: process.env, version, createdWallMs: Date.now(), hasRedis, ...managed };
      const read = cause === 'registry' && inForce !== null ? inForce : await readAndCheck(file, context);
      tried = read;
      return read.ok ? loadChecked(read.text, read.checked, context) : read;
    },
    accepted() {
      inForce = tried;
    },
  };
}

export function textConfig(name: string, text: string, managed: Managed = {}): ConfigSource {
  return {
    file: null,
    name,
    isKept: false,
    compile: async (version) =>
      loadText(text, { environment: process.env, version, createdWallMs: Date.now(), ...managed }),
  };
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
      const context = { environment: process.env, version, createdWallMs: Date.now(), hasRedis, ...managed };
      const isKnown = cause === 'registry' && latest?.text === text;
      const checked = isKnown ? latest?.checked : undefined;
      latest = { text, checked: checked ?? (await checkWithFiles(text, process.env, context.createdWallMs)) };
      return loadChecked(text, latest.checked, context);
    },
  };
}

/** The hash is that of the content: two snapshots with the same one say the same, whatever their numbers. */
export function encodeForOffer(snapshot: Snapshot): Pick<SnapshotOffer, 'bytes' | 'hash' | 'digest'> {
  const bytes = encodeSnapshot(snapshot);
  return { bytes, hash: hashContent(snapshot, sha256Hex), digest: sha256Hex(bytes) };
}

const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
