/** A large registry, written as entries of many changes: 10,000 services by single commands would take minutes. Only tests import this file. */
import type { SharedLog } from '@weir/proto/bus/shared-log.js';
import type { Change, Design, Entities, EntityKind } from '../../model/entities.js';
import { encodeEntry } from '../entry.js';
import { local } from './memory-registry.js';

export interface Scale {
  readonly services: number;
  readonly keys: number;
  /** Left out: one for a hundred services. */
  readonly teams?: number;
  /** Beside those who are there anyway; left out: none. */
  readonly users?: number;
}

export interface LargeOptions {
  /** Where all services send what they are asked; left out: where nobody answers. */
  readonly target?: string;
  /** SHA-256 of the key of that number; left out: what is of no key. */
  readonly sha256Of?: (key: number) => string;
  /** Changes in an entry of the log; left out: so many that writing takes a moment. */
  readonly changesAtOnce?: number;
}

const CHANGES_AT_ONCE = 500;
const KEYS_PER_APPLICATION = 10;
const SERVICES_PER_TEAM = 100;
/** Of each application: to services all over. */
const SUBSCRIPTIONS_EACH = 3;

const words = ['order', 'invoice', 'parcel', 'stock', 'price', 'user', 'report', 'search'] as const;

const visibilities = ['team', 'public', 'organisation', 'organisation'] as const;

/** Into an empty log. */
export async function writeLarge(log: SharedLog, scale: Scale, options: LargeOptions = {}): Promise<void> {
  const { changesAtOnce = CHANGES_AT_ONCE } = options;
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
  for (const change of largeChanges(scale, options)) {
    batch.push(change);
    if (batch.length === changesAtOnce) await write();
  }
  if (batch.length > 0) await write();
}

const times = { version: 1, createdWallMs: 1, changedWallMs: 1 };

function put<K extends EntityKind>(kind: K, value: Entities[K]): Change {
  // A value of a kind with that kind is a change.
  return { kind, id: value.id, value } as unknown as Change;
}

/** Where the keys of an application are to be looked for: of `app-7` those from 70 on. */
export const applicationOfKey = (key: number): string => `app-${Math.floor(key / KEYS_PER_APPLICATION)}`;

/** A service that the application of that number is subscribed to. */
export const subscribedService = (application: number, services: number, which = 0): number =>
  (application * 7 + which * 3_331) % services;

function* largeChanges(scale: Scale, options: LargeOptions): Iterable<Change> {
  const { services, keys, teams = Math.ceil(services / SERVICES_PER_TEAM), users = 0 } = scale;
  for (let user = 0; user < users; user += 1) yield userOf(user);
  for (let team = 0; team < teams; team += 1) {
    const members = Object.fromEntries(membersOf(team, teams, users));
    yield put('team', { id: `team-${team}`, ...times, name: `Team ${team}`, description: '', members });
  }
  for (let at = 0; at < services; at += 1) yield* serviceOf(at, `team-${at % teams}`, options);
  for (let at = 0; at < keys; at += KEYS_PER_APPLICATION)
    yield* applicationWith(at / KEYS_PER_APPLICATION, Math.min(KEYS_PER_APPLICATION, keys - at), {
      teamId: `team-${(at / KEYS_PER_APPLICATION) % teams}`,
      ...{ services, options },
    });
}

function userOf(at: number): Change {
  const who = { login: `user-${at}`, name: `User ${at}`, isOperator: false, isDisabled: false };
  const secrets = { passwordHash: null, mustChangePassword: false, sessionEpoch: 0, oidc: null };
  return put('user', { id: `user-${at}`, ...times, ...who, ...secrets });
}

function* membersOf(team: number, teams: number, users: number): Iterable<[string, 'developer']> {
  for (let user = team; user < users; user += teams) yield [`user-${user}`, 'developer'];
}

interface Around {
  readonly teamId: string;
  readonly services: number;
  readonly options: LargeOptions;
}

function* applicationWith(number: number, keys: number, { teamId, services, options }: Around): Iterable<Change> {
  const applicationId = `app-${number}`;
  const words = { name: `App ${number}`, description: '', isDisabled: false };
  yield put('application', { id: applicationId, ...times, teamId, ...words });
  const asked = Array.from({ length: SUBSCRIPTIONS_EACH }, (_, which) => subscribedService(number, services, which));
  for (const [which, service] of [...new Set(asked)].entries()) {
    const told = { planId: 'default', reason: '', opinion: '', state: 'approved' } as const;
    yield put('subscription', {
      id: `sub-${number}-${which}`,
      ...times,
      ...{ serviceId: `s-${service}`, applicationId, ...told },
    });
  }
  for (let key = number * KEYS_PER_APPLICATION; key < number * KEYS_PER_APPLICATION + keys; key += 1) {
    const sha256 = options.sha256Of?.(key) ?? key.toString(16).padStart(64, '0');
    const told = { name: 'ci', sha256, lastFour: 'abcd', expiresWallMs: null };
    yield put('key', { id: `key-${key}`, ...times, applicationId, ...told });
  }
}

function* serviceOf(at: number, teamId: string, { target = 'http://127.0.0.1:9000' }: LargeOptions): Iterable<Change> {
  const id = `s-${at}`;
  const word = words[at % words.length] ?? 'any';
  const responses = { 200: { description: 'One of them.' } };
  const parameters = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }];
  const contract = JSON.stringify({
    openapi: '3.1.0',
    info: { title: `${word} ${at}`, version: '1' },
    paths: { [`/${word}/{id}`]: { parameters, get: { operationId: 'one', responses } } },
  });
  const draft: Design = {
    contract,
    upstreams: [{ id: 'main', targets: [target] }],
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
      visibility: visibilities[at % visibilities.length] ?? 'team',
      basePath: `/${word}/s${at}`,
      hosts: [],
      versioning: { by: 'none' },
      access: 'key',
    },
    ...{
      plans: [{ id: 'default', name: 'Default', limits: at % 2 === 0 ? ['1000/s'] : [], approval: 'auto' }],
      draft,
      stage: 'published',
      lastRelease: 1,
    },
    ...{ live: [{ release: 1, share: 100, name: '' }], deprecation: null, successor: '' },
  });
  yield put('release', { id: `${id}@1`, ...times, serviceId: id, number: 1, design: draft, notes: '', byUserId: 'u' });
}
