/** In which teams one has at least that role; of operators all. */
import type { Team, TeamRole } from '../../../model/entities.js';
import { usePages } from '../api/queries.js';
import { mayOperate, type OwnTeam, type Session } from '../api/session.js';

const ranks: Readonly<Record<TeamRole, number>> = { viewer: 1, developer: 2, owner: 3 };

export function useTeams(session: Session, least: TeamRole): readonly OwnTeam[] {
  const all = usePages<Team>('/v1/teams', mayOperate(session));
  if (mayOperate(session)) return all.items.map(({ id, name }) => ({ id, name, role: 'owner' }));
  const own = session.kind === 'in' ? session.teams : [];
  return own.filter(({ role }) => ranks[role] >= ranks[least]);
}

export function roleIn(session: Session, teamId: string): TeamRole | null {
  if (mayOperate(session)) return 'owner';
  return session.kind === 'in' ? (session.teams.find(({ id }) => id === teamId)?.role ?? null) : null;
}

export function isAtLeast(role: TeamRole | null, least: TeamRole): boolean {
  return role !== null && ranks[role] >= ranks[least];
}
