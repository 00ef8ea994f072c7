/**
 * All that the entries of the log say together: the latest value of each entity, and the indexes by which it is found. In memory, and
 * changed by `apply` alone, one entry after the other; the same entries give the same state. Owns what is known of the registry.
 */
import type { ModelState, Owner } from '../model/decision.js';
import { charsOf } from '../model/designs.js';
import type { ApiToken, AppKey, AuditEntry, Change, Entities, EntityKind, Service, User } from '../model/entities.js';
import { kinds, ownersOf, searchText, wordsOf } from './lookup.js';
import { type Cell, gathered, OrderedCells } from './ordered-cells.js';
import type { ListQuery, Ordered, RegistryView } from './registry.js';

const LIST_MAX = 200;
const NONE = new OrderedCells<never>();

interface Shelf<K extends EntityKind = EntityKind> {
  readonly byId: Map<string, Cell<Entities[K]>>;
  readonly cells: OrderedCells<Entities[K]>;
  /** By `teamId shop`. */
  readonly byOwner: Map<string, OrderedCells<Entities[K]>>;
}

export class RegistryState implements RegistryView, ModelState {
  #number = 0;
  #designsChars = 0;
  #operators = 0;
  readonly #shelves = new Map<EntityKind, Shelf>(
    kinds.map((kind) => [kind, { byId: new Map(), cells: new OrderedCells(), byOwner: new Map() }]),
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
    return this.#shelf(kind).byId.get(id)?.value ?? null;
  }

  count(kind: EntityKind): number {
    return this.#shelf(kind).byId.size;
  }

  countOf(kind: EntityKind, by: Owner, id: string): number {
    return this.#owned(kind, by, id).size;
  }

  *of<K extends EntityKind>(kind: K, by: Owner, id: string): Iterable<Entities[K]> {
    yield* valuesOf(this.#owned(kind, by, id));
  }

  *all<K extends EntityKind>(kind: K): Iterable<Entities[K]> {
    yield* valuesOf(this.#shelf(kind).cells);
  }

  list<K extends EntityKind>(kind: K, query: ListQuery<K>): Ordered<K> {
    const { q = '', where, max } = query;
    const most = Math.min(Math.max(1, max), LIST_MAX);
    const { cells, rest } = this.#lookedThrough(kind, query);
    const wanted = wordsOf(q);
    const items: Entities[K][] = [];
    for (const cell of cells) {
      if (wanted.length > 0) {
        cell.text ??= searchText(kind, cell.value);
        if (!hasAll(cell.text, wanted)) continue;
      }
      if (!rest.every((list) => list.has(cell.id)) || (where !== undefined && !where(cell.value))) continue;
      if (items.length === most) return { items, next: items.at(-1)?.id ?? null };
      items.push(cell.value);
    }
    return { items, next: null };
  }

  /** The shortest list that has all that is asked for, and those that it has to be in as well. */
  #lookedThrough<K extends EntityKind>(kind: K, { by = {}, among, after = '' }: ListQuery<K>) {
    // An object of the four owners, none of which was left undefined.
    const asked = Object.entries(by).filter(([, id]) => id !== undefined) as [Owner, string][];
    const lists = asked.map(([owner, id]) => this.#owned(kind, owner, id));
    const shortest = lists.reduce((least, list) => (list.size < least.size ? list : least), this.#shelf(kind).cells);
    if (among === undefined) return { cells: shortest.behind(after), rest: lists.filter((list) => list !== shortest) };
    const own = among.map(([owner, id]) => this.#owned(kind, owner, id));
    const ownSize = own.reduce((sum, { size }) => sum + size, 0);
    if (lists.length === 0 || ownSize <= shortest.size) return { cells: gathered(own, after), rest: lists };
    const isOwn = { has: (id: string): boolean => own.some((list) => list.has(id)) };
    return { cells: shortest.behind(after), rest: [...lists.filter((list) => list !== shortest), isOwn] };
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

  tried<T>(changes: readonly Change[], look: () => T): T {
    const back: Change[] = [];
    try {
      for (const change of changes) {
        const { kind, id } = change;
        // A value of a kind with that kind is a change.
        back.push({ kind, id, value: this.get(kind, id) } as Change);
        this.#put(change, false);
      }
      return look();
    } finally {
      for (const change of back.reverse()) this.#put(change, false);
    }
  }

  #shelf<K extends EntityKind>(kind: K): Shelf<K> {
    // Made for each kind when this was made, and filled with its own entities alone.
    return this.#shelves.get(kind) as unknown as Shelf<K>;
  }

  #owned<K extends EntityKind>(kind: K, by: Owner, id: string): OrderedCells<Entities[K]> {
    return this.#shelf(kind).byOwner.get(`${by} ${id}`) ?? NONE;
  }

  #put({ kind, id, value }: Change, isLoading: boolean): void {
    const { byId, cells, byOwner } = this.#shelf(kind);
    const known = byId.get(id);
    // A value of a kind with that kind is a change.
    if (known !== undefined) this.#index({ kind, id, value: known.value } as Change, -1);
    const before = known === undefined ? [] : ownerKeys(kind, known.value);
    const after = value === null ? [] : ownerKeys(kind, value);
    for (const key of before) {
      if (after.includes(key)) continue;
      const owned = byOwner.get(key);
      owned?.remove(id);
      if (owned?.size === 0) byOwner.delete(key);
    }
    if (value === null) {
      if (byId.delete(id)) cells.remove(id);
      return;
    }
    const cell = known ?? { id, value, text: null };
    cell.value = value;
    cell.text = null;
    if (known === undefined) {
      byId.set(id, cell);
      add(cells, cell, isLoading);
    }
    for (const key of after) {
      if (before.includes(key)) continue;
      const owned = byOwner.get(key) ?? new OrderedCells();
      if (owned.size === 0) byOwner.set(key, owned);
      add(owned, cell, isLoading);
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

function* valuesOf<E>(cells: OrderedCells<E>): Iterable<E> {
  for (const { value } of cells.behind('')) yield value;
}

function ownerKeys<K extends EntityKind>(kind: K, value: Entities[K]): string[] {
  return ownersOf(kind, value).map(([by, owner]) => `${by} ${owner}`);
}

function add<E>(cells: OrderedCells<E>, cell: Cell<E>, isLoading: boolean): void {
  if (isLoading) cells.addUnsorted(cell);
  else cells.add(cell);
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
