/**
 * Objects that are larger than a message, in a bucket of JetStream's object store: snapshots, by their hash. The library's own
 * format, so that the tools of NATS read it; with a bound on size and on each wait. The bucket is made where it is missing.
 *
 * No call rejects for a reason that lies outside of this process.
 */
import type { ObjectStore } from 'nats';
import type { JetStream } from './jetstream.js';
import { type FoundObject, readObject } from './jetstream-object-read.js';
import { reasonOf } from './nats-link.js';
import { isWord } from './subject.js';

export interface ObjectsOptions {
  /** A word. */
  readonly bucket: string;
  readonly replicas: number;
  /** Of all of them together; beyond it nothing more is taken. */
  readonly bytesMax: number;
  /** Of one. */
  readonly objectBytesMax: number;
  /** For one of the largest. */
  readonly withinMs: number;
}

export type ObjectFate = { readonly ok: true } | { readonly ok: false; readonly detail: string };

export interface Objects {
  /** Replaces one of that name when it is whole. */
  put(name: string, bytes: Uint8Array): Promise<ObjectFate>;
  get(name: string): Promise<FoundObject>;
  remove(name: string): Promise<ObjectFate>;
}

export function jetStreamObjects(jetStream: JetStream, options: ObjectsOptions): Objects {
  if (!isWord(options.bucket)) throw new Error(`"${options.bucket}" is no name of a bucket`);
  const { objectBytesMax } = options;
  const run = <T>(what: (store: ObjectStore) => Promise<T>): Promise<Outcome<T>> => bounded(jetStream, options, what);
  return {
    async put(name, bytes) {
      if (bytes.length > objectBytesMax) return { ok: false, detail: `larger than ${objectBytesMax} bytes` };
      const own = new Uint8Array(bytes);
      const done = await run((store) => store.putBlob({ name }, own));
      return done.ok ? { ok: true } : done;
    },
    get: (name) => readObject(jetStream, options, name),
    async remove(name) {
      const done = await run((store) => store.delete(name));
      return done.ok ? { ok: true } : done;
    },
  };
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly detail: string };

/** What is given up goes on until its connection ends, and its outcome is dropped. */
function bounded<T>(
  jetStream: JetStream,
  { bucket, replicas, bytesMax, withinMs }: ObjectsOptions,
  what: (store: ObjectStore) => Promise<T>,
): Promise<Outcome<T>> {
  const { connection, clock } = jetStream;
  if (connection === null) return Promise.resolve({ ok: false, detail: jetStream.state().trouble || 'not connected' });
  return new Promise((resolve) => {
    const end = (outcome: Outcome<T>): void => {
      cancel();
      resolve(outcome);
    };
    const cancel = clock.after(withinMs, () => end({ ok: false, detail: 'not answered in time' }));
    void connection.closed().then(() => end({ ok: false, detail: 'the connection was lost' }));
    // Looked for each time, for a server may have lost it; the library makes it where it is missing.
    connection
      .jetstream()
      .views.os(bucket, { replicas, max_bytes: bytesMax })
      .then(what)
      .then(
        (value) => end({ ok: true, value }),
        (error: unknown) => end({ ok: false, detail: reasonOf(error) }),
      );
  });
}
