/** Who sits here: the session as control tells it, or that this control asks for none. */

import { useQuery } from '@tanstack/react-query';
import type { TeamRole, User } from '../../../model/entities.js';
import { get, rememberCsrf } from './client.js';
import { ApiProblem, isNotOffered } from './problem.js';
import { SESSION_PATH } from './queries.js';

export type SignedInUser = Pick<User, 'id' | 'login' | 'name' | 'isOperator' | 'mustChangePassword'>;

export interface OwnTeam {
  readonly id: string;
  readonly name: string;
  readonly role: TeamRole;
}

export interface SessionAnswer {
  readonly user: SignedInUser | null;
  readonly teams: readonly OwnTeam[];
  readonly csrf: string;
  /** Nobody has signed in yet. */
  readonly isFirstRun: boolean;
  readonly oidc: { readonly name: string } | null;
}

/** `unasked`: this control has no accounts, and whoever reaches it may do everything. */
export type Session =
  | { readonly kind: 'unasked' }
  | { readonly kind: 'out'; readonly isFirstRun: boolean; readonly oidc: SessionAnswer['oidc'] }
  | { readonly kind: 'in'; readonly user: SignedInUser; readonly teams: readonly OwnTeam[] };

export const sessionKey = [SESSION_PATH];

export function useSession() {
  return useQuery({ queryKey: sessionKey, queryFn: askSession, staleTime: Number.POSITIVE_INFINITY });
}

async function askSession(): Promise<Session> {
  try {
    const { user, teams = [], csrf, isFirstRun, oidc } = await get<SessionAnswer>(SESSION_PATH);
    rememberCsrf(csrf ?? '');
    if (user === null || user === undefined)
      return { kind: 'out', isFirstRun: isFirstRun === true, oidc: oidc ?? null };
    return { kind: 'in', user, teams };
  } catch (error) {
    if (isNotOffered(error)) return { kind: 'unasked' };
    if (error instanceof ApiProblem && error.problem.status === 401)
      return { kind: 'out', isFirstRun: false, oidc: null };
    throw error;
  }
}

/** Operators may do everything, and so may whoever sits at a control without accounts. */
export function mayOperate(session: Session): boolean {
  return session.kind === 'unasked' || (session.kind === 'in' && session.user.isOperator);
}
