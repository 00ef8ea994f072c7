/**
 * Commands of every kind, drawn: most of them name what is there, so that they often succeed, and some what is not. Only tests import
 * this file.
 */
import fc from 'fast-check';
import type { AskedCommand } from '../commands.js';
import type { Facts, ModelState } from '../decision.js';
import type { Actor, EntityKind } from '../entities.js';

/** Drawn before the state is known; `resolve` says what it is then. */
export interface Drawn {
  readonly what: string;
  readonly actor: number;
  readonly picks: readonly number[];
  readonly chance: number;
}

export const LOCAL: Actor = { userId: '', login: 'local', via: 'local', from: '' };
export const STRANGER: Actor = { userId: '', login: '', via: 'none', from: '203.0.113.9' };

export const names = ['one', 'two', 'three', 'four'] as const;
const paths = ['/a', '/a/b', '/b', '/c', '/c/d'] as const;

const idOf = (state: ModelState, kind: EntityKind, pick: number): string => {
  const ids = [...state.all(kind)].map(({ id }) => id);
  return pick % 11 === 10 ? `no-such-${kind}` : (ids[pick % Math.max(1, ids.length)] ?? `no-such-${kind}`);
};

type Make = (state: ModelState, pick: (index: number) => number, chance: number) => object;

const one = <T>(list: readonly T[], pick: number): T => list[pick % list.length] as T;
const plans = (pick: number) => [
  { id: 'free', name: 'Free', approval: pick % 2 === 0 ? 'auto' : 'manual' },
  ...(pick % 3 === 0 ? [{ id: 'gold', name: 'Gold', limits: ['100/s'] }] : []),
];

const makes: Readonly<Record<string, Make>> = {
  'registry.import': (state, pick) => ({
    version: 1,
    users: [{ login: `u${pick(0) % 6}`, name: 'Imported', isOperator: pick(1) % 2 === 0 }],
    teams: [{ id: one(names, pick(1)), name: 'Imported', members: { [`u${pick(0) % 6}`]: 'owner' } }],
    applications: [{ id: one(names, pick(2)), team: idOf(state, 'team', pick(3)), name: 'Imported' }],
  }),
  'user.create': (_, pick) => ({ login: `u${pick(0) % 6}`, name: 'Somebody', isOperator: pick(1) % 3 === 0 }),
  'user.change': (state, pick) => ({
    id: idOf(state, 'user', pick(0)),
    ...one(
      [{ isDisabled: true }, { isDisabled: false }, { isOperator: true }, { isOperator: false }, { login: 'u1' }],
      pick(1),
    ),
  }),
  'user.delete': (state, pick) => ({ id: idOf(state, 'user', pick(0)) }),
  'user.reset-password': (state, pick) => ({ id: idOf(state, 'user', pick(0)) }),
  'user.link': (state, pick) => ({
    id: idOf(state, 'user', pick(0)),
    oidc: { issuer: 'https://id', subject: `s${pick(1) % 3}` },
  }),
  'user.enrol': (_, pick) => ({
    issuer: 'https://id',
    subject: `s${pick(0) % 3}`,
    login: `u${pick(1) % 6}`,
    name: 'New',
  }),
  'user.rename': (state, pick) => ({ id: idOf(state, 'user', pick(0)), name: 'Other' }),
  'user.password': (state, pick) => ({
    id: idOf(state, 'user', pick(0)),
    keptSession: idOf(state, 'session', pick(1)),
  }),
  'user.sign-out': (state, pick) => ({ id: idOf(state, 'user', pick(0)) }),
  'session.open': (state, pick) => ({
    userId: idOf(state, 'user', pick(0)),
    expiresWallMs: 1_000 + pick(1),
    from: '127.0.0.1',
  }),
  'session.close': (state, pick) => ({ id: idOf(state, 'session', pick(0)) }),
  'token.create': (_, pick) => ({ name: 'ci', scopes: ['services:write'], expiresWallMs: 100 + pick(0) }),
  'token.delete': (state, pick) => ({ id: idOf(state, 'token', pick(0)) }),
  'team.create': (state, pick) => ({ id: one(names, pick(0)), name: 'Team', ownerId: idOf(state, 'user', pick(1)) }),
  'team.change': (state, pick) => ({ id: idOf(state, 'team', pick(0)), description: 'Sells.' }),
  'team.delete': (state, pick) => ({ id: idOf(state, 'team', pick(0)) }),
  'team.set-member': (state, pick) => ({
    ...{ id: idOf(state, 'team', pick(0)), userId: idOf(state, 'user', pick(1)) },
    role: one(['owner', 'developer', 'viewer'], pick(2)),
  }),
  'team.remove-member': (state, pick) => ({ id: idOf(state, 'team', pick(0)), userId: idOf(state, 'user', pick(1)) }),
  'secret.set': (state, pick) => ({ teamId: idOf(state, 'team', pick(0)), name: one(['KEY', 'PIN'], pick(1)) }),
  'secret.delete': (state, pick) => ({ teamId: idOf(state, 'team', pick(0)), name: one(['KEY', 'PIN'], pick(1)) }),
  'service.create': (state, pick) => ({
    ...{
      id: one(names, pick(0)),
      teamId: idOf(state, 'team', pick(1)),
      name: 'Service',
      basePath: one(paths, pick(2)),
    },
    ...{ plans: plans(pick(3)), visibility: one(['team', 'organisation', 'public'], pick(4)) },
    ...{
      hosts: one([[], ['a.test'], ['*.test']], pick(5)),
      versioning: one([{ by: 'none' }, { by: 'path' }], pick(0) >> 3),
    },
  }),
  'service.change': (state, pick) => ({
    id: idOf(state, 'service', pick(0)),
    ...one(
      [
        { basePath: one(paths, pick(2)) },
        { plans: plans(pick(2)) },
        { access: 'open' },
        { visibility: 'public' },
        { plans: [], access: 'key' },
      ],
      pick(1),
    ),
  }),
  'service.move': (state, pick) => ({ id: idOf(state, 'service', pick(0)), teamId: idOf(state, 'team', pick(1)) }),
  'service.set-draft': (state, pick) => ({
    id: idOf(state, 'service', pick(0)),
    draft: { routes: [{ match: `/${pick(1) % 9}` }] },
  }),
  'service.publish': (state, pick) => ({
    ...{ id: idOf(state, 'service', pick(0)), share: one([100, 100, 10], pick(1)) },
    name: one(['', 'v1', 'v2'], pick(2)),
  }),
  'service.set-live': (state, pick) => ({
    id: idOf(state, 'service', pick(0)),
    live: one(
      [
        [{ release: 1 + (pick(2) % 3) }],
        [
          { release: 1, share: 60 },
          { release: 2, share: 40 },
        ],
        [
          { release: 1, name: 'v1' },
          { release: 2, name: 'v2' },
        ],
      ],
      pick(1),
    ),
  }),
  'service.deprecate': (state, pick) => ({
    id: idOf(state, 'service', pick(0)),
    sunsetWallMs: pick(1) % 2 === 0 ? null : pick(2),
  }),
  'service.undeprecate': (state, pick) => ({ id: idOf(state, 'service', pick(0)) }),
  'service.retire': (state, pick) => ({ id: idOf(state, 'service', pick(0)), force: pick(1) % 2 === 0 }),
  'service.restore': (state, pick) => ({
    id: idOf(state, 'service', pick(0)),
    live: pick(1) % 2 === 0 ? [] : [{ release: 1, name: 'v1' }],
  }),
  'service.delete': (state, pick) => ({ id: idOf(state, 'service', pick(0)) }),
  'application.create': (state, pick) => ({
    id: one(names, pick(0)),
    teamId: idOf(state, 'team', pick(1)),
    name: 'App',
  }),
  'application.change': (state, pick) => ({ id: idOf(state, 'application', pick(0)), isDisabled: pick(1) % 2 === 0 }),
  'application.delete': (state, pick) => ({ id: idOf(state, 'application', pick(0)) }),
  'key.create': (state, pick) => ({
    applicationId: idOf(state, 'application', pick(0)),
    name: 'key',
    expiresWallMs: pick(1) % 2 === 0 ? null : pick(2),
  }),
  'key.rotate': (state, pick) => ({ id: idOf(state, 'key', pick(0)), overlapMs: pick(1) % 2 === 0 ? 0 : pick(2) }),
  'key.delete': (state, pick) => ({ id: idOf(state, 'key', pick(0)) }),
  'subscription.create': (state, pick) => ({
    ...{ serviceId: idOf(state, 'service', pick(0)), applicationId: idOf(state, 'application', pick(1)) },
    planId: one(['free', 'gold', 'default'], pick(2)),
  }),
  'subscription.approve': (state, pick) => ({ id: idOf(state, 'subscription', pick(0)), opinion: 'yes' }),
  'subscription.reject': (state, pick) => ({ id: idOf(state, 'subscription', pick(0)) }),
  'subscription.suspend': (state, pick) => ({ id: idOf(state, 'subscription', pick(0)) }),
  'subscription.resume': (state, pick) => ({ id: idOf(state, 'subscription', pick(0)) }),
  'subscription.set-plan': (state, pick) => ({
    id: idOf(state, 'subscription', pick(0)),
    planId: one(['free', 'gold'], pick(1)),
  }),
  'subscription.delete': (state, pick) => ({ id: idOf(state, 'subscription', pick(0)) }),
};

