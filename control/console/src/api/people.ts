/** Users, teams, tokens and the audit as the API tells them. */
import type { ApiToken, AuditEntry, TeamRole, User } from '../../../model/entities.js';

export type UserView = Omit<User, 'passwordHash' | 'sessionEpoch'> & { readonly hasPassword: boolean };

/** Null: it was told before. */
export type UserWithPassword = UserView & { readonly password: string | null };

export interface Member {
  readonly userId: string;
  readonly login: string;
  readonly name: string;
  readonly role: TeamRole;
}

export interface TeamView {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly description: string;
  readonly members: readonly Member[];
  readonly role: TeamRole | null;
}

export type TokenView = Omit<ApiToken, 'sha256' | 'sessionEpoch' | 'userId'>;

export type AuditView = Omit<AuditEntry, 'changes'> & {
  readonly changes: readonly {
    readonly kind: string;
    readonly id: string;
    readonly before?: unknown;
    readonly after: unknown;
  }[];
};

export interface SecretView {
  readonly name: string;
  readonly changedWallMs: number;
}

export const roles: readonly TeamRole[] = ['owner', 'developer', 'viewer'];

export function roleOf(text: string): TeamRole {
  return roles.find((role) => role === text) ?? 'viewer';
}
