/**
 * All that the entries of the log say together: the latest value of each entity, and the indexes by which it is found. In memory, and
 * changed by `apply` alone, one entry after the other; the same entries give the same state. Owns what is known of the registry.
 */
import type { ModelState, Owner } from '../model/decision.js';
import { charsOf } from '../model/designs.js';
import type { ApiToken, AppKey, AuditEntry, Change, Entities, EntityKind, Service, User } from '../model/entities.js';
import { kinds, ownersOf, searchText, wordsOf } from './lookup.js';
import { OrderedIds } from './ordered-ids.js';
import type { ListQuery, Ordered, RegistryView } from './registry.js';

const LIST_MAX = 200;
const NONE = new OrderedIds();

interface Shelf<K extends EntityKind = EntityKind> {
  readonly byId: Map<string, Entities[K]>;
  readonly ids: OrderedIds;
  /** By `teamId shop`. */
  readonly byOwner: Map<string, OrderedIds>;
}

export class RegistryState implements RegistryView, ModelState {
  #number = 0;
  #designsChars = 0;
  #operators = 0;
  readonly #shelves = new Map<EntityKind, Shelf>(
    kinds.map((kind) => [kind, { byId: new Map(), ids: new OrderedIds(), byOwner: new Map() }]),
  );
  readonly #byLogin = new Map<string, string>();
  readonly #byOidc = new Map<string, string>();
  readonly #tokenByHash = new Map<string, string>();
  readonly #keyByHash = new Map<string, string>();
  /** Services that lie at or below a path. */
  readonly #below = new Map<string, Set<string>>();

  get number(): number {
    return this.#number;
  }

  get designsChars(): number {
    return this.#designsChars;
  }

  apply({ number, changes }: Pick<AuditEntry, 'number' | 'changes'>): void {
    for (const change of changes) this.#put(change, false);
    this.#number = number;
  }

  /** From a checkpoint, into an empty state. */
  load(number: number, changes: Iterable<Change>): void {
    for (const change of changes) this.#put(change, true);
    this.#number = number;
  }

  get<K extends EntityKind>(kind: K, id: string): Entities[K] | null {
    return this.#shelf(kind).byId.get(id) ?? null;
  }

  count(kind: EntityKind): number {
    return this.#shelf(kind).byId.size;
  }

  countOf(kind: EntityKind, by: Owner, id: string): number {
    return this.#owned(kind, by, id).size;
  }

  *of<K extends EntityKind>(kind: K, by: Owner, id: string): Iterable<Entities[K]> {
    yield* this.#each(kind, this.#owned(kind, by, id), '');
  }

  *all<K extends EntityKind>(kind: K): Iterable<Entities[K]> {
    yield* this.#each(kind, this.#shelf(kind).ids, '');
  }

  list<K extends EntityKind>(kind: K, { q = '', by = {}, where, after = '', max }: ListQuery<K>): Ordered<K> {
    const most = Math.min(Math.max(1, max), LIST_MAX);
    // An object of the four owners, none of which was left undefined.
    const asked = Object.entries(by).filter(([, id]) => id !== undefined) as [Owner, string][];
    const lists = asked.map(([owner, id]) => this.#owned(kind, owner, id));
    const shortest = lists.reduce((least, list) => (list.size < least.size ? list : least), this.#shelf(kind).ids);
    const wanted = wordsOf(q);
    const items: Entities[K][] = [];
    for (const entity of this.#each(kind, shortest, after)) {
      if (!lists.every((list) => list === shortest || list.has(entity.id))) continue;
      if (where !== undefined && !where(entity)) continue;
      if (wanted.length > 0 && !hasAll(searchText(kind, entity), wanted)) continue;
      if (items.length === most) return { items, next: items.at(-1)?.id ?? null };
      items.push(entity);
    }
    return { items, next: null };
  }

  userByLogin(login: string): User | null {
    return this.get('user', this.#byLogin.get(login) ?? '');
  }

  userByOidc(issuer: string, subject: string): User | null {
    return this.get('user', this.#byOidc.get(oidcKey({ issuer, subject })) ?? '');
  }

  tokenByHash(sha256: string): ApiToken | null {
    return this.get('token', this.#tokenByHash.get(sha256) ?? '');
  }

  keyByHash(sha256: string): AppKey | null {
    return this.get('key', this.#keyByHash.get(sha256) ?? '');
  }

  isHashTaken(sha256: string): boolean {
    return this.#tokenByHash.has(sha256) || this.#keyByHash.has(sha256);
  }

  operators(): number {
    return this.#operators;
  }

  *servicesNear(basePath: string): Iterable<Service> {
    for (const id of this.#below.get(basePath) ?? []) {
      const service = this.get('service', id);
      if (service !== null) yield service;
    }
    for (const above of pathsUpTo(basePath).slice(0, -1)) {
      for (const id of this.#below.get(above) ?? []) {
        const service = this.get('service', id);
        if (service?.basePath === above) yield service;
      }
    }
  }

  #shelf<K extends EntityKind>(kind: K): Shelf<K> {
    // Made for each kind when this was made, and filled with its own entities alone.
    return this.#shelves.get(kind) as unknown as Shelf<K>;
  }

  #owned(kind: EntityKind, by: Owner, id: string): OrderedIds {
    return this.#shelf(kind).byOwner.get(`${by} ${id}`) ?? NONE;
  }

  *#each<K extends EntityKind>(kind: K, ids: OrderedIds, after: string): Iterable<Entities[K]> {
    const { byId } = this.#shelf(kind);
    for (let place = ids.startOf(after); place < ids.size; place += 1) {
      const entity = byId.get(ids.at(place) ?? '');
      if (entity !== undefined) yield entity;
    }
  }

  #put({ kind, id, value }: Change, isLoading: boolean): void {
    const { byId, ids, byOwner } = this.#shelf(kind);
    const before = byId.get(id);
    if (before !== undefined) {
      this.#index({ kind, id, value: before } as Change, -1);
      for (const [by, owner] of ownersOf(kind, before)) {
        const owned = byOwner.get(`${by} ${owner}`);
        owned?.remove(id);
        if (owned?.size === 0) byOwner.delete(`${by} ${owner}`);
      }
    }
    if (value === null) {
      byId.delete(id);
      if (before !== undefined) ids.remove(id);
      return;
    }
    byId.set(id, value);
    if (before === undefined) add(ids, id, isLoading);
    for (const [by, owner] of ownersOf(kind, value)) {
      const key = `${by} ${owner}`;
      const owned = byOwner.get(key) ?? new OrderedIds();
      if (owned.size === 0) byOwner.set(key, owned);
      add(owned, id, isLoading);
    }
    this.#index({ kind, id, value } as Change, 1);
  }

  /** What one kind alone has: `by` 1 when the value comes, -1 when it goes. */
  #index(change: Change, by: 1 | -1): void {
    const { kind, id, value } = change;
    if (value === null) return;
    if (kind === 'user') {
      keep(this.#byLogin, value.login, id, by);
      if (value.oidc !== null) keep(this.#byOidc, oidcKey(value.oidc), id, by);
      if (value.isOperator && !value.isDisabled) this.#operators += by;
    } else if (kind === 'token') keep(this.#tokenByHash, value.sha256, id, by);
    else if (kind === 'key') keep(this.#keyByHash, value.sha256, id, by);
    else if (kind === 'release') this.#designsChars += by * charsOf(value.design);
    else if (kind === 'service') {
      this.#designsChars += by * charsOf(value.draft);
      for (const path of pathsUpTo(value.basePath)) {
        const below = this.#below.get(path) ?? new Set();
        if (by === 1) this.#below.set(path, below.add(id));
        else if (below.delete(id) && below.size === 0) this.#below.delete(path);
      }
    }
  }
}

/** Every entity, as the changes that would make them. */
export function* everything(state: RegistryView): Iterable<Change> {
  for (const kind of kinds) {
    // An entity of a kind and that kind are a change.
    for (const value of state.all(kind)) yield { kind, id: value.id, value } as unknown as Change;
  }
}

function add(ids: OrderedIds, id: string, isLoading: boolean): void {
  if (isLoading) ids.addUnsorted(id);
  else ids.add(id);
}

function keep(map: Map<string, string>, key: string, id: string, by: 1 | -1): void {
  if (by === 1) map.set(key, id);
  else if (map.get(key) === id) map.delete(key);
}

function oidcKey({ issuer, subject }: { readonly issuer: string; readonly subject: string }): string {
  return JSON.stringify([issuer, subject]);
}

function hasAll(text: string, words: readonly string[]): boolean {
  return words.every((word) => text.includes(word));
}

/** `/a`, `/a/b`, `/a/b/c`. */
function pathsUpTo(path: string): string[] {
  const paths: string[] = [];
  for (let slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1))
    paths.push(path.slice(0, slash));
  return [...paths, path];
}
