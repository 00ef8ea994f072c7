/** Snapshots in JetStream's object store, in one bucket of the cluster, which controls write and nodes read. */
import type { BlobStore } from './blob-store.js';
import type { JetStream } from './jetstream.js';
import { jetStreamObjects, type ObjectsOptions } from './jetstream-objects.js';

/** Of all of them; beyond it nothing more is taken. */
const BYTES_MAX = 4 * 1024 * 1024 * 1024;
/** For one of the largest, over a slow network. */
const WITHIN_MS = 30_000;

export interface JetStreamBlobsOptions {
  readonly cluster: string;
  /** Of the bucket, for whoever makes it. */
  readonly replicas: number;
  /** Of one. */
  readonly blobBytesMax: number;
}

export function jetStreamBlobs(jetStream: JetStream, options: JetStreamBlobsOptions): BlobStore {
  const { cluster, replicas, blobBytesMax } = options;
  const bounds: Omit<ObjectsOptions, 'bucket'> = {
    ...{ replicas, bytesMax: BYTES_MAX, objectBytesMax: blobBytesMax, withinMs: WITHIN_MS },
  };
  const objects = jetStreamObjects(jetStream, { ...bounds, bucket: `weir_${cluster}_snapshots` });
  return {
    async put(name, bytes) {
      if (bytes.length > blobBytesMax) return 'refused';
      return (await objects.put(name, bytes)).ok ? 'stored' : 'away';
    },
    async get(name) {
      const found = await objects.get(name);
      return found.ok ? found.bytes : null;
    },
    // The connection is left open: others stand on it.
    close: async () => {},
  };
}
