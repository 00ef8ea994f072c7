/**
 * Objects that are larger than a message, in a bucket of JetStream's object store: snapshots, by their hash. The library's own
 * format, so that the tools of NATS read it; with a bound on size and on each wait. Who writes makes the bucket where it is missing;
 * who only reads makes none, for it would be one that nobody has said the copies of.
 *
 * No call rejects for a reason that lies outside of this process.
 */
import type { ObjectStore } from 'nats';
import type { JetStream } from './jetstream.js';
import { type FoundObject, metaSubject, readObject } from './jetstream-object-read.js';
import { type Written, writeObject } from './jetstream-object-write.js';
import { reasonOf } from './nats-link.js';
import { isWord } from './subject.js';

export interface ObjectsOptions {
  /** A word. */
  readonly bucket: string;
  /** Null: the bucket is not made by this. */
  readonly replicas: number | null;
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
  /** Leaves nothing behind. */
  remove(name: string): Promise<ObjectFate>;
  names(): Promise<{ readonly ok: true; readonly names: readonly string[] } | Failed>;
}

type Failed = { readonly ok: false; readonly detail: string };

export function jetStreamObjects(jetStream: JetStream, options: ObjectsOptions): Objects {
  if (!isWord(options.bucket)) throw new Error(`"${options.bucket}" is no name of a bucket`);
  const { objectBytesMax } = options;
  const run = <T>(what: (store: ObjectStore) => Promise<T>): Promise<Outcome<T>> => bounded(jetStream, options, what);
  return {
    async put(name, bytes) {
      if (bytes.length > objectBytesMax) return { ok: false, detail: `larger than ${objectBytesMax} bytes` };
      const own = new Uint8Array(bytes);
      const written = await writeObject(jetStream, options, name, own);
      if (written === 'written') return { ok: true };
      if (written !== 'no bucket' || options.replicas === null) return failedOf(written);
      // The library makes it; a server may have lost it.
      const made = await run(async () => {});
      return made.ok ? failedOf(await writeObject(jetStream, options, name, own)) : made;
    },
    get: (name) => readObject(jetStream, options, name),
    async remove(name) {
      const done = await run((store) => store.delete(name));
      if (!done.ok) return done;
      // The library leaves a note that it was there, and the stream would have one of each snapshot that ever was.
      const filter = metaSubject(options.bucket, name);
      const purged = await jetStream.api(`STREAM.PURGE.${streamOf(options.bucket)}`, { filter });
      return purged.ok ? { ok: true } : { ok: false, detail: purged.detail };
    },
    async names() {
      const listed = await run((store) => store.list());
      return listed.ok ? { ok: true, names: listed.value.map(({ name }) => name) } : listed;
    },
  };
}

function failedOf(written: Written): ObjectFate {
  if (written === 'written') return { ok: true };
  return { ok: false, detail: written === 'no bucket' ? 'there is no bucket for it' : written.detail };
}

type Outcome<T> = { readonly ok: true; readonly value: T } | Failed;

const streamOf = (bucket: string): string => `OBJ_${bucket}`;

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
    const { views } = connection.jetstream();
    const opened =
      replicas === null
        ? mustBeThere(jetStream, bucket).then(() => views.os(bucket))
        : views.os(bucket, { replicas, max_bytes: bytesMax });
    opened.then(what).then(
      (value) => end({ ok: true, value }),
      (error: unknown) => end({ ok: false, detail: reasonOf(error) }),
    );
  });
}

/** The library would make it. */
async function mustBeThere(jetStream: JetStream, bucket: string): Promise<void> {
  const asked = await jetStream.api(`STREAM.INFO.${streamOf(bucket)}`, null);
  if (!asked.ok) throw new Error(asked.why === 'said' ? `there is no bucket ${bucket} yet` : asked.detail);
}
