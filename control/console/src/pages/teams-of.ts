/** In which teams one has at least that role; of operators all. */
import type { TeamRole } from '../../../model/entities.js';
import { mayOperate, type Session } from '../api/session.js';
import { type Choice, useChoice } from '../ui/choice.js';

const ranks: Readonly<Record<TeamRole, number>> = { viewer: 1, developer: 2, owner: 3 };

/** `isOn`: that they are wanted; control is not asked for what stands behind a button that nobody has pressed. */
export function useTeamChoice(session: Session, least: TeamRole, isOn = true): Choice {
  const own = session.kind === 'in' ? session.teams : [];
  return useChoice(
    '/v1/teams',
    mayOperate(session) ? null : own.filter(({ role }) => ranks[role] >= ranks[least]),
    isOn,
  );
}

export function roleIn(session: Session, teamId: string): TeamRole | null {
  if (mayOperate(session)) return 'owner';
  return session.kind === 'in' ? (session.teams.find(({ id }) => id === teamId)?.role ?? null) : null;
}

export function isAtLeast(role: TeamRole | null, least: TeamRole): boolean {
  return role !== null && ranks[role] >= ranks[least];
}
