/** What the claims of somebody who has signed in elsewhere make of them here. Pure. */
import type { Team, TeamRole } from '../model/entities.js';
import type { OidcSettings } from './oidc-settings.js';

export type Claims = Readonly<Record<string, unknown>>;

export interface Grants {
  readonly login: string;
  readonly name: string;
  /** Null: no group makes operators, so whoever is one by hand stays one. */
  readonly isOperator: boolean | null;
  /** Of the teams that any group leads to; null: in none of its groups. */
  readonly roles: ReadonlyMap<string, TeamRole | null>;
}

export type Read = { readonly ok: true; readonly grants: Grants } | { readonly ok: false; readonly detail: string };

const LOGIN = /^[a-z0-9][a-z0-9._@+-]{0,99}$/;

export function readClaims(claims: Claims, settings: OidcSettings): Read {
  const own = groupsOf(claims[settings.groups]);
  const { allow, operators } = settings;
  if (allow !== undefined && !allow.some((group) => own.has(group)))
    return { ok: false, detail: 'none of your groups may sign in here' };
  const login = loginOf(claims, settings.login);
  if (login === null)
    return { ok: false, detail: `the claims hold no ${settings.login} that could be a login, nor a verified email` };
  const { name } = claims;
  return {
    ok: true,
    grants: {
      login,
      name: typeof name === 'string' && name.trim() !== '' ? name.replace(/\p{C}/gu, ' ').trim().slice(0, 100) : login,
      isOperator: operators.length === 0 ? null : operators.some((group) => own.has(group)),
      roles: rolesOf(own, settings),
    },
  };
}

/** Some providers send one group as a text. */
function groupsOf(claim: unknown): ReadonlySet<string> {
  const list = Array.isArray(claim) ? claim : [claim];
  return new Set(list.filter((each): each is string => typeof each === 'string'));
}

/** An address that nobody has verified may be anybody's. */
function loginOf(claims: Claims, claim: string): string | null {
  const email = claims['email_verified'] === true ? claims['email'] : undefined;
  const told = claim === 'email' ? email : claims[claim];
  for (const candidate of [told, email]) {
    const login = typeof candidate === 'string' ? candidate.trim().toLowerCase() : '';
    if (LOGIN.test(login)) return login;
  }
  return null;
}

const RANKS: readonly TeamRole[] = ['viewer', 'developer', 'owner'];

function rolesOf(own: ReadonlySet<string>, { teams }: OidcSettings): ReadonlyMap<string, TeamRole | null> {
  const roles = new Map<string, TeamRole | null>();
  for (const { group, team, role } of teams) {
    const before = roles.get(team) ?? null;
    const isMore = before === null || RANKS.indexOf(role) > RANKS.indexOf(before);
    roles.set(team, own.has(group) && isMore ? role : before);
  }
  return roles;
}

export type TeamStep =
  | { readonly what: 'team.set-member'; readonly id: string; readonly role: TeamRole }
  | { readonly what: 'team.remove-member'; readonly id: string };

/** What has to be done so that teams say the same as the groups. Teams that no group leads to are left alone, and so are those that there are not. */
export function teamSteps(
  roles: Grants['roles'],
  userId: string,
  teamOf: (id: string) => Pick<Team, 'members'> | null,
): readonly TeamStep[] {
  const steps: TeamStep[] = [];
  for (const [id, role] of roles) {
    const members = teamOf(id)?.members;
    if (members === undefined) continue;
    const present = Object.hasOwn(members, userId) ? (members[userId] ?? null) : null;
    if (role !== null && role !== present) steps.push({ what: 'team.set-member', id, role });
    if (role === null && present !== null) steps.push({ what: 'team.remove-member', id });
  }
  return steps;
}
