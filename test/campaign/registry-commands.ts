/**
 * A command of every kind that there is, each made so that it has to succeed: what it needs is made before it, for it alone. Which kinds there
 * are is the table of commands (control/model/commands.ts); one without a case here is told by `kindsWithoutCase`.
 */
import { randomBytes } from 'node:crypto';
import { commands } from '@weir/control/model/commands.js';
import type { Facts } from '@weir/control/model/decision.js';
import type { Actor } from '@weir/control/model/entities.js';

export interface Asked {
  readonly what: string;
  readonly input: object;
  readonly facts: Facts;
  readonly actor: Actor;
}

type More = Partial<Pick<Asked, 'facts' | 'actor'>>;

/** Where commands are made one after the other, before those that are all asked at once. */
export interface House {
  /** Of whatever everything may belong to. */
  readonly team: string;
  /** Done when it resolves: the id of what was made. */
  make(what: string, input: object, more?: More): Promise<string>;
}

export const local: Actor = { userId: 'local', login: 'local', via: 'local', from: '' };

const fresh = (): string => `x${randomBytes(6).toString('hex')}`;
const credential = () => ({ sha256: randomBytes(32).toString('hex'), lastFour: 'abcd' });
const self = (userId: string): Actor => ({ userId, login: userId, via: 'session', from: '' });
const later = (): number => Date.now() + 3_600_000;

export async function houseOf(make: House['make']): Promise<House> {
  const id = fresh();
  return { make, team: await make('team.create', { id, name: id }) };
}

const user = ({ make }: House): Promise<string> => make('user.create', { login: fresh(), name: 'Somebody' });
const team = ({ make }: House): Promise<string> => make('team.create', { id: fresh(), name: 'Team' });

async function session(house: House): Promise<string> {
  const userId = await user(house);
  const facts = { proven: { userId }, credential: credential() };
  return house.make('session.open', { userId, expiresWallMs: later() }, { facts });
}

async function token(house: House): Promise<string> {
  const actor = self(await user(house));
  const input = { name: 'ci', scopes: ['read'], expiresWallMs: later() };
  return house.make('token.create', input, { actor, facts: { credential: credential() } });
}

const plans = ['free', 'gold'].map((id) => ({ id, name: id, approval: 'manual' }));

function service({ make, team: teamId }: House): Promise<string> {
  const id = fresh();
  return make('service.create', {
    ...{ id, teamId, name: id, basePath: `/${id}`, visibility: 'organisation' },
    ...{ plans, versioning: { by: 'path' } },
  });
}

const draft = () => ({ contract: 'x'.repeat(5_000), routes: [{ match: `/${fresh()}`, respond: 200 }] });

async function published(house: House, releases = 1): Promise<string> {
  const id = await service(house);
  for (let release = 1; release <= releases; release += 1) {
    await house.make('service.set-draft', { id, draft: draft() });
    await house.make('service.publish', { id, name: `v${release}` });
  }
  return id;
}

const application = ({ make, team: teamId }: House): Promise<string> => {
  const id = fresh();
  return make('application.create', { id, teamId, name: id });
};

async function key(house: House): Promise<string> {
  const applicationId = await application(house);
  return house.make('key.create', { applicationId, name: 'k' }, { facts: { credential: credential() } });
}

/** Taken through these steps. */
async function subscription(house: House, ...steps: readonly string[]): Promise<string> {
  const [serviceId, applicationId] = [await published(house), await application(house)];
  const id = await house.make('subscription.create', { serviceId, applicationId, planId: 'free' });
  for (const step of steps) await house.make(`subscription.${step}`, { id });
  return id;
}

type Case = (house: House) => Promise<object & { readonly more?: More }>;

const on =
  (make: (house: House) => Promise<string>, input: object = {}, more: More = {}): Case =>
  async (house) => ({ id: await make(house), ...input, more });

const byThemselves =
  (input: object, facts: Facts = {}): Case =>
  async (house) => {
    const id = await user(house);
    return { id, ...input, more: { actor: self(id), facts } };
  };

