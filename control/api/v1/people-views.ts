/** Users, tokens and teams as the API shows them: no hash, no epoch, nothing that is secret. Pure. */
import * as z from 'zod';
import type { ApiToken, Team, TeamRole, User } from '../../model/entities.js';
import type { RegistryView } from '../../registry/registry.js';

const versioned = {
  id: z.string(),
  version: z.number().int(),
  createdWallMs: z.number().int(),
  changedWallMs: z.number().int(),
};

export const roles = ['owner', 'developer', 'viewer'] as const;

export const userView = z.strictObject({
  ...versioned,
  login: z.string(),
  name: z.string(),
  isOperator: z.boolean(),
  isDisabled: z.boolean(),
  mustChangePassword: z.boolean(),
  /** False: signs in by OIDC only, or not at all. */
  hasPassword: z.boolean(),
  oidc: z.strictObject({ issuer: z.string(), subject: z.string() }).nullable(),
});

export function showUser(user: User): z.output<typeof userView> {
  const { passwordHash, sessionEpoch: _, ...shown } = user;
  return { ...shown, hasPassword: passwordHash !== null };
}

export const tokenView = z.strictObject({
  ...versioned,
  name: z.string(),
  scopes: z.array(z.string()),
  expiresWallMs: z.number().int(),
});

export function showToken({
  sha256: _,
  sessionEpoch: __,
  userId: ___,
  ...shown
}: ApiToken): z.output<typeof tokenView> {
  return { ...shown, scopes: [...shown.scopes] };
}

export const teamView = z.strictObject({
  ...versioned,
  name: z.string(),
  description: z.string(),
  members: z.array(z.strictObject({ userId: z.string(), login: z.string(), name: z.string(), role: z.enum(roles) })),
  /** Of whoever asks; null: an operator who is no member. */
  role: z.enum(roles).nullable(),
});

export function showTeam(
  team: Team,
  registry: Pick<RegistryView, 'get'>,
  caller: { readonly user: User | null },
): z.output<typeof teamView> {
  const { members, ...shown } = team;
  return {
    ...shown,
    members: Object.entries(members).map(([userId, role]) => {
      const user = registry.get('user', userId);
      return { userId, login: user?.login ?? '', name: user?.name ?? '', role };
    }),
    role: ownRole(team, caller.user),
  };
}

export function ownRole({ members }: Pick<Team, 'members'>, user: User | null): TeamRole | null {
  return user !== null && Object.hasOwn(members, user.id) ? (members[user.id] ?? null) : null;
}

export function listOf(item: z.ZodType): z.ZodType {
  return z.strictObject({ items: z.array(item), next: z.string().nullable() });
}
