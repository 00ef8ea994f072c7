/**
 * Makes a release of a revision of the config: compiles, encodes, hashes, signs, and stores the bytes under their hash, so that
 * they can be had before anybody is told of them.
 */

import type { BlobStore } from '@weir/proto/bus/blob-store.js';
import type { Fault } from '@weir/proto/config/faults.js';
import type { Release } from '@weir/proto/events/rollout.js';
import type { RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import { type Signer, sealFrame } from '@weir/proto/signing/signed-frame.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { RegistryPosition } from '../rollout/registry-refresh.js';

/** A config as the log of revisions has it. */
export interface Revision {
  /** From 1 on. */
  readonly number: number;
  readonly id: string;
  readonly text: string;
  readonly author: string;
  readonly reason: string;
  /** How it is to be rolled out; null: everywhere at once. */
  readonly plan: RolloutPlan | null;
}

export interface RevisionSource {
  /** The latest; null: there is none yet. */
  current(): Revision | null;
  /** Reads the log up to its end as it is now; false: that can't be done now. */
  look(): Promise<boolean>;
  /** Whether the log has a revision of that id. */
  knows(id: string): boolean;
  /** That of a number; null: there is none, or it can't be read now. */
  read(number: number): Promise<Revision | null>;
  onChange(listener: () => void): () => void;
}

/** What people manage, as far as nodes are concerned by it. */
export interface RegistrySource {
  position(): RegistryPosition;
  onChange(listener: () => void): () => void;
}

export type CompiledText =
  | { readonly ok: true; readonly snapshot: Snapshot; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export interface ReleaseParts {
  readonly cluster: string;
  readonly signer: Signer;
  readonly blobs: Pick<BlobStore, 'put'>;
  readonly compile: (text: string, version: number) => Promise<CompiledText>;
  /** The bytes of a snapshot, as encodeSnapshot makes them. */
  readonly encode: (snapshot: Snapshot) => Promise<Uint8Array>;
  /** Why this control is not to publish what it has compiled; empty: it may. Left out: it always may. */
  readonly whyNot?: (snapshot: Snapshot) => string;
  readonly sha256Hex: (bytes: Uint8Array) => string;
}

export type Made =
  | {
      readonly ok: true;
      readonly release: Release;
      readonly warnings: readonly Fault[];
      readonly routes: readonly string[];
    }
  /** The config has faults: another attempt finds the same. */
  | { readonly ok: false; readonly why: 'rejected'; readonly faults: readonly Fault[] }
  /** The bytes could not be stored now, or another control has to do it. */
  | { readonly ok: false; readonly why: 'away'; readonly detail: string };

export async function makeRelease(parts: ReleaseParts, revision: Revision, version: number): Promise<Made> {
  const compiled = await parts.compile(revision.text, version);
  if (!compiled.ok) return { ok: false, why: 'rejected', faults: compiled.faults };
  const { snapshot, warnings } = compiled;
  const why = parts.whyNot?.(snapshot) ?? '';
  if (why !== '') return { ok: false, why: 'away', detail: why };
  const bytes = await parts.encode(snapshot);
  const hash = parts.sha256Hex(bytes);
  const frame = sealFrame(bytes, { cluster: parts.cluster, purpose: 'snapshot' }, parts.signer);
  const fate = await parts.blobs.put(hash, frame);
  if (fate !== 'stored') return { ok: false, why: 'away', detail: fate.detail };
  const { number, id } = revision;
  const { registry, createdWallMs } = snapshot;
  const release = {
    ...{ version, revision: number, revisionId: id, hash, sizeBytes: bytes.length },
    ...(registry === undefined ? {} : { registry: { number: registry, atWallMs: createdWallMs } }),
  };
  return { ok: true, release, warnings, routes: snapshot.routes.map(({ id }) => id) };
}
