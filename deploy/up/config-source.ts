/** Where the config comes from: a file, the revision that was applied last, or a text that is built in. All end in a snapshot or in all faults. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Revisions } from '@weir/control/log/revision.js';
import { loadConfig, loadRevision, loadText } from '@weir/control/publish/load-config.js';
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
  compile(version: number): Promise<Compiled>;
}

/** `hasRedis`: nodes are started with one. */
export function fileConfig(name: string, hasRedis: boolean, isKept = true): ConfigSource {
  const file = resolve(name);
  return {
    file,
    name,
    isKept,
    compile: (version) => loadConfig(file, { environment: process.env, version, createdWallMs: Date.now(), hasRedis }),
  };
}

export function textConfig(name: string, text: string): ConfigSource {
  return {
    file: null,
    name,
    isKept: false,
    compile: async (version) => loadText(text, { environment: process.env, version, createdWallMs: Date.now() }),
  };
}

/** What was applied last; the built-in text as long as nothing was, and nothing is kept of that. */
export function revisionConfig(revisions: Revisions, builtIn: string, hasRedis: boolean): ConfigSource {
  const welcome = textConfig('built-in config', builtIn);
  return {
    file: null,
    get name() {
      const current = revisions.current();
      return current === null ? welcome.name : `revision ${current.number}`;
    },
    get isKept() {
      return revisions.current() !== null;
    },
    async compile(version) {
      const current = revisions.current();
      if (current === null) return welcome.compile(version);
      return loadRevision(current.text, { environment: process.env, version, createdWallMs: Date.now(), hasRedis });
    },
  };
}

/** The hash is that of the content: two snapshots with the same one say the same, whatever their numbers. */
export function encodeForOffer(snapshot: Snapshot): Pick<SnapshotOffer, 'bytes' | 'hash' | 'digest'> {
  const bytes = encodeSnapshot(snapshot);
  return { bytes, hash: hashContent(snapshot, sha256Hex), digest: sha256Hex(bytes) };
}

const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
