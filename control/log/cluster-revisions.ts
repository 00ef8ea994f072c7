/**
 * The revision log of a cluster as one of its controls holds it: the stream of JetStream that all share, and this control's own copy in
 * a file of LMDB. Any number of controls do this at the same time; `reseed.ts` says what happens where they differ.
 */
import type { JetStream } from '@weir/proto/bus/jetstream.js';
import { jetStreamLog } from '@weir/proto/bus/jetstream-log.js';
import type { StreamBounds } from '@weir/proto/bus/jetstream-stream.js';
import { entryBytesMax } from '@weir/proto/bus/shared-log.js';
import type { Subjects } from '@weir/proto/cluster/subjects.js';
import { everySoOften } from './every-so-often.js';
import { limitsOfRevisions, lmdbLog } from './lmdb-log.js';
import type { Revisions } from './revision.js';
import { openRevisions } from './revisions.js';
import { type Sealing, sealedLog } from './sealed-log.js';

/** What `follow` has missed is found out so often, and a stream that was lost is written anew. */
const LOOK_EVERY_MS = 3_000;
const PAUSE_MS = 50;

export interface ClusterRevisionsOptions {
  readonly jetStream: JetStream;
  readonly subjects: Subjects;
  /** Copies of the stream in the cluster of nats-servers. */
  readonly replicas: number;
  /** Where its copy lies. */
  readonly copyFile: string;
  /** This control's id. */
  readonly id: string;
  /** Around each entry of the stream; those of the copy, on this control's own disk, have none. */
  readonly sealing: Sealing;
  readonly wallMs: () => number;
  readonly say: (text: string) => void;
  /** Tests look more often. */
  readonly lookEveryMs?: number;
}

/** As many as the copies keep: what a copy has and the stream has not was lost, and not given up. */
export function streamOfRevisions(replicas: number): StreamBounds {
  const { entriesMax, bytesMax } = limitsOfRevisions;
  return { replicas, messagesMax: entriesMax, bytesMax, ageMaxMs: null, entryBytesMax: entryBytesMax + 4_096 };
}

/** Resolves when the log was read, or can't be: then the copy is what is known, and it is looked again every so often. */
export async function openClusterRevisions(options: ClusterRevisionsOptions): Promise<Revisions> {
  const { jetStream, subjects, replicas, copyFile, id, sealing, wallMs, say, lookEveryMs = LOOK_EVERY_MS } = options;
  const { clock } = jetStream;
  const stream = jetStreamLog(jetStream, { place: subjects.place('revisions'), makes: streamOfRevisions(replicas) });
  const log = sealedLog(stream, sealing, 'the log of revisions', say);
  const copy = lmdbLog(copyFile, say);
  const revisions = await openRevisions({
    ...{ log, copy, writer: id, wallMs, say },
    every: everySoOften(clock, lookEveryMs),
    pause: () => new Promise((resolve) => void clock.after(PAUSE_MS, resolve)),
  });
  return {
    current: () => revisions.current(),
    onChange: (listener) => revisions.onChange(listener),
    append: (change, expected) => revisions.append(change, expected),
    last: () => revisions.last(),
    history: (before, max) => revisions.history(before, max),
    read: (number) => revisions.read(number),
    look: () => revisions.look(),
    knows: (id) => revisions.knows(id),
    trouble: () => revisions.trouble(),
    async close() {
      await revisions.close();
      await log.close();
      await copy.close();
    },
  };
}
