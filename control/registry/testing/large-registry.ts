/** A large registry, written as entries of many changes: 10,000 services by single commands would take minutes. Only tests import this file. */
import type { SharedLog } from '@weir/proto/bus/shared-log.js';
import type { Change, Design, Entities, EntityKind } from '../../model/entities.js';
import { encodeEntry } from '../entry.js';
import { local } from './memory-registry.js';

export interface Scale {
  readonly services: number;
  readonly keys: number;
}

const CHANGES_AT_ONCE = 500;
const KEYS_PER_APPLICATION = 10;
const SERVICES_PER_TEAM = 100;

const words = ['order', 'invoice', 'parcel', 'stock', 'price', 'user', 'report', 'search'] as const;

/** Into an empty log. */
export async function writeLarge(log: SharedLog, scale: Scale): Promise<void> {
  let [number, before, batch]: [number, string, Change[]] = [1, '', []];
  const write = async (): Promise<void> => {
    const fields = {
      id: `large-${number}`,
      what: 'team.create',
      on: 'team large',
      actor: local,
      atWallMs: 1,
      reason: '',
    };
    const bytes = encodeEntry({ ...fields, number, before, changes: batch });
    const appended = await log.append('up', bytes, number - 1);
    if (!appended.ok) throw new Error(appended.detail);
    [number, before, batch] = [number + 1, fields.id, []];
  };
  for (const change of largeChanges(scale)) {
    batch.push(change);
    if (batch.length === CHANGES_AT_ONCE) await write();
  }
  if (batch.length > 0) await write();
}

const times = { version: 1, createdWallMs: 1, changedWallMs: 1 };

function put<K extends EntityKind>(kind: K, value: Entities[K]): Change {
  // A value of a kind with that kind is a change.
  return { kind, id: value.id, value } as unknown as Change;
}

function* largeChanges({ services, keys }: Scale): Iterable<Change> {
  const teams = Math.ceil(services / SERVICES_PER_TEAM);
  for (let team = 0; team < teams; team += 1)
    yield put('team', { id: `team-${team}`, ...times, name: `Team ${team}`, description: '', members: {} });
  for (let at = 0; at < services; at += 1) yield* serviceOf(at, `team-${at % teams}`);
  for (let at = 0; at < keys; at += 1) {
    const applicationId = `app-${Math.floor(at / KEYS_PER_APPLICATION)}`;
    if (at % KEYS_PER_APPLICATION === 0) {
      const teamId = `team-${at % teams}`;
      yield put('application', {
        id: applicationId,
        ...times,
        teamId,
        name: `App ${at}`,
        description: '',
        isDisabled: false,
      });
      const subscription = {
        serviceId: `s-${at % services}`,
        applicationId,
        planId: 'default',
        reason: '',
        opinion: '',
      };
      yield put('subscription', { id: `sub-${at}`, ...times, ...subscription, state: 'approved' });
    }
    const sha256 = at.toString(16).padStart(64, '0');
    yield put('key', {
      id: `key-${at}`,
      ...times,
      applicationId,
      name: 'ci',
      sha256,
      lastFour: 'abcd',
      expiresWallMs: null,
    });
  }
}

function* serviceOf(at: number, teamId: string): Iterable<Change> {
  const id = `s-${at}`;
  const word = words[at % words.length] ?? 'any';
  const contract = JSON.stringify({
    openapi: '3.1.0',
    info: { title: `${word} ${at}` },
    paths: { [`/${word}/{id}`]: {} },
  });
  const draft: Design = {
    contract,
    upstreams: [{ id: 'main', targets: ['http://127.0.0.1:9000'] }],
    routes: [{ match: '/*' }],
    validate: 'off',
    mock: false,
  };
  yield put('service', {
    ...{
      id,
      ...times,
      teamId,
      kind: 'rest',
      name: `The ${word} service ${at}`,
      description: 'Does what it says.',
      tags: [word],
    },
    ...{
      visibility: 'organisation',
      basePath: `/${word}/s${at}`,
      hosts: [],
      versioning: { by: 'none' },
      access: 'key',
    },
    ...{
      plans: [{ id: 'default', name: 'Default', limits: [], approval: 'auto' }],
      draft,
      stage: 'published',
      lastRelease: 1,
    },
    ...{ live: [{ release: 1, share: 100, name: '' }], deprecation: null, successor: '' },
  });
  yield put('release', { id: `${id}@1`, ...times, serviceId: id, number: 1, design: draft, notes: '', byUserId: 'u' });
}