const people: Readonly<Record<string, Case>> = {
  'user.create': async () => ({ login: fresh(), name: 'New' }),
  'user.change': on(user, { name: 'Changed' }),
  'user.delete': on(user),
  'user.reset-password': on(user, {}, { facts: { passwordHash: 'scrypt$1' } }),
  'user.link': async (house) => ({ id: await user(house), oidc: { issuer: 'https://id', subject: fresh() } }),
  async 'user.enrol'() {
    const proven = { issuer: 'https://id', subject: fresh() };
    return { ...proven, login: fresh(), name: 'New', more: { facts: { proven } } };
  },
  'user.rename': byThemselves({ name: 'Other' }),
  'user.password': byThemselves({}, { passwordHash: 'scrypt$2' }),
  'user.sign-out': on(user),
  async 'session.open'(house) {
    const userId = await user(house);
    return { userId, expiresWallMs: later(), more: { facts: { proven: { userId }, credential: credential() } } };
  },
  'session.close': on(session),
  async 'token.create'(house) {
    const more = { actor: self(await user(house)), facts: { credential: credential() } };
    return { name: 'ci', scopes: ['read'], expiresWallMs: later(), more };
  },
  'token.delete': on(token),
};

const teams: Readonly<Record<string, Case>> = {
  'team.create': async () => ({ id: fresh(), name: 'Team' }),
  'team.change': on(team, { description: 'Changed' }),
  'team.delete': on(team),
  'team.set-member': async (house) => ({ id: house.team, userId: await user(house), role: 'developer' }),
  async 'team.remove-member'(house) {
    const userId = await user(house);
    await house.make('team.set-member', { id: house.team, userId, role: 'viewer' });
    return { id: house.team, userId };
  },
  'secret.set': async ({ team: teamId }) => ({ teamId, name: fresh(), more: { facts: { sealed: 'v1.a.b.c' } } }),
  async 'secret.delete'({ make, team: teamId }) {
    const name = fresh();
    await make('secret.set', { teamId, name }, { facts: { sealed: 'v1.a.b.c' } });
    return { teamId, name };
  },
  'registry.import': async () => ({ version: 1, users: [{ login: fresh(), name: 'Imported' }] }),
};

const services: Readonly<Record<string, Case>> = {
  async 'service.create'({ team: teamId }) {
    const id = fresh();
    return { id, teamId, name: id, basePath: `/${id}` };
  },
  'service.change': on(service, { description: 'Changed' }),
  'service.move': async (house) => ({ id: await service(house), teamId: await team(house) }),
  'service.set-draft': async (house) => ({ id: await service(house), draft: draft() }),
  async 'service.publish'(house) {
    const id = await service(house);
    await house.make('service.set-draft', { id, draft: draft() });
    return { id, name: 'v1' };
  },
  'service.set-live': on((house) => published(house, 2), { live: [{ release: 1, name: 'v1' }] }),
  'service.deprecate': on(published),
  async 'service.undeprecate'(house) {
    const id = await published(house);
    await house.make('service.deprecate', { id });
    return { id };
  },
  'service.retire': on(published, { force: true }),
  async 'service.restore'(house) {
    const id = await published(house);
    await house.make('service.retire', { id, force: true });
    return { id, live: [{ release: 1, name: 'v1' }] };
  },
  'service.delete': on(service),
};

const consumers: Readonly<Record<string, Case>> = {
  async 'application.create'({ team: teamId }) {
    const id = fresh();
    return { id, teamId, name: id };
  },
  'application.change': on(application, { isDisabled: true }),
  'application.delete': on(application),
  'key.create': async (house) => ({
    ...{ applicationId: await application(house), name: 'k' },
    more: { facts: { credential: credential() } },
  }),
  'key.rotate': async (house) => ({ id: await key(house), more: { facts: { credential: credential() } } }),
  'key.delete': on(key),
  'subscription.create': async (house) => ({
    ...{ serviceId: await published(house), applicationId: await application(house) },
    planId: 'free',
  }),
  'subscription.approve': on(subscription),
  'subscription.reject': on(subscription),
  'subscription.suspend': on((house) => subscription(house, 'approve')),
  'subscription.resume': on((house) => subscription(house, 'approve', 'suspend')),
  'subscription.set-plan': on(subscription, { planId: 'gold' }),
  'subscription.delete': on(subscription),
};

const cases: Readonly<Record<string, Case>> = { ...people, ...teams, ...services, ...consumers };

/** Of the table of commands. */
export const kinds: readonly string[] = Object.keys(commands);

export const kindsWithoutCase: readonly string[] = kinds.filter((what) => !Object.hasOwn(cases, what));

/** What is needed is made, and it is left to be asked. */
export async function askedOf(what: string, house: House): Promise<Asked> {
  const { more = {}, ...input } = (await cases[what]?.(house)) ?? {};
  const { facts = {}, actor = local } = more as More;
  return { what, input, facts, actor };
}
