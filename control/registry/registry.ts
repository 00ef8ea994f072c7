/**
 * The registry: everything that people manage, as the admin API, the publisher and the CLI see it. Reading is at once, from memory; a command
 * is decided by the pure model (control/model), appended to the log with compare-and-set, durable when its answer comes, and told to listeners.
 */
import type { Facts, ModelState, Owner } from '../model/decision.js';
import type { Actor, AuditEntry, Entities, EntityKind } from '../model/entities.js';

export interface Ordered<K extends EntityKind> {
  readonly items: readonly Entities[K][];
  /** Where the next page begins; null: this was the last. */
  readonly next: string | null;
}

export interface ListQuery<K extends EntityKind> {
  /** Words that must all be found in what is indexed of it: id, name, login, tags, base path. */
  readonly q?: string;
  /** Asked of an index where there is one (team, service, application, user), else of each. */
  readonly by?: Partial<Record<Owner, string>>;
  /** Of any of these alone: what several teams have, say, is found without a look at what all others have. */
  readonly among?: readonly (readonly [by: Owner, id: string])[];
  readonly where?: (item: Entities[K]) => boolean;
  readonly after?: string;
  /** 1 to 200. */
  readonly max: number;
}

/** What decisions read (`of`, `count`, `servicesNear`, …) is here as well, so that `maySee` and `roleIn` can be asked of it. */
export interface RegistryView extends ModelState {
  /** Number of the last entry that is known. */
  readonly number: number;
  get<K extends EntityKind>(kind: K, id: string): Entities[K] | null;
  /** In the order of their ids. */
  list<K extends EntityKind>(kind: K, query: ListQuery<K>): Ordered<K>;
  all<K extends EntityKind>(kind: K): Iterable<Entities[K]>;
  userByLogin(login: string): Entities['user'] | null;
  tokenByHash(sha256: string): Entities['token'] | null;
  keyByHash(sha256: string): Entities['key'] | null;
}

export interface Command {
  /** `service.publish`: a row of the table in control/model/commands.ts. */
  readonly what: string;
  readonly actor: Actor;
  /** The version that its author has seen (If-Match); left out: whatever it is. */
  readonly expected?: number;
  /** Made again with the same id, it is no second one; `KEY~FINGERPRINT` is told from that key with another fingerprint. */
  readonly id?: string;
  readonly reason?: string;
  /** Checked by the schema of its row. */
  readonly input: unknown;
  /** What the admin API has hashed, sealed or found to be true; nothing of it comes from a request as it is. */
  readonly facts?: Facts;
}

export type Refused =
  | 'missing'
  | 'forbidden'
  | 'conflict'
  | 'outdated'
  | 'invalid'
  /** Its id was another command's. */
  | 'reused'
  | 'away'
  | 'uncertain'
  | 'too many';

export type Executed =
  /** `isNew` false: it has been done by an earlier try with the same id. */
  | {
      readonly ok: true;
      readonly entry: AuditEntry;
      readonly isNew: boolean;
      /** What its author should know although it is done: that a service is deprecated, say. */
      readonly warnings: readonly string[];
    }
  | {
      readonly ok: false;
      /** 404, 403, 409, 412, 422, 422, 503, 504, 429 of the admin API. */
      readonly why: Refused;
      readonly detail: string;
      /** Of `too many`: when there is room again. */
      readonly waitMs?: number;
      /** Of `invalid`: where in the input, and the cure. */
      readonly faults?: readonly { readonly path: string; readonly message: string; readonly cure: string }[];
    };

/** What became of commands since this process began. */
export interface WriteCounts {
  /** Once each, however often it was asked for. */
  readonly made: number;
  /** What nobody had done anything wrong with, by what had no room for it. */
  readonly refused: Readonly<Record<'user' | 'team' | 'queue' | 'log', number>>;
}

export interface Registry extends RegistryView {
  execute(command: Command): Promise<Executed>;
  /** Whether a command of that id was made, as far as is known here; `other`: its key is that of a command that said something else. */
  earlier(id: string): 'none' | 'same' | 'other';
  writes(): WriteCounts;
  /** Newest first; null when the log can't be read now. */
  audit(before: number, max: number): Promise<readonly AuditEntry[] | null>;
  /** Hears each entry that is read, in order, from now on; but for what `onRebuilt` stands for. */
  onChange(listener: (entry: AuditEntry) => void): () => void;
  /**
   * The log was another one than had been read, and the state was made of it anew: anything may be different, and entries that were heard may never
   * have been. What was concluded entry by entry is to be concluded anew.
   */
  onRebuilt(listener: () => void): () => void;
  /** The log was read to its end, once at least: what there is here is not less than what there was. `onRebuilt` tells when it comes late. */
  readonly isKnown: boolean;
  /** What is wrong with the log; empty where nothing is. */
  trouble(): string;
  close(): Promise<void>;
}