/** What can be drawn: a test compares it with the table, so that nothing is left out. */
export const drawable: readonly string[] = Object.keys(makes);

const often = [
  'service.deprecate',
  'service.undeprecate',
  'subscription.reject',
  'subscription.approve',
  'subscription.suspend',
  'subscription.resume',
  'service.retire',
  'service.restore',
  'team.create',
  'team.set-member',
  'service.create',
  'service.set-draft',
  'service.publish',
  'application.create',
  'subscription.create',
  'key.create',
];

export function drawnCommand(from: readonly string[] = [...drawable, ...often, ...often]): fc.Arbitrary<Drawn> {
  return fc.record({
    what: fc.constantFrom(...from),
    actor: fc.nat(9),
    picks: fc.array(fc.nat(999), { minLength: 6, maxLength: 6 }),
    chance: fc.double({ min: 0, max: 1, noNaN: true }),
  });
}

export function askedOf(drawn: Drawn, state: ModelState): AskedCommand {
  return { what: drawn.what, input: makes[drawn.what]?.(state, (index) => drawn.picks[index] ?? 0, drawn.chance) };
}

/** Half of the time whoever may do everything. */
export function actorOf({ actor }: Drawn, state: ModelState): Actor {
  if (actor < 5) return LOCAL;
  const users = [...state.all('user')];
  const user = users[actor % (users.length + 1)];
  return user === undefined ? STRANGER : { userId: user.id, login: user.login, via: 'session', from: '127.0.0.1' };
}

/** All that a command may want, drawn for this one alone. */
export function factsOf(step: number, { input }: AskedCommand): Facts {
  // What each of them has, whatever it is.
  const { userId, issuer, subject } = input as { userId?: string; issuer?: string; subject?: string };
  const proven = issuer !== undefined && subject !== undefined ? { issuer, subject } : { userId: userId ?? '' };
  const sha256 = step.toString(16).padStart(64, '0');
  return { passwordHash: `scrypt$${step}`, sealed: `v1.${step}`, credential: { sha256, lastFour: 'abcd' }, proven };
}
