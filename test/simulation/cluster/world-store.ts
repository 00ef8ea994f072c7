/**
 * What a nats-server keeps for all, in a simulated world: logs with compare and set, and blobs. Each process reaches it over the bad
 * network: a question may never arrive, and an answer may be lost when the deed is done.
 */
import type { BlobFate, BlobShelf } from '@weir/proto/bus/blob-store.js';
import type { Appended, LogBounds, LogEnd, LogRecord, SharedLog } from '@weir/proto/bus/shared-log.js';
import type { World } from '@weir/proto/cluster/testing/world.js';

/** The name of the server, for partitions. */
export const SERVER = 'nats';
const GIVES_UP_MS = 2_000;
const WAY_MS = 20;

/** Of one process: asks the server, and is answered, or `lost` says that nobody knows. */
class Way {
  readonly #id: string;
  readonly #world: World;

  constructor(id: string, world: World) {
    this.#id = id;
    this.#world = world;
  }

  ask<Answer>(answer: () => Answer, away: Answer, lost: Answer): Promise<Answer> {
    const [id, world] = [this.#id, this.#world];
    return new Promise((resolve) => {
      const isLost = (): boolean => !world.reaches(id, SERVER) || world.random() < world.terms.loss / 2;
      if (isLost()) return world.after(id, GIVES_UP_MS, () => resolve(away));
      world.at(world.nowMs + world.random() * WAY_MS, () => {
        const answered = answer();
        if (isLost()) world.after(id, GIVES_UP_MS, () => resolve(lost));
        else world.after(id, world.random() * WAY_MS, () => resolve(answered));
      });
    });
  }
}

export class WorldLog {
  readonly records: LogRecord[] = [];
  readonly #followers = new Set<(record: LogRecord) => void>();
  readonly #comparesAndSets: boolean;

  constructor(comparesAndSets = true) {
    this.#comparesAndSets = comparesAndSets;
  }

  /** The log as that process has it. */
  of(id: string, world: World): SharedLog {
    const way = new Way(id, world);
    const append = (writer: string, bytes: Uint8Array, after?: LogEnd): Appended => {
      const last = this.records.length;
      if (this.#comparesAndSets && after !== undefined && after !== last)
        return { ok: false, why: 'conflict', detail: `the last one is ${last}` };
      const record = { number: last + 1, writer, bytes };
      this.records.push(record);
      for (const follower of this.#followers) follower(record);
      return { ok: true, number: record.number };
    };
    const away = (why: 'away' | 'uncertain'): Appended => ({ ok: false, why, detail: 'no answer' });
    return {
      append: (writer, bytes, after) => way.ask(() => append(writer, bytes, after), away('away'), away('uncertain')),
      bounds: () => way.ask((): LogBounds | null => ({ first: 1, last: this.records.length }), null, null),
      read: (from, max) =>
        way.ask((): readonly LogRecord[] | null => this.records.slice(from - 1, from - 1 + max), null, null),
      follow: (onRecord) => {
        const follower = (record: LogRecord): void => {
          if (!world.reaches(SERVER, id) || world.random() < world.terms.loss) return;
          world.after(id, world.random() * WAY_MS, () => onRecord(record));
        };
        this.#followers.add(follower);
        return () => void this.#followers.delete(follower);
      },
      close: () => Promise.resolve(),
    };
  }
}

export class WorldBlobs {
  readonly blobs = new Map<string, Uint8Array>();

  of(id: string, world: World): BlobShelf {
    const way = new Way(id, world);
    const away: BlobFate = { why: 'away', detail: 'no answer' };
    const put = (name: string, bytes: Uint8Array): BlobFate => {
      this.blobs.set(name, bytes);
      return 'stored';
    };
    return {
      put: (name, bytes) => way.ask(() => put(name, bytes), away, away),
      get: (name) => way.ask(() => this.blobs.get(name) ?? null, null, null),
      names: () => way.ask((): readonly string[] | null => [...this.blobs.keys()], null, null),
      remove: (name) => way.ask(() => this.blobs.delete(name), false, false),
      close: () => Promise.resolve(),
    };
  }
}
