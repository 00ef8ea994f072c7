/** Commands of every kind that mostly succeed, drawn over what a registry has. */
import { randomBytes } from 'node:crypto';
import type { Facts } from '@weir/control/model/decision.js';
import type { EntityKind } from '@weir/control/model/entities.js';
import type { RegistryView } from '@weir/control/registry/registry.js';

export interface Asked {
  readonly what: string;
  readonly input: object;
  readonly facts: Facts;
}

type Below = (max: number) => number;
type Ask = (registry: RegistryView, below: Below, fresh: string) => object;

const any = (registry: RegistryView, kind: EntityKind, below: Below): string => {
  const count = registry.count(kind);
  let left = count === 0 ? 0 : below(count);
  for (const { id } of registry.all(kind)) if (left-- === 0) return id;
  return 'none';
};

const of =
  (kind: EntityKind, more: object = {}): Ask =>
  (registry, below) => ({ id: any(registry, kind, below), ...more });

const asks: Readonly<Record<string, Ask>> = {
  'user.create': (_, __, fresh) => ({ login: fresh, name: fresh }),
  'user.change': of('user', { name: 'Changed' }),
  'user.reset-password': of('user'),
  'user.delete': of('user'),
  'session.open': (registry, below) => ({ userId: any(registry, 'user', below), expiresWallMs: Date.now() + 60_000 }),
  'session.close': of('session'),
  'team.create': (_, __, fresh) => ({ id: fresh, name: fresh }),
  'team.change': of('team', { description: 'Changed' }),
  'team.set-member': (registry, below) => ({
    id: any(registry, 'team', below),
    userId: any(registry, 'user', below),
    role: 'developer',
  }),
  'team.delete': of('team'),
  'secret.set': (registry, below) => ({ teamId: any(registry, 'team', below), name: 'KEY' }),
  'secret.delete': (registry, below) => ({ teamId: any(registry, 'team', below), name: 'KEY' }),
  'service.create': (registry, below, fresh) => ({
    id: fresh,
    teamId: any(registry, 'team', below),
    name: fresh,
    basePath: `/${fresh}`,
    visibility: 'organisation',
  }),
  'service.change': of('service', { description: 'Changed' }),
  'service.set-draft': (registry, below, fresh) => ({
    id: any(registry, 'service', below),
    draft: { contract: 'x'.repeat(below(20_000)), routes: [{ match: `/${fresh}` }] },
  }),
  'service.publish': of('service'),
  'service.deprecate': of('service'),
  'service.undeprecate': of('service'),
  'service.retire': of('service', { force: true }),
  'service.restore': of('service'),
  'service.delete': of('service'),
  'application.create': (registry, below, fresh) => ({ id: fresh, teamId: any(registry, 'team', below), name: fresh }),
  'application.change': of('application', { isDisabled: true }),
  'application.delete': of('application'),
  'key.create': (registry, below) => ({ applicationId: any(registry, 'application', below), name: 'k' }),
  'key.rotate': of('key', { overlapMs: 1_000 }),
  'key.delete': of('key'),
  'subscription.create': (registry, below) => ({
    serviceId: any(registry, 'service', below),
    applicationId: any(registry, 'application', below),
    planId: 'default',
  }),
  'subscription.approve': of('subscription'),
  'subscription.reject': of('subscription'),
  'subscription.suspend': of('subscription'),
  'subscription.resume': of('subscription'),
  'subscription.delete': of('subscription'),
};

/** Kinds of commands that the campaign has to have seen done. */
export const askedKinds: readonly string[] = Object.keys(asks);

/** What makes things is asked for more often than what ends them. */
const often = askedKinds.filter((what) => /create|set-draft|publish|open|approve/.test(what));

export function askFor(registry: RegistryView, below: Below): Asked {
  const from = below(3) === 0 ? askedKinds : often;
  const what = from[below(from.length)] ?? 'team.create';
  const input = asks[what]?.(registry, below, `x${randomBytes(6).toString('hex')}`) ?? {};
  // What each of them has, whatever it is.
  const { userId = '' } = input as { userId?: string };
  const credential = { sha256: randomBytes(32).toString('hex'), lastFour: 'abcd' };
  return { what, input, facts: { passwordHash: 'scrypt$', sealed: 'v1.', credential, proven: { userId } } };
}
