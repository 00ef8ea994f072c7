/** By what each kind of entity is found besides its id: its owners, and the words that a search looks for. Pure. */
import type { Owner } from '../model/decision.js';
import type { Entities, EntityKind } from '../model/entities.js';

export const kinds: readonly EntityKind[] = [
  'user',
  'session',
  'token',
  'team',
  'service',
  'release',
  'application',
  'key',
  'subscription',
  'secret',
];

export type Owned = readonly (readonly [by: Owner, id: string])[];

const owners: { readonly [K in EntityKind]: (entity: Entities[K]) => Owned } = {
  user: () => [],
  session: ({ userId }) => [['userId', userId]],
  token: ({ userId }) => [['userId', userId]],
  team: ({ members }) => Object.keys(members).map((id) => ['userId', id] as const),
  service: ({ teamId }) => [['teamId', teamId]],
  release: ({ serviceId }) => [['serviceId', serviceId]],
  application: ({ teamId }) => [['teamId', teamId]],
  key: ({ applicationId }) => [['applicationId', applicationId]],
  subscription: ({ serviceId, applicationId }) => [
    ['serviceId', serviceId],
    ['applicationId', applicationId],
  ],
  secret: ({ teamId }) => [['teamId', teamId]],
};

export function ownersOf<K extends EntityKind>(kind: K, entity: Entities[K]): Owned {
  // The row of kind K takes entities of kind K, which the compiler can't follow through K.
  return owners[kind](entity as never);
}

const words: { readonly [K in EntityKind]: (entity: Entities[K]) => readonly string[] } = {
  user: ({ login, name }) => [login, name],
  session: ({ from }) => [from],
  token: ({ name }) => [name],
  team: ({ id, name }) => [id, name],
  service: ({ id, name, tags, basePath, hosts }) => [id, name, basePath, ...tags, ...hosts],
  release: ({ id, notes }) => [id, notes],
  application: ({ id, name }) => [id, name],
  key: ({ name, applicationId, lastFour }) => [name, applicationId, lastFour],
  subscription: ({ serviceId, applicationId, planId }) => [serviceId, applicationId, planId],
  secret: ({ name }) => [name],
};

export function searchText<K extends EntityKind>(kind: K, entity: Entities[K]): string {
  // As above.
  return words[kind](entity as never)
    .join('\n')
    .toLowerCase();
}

/** More words would be no search. */
const WORDS_MAX = 10;

export function wordsOf(q: string): string[] {
  return q.toLowerCase().split(/\s+/).filter(Boolean).slice(0, WORDS_MAX);
}
