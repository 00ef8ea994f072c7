/** A registry in a few maps, for tests of what is made of one. */
import type { Change, Design, Entities, EntityKind, Service } from '../../../model/entities.js';
import type { ManagedSource } from '../projection.js';

export const plain = { version: 1, createdWallMs: 0, changedWallMs: 0 };
export const emptyDesign: Design = { contract: '', upstreams: [], routes: [], validate: 'off', mock: false };

export function designOf(more: Partial<Design> = {}): Design {
  return {
    ...emptyDesign,
    upstreams: [{ id: 'app', targets: ['http://127.0.0.1:9000'] }],
    routes: [{ id: 'all', match: '/*' }],
    ...more,
  };
}

export function serviceOf(id: string, more: Partial<Service> = {}): Service {
  return {
    ...plain,
    ...{ id, teamId: 'red', kind: 'rest', name: id, description: '', tags: [], visibility: 'organisation' },
    ...{ basePath: `/${id}`, hosts: [], versioning: { by: 'none' }, access: 'open', plans: [], draft: emptyDesign },
    ...{
      stage: 'published',
      lastRelease: 1,
      live: [{ release: 1, share: 100, name: '' }],
      deprecation: null,
      successor: '',
    },
    ...more,
  };
}

export class FakeSource implements ManagedSource {
  number = 0;
  /** How often something was looked at. */
  looks = 0;
  readonly #values = new Map<EntityKind, Map<string, Entities[EntityKind]>>();

  put<K extends EntityKind>(kind: K, value: Omit<Entities[K], keyof typeof plain>): Change {
    return this.apply({ kind, id: value.id, value: { ...plain, ...value } } as unknown as Change);
  }

  end(kind: EntityKind, id: string): Change {
    return this.apply({ kind, id, value: null } as Change);
  }

  apply(change: Change): Change {
    this.number += 1;
    const shelf = this.#values.get(change.kind) ?? new Map();
    this.#values.set(change.kind, shelf);
    if (change.value === null) shelf.delete(change.id);
    else shelf.set(change.id, change.value);
    return change;
  }

  release(serviceId: string, number: number, design: Design): Change {
    return this.put('release', { id: `${serviceId}@${number}`, serviceId, number, design, notes: '', byUserId: '' });
  }

  get<K extends EntityKind>(kind: K, id: string): Entities[K] | null {
    this.looks += 1;
    return (this.#values.get(kind)?.get(id) as Entities[K] | undefined) ?? null;
  }

  *all<K extends EntityKind>(kind: K): Iterable<Entities[K]> {
    for (const value of this.#values.get(kind)?.values() ?? []) yield value as Entities[K];
  }

  *of<K extends EntityKind>(kind: K, by: 'applicationId' | 'teamId', id: string): Iterable<Entities[K]> {
    for (const value of this.all(kind)) {
      this.looks += 1;
      if ((value as unknown as Record<string, unknown>)[by] === id) yield value;
    }
  }
}
