/**
 * The registry of a cluster as one of its controls holds it: the stream of JetStream that all share, signed entry by entry, and this
 * control's own file of LMDB with a copy of the entries and the state beside it. Any number of controls do this at the same time.
 *
 * Composition root (`weir control`): `openClusterRegistry({ jetStream, subjects, replicas, file: join(dataFolder, 'registry-CLUSTER.mdb'), id,
 * sealing: registrySealing(cluster, signer, keys), … })`, beside `openClusterRevisions` and closed as that is. Compile what nodes run after
 * each `onChange`, coalesced: every control hears every entry, so it is the turn (control/cluster/turns.ts) that decides who publishes.
 */
import type { JetStream } from '@weir/proto/bus/jetstream.js';
import { jetStreamLog } from '@weir/proto/bus/jetstream-log.js';
import type { StreamBounds } from '@weir/proto/bus/jetstream-stream.js';
import { entryBytesMax } from '@weir/proto/bus/shared-log.js';
import type { Subjects } from '@weir/proto/cluster/subjects.js';
import { everySoOften } from '../log/every-so-often.js';
import { type Sealing, sealedLog } from '../log/sealed-log.js';
import { drawId } from './draw.js';
import { limitsOfRegistry, lmdbStore } from './lmdb-store.js';
import { openLogRegistry } from './log-registry.js';
import type { Registry } from './registry.js';
import { replicatedLog } from './replicated-log.js';

/** What `follow` has missed is found out so often, and a stream that was lost is written anew. */
const LOOK_EVERY_MS = 3_000;
const PAUSE_MS = 50;

export interface ClusterRegistryOptions {
  readonly jetStream: JetStream;
  readonly subjects: Subjects;
  /** Copies of the stream in the cluster of nats-servers. */
  readonly replicas: number;
  readonly file: string;
  /** This control's id. */
  readonly id: string;
  /** `registrySealing`: around each entry of the stream; those of the copy, on this control's own disk, have none. */
  readonly sealing: Sealing;
  readonly wallMs: () => number;
  readonly say: (text: string) => void;
  readonly reservedPaths: () => readonly string[];
  /** Tests look more often. */
  readonly lookEveryMs?: number;
}

/** As many as the copies keep. */
export function streamOfRegistry(replicas: number): StreamBounds {
  const { entriesMax, bytesMax } = limitsOfRegistry;
  return { replicas, messagesMax: entriesMax, bytesMax, ageMaxMs: null, entryBytesMax: entryBytesMax + 4_096 };
}

/** Resolves when the log was read, or can't be: then the copy is what is known, and it is looked again every so often. */
export async function openClusterRegistry(options: ClusterRegistryOptions): Promise<Registry> {
  const { jetStream, subjects, replicas, file, id, sealing, wallMs, say, reservedPaths } = options;
  const { lookEveryMs = LOOK_EVERY_MS } = options;
  const { clock } = jetStream;
  const stream = jetStreamLog(jetStream, { place: subjects.place('registry'), makes: streamOfRegistry(replicas) });
  const store = lmdbStore(file, say);
  const pause = (): Promise<void> => new Promise((resolve) => void clock.after(PAUSE_MS, resolve));
  const log = replicatedLog({
    log: sealedLog(stream, sealing, 'the log of the registry', say),
    copy: store.log,
    writer: 'control',
    say,
    pause,
  });
  const registry = await openLogRegistry({
    ...{ log, checkpoints: store.checkpoints, writer: id, wallMs, draw: drawId, say, reservedPaths, pause },
    // The copy is known; at once the stream is looked at.
    every: everySoOften(clock, lookEveryMs, 0),
  });
  const close = registry.close.bind(registry);
  return Object.assign(registry, {
    async close() {
      await close();
      await log.close();
      await store.close();
    },
  });
}
