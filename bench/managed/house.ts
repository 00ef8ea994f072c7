/** A house of so many published services and keys, as its registry has it: each service with a plan, each application with two keys and one subscription. */
import { createHash } from 'node:crypto';
import type { AnyEntity, AuditEntry, Change, Design } from '@weir/control/model/entities.js';
import { RegistryState } from '@weir/control/registry/state.js';

export interface House {
  readonly state: RegistryState;
  readonly services: number;
  readonly keys: number;
  /** Another key in the place of that one, as the entry of the registry that it is. */
  changeKey(key: number, text: string): Pick<AuditEntry, 'number' | 'changes'>;
}

const KEYS_EACH = 2;
const born = { version: 1, createdWallMs: 0, changedWallMs: 0 };

export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');
export const keyText = (key: number): string => `key ${key}`;
export const ownerOf = (key: number): string => `app-${Math.floor(key / KEYS_EACH)}`;

const design: Design = {
  ...{ contract: '', validate: 'off', mock: false },
  upstreams: [{ id: 'app', targets: ['http://10.0.0.1:9000'] }],
  routes: [{ id: 'all', match: '/*' }],
};

export function buildHouse(services: number, keys: number): House {
  const state = new RegistryState();
  let number = 0;
  const put = (kind: Change['kind'], value: object): Change => {
    const entity = { ...born, ...value } as unknown as AnyEntity; // What the rows below write.
    const change = { kind, id: entity.id, value: entity } as unknown as Change;
    number += 1;
    state.apply({ number, changes: [change] });
    return change;
  };
  const putKey = (key: number, text: string): Change => {
    const words = { name: 'k', sha256: sha256Hex(text), lastFour: '', expiresWallMs: null };
    return put('key', { id: `k${key}`, applicationId: ownerOf(key), ...words });
  };
  for (let i = 0; i < services; i += 1) putService(put, i);
  for (let i = 0; i < keys; i += 1) {
    if (i % KEYS_EACH === 0) putApplication(put, i, services);
    putKey(i, keyText(i));
  }
  return {
    ...{ state, services, keys },
    changeKey: (key, text) => {
      const changes = [putKey(key, text)];
      return { number, changes };
    },
  };
}

type Put = (kind: Change['kind'], value: object) => unknown;

function putService(put: Put, i: number): void {
  const plans = [{ id: 'p', name: 'P', limits: ['100/s'], approval: 'auto' }];
  const live = [{ release: 1, share: 100, name: '' }];
  const place = { basePath: `/s${i}`, hosts: [], versioning: { by: 'none' }, access: 'key', plans };
  const words = { teamId: 'red', kind: 'rest', name: 'S', description: '', tags: [], visibility: 'organisation' };
  const life = { draft: design, stage: 'published', lastRelease: 1, live, deprecation: null, successor: '' };
  put('service', { id: `s${i}`, ...words, ...place, ...life });
  put('release', { id: `s${i}@1`, serviceId: `s${i}`, number: 1, design: { ...design }, notes: '', byUserId: '' });
}

function putApplication(put: Put, key: number, services: number): void {
  const applicationId = ownerOf(key);
  put('application', { id: applicationId, teamId: 'red', name: 'A', description: '', isDisabled: false });
  const serviceId = `s${Math.floor(key / KEYS_EACH) % services}`;
  const words = { planId: 'p', state: 'approved', reason: '', opinion: '' };
  put('subscription', { id: `sub${key}`, serviceId, applicationId, ...words });
}
