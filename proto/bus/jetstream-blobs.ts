/** Snapshots in JetStream's object store, in one bucket of the cluster, which controls write and nodes read. */
import type { BlobShelf } from './blob-store.js';
import type { JetStream } from './jetstream.js';
import { jetStreamObjects, type ObjectsOptions } from './jetstream-objects.js';

/** Of all of them; beyond it nothing more is taken. */
const BYTES_MAX = 4 * 1024 * 1024 * 1024;
/** For one of the largest, over a slow network. */
const WITHIN_MS = 30_000;

export interface JetStreamBlobsOptions {
  readonly cluster: string;
  /** Of the bucket, for whoever makes it where it is missing; null: who only reads makes none. */
  readonly replicas: number | null;
  /** Of one. */
  readonly blobBytesMax: number;
}

export function jetStreamBlobs(jetStream: JetStream, options: JetStreamBlobsOptions): BlobShelf {
  const { cluster, replicas, blobBytesMax } = options;
  const bounds: Omit<ObjectsOptions, 'bucket'> = {
    ...{ replicas, bytesMax: BYTES_MAX, objectBytesMax: blobBytesMax, withinMs: WITHIN_MS },
  };
  const objects = jetStreamObjects(jetStream, { ...bounds, bucket: `weir_${cluster}_snapshots` });
  return {
    async put(name, bytes) {
      if (bytes.length > blobBytesMax) return { why: 'refused', detail: `larger than ${blobBytesMax} bytes` };
      const fate = await objects.put(name, bytes);
      return fate.ok ? 'stored' : { why: 'away', detail: fate.detail };
    },
    async get(name) {
      const found = await objects.get(name);
      return found.ok ? found.bytes : null;
    },
    async names() {
      const listed = await objects.names();
      return listed.ok ? listed.names : null;
    },
    remove: async (name) => (await objects.remove(name)).ok,
    // The connection is left open: others stand on it.
    close: async () => {},
  };
}
